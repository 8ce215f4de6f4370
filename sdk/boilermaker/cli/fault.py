"""`boilermaker fault`: inject faults into a local bus that runs in another process."""

import json
import urllib.error
import urllib.request
from typing import Any

import click

from boilermaker.cli.terminal import json_option, one_line, say, say_json

_SECONDS = 10


@click.command()
@click.argument("faults", nargs=-1)
@click.option("--clear", is_flag=True, help="Remove all active faults, before adding those of this call.")
@click.option(
    "--control",
    envvar="BOILERMAKER_CONTROL",
    default="http://127.0.0.1:5673",
    show_default=True,
    show_envvar=True,
    metavar="URL",
    help="URL of the port that `boilermaker local --control-port` listens on.",
)
@json_option
def fault(faults: tuple[str, ...], *, clear: bool, control: str, is_json: bool) -> None:
    """Inject faults into a local bus, and list the active ones.

    A fault is WHERE=WHAT, followed by any of queue=NAME, times=N, after=N, chance=0.1 and seconds=2, separated by
    commas. The error for an unknown word lists the valid ones.

    \b
    Examples:
      boilermaker fault settle=lose,times=3
      boilermaker fault send=busy,queue=orders,chance=0.1 deliver=delay,seconds=2
      boilermaker fault now=cut
      boilermaker fault --clear
    """  # noqa: D301 - click's marker for a block that is not rewrapped is the control character
    active = _ask(control, "DELETE" if clear else "GET")
    if faults:
        active = _ask(control, "POST", "\n".join(faults))
    for each in active:
        if is_json:
            say_json(each)
        else:
            say(one_line(f"{each['fault']}   struck {each['struck']} times"))
    if not active and not is_json:
        say("no active faults")


def _ask(control: str, method: str, body: str | None = None) -> list[dict[str, Any]]:
    if not control.startswith(("http://", "https://")):
        raise click.ClickException(f"--control must be a URL such as http://127.0.0.1:5673, not {control!r}")
    request = urllib.request.Request(  # noqa: S310 - http, as checked above
        control.rstrip("/") + "/faults", data=None if body is None else body.encode(), method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - see above
            found: list[dict[str, Any]] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        raise click.ClickException(_message(error)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise click.ClickException(
            f"no local bus answers at {control} ({reason}). Start one with: boilermaker local --control-port 5673 --queue ..."
        ) from None


def _message(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, LookupError, TypeError):
        return f"the server at that address is not a local bus: it answered {error.code}"
