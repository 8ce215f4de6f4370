"""Live Python types as contract types. The generator finds the same words in source text.

Two sources on purpose: a test, and `boilermaker contract verify`, hold them equal.
"""

import contextlib
import datetime as dt
import decimal
import enum
import sys
import types
import typing
import uuid
from collections import abc
from collections.abc import Generator, Mapping
from typing import Any

import msgspec

from boilermaker import contract as words
from boilermaker.errors import ConfigurationError, UncarriedError
from boilermaker.introspection import classes, variables
from boilermaker.payload.externals import NONE, Externals, known
from boilermaker.tasks.options import External


class Types(dict[str, words.Definition]):
    """Definitions found so far, by id.

    Attributes:
        externals: the third-party types that may be among them.
        aliases: the aliases that are being read.
    """

    def __init__(self, externals: Externals = NONE) -> None:
        super().__init__()
        self.externals = externals
        self.aliases: list[Any] = []


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
        ConfigurationError: a type that contracts do not support.
        UncarriedError: it is nested too deeply.
    """
    with _room():
        described = _read(annotation, types_)
    if names := words.variables_in(described):
        raise ConfigurationError(f"`{names[0]}` is a type variable; write a concrete type")
    return described


@contextlib.contextmanager
def _room() -> Generator[None, None, None]:
    """Allow enough stack frames for types that are nested too deeply, so that they can be rejected with a message."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _FRAMES))
    try:
        yield
    except RecursionError:
        raise UncarriedError(words.TOO_DEEP) from None
    finally:
        sys.setrecursionlimit(limit)


_FRAMES = 5_000


def _read(annotation: Any, types_: Types) -> words.Type:
    """The same for an annotation with type variables of the generic class or alias that contains it."""
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
    """A type that the service itself defines."""
    if hasattr(annotation, "__supertype__"):
        return _newtype(annotation, types_)
    if variables.is_alias(outer):
        return _alias(outer, args, types_)
    if isinstance(annotation, typing.TypeVar):
        return words.Variable(name=annotation.__name__)
    if isinstance(outer, type):
        return _class(outer, args, types_)
    raise ConfigurationError(
        f"`{annotation}` is not supported in a contract; use a type that the service defines, or a builtin"
    )


def carried(annotation: Any) -> Any:
    """An annotation without `UnsetType`, which marks an omitted value and is never sent."""
    if typing.get_origin(annotation) not in (typing.Union, types.UnionType):
        return annotation
    members = tuple(m for m in typing.get_args(annotation) if m is not msgspec.UnsetType)
    return typing.Union[members] if len(members) < len(typing.get_args(annotation)) else annotation  # noqa: UP007 - made of a tuple


def known_externals(given: Mapping[type, External] | None) -> Externals:
    """The third-party types that a worker declares.

    Raises:
        ConfigurationError: one of them cannot be sent in a message as declared.
    """
    externals = known(given)
    for cls in externals:
        type_of(cls, Types(externals))
    return externals


def _external(cls: type, external: External, types_: Types) -> words.Type:
    """A NewType of the wire type: only a result of the same type then fits a parameter of it."""
    name = f"{cls.__module__}.{cls.__qualname__}"
    wire = type_of(external.wire, types_)
    if (why := words.unfit_wire(wire, types_)) is not None:
        raise ConfigurationError(
            f"external: `{name}` cannot be sent in a message as `{external.wire}`: {why}"
        )
    id_ = words.external_id(name)
    definition = words.NewTypeDefinition(name=cls.__name__, type=wire)
    if types_.setdefault(id_, definition) != definition:
        raise ConfigurationError(
            f"external: two classes are named `{id_}` in contracts; give both the same wire type"
        )
    return words.Named(id=id_)


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
            name=annotation.__name__, type=type_of(annotation.__supertype__, types_)
        )
    return words.Named(id=id_)


def _alias(alias: Any, args: tuple[Any, ...], types_: Types) -> words.Type:
    if any(alias is known for known in types_.aliases):
        raise ConfigurationError(f"the alias `{alias}` contains itself")
    types_.aliases.append(alias)
    try:
        return _substituted(alias, args, types_)
    finally:
        types_.aliases.pop()


def _substituted(alias: Any, args: tuple[Any, ...], types_: Types) -> words.Type:
    arguments = variables.arguments_of(alias, args, lambda arg: _read(arg, types_))
    bindings = dict(zip(variables.parameters_of(alias), arguments, strict=True))
    return words.substituted(_read(variables.alias_value(alias), types_), bindings)


def _class(cls: Any, args: tuple[Any, ...], types_: Types) -> words.Type:
    if (external := types_.externals.of(cls)) is not None:
        return _external(cls, external, types_)
    id_ = f"{cls.__module__}.{cls.__qualname__}"
    if issubclass(cls, enum.Enum):
        if id_ not in types_:
            types_[id_] = classes.enum_of(cls)
        return words.Named(id=id_)
    record_of = classes.record_of(cls)
    if record_of is None:
        raise ConfigurationError(
            f"`{id_}` is not supported in a contract: make it a dataclass, an attrs class, a msgspec.Struct, "
            "a TypedDict or an enum"
        )
    arguments = variables.arguments_of(cls, args, lambda arg: _read(arg, types_))
    if id_ not in types_:
        types_[id_] = _PENDING
        types_[id_] = record_of(cls, lambda annotation: _read(annotation, types_))
    return words.Named(id=id_, arguments=arguments)


_PENDING = words.NewTypeDefinition(
    name="", type=words.Scalar(name="any")
)  # a recursive type reaches itself here
