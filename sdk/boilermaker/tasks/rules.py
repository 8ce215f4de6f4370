"""The rules for a registration's options, as one table that the worker and the generator both use.

A rule checks the value of one option, or several values that depend on each other. It returns the end of a sentence that
begins with the option's name, or None if the value is valid. The caller adds where the registration is.
"""

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any

from boilermaker.evolution.rules import RULES, hint
from boilermaker.retries import LONGEST_SECONDS, RetryPolicy

MAX_NAME = 128  # the name is the subject of the task's messages; a longer one is a mistake
MAX_QUEUE = 260  # Service Bus: "Queue/topic name size: 260 characters"

Rule = Callable[[Any], str | None]

_NAME = f"1 to {MAX_NAME} printable characters"
NO_TEXT = "has a lone surrogate, which cannot be encoded as UTF-8; leave it out"


def is_name(value: object) -> bool:
    """Whether a task may have this name, or a parameter this alias."""
    return _is_printable(value, MAX_NAME)


def is_text(value: str) -> bool:
    """Whether a string can be encoded as UTF-8: JSON and source files cannot contain lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_printable(value: object, most: int) -> bool:
    return isinstance(value, str) and value.isprintable() and bool(value.strip()) and len(value) <= most


def _must(what: str, value: object) -> str:
    return f"must be {what}, not a {type(value).__name__}"


def _name(value: object) -> str | None:
    if not isinstance(value, str):
        return _must("a text", value)
    return None if is_name(value) else f"must have {_NAME}, at least one of them not a space"


def _queue(value: object) -> str | None:
    if not isinstance(value, str):
        return _must("a queue's name", value)
    if _is_printable(value, MAX_QUEUE):
        return None
    return f"must have 1 to {MAX_QUEUE} printable characters, at least one of them not a space"


def _policy(value: object) -> str | None:
    if isinstance(value, RetryPolicy):
        return None
    hint = "; call it" if callable(value) else ""
    return _must("a RetryPolicy, such as `retries.NoRetry()`", value) + hint


def _flag(value: object) -> str | None:
    return None if isinstance(value, bool) else _must("True or False", value)


def _exceptions(value: object) -> str | None:
    classes: tuple[object, ...] = value if isinstance(value, tuple) else (value,)  # pyright: ignore[reportUnknownVariableType]
    for each in classes:
        if not isinstance(each, type):
            return _must("an exception class or a tuple of them", each)
        if not issubclass(each, Exception):
            return f"holds {each.__name__}, which is not a subclass of Exception"
    return None


def _duration(left_out: str) -> Rule:
    def rule(value: object) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int | float | timedelta):
            return _must("a number of seconds or a timedelta", value)
        number = value.total_seconds() if isinstance(value, timedelta) else value
        if number == 0:
            return f"is 0 seconds; leave it out for {left_out}"
        if 0 < number <= LONGEST_SECONDS:
            return None
        return f"must be more than 0 and at most {LONGEST_SECONDS:,} seconds (100 years)"

    return rule


def _deprecated(value: object) -> str | None:
    if not isinstance(value, str):
        return _must("a text", value)
    if not value.strip():
        return "is empty; say what to use instead, or why"
    return None if is_text(value) else NO_TEXT


def _aliases(value: object) -> str | None:
    if not isinstance(value, list | tuple):
        return _must("a list or tuple of names", value)
    return _not_a_name(value)  # pyright: ignore[reportUnknownArgumentType]


def _not_a_name(names: Iterable[object], of: str = "") -> str | None:
    wrong = [name for name in names if not is_name(name)]
    return f"holds {_shown(wrong[0])}{of}, which is not a name: {_NAME}" if wrong else None


def _parameter_aliases(value: object) -> str | None:
    if not isinstance(value, Mapping):
        return _must("a dict of lists of names by parameter", value)
    rows: Mapping[object, object] = value  # pyright: ignore[reportUnknownVariableType]
    for parameter, names in rows.items():
        if not isinstance(parameter, str):
            return f"holds {_shown(parameter)} as a key, which is not a parameter's name"
        if not isinstance(names, list | tuple):
            return f"holds {_shown(names)} for {_shown(parameter)} in place of a list or tuple of names"
        if (fault := _not_a_name(names, f" for {_shown(parameter)}")) is not None:  # pyright: ignore[reportUnknownArgumentType]
            return fault
    return None


def _allow(value: object) -> str | None:
    if not isinstance(value, Mapping):
        return _must("a dict of reasons by rule", value)
    rows: Mapping[object, object] = value  # pyright: ignore[reportUnknownVariableType]
    for key, reason in rows.items():
        rule = key.partition(" ")[0] if isinstance(key, str) else None
        if rule not in RULES:
            return f"names no rule: {_shown(key if rule is None else rule)}; {hint(str(rule))}"
        if not isinstance(reason, str) or not reason.strip():
            return f"gives no reason for {_shown(key)}"
        if not is_text(reason) or not is_text(str(key)):
            return f"of {_shown(key)} {NO_TEXT}"
    return None


def _shown(value: object) -> str:
    """A value as shown in an error: whole if it is a short string, otherwise its type."""
    if not isinstance(value, str):
        return f"a {type(value).__name__}"
    text = "".join(value)  # the repr of a member of a StrEnum differs
    return repr(text) if len(text) <= MAX_NAME else f"{text[:20]!r}... ({len(text)} characters)"


_RULES: Mapping[str, Rule] = {
    "name": _name,
    "queue": _queue,
    "policy": _policy,
    "should_dead_letter": _flag,
    "acks_late": _flag,
    "retry_on": _exceptions,
    "give_up_on": _exceptions,
    "timeout": _duration("no limit"),
    "max_lock_renewal": _duration("the worker's own"),
    "cancel_on_lost_lock": _flag,
    "deprecated": _deprecated,
    "aliases": _aliases,
    "parameter_aliases": _parameter_aliases,
    "allow": _allow,
}
OPTIONS = tuple(_RULES)
"""All options of a registration."""

_MAY_BE_NONE = frozenset({"name", "queue", "policy", "timeout", "max_lock_renewal", "deprecated"})


def fault_of(option: str, value: object) -> str | None:
    """What is wrong with an option, as the end of a sentence that begins with its name; None if it is valid."""
    rule = _RULES.get(option)
    if rule is None:
        close = difflib.get_close_matches(option, OPTIONS, n=1)
        known = f"did you mean `{close[0]}`?" if close else f"the options are {', '.join(OPTIONS)}"
        return f"is not an option of a registration; {known}"
    if value is None and option in _MAY_BE_NONE:
        return None
    return rule(value)


def parameters_fault(aliases: Mapping[str, Collection[str]], parameters: Collection[str]) -> str | None:
    """What is wrong with `parameter_aliases`, given the names of the handler's parameters."""
    taken = list(parameters)
    for parameter, names in aliases.items():
        if parameter not in parameters:
            return f"names {_shown(parameter)}, which is not one of its parameters"
        for name in names:
            if name in taken:
                return f"gives the name {_shown(name)} twice"
            taken.append(name)
    return None


def shared_fault(options: Collection[str], functions: int) -> str | None:
    """What is wrong with registering this many functions at once with these options; None if nothing is."""
    option = next((each for each in ("name", "aliases") if each in options), None)
    if option is None or functions == 1:
        return None
    return f"`{option}` names one task, but {functions} are registered; register these functions one by one"
