"""Words that handlers and their exceptions choose: any text at all, and what is no text, comes to one outcome."""

import io
import json
import logging
import os
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from boilermaker import Boilermaker, InMemoryServiceBus, Limits, failure, retries
from boilermaker.cli import logs
from boilermaker.errors import ConfigurationError
from boilermaker.failure import FailureInfo, TaskFailed, legible
from boilermaker.retries import RetryException
from boilermaker.transport.memory.message import MemoryMessage

Told = tuple[list[MemoryMessage], list[FailureInfo], int]


async def _told(raised: BaseException, describe: Any = None, tries: int = 1) -> Told:
    """The dead letters, what failure callbacks learn, and how often the handler ran."""
    bus = InMemoryServiceBus()
    worker: Boilermaker[list[FailureInfo | None]] = Boilermaker(
        [], bus, describe_error=describe, limits=Limits(put_off_seconds=())
    )

    async def failing(state: list[FailureInfo | None]) -> None:
        state.append(None)
        raise raised

    async def told(state: list[FailureInfo | None], cause: FailureInfo) -> None:
        state.append(cause)

    worker.register_many_async([failing, told], policy=retries.RetryPolicy(tries, 0, 0))
    task = worker.create_task(failing)
    task.on_failure = worker.create_task(told, failure.cause.placeholder())
    await worker.publish_task(task)
    await worker.drain()
    infos = [info for info in worker.state if info is not None]
    return bus.dead_letters("tasks"), infos, worker.state.count(None)


NAME = os.fsdecode(b"invoice-\xff.pdf")


@pytest.mark.parametrize(
    ("raised", "tries", "runs", "said"),
    [
        (TaskFailed(f"cannot read {NAME}"), 2, 1, "cannot read invoice-\\udcff.pdf"),
        (RetryException(f"cannot read {NAME}"), 2, 2, "gave up after 2 tries: cannot read invoice-\\udcff.pdf"),
        (type("A\nB", (Exception,), {"__module__": "builtins"})(), 1, 1, "gave up after 1 try: A\\u000aB raised"),
        (TaskFailed("line\n[x] forged \x1b[31m\u202e"), 1, 1, "line\\u000a[x] forged \\u001b[31m\\u202e"),
        (TaskFailed("日本\u3000語 é \U0001f468\u200d\U0001f469"), 1, 1, "日本\u3000語 é \U0001f468\u200d\U0001f469"),
    ],
)  # fmt: skip
async def test_a_text_that_has_no_utf8_form_is_escaped(
    raised: BaseException, tries: int, runs: int, said: str
) -> None:
    """Encoding it would raise outside of all handling: the handler would run until its deliveries are exhausted."""
    letters, infos, ran = await _told(raised, tries=tries)

    assert ([said], [said], runs) == (
        [letter.dead_letter_description for letter in letters],
        [info.description for info in infos],
        ran,
    )


async def test_words_about_an_error_are_escaped_too() -> None:
    """`describe_error` is users' code as well."""
    letters, infos, _ = await _told(OSError(), describe=lambda error: NAME)

    assert {"gave up after 1 try: OSError raised: invoice-\\udcff.pdf"} == {
        *(letter.dead_letter_description for letter in letters),
        *(info.description for info in infos),
    }


class Numbered(TaskFailed):
    reason: Any = 404


class Wordless(TaskFailed):
    @property
    def reason(self) -> str:  # type: ignore[override]
        raise RuntimeError

    def __init__(self) -> None:
        Exception.__init__(self)


class Minute(RetryException):
    delay: Any = timedelta(minutes=1)


class Uncalled(RetryException):
    policy: Any = retries.NoRetry


class Backwards(RetryException):
    delay: Any = -1


def _without_init(kind: type[BaseException]) -> BaseException:
    return kind.__new__(kind)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Numbered, "404"),
        (Wordless, "the handler raised TaskFailed"),
        (Minute, "gave up after 2 tries: the handler asked for a retry"),
        (
            Uncalled,
            (
                "gave up after 2 tries: the handler asked for a retry (a policy must be a RetryPolicy, not a method; call it: "
                "`NoRetry()`)"
            ),
        ),
        (
            Backwards,
            (
                "gave up after 2 tries: the handler asked for a retry (a delay must be from 0 to 3,153,600,000 seconds (100 years), "
                "not -1)"
            ),
        ),
    ],
)
async def test_what_a_subclass_sets_on_itself_comes_to_an_outcome(
    kind: type[BaseException], said: str
) -> None:
    """A class attribute asks no constructor."""
    letters, infos, _ = await _told(_without_init(kind), tries=2)

    assert ([said], [said]) == (
        [letter.dead_letter_description for letter in letters],
        [info.description for info in infos],
    )


ANY_TEXT = st.text(st.characters())  # all of Unicode, controls and surrogates included


@given(
    text=ANY_TEXT | st.text(st.sampled_from("a\n\r\x00\x1b\x85\u2028\u202e\ud800\udfff\ufeff`'\\")),
    kind=st.sampled_from([TaskFailed, RetryException, OSError]),
)
@example(text="\ud83d\ude00", kind=TaskFailed)  # halves of a pair that are not one
async def test_any_text_leaves_as_a_line_of_utf8(text: str, kind: type[Exception]) -> None:
    """In dead letters, in `FailureInfo`, in logs of either style; and the handler runs once."""
    stream = io.StringIO()
    formatters = [_formatter("json"), _formatter("console")]
    log = logging.getLogger("boilermaker.app")
    handlers = [logging.StreamHandler(stream) for _ in formatters]
    for handler, formatter in zip(handlers, formatters, strict=True):
        handler.setFormatter(formatter)
        log.addHandler(handler)
    log.propagate = False  # pytest keeps tracebacks with the text itself, which its workers cannot send
    try:
        letters, infos, ran = await _told(kind(text), describe=str)
    finally:
        log.propagate = True
        for handler in handlers:
            log.removeHandler(handler)

    assert (1, 1, 1) == (ran, len(letters), len(infos))
    said = [letters[0].dead_letter_description or "", infos[0].description, *stream.getvalue().split("\n")]
    for each in said:
        each.encode()
        assert each == legible(each)
    if kind is TaskFailed and text:
        assert infos[0].description == legible(text)[:4000]


def _formatter(style: logs.Format) -> logging.Formatter:
    root, before, level = logging.getLogger(), logging.getLogger().handlers[:], logging.getLogger().level
    logs.configure(style, "info", io.StringIO())
    formatter = root.handlers[0].formatter
    root.handlers[:] = before
    root.setLevel(level)
    assert formatter is not None
    return formatter


@given(text=ANY_TEXT, extra=ANY_TEXT)
@pytest.mark.parametrize("style", ["json", "console"])
def test_any_record_is_written_as_utf8(style: logs.Format, text: str, extra: str) -> None:
    """Records of users' own and of libraries, with fields of `extra=`."""
    formatter = _formatter(style)
    for record in (
        logging.LogRecord("\ud800", logging.INFO, __file__, 1, "%s", (text,), None),
        logging.makeLogRecord({"msg": text, "name": "x", "levelname": "INFO", "field": extra}),
    ):
        line = formatter.format(record)
        line.encode()
        if style == "json":
            assert json.loads(line)["event"] == text
            assert line == legible(line)


@pytest.mark.parametrize("name", ["\ud800", "a\nb", "a\x1bb"])
def test_a_queue_that_cannot_be_called_so_is_refused_where_it_is_named(name: str) -> None:
    """When the message is sent is late, and names stand in logs."""
    bus = InMemoryServiceBus()
    named: list[dict[str, Any]] = [{"queue": name}, {"service": name}, {"forwards_to": [name]}]
    for options in named:
        with pytest.raises(ConfigurationError, match="printable"):
            Boilermaker(None, bus, **options)

    async def task(state: None) -> None: ...

    with pytest.raises(ValueError, match="printable"):
        Boilermaker(None, bus).register_async(task).create_task(task).options(queue=name)
