"""How log records look on the command line."""

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as some

from boilermaker.cli import logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Logging is global; leave it as pytest set it up."""
    root, ours = logging.getLogger(), logging.getLogger("boilermaker")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def _logged(style: logs.Format, level: str, *records: logging.LogRecord) -> list[str]:
    stream = io.StringIO()
    logs.configure(style, level, stream)
    for record in records:
        logger = logging.getLogger(record.name)
        if logger.isEnabledFor(record.levelno):
            logger.handle(record)
    return stream.getvalue().splitlines()


def _record(
    text: str, *args: object, name: str = "boilermaker.app", level: int = logging.INFO
) -> logging.LogRecord:
    record = logging.LogRecord(name, level, __file__, 1, text, args, None)
    record.created = 1733845614.0  # 2024-12-10 15:46:54 UTC
    return record


def test_json_lines_have_the_form_and_key_order_of_the_documentation() -> None:
    """Character by character: people grep for it."""
    expected = (
        '{"event": "Registered background function fn=main_task", "level": "info", '
        '"logger": "boilermaker.app", "timestamp": "2024/12/10 15:46:54"}'
    )

    assert [expected] == _logged("json", "info", _record("Registered background function fn=%s", "main_task"))


@given(some.text(), some.text(), some.integers(0, 2**32), some.sampled_from([10, 20, 30, 40, 50, 35]))
def test_a_record_that_is_only_a_text_looks_like_any_other(
    text: str, name: str, created: int, level: int
) -> None:
    """It takes a shorter way, a sixth of the time."""
    plain = logging.LogRecord(name, level, __file__, 1, "%s", (text,), None)
    plain.created = created + 0.5
    fuller = logging.makeLogRecord({**plain.__dict__, "task": "t"})
    stream = io.StringIO()
    logs.configure("json", "debug", stream)
    formatter = logging.getLogger().handlers[0].formatter
    assert formatter is not None

    assert formatter.format(plain)[:-1] + ', "task": "t"}' == formatter.format(fuller)


def test_what_a_record_carries_beside_comes_after() -> None:
    """`extra=` of the standard library, for a log search."""
    record = _record("done")
    record.task = "create_user"

    [line] = _logged("json", "info", record)

    assert ["event", "level", "logger", "timestamp", "task"] == list(json.loads(line))


def test_an_exception_is_its_type_and_its_frames() -> None:
    """Neither its text, which may quote a payload, nor local values."""
    secret = "s3cr3t"
    try:
        int(secret)  # its message quotes the value
    except ValueError as error:
        record = _record("boom")
        record.exc_info = (type(error), error, error.__traceback__)

    [line] = _logged("json", "info", record)

    entry = json.loads(line)
    assert entry["error"] == "ValueError"
    assert re.fullmatch(
        rf".*{re.escape('test_logs.py')}:\d+ {'test_an_exception_is_its_type_and_its_frames'}",
        entry["traceback"][-1],
    )
    assert secret not in line


def test_text_keeps_its_letters() -> None:
    """Task names may be in any script."""
    [line] = _logged("json", "info", _record("[größe] Begin"))

    assert '"[größe] Begin"' in line


def test_libraries_speak_from_warning_on() -> None:
    """The SDK tells of each frame at INFO."""
    lines = _logged(
        "json",
        "info",
        _record("frame", name="azure.servicebus", level=logging.INFO),
        _record("odd", name="some.library", level=logging.WARNING),
        _record("chatter", name="some.library", level=logging.INFO),
    )

    assert ["odd"] == [json.loads(line)["event"] for line in lines]


def test_console_lines_are_for_reading() -> None:
    """Time, level, text; our own logger goes without saying. No colours where nobody sees them."""
    lines = _logged(
        "console",
        "info",
        _record("[main_task] Begin Task sequence_number=%s", 7),
        _record("odd", name="some.library", level=logging.WARNING),
    )

    assert [
        "15:46:54 info    [main_task] Begin Task sequence_number=7",
        "15:46:54 warning some.library: odd",
    ] == lines


def test_without_a_terminal_auto_is_json() -> None:
    """What a container's log collector wants."""
    [line] = _logged("auto", "info", _record("hello"))

    assert json.loads(line)["event"] == "hello"


@pytest.mark.parametrize("style", ["console", "json"])
def test_names_with_newlines_forge_no_line(style: logs.Format) -> None:
    """Digests and names of tasks that nobody knows are whatever a sender likes."""
    lines = _logged(style, "info", _record("[%s] Begin", "x\n15:46:54 info    [pay] Completed\x1b[2K"))

    assert 1 == sum(line.startswith(("15:46:54", "{")) for line in lines)
    assert not any("\x1b" in line for line in lines)
