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
from boilermaker.telemetry import log_fields
from boilermaker.telemetry.log_fields import LogFields


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
    """Character by character: people grep for it. Behind them comes the time as RFC 3339 has it."""
    expected = (
        '{"event": "Registered background function fn=main_task", "level": "info", '
        '"logger": "boilermaker.app", "timestamp": "2024/12/10 15:46:54", "time": "2024-12-10T15:46:54.000Z"}'
    )

    assert [expected] == _logged("json", "info", _record("Registered background function fn=%s", "main_task"))


def _fields() -> LogFields:
    traced = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    about = {"task": "größe", "workflow": "w\n1", "message_id": "m"}
    return LogFields(**about, attempt=2, delivery_count=0, queue="q", trace=traced)


@pytest.fixture
def handled() -> Iterator[LogFields]:
    """A message that is being handled."""
    fields = _fields()
    token = log_fields.current.set(fields)
    yield fields
    log_fields.current.reset(token)


def test_a_line_says_which_message_it_is_about(handled: LogFields) -> None:
    """Ids in fields, in each line that is logged while it is handled, the application's own among them."""
    done = _record("done")
    done.outcome, done.seconds = "completed", 0.5
    lines = _logged("json", "info", _record("charged", name="shop.orders"), done)

    for line in lines:
        entry = json.loads(line)
        assert handled.values().items() <= entry.items()
        assert entry["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert ("completed", 0.5) == (entry["outcome"], entry["seconds"])


def test_console_lines_show_the_workflow_and_the_try(handled: LogFields) -> None:
    """Short, behind the text: three tries of one task are seen to be one."""
    [line] = _logged("console", "info", _record("[größe] Begin Task sequence_number=%s", 7))

    assert line == "15:46:54 info    [größe] Begin Task sequence_number=7 w\\u000a1 try 2"


def test_an_exception_with_its_text_where_it_is_asked_for() -> None:
    """On a terminal by default, in JSON by `--errors full`."""
    try:
        int("s3cr3t")
    except ValueError as error:
        record = _record("boom")
        record.exc_info = (type(error), error, error.__traceback__)
    stream = io.StringIO()
    logs.configure("json", "info", stream, errors="full")
    logging.getLogger("boilermaker.app").handle(record)
    console = _logged("console", "info", record)

    entry = json.loads(stream.getvalue())
    assert entry["exception"].endswith("ValueError: invalid literal for int() with base 10: 's3cr3t'")
    assert console[-1].endswith("ValueError: invalid literal for int() with base 10: 's3cr3t'")


@given(some.text(), some.text(), some.integers(0, 2**32), some.sampled_from([10, 20, 30, 40, 50, 35]))
def test_a_record_that_is_only_a_text_looks_like_any_other(
    text: str, name: str, created: int, level: int
) -> None:
    """It takes a shorter way, a sixth of the time."""
    plain = logging.LogRecord(name, level, __file__, 1, "%s", (text,), None)
    plain.created = created + 0.5
    fuller = logging.makeLogRecord({**plain.__dict__, "other": "t"})
    stream = io.StringIO()
    logs.configure("json", "debug", stream)
    formatter = logging.getLogger().handlers[0].formatter
    assert formatter is not None

    for fields in (None, _fields()):
        token = log_fields.current.set(fields)
        try:
            assert formatter.format(plain)[:-1] + ', "other": "t"}' == formatter.format(fuller)
        finally:
            log_fields.current.reset(token)


def test_what_a_record_carries_beside_comes_after() -> None:
    """`extra=` of the standard library, for a log search."""
    record = _record("done")
    record.task = "create_user"

    [line] = _logged("json", "info", record)

    assert ["event", "level", "logger", "timestamp", "time", "task"] == list(json.loads(line))


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
    """The SDK tells of each frame at INFO. The application's own loggers speak as it was told."""
    records = (
        _record("frame", name="azure.servicebus", level=logging.INFO),
        _record("state", name="azure.servicebus._pyamqp", level=logging.DEBUG),
        _record("chatter", name="hypothesis.core", level=logging.INFO),
        _record("selector", name="asyncio", level=logging.DEBUG),
        _record("odd", name="hypothesis", level=logging.WARNING),
        _record("order", name="shop.orders", level=logging.INFO),
    )

    for level in ("info", "debug"):
        lines = _logged("json", level, *records)
        assert ["odd", "order"] == [json.loads(line)["event"] for line in lines]
    assert ["odd"] == [json.loads(line)["event"] for line in _logged("json", "warning", *records)]


def test_one_logger_has_a_level_of_its_own() -> None:
    """What a library says is asked for by its name."""
    stream = io.StringIO()
    logs.configure("json", "info", stream, levels={"hypothesis.core": "debug"})
    for name in ("hypothesis.core", "hypothesis.other"):
        logger = logging.getLogger(name)
        logger.debug("said by %s", name)
    logging.getLogger("hypothesis.core").setLevel(logging.NOTSET)

    assert ["said by hypothesis.core"] == [
        json.loads(line)["event"] for line in stream.getvalue().splitlines()
    ]


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
