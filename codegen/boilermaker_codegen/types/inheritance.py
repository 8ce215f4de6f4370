"""Classes re-created without their types, so that Python and msgspec themselves resolve inheritance and options.

Each re-created class has the contract's defaults as values, so that inherited defaults can be found in it.
"""

import abc
import dataclasses
import inspect
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NotRequired, Protocol, Required

import msgspec
from msgspec.structs import replace

from boilermaker.contract import BY_WORKER, AnyDefault, Default, Field, RecordDefinition, Type, substituted
from boilermaker_codegen.types import attrs_classes
from boilermaker_codegen.types.declared import Declared, Shell

Bindings = Mapping[str, Type]
"""Types bound to type variables, by their names."""

EXTERNAL_BASES: dict[str, Any] = {
    "abc.ABC": abc.ABC,
    "typing.Protocol": Protocol,
    "typing.TypedDict": typing.TypedDict,
    "typing.NamedTuple": typing.NamedTuple,
    "msgspec.Struct": msgspec.Struct,
}
"""Bases of others' that a re-created class has too; those left out change nothing."""


def recreated(record: RecordDefinition, own: Sequence[Declared], shell: Shell, bases: Sequence[Any]) -> Any:
    """A class with these fields beside those of its bases.

    Raises:
        TypeError: Python or msgspec rejects it; the text says why.
        ValueError: as `TypeError`.
    """
    name = record.name.rpartition(".")[2]
    made: Any
    match record.style:
        case "attrs":
            made = attrs_classes.recreated(name, own, shell, bases)
        case "struct":
            made = _made(name, bases, shell, {d.field.name: _struct_field(d) for d in own}, shell.options)
        case "typeddict":
            marks = {d.field.name: NotRequired if d.is_optional else Required for d in own}
            made = _made(name, bases, shell, {}, {}, {field: mark[Any] for field, mark in marks.items()})
        case "namedtuple":
            defaults = {d.field.name: d.field.default for d in own if d.field.default is not None}
            made = _made(name, bases, shell, defaults, {}, dict.fromkeys((d.field.name for d in own), Any))
        case _:
            made = _dataclass(name, own, shell, bases)
    _check_class_variables(made, record, shell)
    return made


def undeclared(name: str, bases: Sequence[Any], shell: Shell) -> Any:
    """A class that declares no fields.

    Raises:
        TypeError: Python rejects it; the text says why.
        ValueError: as `TypeError`.
    """
    return types.new_class(name, tuple(bases), dict(shell.keywords), lambda space: space.update(shell.space))


def _made(
    name: str,
    bases: Sequence[Any],
    shell: Shell,
    values: Mapping[str, Any],
    keywords: Mapping[str, Any],
    hints: Mapping[str, Any] | None = None,
) -> Any:
    """The class that the statement creates, before any decorator."""
    hints = dict.fromkeys(values, Any) if hints is None else dict(hints)
    annotations = {**hints, **dict.fromkeys(shell.class_variables, typing.ClassVar[Any])}
    space = {**shell.space, **values, "__annotations__": annotations}
    return types.new_class(name, tuple(bases), dict(keywords), lambda made: made.update(space))


def _struct_field(declared: Declared) -> Any:
    field = declared.field
    default: dict[str, Any] = {} if field.default is None else {"default": None}
    if default and declared.is_made:
        default = {"default_factory": lambda: None}
    elif default and declared.sample is not None:
        default = {"default": declared.sample}
    return msgspec.field(name=field.wire, **default)


def _dataclass(name: str, own: Sequence[Declared], shell: Shell, bases: Sequence[Any]) -> Any:
    values: dict[str, Any] = {}
    for declared in own:
        choices: dict[str, Any] = {} if declared.is_by_name is None else {"kw_only": declared.is_by_name}
        given: Any = declared.field.default
        if given is not None and declared.is_made:
            choices["default_factory"] = lambda given=given: given
        elif given is not None:
            choices["default"] = given if declared.sample is None else declared.sample
        if choices:
            values[declared.field.name] = dataclasses.field(**choices)
    hints = {declared.field.name: Any for declared in own}
    made = _made(name, bases, shell, values, shell.keywords, hints)
    decorate: Any = dataclasses.dataclass(**shell.options)
    made = decorate(made)
    for declared in own:
        if declared.sample is not None and not declared.is_made:  # it may be shared
            made.__dataclass_fields__[declared.field.name].default = declared.field.default
    return made


def _check_class_variables(made: Any, record: RecordDefinition, shell: Shell) -> None:
    """Check that no class variable replaces a field: msgspec reads the type of a field from its last annotation."""
    inherited = {"struct": "__struct_fields__", "attrs": "__attrs_attrs__"}.get(record.style, "")
    names = [getattr(field, "name", field) for field in getattr(made, inherited, ())]
    if hidden := [name for name in shell.class_variables if name in names]:
        raise TypeError(f"`{hidden[0]}` is a field of a parent, which a ClassVar cannot replace")


def described(
    made: Any, record: RecordDefinition, known: Mapping[str, Field], bindings: Mapping[Any, Bindings]
) -> RecordDefinition:
    """A record with all that its class has: inherited fields in their order, names on the wire, and options.

    Args:
        made: the class, re-created.
        record: what it declares itself.
        known: all fields by name, as they were declared last.
        bindings: the types bound to the type variables of each class that it inherits from.
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
    """Whether some field is keyword-only. Then all fields of the stub are: it has one option for all of them."""
    parameters = inspect.signature(struct).parameters.values()
    return any(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters)


def latest(
    made: Any, bases: Sequence[Any], own: Mapping[Any, Iterable[Field]], bindings: Mapping[Any, Bindings]
) -> dict[str, Field]:
    """All fields of a class by name, as the first in its method resolution order declares them.

    Args:
        made: the class, re-created.
        bases: its bases; those of a TypedDict are not in its method resolution order.
        own: the fields that re-created classes declare themselves; for TypedDicts, all their fields.
        bindings: the types bound to the type variables of each class that it inherits from.
    """
    lineage = [*bases, made] if hasattr(made, "__total__") else list(reversed(made.__mro__))
    return {
        field.name: replace(field, type=substituted(field.type, bindings.get(cls, {})))
        for cls in lineage
        for field in own.get(cls, ())
    }


def bindings(made: Any, of_bases: Mapping[Any, Mapping[Any, Bindings]]) -> dict[Any, Bindings]:
    """The types bound to the type variables of each class that a class inherits from.

    Args:
        made: the class, re-created.
        of_bases: the same for each class, for its direct bases.
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
