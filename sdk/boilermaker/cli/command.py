"""The root of the `boilermaker` command and how it finds its subcommands."""

from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click

from boilermaker import __version__
from boilermaker.contract.texts import escaped

GROUP = "boilermaker.commands"

# Loaded on demand: each may need an extra that is not installed.
_OWN = {
    "contract": "boilermaker.cli.contract:contract",
    "dead-letters": "boilermaker.cli.dead_letters:dead_letters",
    "fault": "boilermaker.cli.fault:fault",
    "local": "boilermaker.localbus.command:local",
    "worker": "boilermaker.cli.worker:worker",
}
_EXTRA_OF = {
    "click": "cli",
    "rich": "cli",
    "structlog": "cli",
    "proton": "local",
    "cproton": "local",
    "libcst": "codegen",
    "jinja2": "codegen",
}


class _Commands(click.Group):
    """Subcommands by entry point. One that cannot be loaded reports why; the others still work."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return sorted(_found())

    def invoke(self, ctx: click.Context) -> Any:
        """Invoke as click does, but escape error texts: they may quote untrusted queues and files."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            vars(error)["message"] = escaped(error.message)  # final to click
            raise

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        entry_point = _found().get(cmd_name)
        return None if entry_point is None else _load(entry_point)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nShell completion:\n"
    '  bash  eval "$(_BOILERMAKER_COMPLETE=bash_source boilermaker)"\n'
    '  zsh   eval "$(_BOILERMAKER_COMPLETE=zsh_source boilermaker)"\n'
    "  fish  _BOILERMAKER_COMPLETE=fish_source boilermaker | source",
)
@click.version_option(__version__, message="boilermaker %(version)s")
def boilermaker() -> None:
    """Background work on Azure Service Bus, typed from end to end.

    A worker service registers functions. `stubs` generates the typed package that other services publish with,
    `worker` runs the functions, and `local` runs a Service Bus on your machine.

    \b
        boilermaker stubs generate               generate what producers import
        boilermaker local --queue accounts       start a Service Bus to try it on
        boilermaker worker accounts.app:worker   run the registered functions
    """  # noqa: D301 - click's marker for a block that is not rewrapped is the control character


def _found() -> dict[str, EntryPoint]:
    """Our own commands win over a plugin of the same name."""
    plugins = {each.name: each for each in entry_points(group=GROUP)}
    own = {name: EntryPoint(name=name, value=value, group=GROUP) for name, value in _OWN.items()}
    return plugins | own


def _load(entry_point: EntryPoint) -> click.Command:
    try:
        loaded: object = entry_point.load()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in _EXTRA_OF:
            return _absent(
                entry_point.name, f"needs {package}: pip install 'boilermaker-sdk[{_EXTRA_OF[package]}]'"
            )
        return _absent(entry_point.name, f"cannot be loaded from {entry_point.value}: {error}")
    except Exception as error:  # noqa: BLE001  # a plugin may fail in any way; the other commands must go on
        return _absent(
            entry_point.name, f"cannot be loaded from {entry_point.value}: {type(error).__name__}: {error}"
        )
    if not isinstance(loaded, click.Command):
        return _absent(entry_point.name, f"cannot be loaded: {entry_point.value} is not a click command")
    return loaded


def _absent(name: str, reason: str) -> click.Command:
    """A command that reports why it is unavailable. It accepts any arguments."""

    def explain() -> None:
        raise click.ClickException(f"`boilermaker {name}` {reason}")

    return click.Command(
        name,
        callback=explain,
        short_help=f"({reason})",
        params=[click.Argument(["ignored"], nargs=-1, expose_value=False, type=click.UNPROCESSED)],
        context_settings={"ignore_unknown_options": True, "help_option_names": []},
    )
