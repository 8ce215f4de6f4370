"""`boilermaker fault`: make things go wrong on a local bus that runs in another process."""

import json
import urllib.error
import urllib.request
from typing import Any

import click

from boilermaker.cli.terminal import json_option, one_line, say, say_json

_SECONDS = 10


@click.command()
@click.argument("faults", nargs=-1)
@click.option(
    "--clear", is_flag=True, help="Let nothing go wrong any more; before what is added by this call."
)
@click.option(
    "--control",
    envvar="BOILERMAKER_CONTROL",
    default="http://127.0.0.1:5673",
    show_default=True,
    show_envvar=True,
    metavar="URL",
    help="Where `boilermaker local --control-port` listens.",
)
@json_option
def fault(faults: tuple[str, ...], *, clear: bool, control: str, is_json: bool) -> None:
    """Make things go wrong on a local bus.

    What stands is listed.

    A fault is WHERE=WHAT and, after commas, queue=NAME, times=N, after=N, chance=0.1, seconds=2. A word that does not
    fit is answered with those that do.

    \b
    Examples:
      boilermaker fault settle=lose,times=3
      boilermaker fault send=busy,queue=orders,chance=0.1 deliver=delay,seconds=2
      boilermaker fault now=cut
      boilermaker fault --clear
    """  # noqa: D301 - click's mark for a block that keeps its lines is the control character
    standing = _ask(control, "DELETE" if clear else "GET")
    if faults:
        standing = _ask(control, "POST", "\n".join(faults))
    for each in standing:
        if is_json:
            say_json(each)
        else:
            say(one_line(f"{each['fault']}   struck {each['struck']} times"))
    if not standing and not is_json:
        say("no fault stands")


def _ask(control: str, method: str, body: str | None = None) -> list[dict[str, Any]]:
    if not control.startswith(("http://", "https://")):
        raise click.ClickException(f"--control is a URL such as http://127.0.0.1:5673, not {control!r}")
    request = urllib.request.Request(  # noqa: S310 - http, as checked above
        control.rstrip("/") + "/faults", data=None if body is None else body.encode(), method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - see above
            found: list[dict[str, Any]] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        raise click.ClickException(_said(error)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise click.ClickException(
            f"no local bus answers at {control} ({reason}). Start one: boilermaker local --control-port 5673 --queue ..."
        ) from None


def _said(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, LookupError, TypeError):
        return f"what listens there is no local bus: it answered {error.code}"
