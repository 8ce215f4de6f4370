"""What reaches a terminal: as wide as it is, in colours only where they are wanted, and nothing that it would obey."""

import asyncio
import fcntl
import io
import json
import logging
import os
import pty
import re
import struct
import sys
import termios
import unicodedata
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as some

from boilermaker import Boilermaker, InMemoryServiceBus
from boilermaker.cli import dead_letters_shown, logs
from boilermaker.cli.command import boilermaker
from boilermaker.cli.findings import print_github, print_json, print_text
from boilermaker.cli.places import Places
from boilermaker.cli.terminal import Column, Styled, Table, say, say_json, say_wrapped
from boilermaker.dead_letters import DeadLetter, Fate
from boilermaker.dead_letters.letter import read
from boilermaker.evolution.findings import Finding, Idle
from boilermaker.transport.memory.message import MemoryPeeked

_TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
_ANYTHING = some.text(some.characters())  # lone surrogates too
_WORKFLOW = "6f1d8c2ab03e4f6f9f3c7f0a5b7e9d21"


def _on_terminal(columns: int, *arguments: str, folder: Path | None = None, **environ: str) -> str:
    """What a command writes to a terminal of this width."""
    child, terminal = pty.fork()
    if not child:
        os.chdir(folder or ".")
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        kept = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "NO_COLOR"}}
        os.execve(sys.executable, [sys.executable, *arguments], {**kept, "TERM": "xterm", **environ})
    written = b""
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # Linux's way to say that the other end is closed
            break
        if not data:
            break
        written += data
    os.waitpid(child, 0)
    return written.decode().replace("\r\n", "\n")


_PROGRAM = f"""
import asyncio
from boilermaker.cli.dead_letters_shown import table
from boilermaker.dead_letters import DeadLetter

async def letters():
    for number, task in ((12, "create_user"), (1234567890123456, "a_rather_long_name_of_a_task")):
        yield DeadLetter(
            sequence_number=number, message_id=None, reason="MaxDeliveryCountExceeded", description=None, task=task,
            workflow="{_WORKFLOW}",
        )

asyncio.run(table(letters(), "accounts"))
"""


@pytest.mark.parametrize("columns", [80, 60, 40])
def test_a_table_is_as_wide_as_the_terminal_and_breaks_no_cell(columns: int) -> None:
    """What has no room in a line goes on in the next, whole: an id in two pieces is found by nobody."""
    shown = re.sub("\x1b\\[[0-9;]*m", "", _on_terminal(columns, "-c", _PROGRAM))

    lines = shown.splitlines()
    assert max(map(len, lines)) <= columns
    for cell in (_WORKFLOW, "MaxDeliveryCountExceeded", "a_rather_long_name_of_a_task", "1234567890123456"):
        assert any(cell in line for line in lines)
    assert "2 dead letters in accounts" == lines[-1]


def test_prose_is_wrapped_between_words_at_the_width_of_the_terminal() -> None:
    """Rules of `contract explain`, which were of 100 columns everywhere."""
    shown = _on_terminal(60, "-m", "boilermaker.cli", "contract", "explain", "TASK_REMOVED")

    assert max(map(len, shown.splitlines())) <= 60
    assert "drained, then remove it." in " ".join(shown.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("-c", _PROGRAM),
        ("-m", "boilermaker.cli", "contract", "explain", "TASK_REMOVED"),
        (
            "-c",
            (
                "import logging; from boilermaker.cli import logs; logs.configure('console', 'info'); "
                "logging.getLogger('boilermaker.app').error('[charge] failed')"
            ),
        ),
    ],
)
def test_no_color_is_kept_everywhere(arguments: tuple[str, ...]) -> None:
    """https://no-color.org; and each has colours without it."""
    assert "\x1b" in _on_terminal(80, *arguments)
    assert "\x1b" not in _on_terminal(80, *arguments, NO_COLOR="1")


def test_differences_of_stubs_say_nothing_that_a_terminal_obeys(tmp_path: Path) -> None:
    """What stands in the folder now may come from anybody's branch."""
    (tmp_path / "service.py").write_text(
        "from boilermaker import Boilermaker, InMemoryServiceBus\n\n"
        "worker = Boilermaker(None, InMemoryServiceBus(), queue='accounts')\n\n\n"
        "@worker.task\nasync def create_user(state, email: str) -> int: ...\n"
    )
    (tmp_path / "pyproject.toml").write_text(
        '[tool.boilermaker]\nservice = "accounts"\nqueue = "accounts"\nsource = ["."]\n'
        'package = "accounts_stubs"\noutput = "stubs"\n'
    )
    stubs = ("-m", "boilermaker.cli", "stubs")
    _on_terminal(80, *stubs, "generate", folder=tmp_path)
    tasks = tmp_path / "stubs/accounts_stubs/tasks.py"
    tasks.write_text(tasks.read_text() + "# \x1b[2J\x9b2J\u202e\n")

    shown = _on_terminal(80, *stubs, "check", folder=tmp_path, NO_COLOR="1")

    assert r"-# \x1b[2J\x9b2J\u202e" in shown
    assert set() == _obeyed(shown)


def test_what_is_piped_has_a_line_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    """With tabs between cells, and the heading once."""
    table = Table((Column("a"), Column("b")))
    for number in range(150):
        table.add({"a": number, "b": "two\nlines\tand a tab"})
    table.end()

    head, first, *rest = capsys.readouterr().out.splitlines()
    assert ("a\tb", "0\ttwo\\nlines\\tand a tab", 149) == (head, first, len(rest))


def _obeyed(text: str) -> set[str]:
    """Characters that a terminal would obey, or that lie about what stands there."""
    return {
        each
        for each in text
        if (unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} and each not in "\n\t")
        or unicodedata.bidirectional(each) in _TURNS
    }


def _shown_of(*messages: MemoryPeeked, detail: str) -> None:
    """All that `dead-letters` says of messages."""

    async def letters() -> AsyncIterator[DeadLetter]:
        for message in messages:
            yield read(message, "accounts")

    for is_json in (False, True):
        asyncio.run(dead_letters_shown.table(letters(), f"queue {detail}", is_json=is_json))
        for message in messages:
            checks: dict[str, tuple[str, ...] | str] = {f"worker {detail}": (detail,), "contract": detail}
            dead_letters_shown.one(message, "accounts", checks, is_json=is_json)
            letter = read(message, "accounts")
            with dead_letters_shown.Progress(1, is_json=is_json) as progress:
                progress.tell(Fate(letter=letter, is_done=False, detail=detail))
                progress.tell(Fate(letter=letter, is_done=True, workflow=detail))


@given(_ANYTHING, _ANYTHING, _ANYTHING, some.data())
def test_dead_letters_say_nothing_that_a_terminal_obeys(
    first: str, second: str, third: str, data: some.DataObject
) -> None:
    """Whatever a sender writes into names, ids, reasons, references, failures and payloads."""
    texts = some.sampled_from([first, second, third, "x"])

    def quoted() -> str:
        return json.dumps(data.draw(texts), ensure_ascii=data.draw(some.booleans()))

    failure = f'"failure":{{"task":{quoted()},"reason":"TaskFailed","description":{quoted()},"attempt":1}},'
    header = f'{{"boilermaker":1,"workflow":{quoted()},"at":0,"lines":[[0,0]],"queues":["accounts"],{failure}"digests":{{}}}}'
    step = f'{{"task":{quoted()},"payload":{{{quoted()}:{quoted()}}},"refs":{{{quoted()}:null}}}}'
    bodies = [f"{header}\n{step}\n", header.replace(failure, "") + f"\n{step}\n", first]
    messages = [
        MemoryPeeked(
            body=body.encode("utf-8", "surrogatepass"),
            message_id=first,
            sequence_number=1,
            delivery_count=1,
            enqueued_time=datetime.now(UTC),
            subject=second,
            correlation_id=third,
            properties={"DeadLetterReason": first, "DeadLetterErrorDescription": second},
        )
        for body in bodies
    ]

    shown = CliRunner().invoke(click.Command("x", callback=lambda: _shown_of(*messages, detail=third)))

    assert shown.exception is None, shown.exception
    assert set() == _obeyed(shown.output)


@given(_ANYTHING, _ANYTHING, _ANYTHING)
def test_findings_and_plain_words_say_nothing_that_a_terminal_obeys(
    first: str, second: str, third: str
) -> None:
    """A contract.json may come from anywhere, and so may what a control port answers."""
    findings = [
        Finding(
            rule="TASK_REMOVED", task=first, path=second, categories=("QUEUE",), detail=third, reason=reason
        )
        for reason in (None, third)
    ]
    idle = [Idle(task=first, key=second, reason=third)]
    worker: Boilermaker[None] = Boilermaker(None, InMemoryServiceBus())
    places = Places(Path("contract.json"), worker.contract(), [])

    def say_it_all() -> None:
        for show in (print_text, print_json):
            show(findings, idle, third)
        print_github(findings, idle, places)
        say(first, Styled(second, fg="red"), err=True)
        say_wrapped(third, "    ")
        say_json({first: [second]})
        table = Table((Column("a"), Column("b", wraps=True)))
        table.add({"a": first, "b": second})
        table.end()

    shown = CliRunner().invoke(click.Command("x", callback=say_it_all), color=False)

    assert shown.exception is None, shown.exception
    assert set() == _obeyed(shown.output)


@given(_ANYTHING)
def test_errors_of_commands_say_nothing_that_a_terminal_obeys(text: str) -> None:
    """They quote what was found, and what was asked for."""
    failing = click.Command("failing", callback=lambda: _raise(click.ClickException(text)))
    shown = CliRunner().invoke(_with(failing), ["failing"], color=True)

    assert 1 == shown.exit_code
    assert set() == _obeyed(shown.output)


@given(_ANYTHING, _ANYTHING, some.sampled_from(["console", "json"]))
def test_log_lines_say_nothing_that_a_terminal_obeys(text: str, name: str, style: logs.Format) -> None:
    """Names of tasks that nobody knows, digests, ids."""
    stream = io.StringIO()
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.getLogger("boilermaker").level
    try:
        logs.configure(style, "info", stream)
        logging.getLogger("boilermaker.app").info("[%s] Begin", text, extra={"id": name})
    finally:
        root.handlers[:] = before[0]
        root.setLevel(before[1])
        logging.getLogger("boilermaker").setLevel(before[2])

    assert set() == _obeyed(stream.getvalue())
    assert 1 == sum(not line.startswith(" ") for line in stream.getvalue().splitlines())


def _raise(error: Exception) -> None:
    raise error


def _with(command: click.Command) -> click.Group:
    """The root of our commands, with this one too."""

    class Root(type(boilermaker)):  # type: ignore[misc]
        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
            return command

    return Root(name="boilermaker")
