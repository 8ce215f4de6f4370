"""`boilermaker dead-letters`: inspect, replay, purge and sweep the dead letters of a queue."""

import asyncio
import functools
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import click

from boilermaker.cli import committed, dead_letters_shown, target
from boilermaker.cli.dead_letters_options import Chosen, dry_run_option, of_bus, of_choice, of_selection
from boilermaker.cli.terminal import json_option, one_line, say
from boilermaker.dead_letters import BUS_REASONS, DeadLetters, Selection, Survey, Tally, check
from boilermaker.dead_letters.box import Tell
from boilermaker.dead_letters.letter import envelope_of
from boilermaker.envelope.codec import Envelope
from boilermaker.errors import BoilermakerError, EnvelopeError
from boilermaker.transport.port import Message
from boilermaker.transport.servicebus.bus import AzureServiceBus

_T = TypeVar("_T")


@click.group("dead-letters", no_args_is_help=True)
def dead_letters() -> None:
    """Inspect, replay and remove dead letters.

    SERVICE_BUS_CONNECTION_STRING or SERVICE_BUS_NAMESPACE_URL names the namespace, SERVICE_BUS_QUEUE the queue; the
    options override them.
    """


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
        raise click.UsageError("no queue given: pass --queue, or set SERVICE_BUS_QUEUE")
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


# ---- inspecting ----------------------------------------------------------------------------------------


@dead_letters.command("list")
@of_bus
@of_selection
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

    The table shows the sequence number, reason, task, age, attempt and workflow of each. JSON has further fields, and
    the age in seconds.
    """
    selection = Selection(tasks=frozenset(tasks), reasons=frozenset(reasons))

    async def work() -> None:
        async with _opened(connection_string, queue) as box:
            await dead_letters_shown.table(box.browse(selection), box.queue, is_json=is_json)

    _run(work())


@dead_letters.command()
@click.argument("number", metavar="SEQUENCE_NUMBER", type=int)
@of_bus
@click.option(
    "--worker", metavar="MODULE:WORKER", help="Import this worker and check the payload against it."
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
    """Show one dead letter, with its payload.

    --worker and --contract also check whether the task would accept the payload today.
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
                raise click.ClickException(f"dead letter {number} cannot be checked: see the reason above")

    _run(work())


def _checked(
    message: Message, queue: str, check_: Callable[[Envelope], tuple[str, ...]]
) -> tuple[str, ...] | str:
    """The problems of the payload; a text if it cannot be checked."""
    try:
        return check_(envelope_of(message, queue))
    except EnvelopeError as error:
        return str(error)


# ---- processing -----------------------------------------------------------------------------------------


@dead_letters.command()
@of_choice
def replay(chosen: Chosen) -> None:
    """Publish the tasks of dead letters again.

    Each replay is a new workflow, at its first attempt. A dead letter is removed once the broker has acknowledged the
    new message.
    """

    async def work() -> None:
        async with _opened(chosen.connection_string, chosen.queue) as box:
            survey = await _surveyed(box, chosen, "replay")
            if survey is not None:
                await _done("replayed", survey, chosen, lambda tell: box.replay(survey, tell))

    _run(work())


@dead_letters.command()
@of_choice
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def purge(chosen: Chosen, *, yes: bool) -> None:
    """Delete dead letters permanently."""

    async def work() -> None:
        async with _opened(chosen.connection_string, chosen.queue) as box:
            survey = await _surveyed(box, chosen, "purge")
            if survey is None:
                return
            if not yes:
                question = (
                    f"Remove {survey.count:,} of {survey.total:,} dead letters of {box.queue} permanently?"
                )
                click.confirm(one_line(question), abort=True, err=chosen.is_json)
            await _done("removed", survey, chosen, lambda tell: box.purge(survey, tell))

    _run(work())


@dead_letters.command()
@of_bus
@click.option(
    "--forwards-to",
    multiple=True,
    help="A further queue that failure callbacks may be published to. May be repeated.",
)
@click.option("--keep", is_flag=True, help="Keep processed dead letters in the dead-letter queue.")
@dry_run_option
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
    """Publish the failure callbacks that no worker could publish.

    The broker itself dead-letters messages that exceed their delivery count or time to live. No worker sees these
    failures, so no worker publishes their failure callbacks; this command does. A dead letter is removed once its
    callbacks are published; those without failure callbacks stay.
    """
    chosen = Chosen(
        connection_string=connection_string,
        queue=queue,
        selection=Selection(reasons=BUS_REASONS),
        dry_run=dry_run,
        is_json=is_json,
    )

    async def work() -> None:
        async with _opened(connection_string, queue) as box:
            survey = await _surveyed(box, chosen, "sweep")
            if survey is not None:
                await _done(
                    "swept",
                    survey,
                    chosen,
                    lambda tell: box.sweep(survey, forwards_to=forwards_to, keep=keep, tell=tell),
                )

    _run(work())


async def _surveyed(box: DeadLetters, chosen: Chosen, what: str) -> Survey | None:
    """The selected dead letters; None if there is nothing to do."""
    if chosen.dry_run:
        await dead_letters_shown.table(box.browse(chosen.selection), box.queue, is_json=chosen.is_json)
        say(f"Dry run: would {what} these, if any. Nothing was changed.", err=chosen.is_json)
        return None
    survey = await box.survey(chosen.selection)
    if survey.absent:
        numbers = ", ".join(map(str, sorted(survey.absent)))
        say(f"queue '{box.queue}' has no dead letter {numbers}", err=True)
    if survey.count:
        return survey
    if survey.absent:
        raise click.exceptions.Exit(1)
    total = f"None of the {survey.total:,} dead letters of" if survey.total else "No dead letters in"
    say(f"{total} {box.queue}{' match' if survey.total else ''}.", err=chosen.is_json)
    return None


async def _done(word: str, survey: Survey, chosen: Chosen, work: Callable[[Tell], Awaitable[Tally]]) -> None:
    with dead_letters_shown.Progress(survey.count, is_json=chosen.is_json) as progress:
        tally = await work(progress.tell)
    say(f"{tally.done:,} of {survey.count:,} dead letters {word}.", err=chosen.is_json)
    if tally.left:
        say(f"{tally.left:,} were left unchanged: see the reasons above.", err=True)
    if tally.missed:
        say(f"{tally.missed:,} were not received: another receiver has locked or settled them.", err=True)
    if tally.left or tally.missed or survey.absent:
        raise click.exceptions.Exit(1)
