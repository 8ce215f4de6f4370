"""Live Python types in the words of the contract. The generator finds the same words in source text.

Two sources on purpose: a test, and `boilermaker contract verify`, hold them equal.
"""

import dataclasses
import datetime as dt
import decimal
import enum
import inspect
import types
import typing
import uuid
from collections import abc
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from boilermaker import attrs_classes, defaults, type_variables
from boilermaker import contract as words
from boilermaker.errors import ConfigurationError, UncarriedError
from boilermaker.externals import NONE, Externals, known
from boilermaker.options import External
from boilermaker.type_variables import Hint


class Types(dict[str, words.Definition]):
    """Definitions found so far, by id.

    Attributes:
        externals: the types of third parties that may be among them.
    """

    def __init__(self, externals: Externals = NONE) -> None:
        super().__init__()
        self.externals = externals


_SCALARS: dict[Any, words.ScalarName] = {
    Any: "any", object: "any", None: "none", type(None): "none", bool: "bool", int: "int", float: "float", str: "str",
    bytes: "bytes", bytearray: "bytearray", dt.datetime: "datetime", dt.date: "date",
    dt.time: "time", dt.timedelta: "timedelta", uuid.UUID: "uuid", decimal.Decimal: "decimal",
}  # fmt: skip
_CONTAINERS: dict[Any, words.ContainerName] = {
    list: "list", abc.Sequence: "Sequence", abc.MutableSequence: "MutableSequence", abc.Collection: "Collection",
    set: "set", abc.MutableSet: "MutableSet", frozenset: "frozenset", abc.Set: "Set", abc.Iterable: "Iterable",
}  # fmt: skip
_MAPPINGS: dict[Any, words.MappingName] = {
    dict: "dict", abc.Mapping: "Mapping", abc.MutableMapping: "MutableMapping",
}  # fmt: skip


def type_of(annotation: Any, types_: Types) -> words.Type:
    """The contract type of an annotation; definitions that it needs are added to `types_`.

    Raises:
        ConfigurationError: a type that the contract has no words for.
    """
    described = _read(annotation, types_)
    if names := words.variables_in(described):
        raise ConfigurationError(f"`{names[0]}` is a type variable; name the type")
    return described


def _read(annotation: Any, types_: Types) -> words.Type:
    """The same, with type variables in it: those of a generic class or alias that it stands in."""
    annotation = carried(annotation)
    try:
        if annotation in _SCALARS:
            return words.Scalar(name=_SCALARS[annotation])
    except TypeError:  # unhashable: Annotated with an unhashable part
        pass
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _constrained(args[0], args[1:], types_)
    if origin is typing.Literal:
        return words.LiteralOf(values=args)
    if origin in (typing.Union, types.UnionType):
        return _union(args, types_)
    if annotation is tuple or origin is tuple:
        return _tuple(args, types_)
    outer = origin or annotation
    if outer in _CONTAINERS:
        return words.Container(container=_CONTAINERS[outer], item=_read(args[0] if args else Any, types_))
    if outer in _MAPPINGS:
        key, value = args or (Any, Any)
        return words.MappingOf(mapping=_MAPPINGS[outer], key=_read(key, types_), value=_read(value, types_))
    return _own(annotation, outer, args, types_)


def _own(annotation: Any, outer: Any, args: tuple[Any, ...], types_: Types) -> words.Type:
    """What the service itself has defined."""
    if hasattr(annotation, "__supertype__"):
        return _newtype(annotation, types_)
    if type_variables.is_alias(outer):
        return _alias(outer, args, types_)
    if isinstance(annotation, typing.TypeVar):
        return words.Variable(name=annotation.__name__)
    if isinstance(outer, type):
        return _class(outer, args, types_)
    raise ConfigurationError(
        f"`{annotation}` has no place in a contract; use a type of the service's own or a builtin"
    )


def carried(annotation: Any) -> Any:
    """An annotation less `UnsetType`, which stands for what was left out and never travels."""
    if typing.get_origin(annotation) not in (typing.Union, types.UnionType):
        return annotation
    members = tuple(m for m in typing.get_args(annotation) if m is not msgspec.UnsetType)
    return typing.Union[members] if len(members) < len(typing.get_args(annotation)) else annotation  # noqa: UP007 - made of a tuple


def known_externals(given: Mapping[type, External] | None) -> Externals:
    """The types of third parties that a worker says it knows.

    Raises:
        ConfigurationError: one of them cannot travel as it says.
    """
    externals = known(given)
    for cls in externals:
        type_of(cls, Types(externals))
    return externals


def _external(cls: type, external: External, types_: Types) -> words.Type:
    """A new type of what travels: a result that is one then fits a parameter that is one, and no other text does."""
    name = f"{cls.__module__}.{cls.__qualname__}"
    wire = type_of(external.wire, types_)
    if (why := words.unfit_wire(wire, types_)) is not None:
        raise ConfigurationError(f"external: `{name}` cannot travel as `{external.wire}`: {why}")
    id_ = words.external_id(name)
    definition = words.NewTypeDefinition(name=cls.__name__, type=wire)
    if types_.setdefault(id_, definition) != definition:
        raise ConfigurationError(f"external: two classes are `{id_}` in contracts; make them travel alike")
    return words.Named(id=id_)


def doc_of(item: Any) -> str | None:
    """The docstring written in the source, if one is; not those that dataclasses and named tuples make up."""
    doc = item.__dict__.get("__doc__") if isinstance(item, type) else item.__doc__
    if not doc or (isinstance(item, type) and doc.startswith(f"{item.__name__}(")):
        return None
    return inspect.cleandoc(doc) or None


def _union(args: tuple[Any, ...], types_: Types) -> words.Type:
    return words.union(_read(arg, types_) for arg in args)


def _tuple(args: tuple[Any, ...], types_: Types) -> words.Type:
    if not args or (len(args) == 2 and args[1] is Ellipsis):
        return words.Container(container="tuple", item=_read(args[0] if args else Any, types_))
    return words.TupleOf(items=tuple(_read(arg, types_) for arg in args if arg != ()))


_LIMITS = ("gt", "ge", "lt", "le", "multiple_of", "pattern", "min_length", "max_length", "tz")


def _constrained(inner: Any, metadata: tuple[Any, ...], types_: Types) -> words.Type:
    limits = {
        name: value
        for meta in metadata
        if isinstance(meta, msgspec.Meta)
        for name in _LIMITS
        if (value := getattr(meta, name)) is not None
    }
    described = _read(inner, types_)
    return words.Constrained(type=described, **limits) if limits else described


def _newtype(annotation: Any, types_: Types) -> words.Type:
    id_ = f"{annotation.__module__}.{annotation.__qualname__}"
    if id_ not in types_:
        types_[id_] = words.NewTypeDefinition(
            name=annotation.__name__, type=_read(annotation.__supertype__, types_)
        )
    return words.Named(id=id_)


def _alias(alias: Any, args: tuple[Any, ...], types_: Types) -> words.Type:
    arguments = type_variables.arguments_of(alias, args, lambda arg: _read(arg, types_))
    bindings = dict(zip(type_variables.parameters_of(alias), arguments, strict=True))
    return words.substituted(_read(type_variables.alias_value(alias), types_), bindings)


def _class(cls: Any, args: tuple[Any, ...], types_: Types) -> words.Type:
    if (external := types_.externals.of(cls)) is not None:
        return _external(cls, external, types_)
    id_ = f"{cls.__module__}.{cls.__qualname__}"
    if issubclass(cls, enum.Enum):
        if id_ not in types_:
            types_[id_] = _enum(cls)
        return words.Named(id=id_)
    described = next((record for is_one, record in _RECORDS if is_one(cls)), None)
    if described is None:
        raise ConfigurationError(
            f"`{id_}` has no place in a contract: make it a dataclass, an attrs class, a msgspec.Struct, a TypedDict or an enum"
        )
    arguments = type_variables.arguments_of(cls, args, lambda arg: _read(arg, types_))
    if id_ not in types_:
        types_[id_] = _PENDING
        types_[id_] = _generic(cls, described(cls, types_))
    return words.Named(id=id_, arguments=arguments)


def _generic(cls: Any, record: words.RecordDefinition) -> words.RecordDefinition:
    """A record with the names of its type variables.

    Raises:
        ConfigurationError: a field is of another one.
    """
    names = type_variables.parameters_of(cls)
    for field in record.fields:
        if strangers := [name for name in words.variables_in(field.type) if name not in names]:
            raise ConfigurationError(
                f"`{field.name}` of `{record.name}` is of the type variable `{strangers[0]}`, which the class does not take"
            )
    return msgspec.structs.replace(record, parameters=names)


_PENDING = words.NewTypeDefinition(
    name="", type=words.Scalar(name="any")
)  # a recursive type meets itself here


def _enum(cls: type[enum.Enum]) -> words.EnumDefinition:
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


def _struct(cls: type[msgspec.Struct], types_: Types) -> words.RecordDefinition:
    config, hints = cls.__struct_config__, _hints(cls, types_)
    return words.RecordDefinition(
        name=cls.__qualname__,
        style="struct",
        fields=tuple(
            words.Field(
                name=field.name,
                type=_field_type(hints[field.name], types_),
                wire=field.encode_name if field.encode_name != field.name else None,
                default=_default(field.default, field.default_factory, msgspec.NODEFAULT),
            )
            for field in msgspec.structs.fields(cls)
        ),
        doc=doc_of(cls),
        tag=config.tag,
        tag_field=config.tag_field if config.tag_field != "type" else None,
        frozen=bool(config.frozen),
        kw_only=_is_keyword_only(cls),
        array_like=bool(config.array_like),
        omit_defaults=bool(config.omit_defaults),
        forbid_unknown_fields=bool(config.forbid_unknown_fields),
    )


def _dataclass(cls: Any, types_: Types) -> words.RecordDefinition:
    hints = _hints(cls, types_)
    return words.RecordDefinition(
        name=cls.__qualname__,
        style="dataclass",
        fields=tuple(
            words.Field(
                name=field.name,
                type=_field_type(hints[field.name], types_),
                default=_default(field.default, field.default_factory, dataclasses.MISSING),
            )
            for field in dataclasses.fields(cls)
            if field.init
        ),
        doc=doc_of(cls),
        frozen=cls.__dataclass_params__.frozen,
        # what is declared: a hand-written `__init__` may take its arguments otherwise
        kw_only=any(field.kw_only for field in dataclasses.fields(cls) if field.init),
    )


def _attrs(cls: Any, types_: Types) -> words.RecordDefinition:
    hints = _hints(cls, types_)
    attributes = list(attrs_classes.attributes(cls))
    for attribute in attributes:
        if attribute.name not in hints:
            raise UncarriedError(
                f"field `{attribute.name}` of `{cls.__qualname__}` has no annotation; add one"
            )
    return words.RecordDefinition(
        name=cls.__qualname__,
        style="attrs",
        fields=tuple(
            words.Field(
                name=attribute.alias,
                type=_field_type(hints[attribute.name], types_),
                wire=attribute.name if attribute.name != attribute.alias else None,
                default=_default(attribute.default, attribute.factory, msgspec.NODEFAULT),
            )
            for attribute in attributes
        ),
        doc=doc_of(cls),
        frozen=attrs_classes.is_frozen(cls),
        kw_only=any(attribute.is_by_name for attribute in attributes),
    )


def _hints(cls: Any, types_: Types) -> dict[str, Hint]:
    return type_variables.hints_of(cls, lambda annotation: _read(annotation, types_))


def _field_type(hint: Hint, types_: Types) -> words.Type:
    return words.substituted(_read(_held(hint.annotation), types_), hint.bindings)


def _held(hint: Any) -> Any:
    """What a field holds: `Final[int]` holds an int."""
    return typing.get_args(hint)[0] if typing.get_origin(hint) is typing.Final else hint


def _is_typeddict(cls: Any) -> bool:
    """Whether it is a TypedDict: of `typing`, or of `typing_extensions`, which Python's own function does not know."""
    return hasattr(cls, "__total__") and hasattr(cls, "__optional_keys__")


def _typeddict(cls: Any, types_: Types) -> words.RecordDefinition:
    fields: list[words.Field] = []
    optional: list[str] = []
    for name, (hint, bindings) in _hints(cls, types_).items():
        presence = typing.get_origin(hint)
        is_marked = presence in (typing.Required, typing.NotRequired)
        plain = Hint(typing.get_args(hint)[0] if is_marked else hint, bindings)
        fields.append(words.Field(name=name, type=_field_type(plain, types_)))
        # A class whose annotations are text does not know which of its keys are marked.
        if presence is typing.NotRequired or (not is_marked and name in cls.__optional_keys__):
            optional.append(name)
    return words.RecordDefinition(
        name=cls.__qualname__,
        style="typeddict",
        fields=tuple(fields),
        doc=doc_of(cls),
        optional=tuple(optional),
    )


def _namedtuple(cls: Any, types_: Types) -> words.RecordDefinition:
    hints = _hints(cls, types_)
    given: dict[str, Any] = cls._field_defaults
    return words.RecordDefinition(
        name=cls.__qualname__,
        style="namedtuple",
        fields=tuple(
            words.Field(
                name=name,
                type=_field_type(hints[name], types_) if name in hints else words.Scalar(name="any"),
                default=defaults.described(given[name]) if name in given else None,
            )
            for name in cls._fields
        ),
        doc=doc_of(cls),
    )


def _default(value: Any, factory: Any, missing: Any) -> words.AnyDefault | None:
    if value is not missing:
        return defaults.described(value)
    return defaults.made_by(factory) if factory is not missing else None


def _is_keyword_only(cls: Any) -> bool:
    """Whether some field is taken by name alone. The stub then takes all so: it has one option for all fields."""
    parameters = inspect.signature(cls).parameters.values()
    return any(p.kind is inspect.Parameter.KEYWORD_ONLY for p in parameters)


_Describe = Callable[[Any, Types], words.RecordDefinition]
_RECORDS: tuple[tuple[Callable[[Any], bool], _Describe], ...] = (
    (lambda cls: issubclass(cls, msgspec.Struct), _struct),
    (dataclasses.is_dataclass, _dataclass),
    (attrs_classes.is_attrs, _attrs),
    (_is_typeddict, _typeddict),
    (lambda cls: hasattr(cls, "_fields") and issubclass(cls, tuple), _namedtuple),
)
