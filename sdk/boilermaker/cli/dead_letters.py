"""`boilermaker dead-letters`: what lies in a queue's dead-letter sub-queue, and what to do about it."""

import asyncio
import functools
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from boilermaker.cli import committed, dead_letters_shown, target
from boilermaker.cli.terminal import json_option, one_line, say
from boilermaker.dead_letters import BUS_REASONS, DeadLetters, Selection, Survey, Tally, check
from boilermaker.dead_letters.box import Tell
from boilermaker.dead_letters.letter import envelope_of
from boilermaker.envelope.codec import Envelope
from boilermaker.errors import BoilermakerError, EnvelopeError
from boilermaker.transport.port import Message
from boilermaker.transport.servicebus.bus import AzureServiceBus

_T = TypeVar("_T")
_Command = Callable[..., Any]


@click.group("dead-letters", no_args_is_help=True)
def dead_letters() -> None:
    """Look at dead letters, send them again, remove them.

    The bus is the one that the environment names (SERVICE_BUS_CONNECTION_STRING, or SERVICE_BUS_NAMESPACE_URL), the
    queue that of --queue or SERVICE_BUS_QUEUE.
    """


# ---- options --------------------------------------------------------------------------------------------


def _of_bus(command: _Command) -> _Command:
    command = click.option("--queue", help="The queue.  [default: SERVICE_BUS_QUEUE]")(command)
    return click.option("--connection-string", help="Of the namespace.  [default: as the environment says]")(
        command
    )


def _of_selection(command: _Command) -> _Command:
    command = click.option(
        "--reason", "reasons", multiple=True, help="Those with this reason; may be repeated."
    )(command)
    return click.option("--task", "tasks", multiple=True, help="Those of this task; may be repeated.")(
        command
    )


_dry_run = click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")


class _Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What to work on."""

    connection_string: str | None
    queue: str | None
    selection: Selection
    dry_run: bool
    is_json: bool


def _of_choice(command: Callable[..., None]) -> _Command:
    """The options of what works on some dead letters; the command is given what they say."""

    @click.argument("numbers", metavar="[SEQUENCE_NUMBER]...", type=int, nargs=-1)
    @_of_bus
    @_of_selection
    @click.option("--all", "is_all", is_flag=True, help="All of them.")
    @_dry_run
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
            _Chosen(
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
            "say which: sequence numbers, --task, --reason, or --all"
            if not is_all
            else "--all means all of them"
        )
    return Selection(numbers=frozenset(numbers), tasks=frozenset(tasks), reasons=frozenset(reasons))


@asynccontextmanager
async def _opened(connection_string: str | None, queue: str | None) -> AsyncGenerator[DeadLetters]:
    bus = (
        AzureServiceBus.from_connection_string(connection_string)
        if connection_string
        else AzureServiceBus.from_env()
    )
    bus.check_configured()
    named = queue or bus.default_queue
    if not named:
        raise click.UsageError("name the queue: --queue, or SERVICE_BUS_QUEUE in the environment")
    try:
        yield DeadLetters(bus, named)
    finally:
        await bus.close()


def _run(work: Awaitable[_T]) -> _T:
    async def run() -> _T:
        return await work

    try:
        return asyncio.run(run())
    except BoilermakerError as error:
        raise click.ClickException(str(error)) from error


# ---- looking --------------------------------------------------------------------------------------------


@dead_letters.command("list")
@_of_bus
@_of_selection
@json_option
def list_(
    connection_string: str | None,
    queue: str | None,
    tasks: tuple[str, ...],
    reasons: tuple[str, ...],
    *,
    is_json: bool,
) -> None:
    """List dead letters.

    Of each its sequence number, reason, task, age (in JSON in seconds), attempt and workflow; in JSON what else is known.
    """
    selection = Selection(tasks=frozenset(tasks), reasons=frozenset(reasons))

    async def work() -> None:
        async with _opened(connection_string, queue) as box:
            await dead_letters_shown.table(box.browse(selection), box.queue, is_json=is_json)

    _run(work())


@dead_letters.command()
@click.argument("number", metavar="SEQUENCE_NUMBER", type=int)
@_of_bus
@click.option(
    "--worker", metavar="MODULE:WORKER", help="Check the payload against this worker, which is imported."
)
@click.option(
    "--contract",
    "path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Check the payload against this contract.json.",
)
@json_option
def show(
    number: int,
    connection_string: str | None,
    queue: str | None,
    worker: str | None,
    path: Path | None,
    *,
    is_json: bool,
) -> None:
    """Show one dead letter.

    With its payload, and whether its task would take that today.
    """
    live = None if worker is None else target.find(worker)
    contract = None if path is None else committed.read(path)

    async def work() -> None:
        async with _opened(connection_string, queue) as box:
            message = await box.find(number)
            if message is None:
                raise click.ClickException(f"queue {box.queue!r} has no dead letter {number}")
            checks: dict[str, tuple[str, ...] | str] = {}
            if live is not None:
                against = functools.partial(
                    check.against_worker, registry=live.registry, history=live.history
                )
                checks[f"worker {worker}"] = _checked(message, box.queue, against)
            if contract is not None:
                fits = functools.partial(check.against_contract, contract=contract)
                checks[f"contract {path}"] = _checked(message, box.queue, fits)
            dead_letters_shown.one(message, box.queue, checks, is_json=is_json)
            if any(isinstance(problems, str) for problems in checks.values()):
                raise click.ClickException(f"dead letter {number} cannot be checked: see above")

    _run(work())


def _checked(
    message: Message, queue: str, check_: Callable[[Envelope], tuple[str, ...]]
) -> tuple[str, ...] | str:
    """What does not fit; a text where that cannot be said."""
    try:
        return check_(envelope_of(message, queue))
    except EnvelopeError as error:
        return str(error)


# ---- doing ----------------------------------------------------------------------------------------------


@dead_letters.command()
@_of_choice
def replay(chosen: _Chosen) -> None:
    """Send dead letters' tasks again.

    Each is a new workflow, at its first attempt. A dead letter is removed once the bus has confirmed that it has the new message.
    """

    async def work() -> None:
        async with _opened(chosen.connection_string, chosen.queue) as box:
            survey = await _surveyed(box, chosen, "replay")
            if survey is not None:
                await _done("replayed", survey, chosen, lambda tell: box.replay(survey, tell))

    _run(work())


@dead_letters.command()
@_of_choice
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(chosen: _Chosen, *, yes: bool) -> None:
    """Remove dead letters for good."""

    async def work() -> None:
        async with _opened(chosen.connection_string, chosen.queue) as box:
            survey = await _surveyed(box, chosen, "purge")
            if survey is None:
                return
            if not yes:
                question = (
                    f"Remove {survey.count:,} of {survey.total:,} dead letters of {box.queue} for good?"
                )
                click.confirm(one_line(question), abort=True, err=chosen.is_json)
            await _done("removed", survey, chosen, lambda tell: box.purge(survey, tell))

    _run(work())


@dead_letters.command()
@_of_bus
@click.option(
    "--forwards-to", multiple=True, help="A further queue that failure callbacks may go to; may be repeated."
)
@click.option("--keep", is_flag=True, help="Leave what was told in the dead-letter queue.")
@_dry_run
@json_option
def sweep(
    connection_string: str | None,
    queue: str | None,
    *,
    forwards_to: tuple[str, ...],
    keep: bool,
    dry_run: bool,
    is_json: bool,
) -> None:
    """Publish failure callbacks of what the bus has buried.

    Those are messages whose deliveries or time to live ran out: no worker saw them end. What is told is removed, what
    has no failure callback stays.
    """
    chosen = _Chosen(
        connection_string=connection_string,
        queue=queue,
        selection=Selection(reasons=BUS_REASONS),
        dry_run=dry_run,
        is_json=is_json,
    )

    async def work() -> None:
        async with _opened(connection_string, queue) as box:
            survey = await _surveyed(box, chosen, "tell of")
            if survey is not None:
                await _done(
                    "told",
                    survey,
                    chosen,
                    lambda tell: box.sweep(survey, forwards_to=forwards_to, keep=keep, tell=tell),
                )

    _run(work())


async def _surveyed(box: DeadLetters, chosen: _Chosen, what: str) -> Survey | None:
    """What to work on; None where there is nothing to do."""
    if chosen.dry_run:
        await dead_letters_shown.table(box.browse(chosen.selection), box.queue, is_json=chosen.is_json)
        say(f"Dry run: would {what} these, if any; nothing was done.", err=chosen.is_json)
        return None
    survey = await box.survey(chosen.selection)
    if survey.absent:
        numbers = ", ".join(map(str, sorted(survey.absent)))
        say(f"queue '{box.queue}' has no dead letter {numbers}", err=True)
    if survey.count:
        return survey
    if survey.absent:
        raise click.exceptions.Exit(1)
    none = f"None of the {survey.total:,} dead letters of" if survey.total else "No dead letters in"
    say(f"{none} {box.queue}{' are meant' if survey.total else ''}.", err=chosen.is_json)
    return None


async def _done(word: str, survey: Survey, chosen: _Chosen, work: Callable[[Tell], Awaitable[Tally]]) -> None:
    with dead_letters_shown.Progress(survey.count, is_json=chosen.is_json) as progress:
        tally = await work(progress.tell)
    say(f"{tally.done:,} of {survey.count:,} dead letters {word}.", err=chosen.is_json)
    if tally.left:
        say(f"Left as they were: {tally.left:,}, see above why.", err=True)
    if tally.missed:
        say(f"{tally.missed:,} were not received: somebody else has locked or taken them.", err=True)
    if tally.left or tally.missed or survey.absent:
        raise click.exceptions.Exit(1)
