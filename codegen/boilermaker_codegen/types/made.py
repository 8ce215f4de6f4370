"""Records made by calls with literal arguments, `Point(1)`: their values as they travel, without running the class."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from boilermaker.contract import RecordDefinition


class Made:
    """The value of such a call. No dataclass: msgspec would write that out itself.

    Attributes:
        id: of the record's definition.
        wire: what travels; its parts may be values that have a JSON form of their own.
    """

    def __init__(self, id_: str, wire: dict[str, Any] | list[Any]) -> None:
        self.id = id_
        self.wire = wire


class UnboundError(Exception):
    """A call that does not fit its record; the text says why."""


def bound(
    definition: RecordDefinition, args: Sequence[Any], keywords: Sequence[tuple[str, Any]]
) -> dict[str, Any]:
    """Arguments by field, as the class itself would take them.

    Raises:
        UnboundError: it would not.
    """
    names = [field.name for field in definition.fields]
    by_position = [] if definition.kw_only or definition.style == "typeddict" else names
    if args and definition.kw_only:
        raise UnboundError(
            f"`{definition.name}` has fields that are given by name alone; give them all by name"
        )
    if len(args) > len(by_position):
        raise UnboundError(
            f"{len(args)} arguments are given by position, `{definition.name}` takes {len(by_position)}"
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


def wire_form(definition: RecordDefinition, given: Mapping[str, Any]) -> dict[str, Any] | list[Any]:
    """What travels for a record with these fields, as msgspec writes it.

    Raises:
        UnboundError: the class omits defaults, and a field is given its default: msgspec then asks whether it is the
            same object, which the text does not tell.
    """
    values: dict[str, Any] = {}
    for field in definition.fields:
        wire = field.wire or field.name
        if field.name in given:
            if definition.omit_defaults and field.default and plain(given[field.name]) == field.default.value:
                raise UnboundError(
                    f"`{field.name}` is given its default, and the class omits defaults; leave it out"
                )
            values[wire] = given[field.name]
        elif field.default is not None and (not definition.omit_defaults or definition.array_like):
            values[wire] = field.default.value
    if definition.array_like or definition.style == "namedtuple":
        return [*([] if definition.tag is None else [definition.tag]), *values.values()]
    return values if definition.tag is None else {definition.tag_field or "type": definition.tag, **values}


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
