"""Records created by calls with literal arguments, `Point(1)`: their wire form, without running the class."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from boilermaker.contract import BY_WORKER, Container, Default, Field, MappingOf, RecordDefinition

_A = TypeVar("_A")


class Made:
    """The value of such a call. Not a dataclass, which msgspec would encode itself.

    Attributes:
        id: of the record's definition.
        wire: its wire form; its parts may be values with their own JSON form.
        given: the arguments by field, each in Python and as JSON.
    """

    def __init__(
        self, id_: str, wire: dict[str, Any] | list[Any], given: Mapping[str, tuple[Any, Any]]
    ) -> None:
        self.id = id_
        self.wire = wire
        self.given = given


class UnboundError(Exception):
    """A call that does not match its record; the text says why."""


def bound(
    definition: RecordDefinition, args: Sequence[_A], keywords: Sequence[tuple[str, _A]]
) -> dict[str, _A]:
    """Arguments by field, as the class itself would bind them.

    Raises:
        UnboundError: the arguments do not match the fields.
    """
    names = [field.name for field in definition.fields]
    by_position = [] if definition.kw_only or definition.style == "typeddict" else names
    if args and definition.kw_only:
        raise UnboundError(f"`{definition.name}` has keyword-only fields; pass all fields by name")
    if len(args) > len(by_position):
        raise UnboundError(
            f"{len(args)} positional arguments are given, `{definition.name}` takes {len(by_position)}"
        )
    given = dict(zip(by_position, args, strict=False))
    for name, value in keywords:
        if name not in names:
            raise UnboundError(f"`{definition.name}` has no field `{name}`")
        if name in given:
            raise UnboundError(f"`{name}` is given twice")
        given[name] = value
    missing = [
        f"`{field.name}`"
        for field in definition.fields
        if field.name not in given and field.default is None and field.name not in definition.optional
    ]
    if missing:
        raise UnboundError(f"{', '.join(missing)} must be given")
    return given


def wire_form(definition: RecordDefinition, given: Mapping[str, Any]) -> dict[str, Any] | list[Any] | None:
    """The wire form of a record with these fields, as msgspec encodes it; None if the source does not show it."""
    is_omitting = definition.omit_defaults and not definition.array_like
    values: dict[str, Any] = {}
    for field in definition.fields:
        wire = field.wire or field.name
        if field.default == BY_WORKER and field.name not in given:
            return None
        if is_omitting and _may_be_omitted_or_not(field, given):
            return None
        if field.name in given:
            values[wire] = given[field.name]
        elif isinstance(field.default, Default) and not is_omitting:
            values[wire] = field.default.value
    if definition.array_like or definition.style == "namedtuple":
        return [*([] if definition.tag is None else [definition.tag]), *values.values()]
    return values if definition.tag is None else {definition.tag_field or "type": definition.tag, **values}


def _may_be_omitted_or_not(field: Field, given: Mapping[str, Any]) -> bool:
    """Whether the result depends on more than the source shows: msgspec omits a default if it is the same object, or empty."""
    if not isinstance(field.default, Default):
        return False
    if field.name in given:
        return bool(plain(given[field.name]) == field.default.value)
    is_fresh = isinstance(field.type, MappingOf) or (
        isinstance(field.type, Container) and field.type.container not in ("tuple", "frozenset")
    )
    return is_fresh and bool(field.default.value)  # a factory creates it, or a tuple represents it


def plain(value: Any) -> Any:
    """A value as JSON, as msgspec writes it.

    Raises:
        TypeError: it has no JSON form.
        ValueError: as `TypeError`.
    """
    made = msgspec.to_builtins(value, str_keys=True, order="deterministic", enc_hook=_wire)
    return msgspec.json.decode(msgspec.json.encode(made))


def _wire(value: Any) -> Any:
    if isinstance(value, Made):
        return value.wire
    raise TypeError(f"`{type(value).__name__}` has none")
