"""The options of a registration: all are checked by the worker's rules, and those that the contract needs are kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import libcst as cst

from boilermaker.tasks import rules
from boilermaker_codegen.registrations.option_values import UNREAD, OptionValues
from boilermaker_codegen.source.meanings import Scope, code


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of a registration that the contract needs."""

    name: str | None = None
    queue: str | None = None
    deprecated: str | None = None
    aliases: tuple[str, ...] = ()
    parameter_aliases: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    allow: dict[str, str] = field(default_factory=dict[str, str])

    def given(self) -> list[str]:
        """Names of the options that are set."""
        return [each.name for each in fields(self) if getattr(self, each.name)]


_NEEDED = frozenset(each.name for each in fields(Options))


def read_options(arguments: Iterable[cst.Arg], values: OptionValues, scope: Scope) -> Options:
    """The options among the keyword arguments of a registration.

    Raises:
        Refused: the worker would reject an option, or the value of one that the contract needs cannot be known without running the code.
    """
    found: dict[str, Any] = {}
    given: set[str] = set()
    for argument in arguments:
        name = argument.keyword.value if argument.keyword else ""
        if argument.star or not name:
            raise scope.refuse(
                argument,
                "REGISTRATION_OPTION",
                f"`{code(argument)}` cannot be followed; write each option out",
            )
        if name in given:
            raise scope.refuse(argument, "REGISTRATION_OPTION", f"`{name}` is given twice; keep one of them")
        given.add(name)
        value = (
            values.read(argument.value, scope, is_needed=name in _NEEDED) if name in rules.OPTIONS else None
        )
        fault = None if value is UNREAD else rules.fault_of(name, value)
        if fault is not None:
            raise scope.refuse(argument, "REGISTRATION_OPTION", f"`{name}` {fault}")
        if name in _NEEDED and value is not None:
            found[name] = _kept(value)
    return Options(**found)


def _kept(value: Any) -> Any:
    """A value as options hold it: plain texts, and tuples for lists."""
    if isinstance(value, str):
        return "".join(value)
    if isinstance(value, list | tuple):
        return tuple(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, Mapping):
        return {key: _kept(inner) for key, inner in value.items()}  # pyright: ignore[reportUnknownVariableType]
    return value
