"""The format of log records: JSON lines for machines, coloured lines for people.

All records go through the standard library's root logger, so that records of libraries and handlers have the same
format as Boilermaker's own.
"""

import json
import logging
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TextIO

import structlog

from boilermaker.cli.terminal import has_colour
from boilermaker.failure import legible
from boilermaker.telemetry import log_fields

Format = Literal["auto", "json", "console"]
Errors = Literal["auto", "full", "safe"]
_INDENT = " " * 9
LEVELS = ("debug", "info", "warning", "error")

_Event = MutableMapping[str, Any]
_Processor = Callable[[Any, str, _Event], Mapping[str, Any] | str]

_encoded: Callable[[str], str] = json.JSONEncoder(ensure_ascii=False).encode


def _text(text: str) -> str:
    """A text as JSON that can be encoded as UTF-8."""
    return legible(_encoded(text))


_PLAIN = frozenset(logging.makeLogRecord({}).__dict__)  # other attributes come from `extra=`
_OUTCOME = ("outcome", "reason", "seconds")  # those that the worker's own records have

# The SDK logs each frame and link at INFO, and logs tracebacks of errors that it then raises.
_QUIET = {"azure": logging.ERROR, "azure.servicebus._pyamqp": logging.CRITICAL}


def configure(
    style: Format,
    level: str,
    stream: TextIO = sys.stderr,
    *,
    errors: Errors = "auto",
    levels: Mapping[str, str] | None = None,
) -> None:
    """Write records to `stream`: the application's and Boilermaker's from `level` up, other libraries' from WARNING up.

    Args:
        style: `auto` is `console` on a terminal and `json` elsewhere.
        level: one of `LEVELS`.
        stream: where lines are written.
        errors: how an exception is logged: `full` is its text and traceback, `safe` its type and frames only, since its text
            may quote a payload; `auto` is `full` with `console` and `safe` with `json`.
        levels: levels by logger; they override `level`.
    """
    is_console = style == "console" or (style == "auto" and stream.isatty())
    render: _Processor = _console(stream) if is_console else _json
    is_full = errors == "full" or (errors == "auto" and is_console)
    made = structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _ordered, render],
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            _timestamp,
            _full_exception if is_full else _exception,
        ],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(made if is_console else _Lines(made))
    chosen = {name: logging.getLevelNamesMapping()[one.upper()] for name, one in (levels or {}).items()}
    handler.addFilter(_Libraries(chosen))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.getLevelNamesMapping()[level.upper()])
    for name, limit in (_QUIET | chosen).items():
        logging.getLogger(name).setLevel(limit)


class _Libraries(logging.Filter):
    """Drops records below WARNING of libraries: loggers that are named after an installed package, as nearly all are.

    Args:
        chosen: loggers whose level was set explicitly.
    """

    def __init__(self, chosen: Iterable[str]) -> None:
        super().__init__()
        self._chosen = tuple(chosen)
        self._known: dict[str, bool] = {"boilermaker": False}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is shown."""
        if record.levelno >= logging.WARNING:
            return True
        if any(record.name == name or record.name.startswith(f"{name}.") for name in self._chosen):
            return True
        package = record.name.partition(".")[0]
        if package not in self._known:
            self._known[package] = _is_installed(package)
        return not self._known[package]


def _is_installed(package: str) -> bool:
    """Whether a package of that name is part of the standard library or installed in site-packages."""
    if package in sys.stdlib_module_names:
        return True
    try:
        found = find_spec(package)
    except (ImportError, ValueError):
        return False
    places = [] if found is None else [found.origin, *(found.submodule_search_locations or ())]
    installed = {Path(sysconfig.get_path(kind)).resolve() for kind in ("purelib", "platlib")}
    return any(
        place is not None and any(Path(place).resolve().is_relative_to(folder) for folder in installed)
        for place in places
    )


class _Lines(logging.Formatter):
    """JSON lines. Most records are only a text and skip the processors, which take 50 of the 60 us that a line costs."""

    def __init__(self, otherwise: logging.Formatter) -> None:
        super().__init__()
        self._otherwise = otherwise
        self._second = -1
        self._tails: dict[tuple[str, str], str] = {}  # of this second, by level and logger

    def format(self, record: logging.LogRecord) -> str:
        """As `otherwise` would."""
        members = record.__dict__
        has_outcome = "outcome" in members
        expected = len(_PLAIN) if not has_outcome else len(_PLAIN) + (3 if "reason" in members else 2)
        if record.exc_info or record.stack_info or len(members) > expected:
            return self._otherwise.format(record)
        second = int(record.created)
        if second != self._second:
            self._second = second
            self._tails.clear()
        key = record.levelname, record.name
        tail = self._tails.get(key)
        if tail is None:
            level, name = _text(record.levelname.lower()), _text(record.name)
            moment = datetime.fromtimestamp(second, UTC)
            tail = f'"level": {level}, "logger": {name}, "timestamp": "{_when(moment)}"'
            tail = self._tails[key] = f'{tail}, "time": "{moment:%Y-%m-%dT%H:%M:%S}.'
        line = f'{{"event": {_text(record.getMessage())}, {tail}{_milliseconds(record.created):03}Z"'
        fields = log_fields.current.get()
        if fields is not None:
            line = f"{line}, {fields.json()}"
        if has_outcome:
            line = f"{line}, " + ", ".join(
                f'"{name}": {_encoded(members[name])}' for name in _OUTCOME if name in members
            )
        return line + "}"


def _milliseconds(created: float) -> int:
    return int(created * 1000) % 1000


def _when(moment: datetime) -> str:
    return moment.strftime("%Y/%m/%d %H:%M:%S")


def _timestamp(_logger: Any, _method: str, event: _Event) -> _Event:
    """`timestamp` as boilermaker-servicebus writes it, and `time` in RFC 3339, in UTC with milliseconds."""
    record: logging.LogRecord = event["_record"]
    moment = datetime.fromtimestamp(int(record.created), UTC)
    event["timestamp"] = _when(moment)
    event["time"] = f"{moment:%Y-%m-%dT%H:%M:%S}.{_milliseconds(record.created):03}Z"
    fields = log_fields.current.get()
    if fields is not None:
        for name, value in fields.values().items():
            event.setdefault(name, value)
    return event


def _full_exception(_logger: Any, _method: str, event: _Event) -> _Event:
    """Type, text and traceback, for debugging."""
    record: logging.LogRecord = event["_record"]
    if record.exc_info and record.exc_info[0] is not None:
        event["error"] = _name_of(record.exc_info[0])
        event["exception"] = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
    event.pop("exc_info", None)
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
    """event, level, logger, timestamp, time; then the message's fields, the outcome, and all others."""
    first = {key: event.pop(key) for key in ("event", "level", "logger", "timestamp", "time") if key in event}
    fields = log_fields.current.get()
    of_message = {} if fields is None else {key: event.pop(key) for key in fields.values() if key in event}
    last = {key: event.pop(key) for key in _OUTCOME if key in event}
    return {**first, **of_message, **last, **event}


def _json(_logger: Any, _method: str, event: _Event) -> str:
    return legible(json.dumps(event, ensure_ascii=False, default=str))


def _console(stream: TextIO) -> _Processor:
    is_coloured = stream.isatty() and has_colour()
    dim, bold, reset = ("\x1b[2m", "\x1b[1m", "\x1b[0m") if is_coloured else ("", "", "")
    colours = {"warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m"} if is_coloured else {}

    def render(_logger: Any, _method: str, event: _Event) -> str:
        values = dict(event)
        time, level = values.pop("timestamp")[11:], values.pop("level")
        logger, text = values.pop("logger"), values.pop("event")
        trace: list[str] = values.pop("traceback", []) or str(values.pop("exception", "")).splitlines()
        about = _about(values)
        for hidden in ("time", *_HIDDEN):
            values.pop(hidden, None)
        mark = f"{colours.get(level, '')}{level:<7}{reset if level in colours else ''}"
        extra = "".join(f" {dim}{key}={reset}{_shown(str(value))}" for key, value in values.items())
        name = "" if logger == "boilermaker.app" else f"{dim}{legible(logger)}:{reset} "
        said = _emphasized(_shown(str(text)), bold, reset)
        lines = [f"{dim}{time}{reset} {mark} {name}{said}{extra}{dim}{about}{reset}"]
        return "\n".join([*lines, *(f"{dim}{_INDENT}{legible(frame)}{reset}" for frame in trace)])

    return render


# Fields that the line's text already contains, or that only log searches need.
_HIDDEN = (
    "task",
    "workflow",
    "message_id",
    "attempt",
    "delivery_count",
    "queue",
    "trace_id",
    "error",
    *_OUTCOME,
)
_SHORT = 8  # characters of a workflow's id: enough to tell lines apart


def _about(values: Mapping[str, Any]) -> str:
    """The workflow that a line is about, and the attempt, if it is not the first."""
    if "workflow" not in values or "task" not in values:
        return ""
    attempt = f" try {values['attempt']}" if values.get("attempt", 1) != 1 else ""
    return f" {legible(str(values['workflow'])[:_SHORT])}{attempt}"


def _shown(text: str) -> str:
    """A text without terminal control sequences; further lines are indented, so that none looks like a log line."""
    return text if text.isprintable() else f"\n{_INDENT}".join(map(legible, text.expandtabs().split("\n")))


def _emphasized(text: str, bold: str, reset: str) -> str:
    """Set `[task]` at the start of a line in bold."""
    head, bracket, rest = text.partition("] ")
    return f"{bold}{head}]{reset} {rest}" if bracket and head.startswith("[") else text
