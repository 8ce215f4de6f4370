"""Structs re-created without their types, so that msgspec itself says what their options and their parents' come to."""

import inspect
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.structs import replace

from boilermaker.contract import Field, RecordDefinition


def recreated(
    name: str, fields: Iterable[Field], options: dict[str, Any], parent: type[msgspec.Struct] | None
) -> type[msgspec.Struct]:
    """A Struct with these fields, of type `Any`, beside those of its parent.

    Raises:
        TypeError: msgspec refuses it; the text says why.
        ValueError: as `TypeError`.
    """
    own: list[Any] = []
    for field in fields:
        default = {} if field.default is None else {"default": None}
        own.append((field.name, Any, msgspec.field(name=field.wire, **default)))
    return msgspec.defstruct(name, own, bases=None if parent is None else (parent,), **options)


def described(
    struct: type[msgspec.Struct], record: RecordDefinition, inherited: Iterable[Field]
) -> RecordDefinition:
    """A record with all that its Struct has: inherited fields in msgspec's order, names on the wire, tag and options."""
    known = {field.name: field for field in (*inherited, *record.fields)}
    wires = dict(zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True))
    config = struct.__struct_config__
    return replace(
        record,
        fields=tuple(
            replace(known[name], wire=wire if wire != name else None) for name, wire in wires.items()
        ),
        tag=config.tag,
        tag_field=config.tag_field if config.tag_field != "type" else None,
        frozen=bool(config.frozen),
        kw_only=is_keyword_only(struct),
        array_like=bool(config.array_like),
        omit_defaults=bool(config.omit_defaults),
        forbid_unknown_fields=bool(config.forbid_unknown_fields),
    )


def is_keyword_only(struct: type[msgspec.Struct]) -> bool:
    """Whether some field is taken by name alone. The stub then takes all so: it has one option for all fields."""
    parameters = inspect.signature(struct).parameters.values()
    return any(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters)
