"""Classes re-created without their types, so that Python and msgspec themselves say what inheritance and options come to.

Each re-created class has the defaults of the contract in place of values: a default that a class has from its parent is
found again there.
"""

import abc
import collections
import dataclasses
import inspect
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from boilermaker.contract import BY_WORKER, AnyDefault, Default, Field, RecordDefinition, Type, substituted
from boilermaker_codegen.types import attrs_classes
from boilermaker_codegen.types.declared import Declared

Bindings = Mapping[str, Type]
"""What stands for type variables, by their names."""

EXTERNAL_BASES: dict[str, Any] = {
    "abc.ABC": abc.ABC,
    "typing.Protocol": Protocol,
    "typing.TypedDict": typing.TypedDict,
    "msgspec.Struct": msgspec.Struct,
}
"""Bases of others' that a re-created class has too; those left out change nothing."""


def recreated(
    record: RecordDefinition, own: Sequence[Declared], options: Mapping[str, Any], bases: Sequence[Any]
) -> Any:
    """A class with these fields beside those of its bases.

    Raises:
        TypeError: Python or msgspec refuses it; the text says why.
        ValueError: as `TypeError`.
    """
    name = record.name.rpartition(".")[2]
    match record.style:
        case "attrs":
            return attrs_classes.recreated(name, own, options, bases)
        case "struct":
            return msgspec.defstruct(name, list(map(_struct_field, own)), bases=tuple(bases), **options)
        case "typeddict":
            return _typeddict(name, own, bases)
        case "namedtuple":
            names = [declared.field.name for declared in own]
            defaults = [declared.field.default for declared in own if declared.field.default is not None]
            return collections.namedtuple(name, names, defaults=defaults)  # noqa: PYI024 # pyright: ignore[reportUntypedNamedTuple]
        case _:
            return _dataclass(name, own, options, bases)


def undeclared(name: str, bases: Sequence[Any]) -> Any:
    """A class that declares no fields.

    Raises:
        TypeError: Python refuses it; the text says why.
    """
    return types.new_class(name, tuple(bases))


def _struct_field(declared: Declared) -> tuple[str, Any, Any]:
    field = declared.field
    default = {} if field.default is None else {"default": None}
    return field.name, Any, msgspec.field(name=field.wire, **default)


def _typeddict(name: str, own: Sequence[Declared], bases: Sequence[Any]) -> Any:
    marks = {d.field.name: typing.NotRequired if d.is_optional else typing.Required for d in own}
    hints = {field: mark[Any] for field, mark in marks.items()}
    return types.new_class(name, tuple(bases), exec_body=lambda space: space.update(__annotations__=hints))


def _dataclass(name: str, own: Sequence[Declared], options: Mapping[str, Any], bases: Sequence[Any]) -> Any:
    hints = {declared.field.name: Any for declared in own}
    values: dict[str, Any] = {}
    for declared in own:
        choices: dict[str, Any] = {} if declared.is_by_name is None else {"kw_only": declared.is_by_name}
        if declared.field.default is not None:
            given = declared.field.default
            choices |= (
                {"default_factory": lambda given=given: given} if declared.is_made else {"default": given}
            )
        if choices:
            values[declared.field.name] = dataclasses.field(**choices)
    made = types.new_class(
        name, tuple(bases), exec_body=lambda space: space.update(values, __annotations__=hints)
    )
    decorate: Any = dataclasses.dataclass(**options)
    return decorate(made)


def described(
    made: Any, record: RecordDefinition, known: Mapping[str, Field], bindings: Mapping[Any, Bindings]
) -> RecordDefinition:
    """A record with all that its class has: inherited fields in their order, names on the wire, and options.

    Args:
        made: the class, re-created.
        record: what it declares itself.
        known: all fields by name, as they were declared last.
        bindings: of each class that it inherits from, what stands for its type variables.
    """
    match record.style:
        case "attrs":
            return attrs_classes.described(made, record, bindings)
        case "struct":
            return _described_struct(made, record, known)
        case "typeddict":
            names = made.__annotations__
            optional = tuple(name for name in names if name in made.__optional_keys__)
            return replace(record, fields=tuple(known[name] for name in names), optional=optional)
        case "namedtuple":
            return replace(record, fields=tuple(known[name] for name in made._fields))
        case _:
            fields = dataclasses.fields(made)
            return replace(
                record,
                fields=tuple(replace(known[field.name], default=_default(field)) for field in fields),
                frozen=made.__dataclass_params__.frozen,
                kw_only=any(field.kw_only for field in fields),
            )


def _default(field: "dataclasses.Field[Any]") -> AnyDefault | None:
    given: Any = field.default
    if field.default_factory is not dataclasses.MISSING:
        given = field.default_factory()
    return given if isinstance(given, Default) or given == BY_WORKER else None


def _described_struct(
    struct: type[msgspec.Struct], record: RecordDefinition, known: Mapping[str, Field]
) -> RecordDefinition:
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


def latest(
    made: Any, bases: Sequence[Any], own: Mapping[Any, Iterable[Field]], bindings: Mapping[Any, Bindings]
) -> dict[str, Field]:
    """All fields of a class by name, as the first in its method resolution order declares them.

    Args:
        made: the class, re-created.
        bases: its bases; those of a TypedDict are not in its method resolution order.
        own: the fields that re-created classes declare themselves; for TypedDicts all that they have.
        bindings: of each class that it inherits from, what stands for its type variables.
    """
    lineage = [*bases, made] if hasattr(made, "__total__") else list(reversed(made.__mro__))
    return {
        field.name: replace(field, type=substituted(field.type, bindings.get(cls, {})))
        for cls in lineage
        for field in own.get(cls, ())
    }


def bindings(made: Any, of_bases: Mapping[Any, Mapping[Any, Bindings]]) -> dict[Any, Bindings]:
    """Of each class that a class inherits from, what stands for its type variables.

    Args:
        made: the class, re-created.
        of_bases: the same of each class, for the bases that it names itself.
    """
    found: dict[Any, Bindings] = {}
    waiting: list[tuple[Any, Bindings]] = [(made, {})]
    while waiting:
        cls, own = waiting.pop()
        for base, given in of_bases.get(cls, {}).items():
            if base not in found:
                found[base] = {name: substituted(type_, own) for name, type_ in given.items()}
                waiting.append((base, found[base]))
    return found
