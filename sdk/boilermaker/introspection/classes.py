"""Live classes as definitions of the contract: enums, and records of every style. `annotations` reads the types of their fields."""

import dataclasses
import enum
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from boilermaker import contract as words
from boilermaker.errors import ConfigurationError
from boilermaker.introspection import attributes, attrs_classes, defaults, making
from boilermaker.introspection.attributes import Attribute
from boilermaker.introspection.variables import Hint, Read, hints_of, parameters_of

RecordOf = Callable[[Any, Read], words.RecordDefinition]
"""Takes a class, and what reads an annotation."""

_UNANNOTATED = Hint(Any, {})  # as in named tuples created by a call


def record_of(cls: Any) -> RecordOf | None:
    """The function that describes a record of this class; None if it is not a record."""
    describe = next((describe for is_one, describe in _RECORDS if is_one(cls)), None)
    if describe is None:
        return None
    return lambda cls, read: _generic(cls, describe(cls, read))


def doc_of(item: Any) -> str | None:
    """The docstring in the source, if any; not one that dataclasses and named tuples generate."""
    doc = item.__dict__.get("__doc__") if isinstance(item, type) else item.__doc__
    if not doc or (isinstance(item, type) and doc.startswith(f"{item.__name__}(")):
        return None
    return inspect.cleandoc(doc) or None


def _generic(cls: Any, record: words.RecordDefinition) -> words.RecordDefinition:
    """A record with the names of its type variables.

    Raises:
        ConfigurationError: a field uses another type variable.
    """
    names = parameters_of(cls)
    for field in record.fields:
        if strangers := [name for name in words.variables_in(field.type) if name not in names]:
            raise ConfigurationError(
                f"`{field.name}` of `{record.name}` is of the type variable `{strangers[0]}`, which is not a "
                "type parameter of the class"
            )
    return msgspec.structs.replace(record, parameters=names)


def enum_of(cls: type[enum.Enum]) -> words.EnumDefinition:
    """The definition of an enum."""
    base: Any = next(
        (b.__name__ for b in (enum.StrEnum, enum.IntFlag, enum.IntEnum, enum.Flag) if issubclass(cls, b)),
        "Enum",
    )
    mixin: Any = next((t.__name__ for t in (str, int, float) if base == "Enum" and issubclass(cls, t)), None)
    return words.EnumDefinition(
        name=cls.__qualname__,
        members=tuple(
            words.Member(name=name, value=member.value) for name, member in cls.__members__.items()
        ),
        base=base,
        mixin=mixin,
        doc=doc_of(cls),
        is_open=any("_missing_" in vars(each) for each in cls.__mro__ if each.__module__ != "enum"),
    )


def _record(
    cls: Any,
    style: words.RecordStyle,
    declared: Iterable[Attribute],
    hints: Mapping[str, Hint],
    read: Read,
    *,
    frozen: bool = False,
) -> words.RecordDefinition:
    """A record of any style whose class takes its fields as arguments."""
    declared = tuple(declared)
    return words.RecordDefinition(
        name=cls.__qualname__,
        style=style,
        fields=tuple(
            words.Field(
                name=attribute.given,
                type=_field_type(hints[attribute.name], read),
                wire=attribute.wire if attribute.wire != attribute.given else None,
                default=_default(attribute),
            )
            for attribute in declared
        ),
        doc=doc_of(cls),
        frozen=frozen,
        # If the class has some keyword-only fields, all fields of the stub are: it has one option for all of
        # them.
        kw_only=any(attribute.is_by_name for attribute in declared),
    )


def _struct(cls: type[msgspec.Struct], read: Read) -> words.RecordDefinition:
    making.check(cls, "struct")
    config, hints = cls.__struct_config__, hints_of(cls, read)
    return msgspec.structs.replace(
        _record(cls, "struct", attributes.of_struct(cls), hints, read, frozen=bool(config.frozen)),
        tag=config.tag,
        tag_field=config.tag_field if config.tag_field != "type" else None,
        array_like=bool(config.array_like),
        omit_defaults=bool(config.omit_defaults),
        forbid_unknown_fields=bool(config.forbid_unknown_fields),
    )


def _dataclass(cls: Any, read: Read) -> words.RecordDefinition:
    making.check(cls, "dataclass")
    hints, is_frozen = hints_of(cls, read), cls.__dataclass_params__.frozen
    return _record(cls, "dataclass", attributes.of_dataclass(cls), hints, read, frozen=is_frozen)


def _attrs(cls: Any, read: Read) -> words.RecordDefinition:
    making.check(cls, "attrs")
    hints, is_frozen = hints_of(cls, read), attrs_classes.is_frozen(cls)
    return _record(cls, "attrs", attrs_classes.attributes(cls), hints, read, frozen=is_frozen)


def _namedtuple(cls: Any, read: Read) -> words.RecordDefinition:
    making.check(cls, "namedtuple")
    hints = dict.fromkeys(cls._fields, _UNANNOTATED) | hints_of(cls, read)
    return _record(cls, "namedtuple", attributes.of_namedtuple(cls), hints, read)


def _field_type(hint: Hint, read: Read) -> words.Type:
    return words.substituted(read(_held(hint.annotation)), hint.bindings)


def _held(hint: Any) -> Any:
    """The type of a field's value: `int` for `Final[int]`."""
    return typing.get_args(hint)[0] if typing.get_origin(hint) is typing.Final else hint


def _is_typeddict(cls: Any) -> bool:
    """Whether it is a TypedDict of `typing` or of `typing_extensions`; Python's own function recognizes only the former."""
    return hasattr(cls, "__total__") and hasattr(cls, "__optional_keys__")


def _typeddict(cls: Any, read: Read) -> words.RecordDefinition:
    fields: list[words.Field] = []
    optional: list[str] = []
    for name, (hint, bindings) in hints_of(cls, read).items():
        presence = typing.get_origin(hint)
        is_marked = presence in (typing.Required, typing.NotRequired)
        plain = Hint(typing.get_args(hint)[0] if is_marked else hint, bindings)
        fields.append(words.Field(name=name, type=_field_type(plain, read)))
        # A class with quoted annotations does not know which of its keys are marked.
        if presence is typing.NotRequired or (not is_marked and name in cls.__optional_keys__):
            optional.append(name)
    return words.RecordDefinition(
        name=cls.__qualname__,
        style="typeddict",
        fields=tuple(fields),
        doc=doc_of(cls),
        optional=tuple(optional),
    )


def _default(attribute: Attribute) -> words.AnyDefault | None:
    if attribute.default is not msgspec.NODEFAULT:
        return defaults.described(attribute.default)
    return defaults.made_by(attribute.factory) if attribute.factory is not msgspec.NODEFAULT else None


_RECORDS: tuple[tuple[Callable[[Any], bool], RecordOf], ...] = (
    (lambda cls: issubclass(cls, msgspec.Struct), _struct),
    (dataclasses.is_dataclass, _dataclass),
    (attrs_classes.is_attrs, _attrs),
    (_is_typeddict, _typeddict),
    (lambda cls: hasattr(cls, "_fields") and issubclass(cls, tuple), _namedtuple),
)
