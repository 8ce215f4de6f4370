"""How log records look: JSON lines for machines, coloured lines for people. What is logged is logged elsewhere.

Everything goes through the standard library's root logger, so that libraries and handlers look the same as
Boilermaker's own records.
"""

import json
import logging
import sys
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, TextIO

import structlog

from boilermaker.failure import legible

Format = Literal["auto", "json", "console"]
_INDENT = " " * 9
LEVELS = ("debug", "info", "warning", "error")

_Event = MutableMapping[str, Any]
_Processor = Callable[[Any, str, _Event], Mapping[str, Any] | str]

_encoded: Callable[[str], str] = json.JSONEncoder(ensure_ascii=False).encode


def _text(text: str) -> str:
    """A text in JSON that can be written as UTF-8."""
    return legible(_encoded(text))


_PLAIN = len(logging.makeLogRecord({}).__dict__)  # more than these attributes come of `extra=`

# The SDK tells of each frame and link at INFO, and prints tracebacks of errors that it then raises.
_QUIET = {"azure": logging.ERROR, "azure.servicebus._pyamqp": logging.CRITICAL}


def configure(style: Format, level: str, stream: TextIO = sys.stderr) -> None:
    """Send all records to `stream`.

    Args:
        style: `auto` is `console` on a terminal and `json` elsewhere.
        level: one of `LEVELS`; libraries speak from `warning` on, unless it is `debug`.
        stream: where the lines go.
    """
    is_console = style == "console" or (style == "auto" and stream.isatty())
    render: _Processor = _console(stream) if is_console else _json
    made = structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _ordered, render],
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            _timestamp,
            _exception,
        ],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(made if is_console else _Lines(made))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    chosen = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(logging.DEBUG if chosen == logging.DEBUG else max(chosen, logging.WARNING))
    logging.getLogger("boilermaker").setLevel(chosen)
    if chosen != logging.DEBUG:
        for name, limit in _QUIET.items():
            logging.getLogger(name).setLevel(limit)


class _Lines(logging.Formatter):
    """JSON lines: most records are a text and no more, and need no processors, which take 50 us of the 60 a line costs."""

    def __init__(self, otherwise: logging.Formatter) -> None:
        super().__init__()
        self._otherwise = otherwise
        self._second = -1
        self._tails: dict[tuple[str, str], str] = {}  # of this second, by level and logger

    def format(self, record: logging.LogRecord) -> str:
        """As `otherwise` would."""
        if record.exc_info or record.stack_info or len(record.__dict__) > _PLAIN:
            return self._otherwise.format(record)
        second = int(record.created)
        if second != self._second:
            self._second = second
            self._tails.clear()
        key = record.levelname, record.name
        tail = self._tails.get(key)
        if tail is None:
            level, name = _text(record.levelname.lower()), _text(record.name)
            tail = self._tails[key] = f'"level": {level}, "logger": {name}, "timestamp": "{_when(second)}"}}'
        return f'{{"event": {_text(record.getMessage())}, {tail}'


def _when(created: float) -> str:
    return datetime.fromtimestamp(created, UTC).strftime("%Y/%m/%d %H:%M:%S")


def _timestamp(_logger: Any, _method: str, event: _Event) -> _Event:
    record: logging.LogRecord = event["_record"]
    event["timestamp"] = _when(record.created)
    return event


def _exception(_logger: Any, _method: str, event: _Event) -> _Event:
    """Type and frames; neither the error's text, which may quote a payload, nor any local value."""
    record: logging.LogRecord = event["_record"]
    if record.exc_info and record.exc_info[0] is not None:
        event["error"] = _name_of(record.exc_info[0])
        event["traceback"] = _frames(record.exc_info[2])
    event.pop("exc_info", None)
    return event


def _frames(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]


def _name_of(kind: type[BaseException]) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _ordered(_logger: Any, _method: str, event: _Event) -> Mapping[str, Any]:
    """event, level, logger, timestamp; then what else there is."""
    first = {key: event.pop(key) for key in ("event", "level", "logger", "timestamp") if key in event}
    return first | dict(event)


def _json(_logger: Any, _method: str, event: _Event) -> str:
    return legible(json.dumps(event, ensure_ascii=False, default=str))


def _console(stream: TextIO) -> _Processor:
    dim, bold, reset = ("\x1b[2m", "\x1b[1m", "\x1b[0m") if stream.isatty() else ("", "", "")
    colours = {"warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m"} if stream.isatty() else {}

    def render(_logger: Any, _method: str, event: _Event) -> str:
        values = dict(event)
        time, level = values.pop("timestamp")[11:], values.pop("level")
        logger, text = values.pop("logger"), values.pop("event")
        trace: list[str] = values.pop("traceback", [])
        mark = f"{colours.get(level, '')}{level:<7}{reset if level in colours else ''}"
        extra = "".join(f" {dim}{key}={reset}{_shown(str(value))}" for key, value in values.items())
        name = "" if logger == "boilermaker.app" else f"{dim}{legible(logger)}:{reset} "
        lines = [f"{dim}{time}{reset} {mark} {name}{_emphasized(_shown(str(text)), bold, reset)}{extra}"]
        return "\n".join([*lines, *(f"{dim}{_INDENT}{legible(frame)}{reset}" for frame in trace)])

    return render


def _shown(text: str) -> str:
    """A text as a terminal may show it: nothing that a terminal obeys, and further lines where no log line begins."""
    return text if text.isprintable() else f"\n{_INDENT}".join(map(legible, text.expandtabs().split("\n")))


def _emphasized(text: str, bold: str, reset: str) -> str:
    """`[task]` at the start of a line is what the eye looks for."""
    head, bracket, rest = text.partition("] ")
    return f"{bold}{head}]{reset} {rest}" if bracket and head.startswith("[") else text
