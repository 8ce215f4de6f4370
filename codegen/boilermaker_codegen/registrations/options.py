"""The options of a registration, as far as the contract needs them; the others belong to the worker alone."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

import libcst as cst

from boilermaker.evolution.rules import RULES, hint
from boilermaker_codegen.source.meanings import Scope, code
from boilermaker_codegen.types.literals import Literals

_TEXTS = ("name", "queue", "deprecated")
_OPTIONS = (
    *_TEXTS,
    "policy",
    "should_dead_letter",
    "acks_late",
    "timeout",
    "max_lock_renewal",
    "cancel_on_lost_lock",
    "aliases",
    "parameter_aliases",
    "allow",
)


_TABLES = {
    "aliases": "a list of names",
    "parameter_aliases": "a dict of lists of names by parameter",
    "allow": "a dict of reasons by rule",
}


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a registration says about its task beside the function."""

    name: str | None = None
    queue: str | None = None
    deprecated: str | None = None
    aliases: tuple[str, ...] = ()
    parameter_aliases: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    allow: dict[str, str] = field(default_factory=dict[str, str])


def read_options(arguments: Iterable[cst.Arg], literals: Literals, scope: Scope) -> Options:
    """The options among the keyword arguments of a registration.

    Raises:
        Refused: an option is unknown, or one that the contract needs cannot be known without running the code.
    """
    found: dict[str, Any] = {}
    for argument in arguments:
        name = argument.keyword.value if argument.keyword else ""
        if argument.star or not name:
            raise scope.refuse(
                argument,
                "REGISTRATION_OPTION",
                f"`{code(argument)}` cannot be followed; write each option out",
            )
        if name not in _OPTIONS:
            close = difflib.get_close_matches(name, _OPTIONS, n=1)
            hint = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(_OPTIONS)}"
            raise scope.refuse(
                argument, "REGISTRATION_OPTION", f"`{name}` is not an option of a registration; {hint}"
            )
        if name in _TABLES:
            found[name] = _table(name, argument, literals, scope)
        if name not in _TEXTS:
            continue
        value = literals.read(argument.value, scope)
        if value is not None and not (isinstance(value, str) and value.strip()):
            raise scope.refuse(argument, "REGISTRATION_OPTION", f"`{name}` must be a text that is not empty")
        if value is not None:
            found[name] = value
    return Options(**found)


def _table(name: str, argument: cst.Arg, literals: Literals, scope: Scope) -> object:
    value = literals.read(argument.value, scope)
    if name == "aliases" and (names := _names(value)) is not None:
        return names
    if name != "aliases" and isinstance(value, dict):
        rows = cast("dict[object, object]", value)
        read = rows if name == "allow" else {key: _names(row) for key, row in rows.items()}
        is_read = _are_texts(read.values()) if name == "allow" else None not in read.values()
        if is_read and _are_texts(rows):
            if name == "allow":
                _check_rules(cast("Iterable[str]", rows), argument, scope)
            return read
    raise scope.refuse(
        argument, "REGISTRATION_OPTION", f"`{name}` must be {_TABLES[name]}, none of them empty"
    )


def _check_rules(keys: Iterable[str], argument: cst.Arg, scope: Scope) -> None:
    for rule in (key.partition(" ")[0] for key in keys):
        if rule not in RULES:
            raise scope.refuse(
                argument, "REGISTRATION_OPTION", f"`allow` names no rule: {rule!r}; {hint(rule)}"
            )


def _names(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list | tuple):
        return None
    names = tuple(cast("Iterable[object]", value))
    return cast("tuple[str, ...]", names) if _are_texts(names) else None


def _are_texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) and value.strip() for value in values)
