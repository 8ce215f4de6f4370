"""Dead letters on a terminal: a table, one in full, and how far the work is."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

import msgspec
from rich import progress
from rich.console import Console
from rich.table import Table
from rich.text import Text

from boilermaker.dead_letters import DeadLetter, Fate
from boilermaker.dead_letters.letter import envelope_of, read
from boilermaker.errors import EnvelopeError
from boilermaker.transport.port import Message

_ROWS = 100
_LEFT_SHOWN = 20
_WIDE = 1000


async def table(letters: AsyncIterator[DeadLetter], queue: str) -> None:
    """Print a table; a long one in parts, so that however many there are, few are held."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)  # a line for each: programs read it
    rows: list[DeadLetter] = []
    count = 0
    async for letter in letters:
        rows.append(letter)
        count += 1
        if len(rows) == _ROWS:
            console.print(_table(rows))
            rows.clear()
    if rows:
        console.print(_table(rows))
    console.print(f"{count:,} dead {'letter' if count == 1 else 'letters'} in {queue}", highlight=False)


def _table(letters: list[DeadLetter]) -> Table:
    made = Table(box=None, pad_edge=False, header_style="bold")
    made.add_column("number", justify="right", no_wrap=True)
    made.add_column("reason", overflow="fold")
    made.add_column("task", overflow="fold")
    made.add_column("age", justify="right", no_wrap=True)
    made.add_column("attempt", justify="right")
    made.add_column("workflow", overflow="fold")
    for letter in letters:
        made.add_row(
            str(letter.sequence_number),
            Text(_plain(letter.reason)),
            Text(_plain(letter.task)),
            _age(letter.enqueued_time),
            "-" if letter.attempt is None else str(letter.attempt),
            Text(_plain(letter.workflow)),
        )
    return made


def one(message: Message, queue: str) -> None:
    """Print everything of one dead letter, its payload too."""
    letter = read(message, queue)
    console = Console(soft_wrap=True, highlight=False, markup=False)
    facts = {
        "sequence number": letter.sequence_number,
        "task": letter.task,
        "reason": letter.reason,
        "description": letter.description,
        "workflow": letter.workflow,
        "attempt": letter.attempt,
        "deliveries": letter.deliveries,
        "enqueued": _when(letter.enqueued_time),
        "message id": letter.message_id,
    }
    for name, value in facts.items():
        console.print(f"{name:<16} {_plain(None if value is None else str(value))}")
    try:
        envelope = envelope_of(message, queue)
        step = envelope.current
    except EnvelopeError as error:
        console.print(f"{'body':<16} cannot be read: {error}")
        return
    ahead = sum(last - first + 1 for first, last in envelope.header.lines) - 1
    console.print(f"{'steps ahead':<16} {ahead}")
    if envelope.header.failure is not None:
        console.print(f"{'told of':<16} {msgspec.json.encode(envelope.header.failure).decode()}")
    for name, ref in step.refs.items():
        source = "the failure's cause" if ref.step is None else f"the result of step {ref.step}"
        console.print(f"{'refers to':<16} {name}: {source}")
    console.print(f"{'payload':<16} {_pretty(bytes(step.payload))}")


def checked(against: str, problems: tuple[str, ...]) -> None:
    """Print whether the payload fits."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    if not problems:
        console.print(f"{'check':<16} fits {against}")
        return
    console.print(f"{'check':<16} does not fit {against}:")
    for problem in problems:
        console.print(f"{'':<16} {_plain(problem)}")


class Progress:
    """How far the work is, and what was left as it is."""

    def __init__(self, total: int) -> None:
        console = Console(stderr=True)
        self._bar = progress.Progress(
            progress.BarColumn(), progress.MofNCompleteColumn(), progress.TimeRemainingColumn(),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task("", total=total)
        self._left = 0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def tell(self, fate: Fate) -> None:
        """Note what became of one."""
        self._bar.advance(self._task)
        if fate.is_done:
            return
        self._left += 1
        if self._left <= _LEFT_SHOWN:
            task = "" if fate.letter.task is None else f" ({_plain(fate.letter.task)})"
            self._bar.console.print(
                f"{fate.letter.sequence_number}{task}: {_plain(fate.detail)}", markup=False, soft_wrap=True
            )
        elif self._left == _LEFT_SHOWN + 1:
            self._bar.console.print("more were left, for like reasons")


def _plain(text: str | None) -> str:
    """Text that a stranger wrote, without what a terminal would obey."""
    if text is None:
        return "-"
    return "".join(each if each.isprintable() else " " for each in text)


def _pretty(data: bytes) -> str:
    try:
        return _keep_lines(msgspec.json.format(data, indent=2).decode())
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return "is not JSON"


def _keep_lines(text: str) -> str:
    return "\n".join(_plain(line) for line in text.split("\n"))


def _when(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC, {_age(moment)} ago"


def _age(moment: datetime | None) -> str:
    if moment is None:
        return "-"
    age = max(datetime.now(UTC) - moment, timedelta())
    for unit, seconds in (("d", 86400), ("h", 3600), ("m", 60)):
        if age.total_seconds() >= seconds:
            return f"{age.total_seconds() // seconds:.0f}{unit}"
    return f"{age.total_seconds():.0f}s"
