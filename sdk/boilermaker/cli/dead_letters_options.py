"""Options that the commands of `boilermaker dead-letters` share: the namespace, the queue, and the selection."""

import functools
from collections.abc import Callable
from typing import Any

import click
import msgspec

from boilermaker.cli.terminal import json_option
from boilermaker.dead_letters import Selection

Command = Callable[..., Any]


def of_bus(command: Command) -> Command:
    """Add the options that name the namespace and the queue."""
    command = click.option(
        "--queue", help="The queue whose dead letters to use.  [default: SERVICE_BUS_QUEUE]"
    )(command)
    return click.option(
        "--connection-string", help="Connection string of the namespace.  [default: from the environment]"
    )(command)


def of_selection(command: Command) -> Command:
    """Add the options that select dead letters by task and reason."""
    command = click.option(
        "--reason", "reasons", multiple=True, help="Select dead letters with this reason. May be repeated."
    )(command)
    return click.option(
        "--task", "tasks", multiple=True, help="Select dead letters of this task. May be repeated."
    )(command)


dry_run_option = click.option(
    "--dry-run", is_flag=True, help="List the dead letters that would be processed, and change nothing."
)


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The namespace, the queue and the selection that a command works on."""

    connection_string: str | None
    queue: str | None
    selection: Selection
    dry_run: bool
    is_json: bool


def of_choice(command: Callable[..., None]) -> Command:
    """Add the options that select dead letters; the command receives them as one value."""

    @click.argument("numbers", metavar="[SEQUENCE_NUMBER]...", type=int, nargs=-1)
    @of_bus
    @of_selection
    @click.option("--all", "is_all", is_flag=True, help="Select all dead letters of the queue.")
    @dry_run_option
    @json_option
    @functools.wraps(command)
    def chosen(
        *,
        numbers: tuple[int, ...],
        connection_string: str | None,
        queue: str | None,
        tasks: tuple[str, ...],
        reasons: tuple[str, ...],
        is_all: bool,
        dry_run: bool,
        is_json: bool,
        **others: Any,
    ) -> None:
        selection = _selected(numbers, tasks, reasons, is_all=is_all)
        command(
            Chosen(
                connection_string=connection_string,
                queue=queue,
                selection=selection,
                dry_run=dry_run,
                is_json=is_json,
            ),
            **others,
        )

    return chosen


def _selected(
    numbers: tuple[int, ...], tasks: tuple[str, ...], reasons: tuple[str, ...], *, is_all: bool
) -> Selection:
    if is_all == bool(numbers or tasks or reasons):
        raise click.UsageError(
            "select dead letters: pass sequence numbers, --task, --reason, or --all"
            if not is_all
            else "--all cannot be combined with sequence numbers, --task or --reason"
        )
    return Selection(numbers=frozenset(numbers), tasks=frozenset(tasks), reasons=frozenset(reasons))
