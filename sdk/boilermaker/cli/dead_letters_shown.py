"""Output of the dead-letter commands: the table, one dead letter in full, and the progress of the work."""

import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import msgspec
from rich import progress
from rich.console import Console

from boilermaker.cli.terminal import Column, Table, has_colour, one_line, say, say_json
from boilermaker.contract.texts import escaped_json
from boilermaker.dead_letters import DeadLetter, Fate
from boilermaker.dead_letters.letter import envelope_of, read
from boilermaker.errors import EnvelopeError
from boilermaker.transport.port import Message

_LEFT_SHOWN = 20


async def table(letters: AsyncIterator[DeadLetter], queue: str, *, is_json: bool = False) -> None:
    """Print a table; only a few of its rows are buffered."""
    shown = Table(_COLUMNS, is_json=is_json)
    count = 0
    async for letter in letters:
        shown.add(_facts(letter))
        count += 1
    shown.end()
    if not is_json:
        say(f"{count:,} dead {'letter' if count == 1 else 'letters'} in {queue}", err=not sys.stdout.isatty())


def _facts(letter: DeadLetter) -> dict[str, Any]:
    return {
        "number": letter.sequence_number,
        "reason": letter.reason,
        "task": letter.task,
        "age": _age(letter.enqueued_time),
        "attempt": letter.attempt,
        "workflow": letter.workflow,
        "description": letter.description,
        "deliveries": letter.deliveries,
        "enqueued": letter.enqueued_time,
        "message_id": letter.message_id,
        "unreadable": letter.unreadable,
    }


def one(message: Message, queue: str, checks: Mapping[str, tuple[str, ...] | str], *, is_json: bool) -> None:
    """Print everything about one dead letter, including its payload.

    Args:
        message: the dead letter.
        queue: the queue that it belongs to.
        checks: the problems of its payload, by what it was checked against; a text if it could not be checked.
        is_json: print one object, whose keys are the labels of the lines.
    """
    facts = _facts(read(message, queue)) | _content(message, queue)
    if is_json:
        payload = {"payload": _payload(facts["payload"])} if "payload" in facts else {}
        say_json(facts | payload | {"checks": checks})
        return
    lines: dict[str, str] = {}
    for key, value in facts.items():
        lines[key] = _SHOWN[key](value) if key in _SHOWN else "-" if value is None else one_line(str(value))
    if facts["unreadable"] is None:
        del lines["unreadable"]
    for name, line in lines.items():
        say(f"{name.replace('_', ' '):<16} {line}")
    for against, problems in checks.items():
        _say_checked(against, problems)


def _content(message: Message, queue: str) -> dict[str, Any]:
    """The content of its envelope; empty if it cannot be read."""
    try:
        envelope = envelope_of(message, queue)
        step = envelope.current
    except EnvelopeError:
        return {}
    failure = (
        {} if envelope.header.failure is None else {"told_of": msgspec.to_builtins(envelope.header.failure)}
    )
    refers = {
        name: "the failure's cause" if ref.step is None else f"the result of step {ref.step}"
        for name, ref in step.refs.items()
    }
    return {
        "steps_ahead": sum(last - first + 1 for first, last in envelope.header.lines) - 1,
        **failure,
        **({"refers_to": refers} if refers else {}),
        "payload": bytes(step.payload),
    }


def _payload(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (RecursionError, ValueError):
        return None


def _say_checked(against: str, problems: tuple[str, ...] | str) -> None:
    if isinstance(problems, str):
        say(f"{'check':<16} cannot be checked against {one_line(against)}: {one_line(problems)}")
    elif not problems:
        say(f"{'check':<16} fits {one_line(against)}")
    else:
        say(f"{'check':<16} does not fit {one_line(against)}:")
        for problem in problems:
            say(f"{'':<16} {one_line(problem)}")


class Progress:
    """Reports progress, and the result for each dead letter: the workflow that replays it, or why it was left."""

    def __init__(self, total: int, *, is_json: bool = False) -> None:
        console = Console(stderr=True, no_color=not has_colour())
        self._bar = progress.Progress(
            progress.BarColumn(), progress.MofNCompleteColumn(), progress.TimeRemainingColumn(),
            console=console, transient=True, disable=not console.is_terminal,
            redirect_stdout=sys.stdout.isatty(),
        )  # fmt: skip
        self._task = self._bar.add_task("", total=total)
        self._is_json = is_json
        self._left = 0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def tell(self, fate: Fate) -> None:
        """Report the result for one dead letter."""
        self._bar.advance(self._task)
        letter = fate.letter
        if self._is_json:
            say_json(
                {
                    "number": letter.sequence_number,
                    "task": letter.task,
                    "done": fate.is_done,
                    "workflow": fate.workflow,
                    "detail": fate.detail or None,
                }
            )
            return
        name = str(letter.sequence_number) + ("" if letter.task is None else f" ({one_line(letter.task)})")
        if fate.is_done:
            if fate.workflow is not None:
                say(f"{name}: replayed as workflow {one_line(fate.workflow)}")
            return
        self._left += 1
        if self._left <= _LEFT_SHOWN:
            say(f"{name}: {one_line(fate.detail)}", err=True)
        elif self._left == _LEFT_SHOWN + 1:
            say("more were left unchanged, with similar reasons", err=True)


def _age(moment: datetime | None) -> float | None:
    """In seconds."""
    return None if moment is None else round(max(datetime.now(UTC) - moment, timedelta()).total_seconds(), 1)


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length:.0f}{unit}"
    return f"{seconds:.0f}s"


def _pretty(data: bytes) -> str:
    try:
        return escaped_json(msgspec.json.format(data, indent=2).decode())
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return "is not JSON"


def _when(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _referred(refers: dict[str, str]) -> str:
    return ", ".join(f"{one_line(name)}: {what}" for name, what in refers.items())


def _failure(failure: object) -> str:
    return escaped_json(json.dumps(failure, ensure_ascii=False))


_COLUMNS = (
    Column("number", is_right=True),
    Column("reason"),
    Column("task"),
    Column("age", _duration, is_right=True),
    Column("attempt", is_right=True),
    Column("workflow"),
)
_SHOWN: dict[str, Callable[[Any], str]] = {
    "age": _duration,
    "enqueued": _when,
    "told_of": _failure,
    "refers_to": _referred,
    "payload": _pretty,
}
