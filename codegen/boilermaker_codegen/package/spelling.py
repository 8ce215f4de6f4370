"""Types and values of the contract as Python source, in the style of the generated code."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from boilermaker.contract import (
    BY_WORKER,
    AnyDefault,
    Constrained,
    Container,
    Contract,
    Default,
    Definition,
    EnumDefinition,
    LiteralOf,
    MappingOf,
    Named,
    NewTypeDefinition,
    RecordDefinition,
    Scalar,
    TupleOf,
    Type,
    UnionOf,
    Variable,
    definition_of,
)
from boilermaker.contract.naming import foreign
from boilermaker_codegen.package import flags
from boilermaker_codegen.package.hiding import chosen
from boilermaker_codegen.package.imports import Imports
from boilermaker_codegen.package.layout import (
    Expression,
    Joined,
    Prefixed,
    call,
    display,
    flat,
    subscript,
)
from boilermaker_codegen.types import moments
from boilermaker_codegen.types.presentation import Alias, meant

_SCALARS = {
    "any": ("typing", "Any"), "datetime": ("datetime", "datetime"), "date": ("datetime", "date"),
    "time": ("datetime", "time"), "timedelta": ("datetime", "timedelta"), "uuid": ("uuid", "UUID"),
    "decimal": ("decimal", "Decimal"),
}  # fmt: skip
_ABSTRACT = frozenset(
    {
        "Sequence",
        "MutableSequence",
        "Collection",
        "MutableSet",
        "Set",
        "Mapping",
        "MutableMapping",
    }
)
_LIMITS = ("gt", "ge", "lt", "le", "multiple_of", "pattern", "min_length", "max_length", "tz")


@dataclass(frozen=True, kw_only=True)
class Written:
    """A contract as its source is written.

    Attributes:
        contract: its types name aliases.
        plain: the same without aliases.
        aliases: what these stand for.
    """

    contract: Contract
    plain: Contract
    aliases: Mapping[str, Alias]

    @classmethod
    def out(cls, contract: Contract) -> "Written":
        """A contract whose types are written out."""
        return cls(contract=contract, plain=contract, aliases={})


class Speller:
    """Spells types and defaults for one generated module.

    Args:
        written: whose types to spell.
        imports: the module's imports; names that are used are added to them.
        local: gives the local name of a definition by its id.
        variables: local names of the type variables of generic classes.
    """

    def __init__(
        self,
        written: Written,
        imports: Imports,
        local: Callable[[str], str],
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._types = written.plain.types
        self._aliases = written.aliases
        self._foreign = foreign(written.plain)
        self._imports = imports
        self._local = local
        self._variables = variables

    def type(self, type_: Type) -> Expression:
        """A type as an annotation."""
        match type_:
            case Scalar(name="none"):
                return "None"
            case Scalar(name=name):
                return self._name(*_SCALARS.get(name, ("builtins", name)))
            case LiteralOf(values=values):
                return subscript(self._name("typing", "Literal"), [literal(value) for value in values])
            case Container(container="tuple", item=item):
                return subscript(self._name("builtins", "tuple"), [self.type(item), "..."])
            case Container(container=container, item=item):
                return subscript(self._generic(container), [self.type(item)])
            case TupleOf(items=items):
                return subscript(self._name("builtins", "tuple"), [self.type(item) for item in items])
            case MappingOf(mapping=mapping, key=key, value=value):
                return subscript(self._generic(mapping), [self.type(key), self.type(value)])
            case UnionOf(members=members):
                return Joined(tuple(self.type(member) for member in members))
            case Constrained(type=inner):
                meta = call(f"{self._imports.module('msgspec')}.Meta", list(_limits(type_)))
                return subscript(self._name("typing", "Annotated"), [self.type(inner), meta])
            case Named():
                return self._class(type_)
            case Variable(name=name):
                return self._variables[name]

    def aliased(self, type_: Type) -> Type:
        """The type of an alias; any other type itself."""
        while isinstance(type_, Named) and type_.id in self._aliases:
            type_ = self._aliases[type_.id].type
        return type_

    def _class(self, named: Named) -> Expression:
        arguments = [self.type(argument) for argument in named.arguments]
        return subscript(self.named(named.id), arguments) if arguments else self.named(named.id)

    def evaluated(self, type_: Type) -> Expression:
        """A type as an expression instead of an annotation: pyright does not support `Annotated[...] | None` there."""
        members = type_.members if isinstance(type_, UnionOf) else ()
        if Scalar(name="none") not in members or not any(isinstance(m, Constrained) for m in members):
            return self.type(type_)
        return subscript(self._name("typing", "Union"), [self.type(member) for member in members])

    def named(self, id_: str) -> str:
        """The local name of a definition."""
        if id_ not in self._foreign:
            return self._local(id_)
        module, name = self._foreign[id_]
        outer, dot, inner = name.partition(".")
        return f"{self._name(module, outer)}{dot}{inner}"

    def default(self, default: AnyDefault, type_: Type) -> Expression:
        """A default as an expression of that type; `UNSET` if the worker decides it."""
        if default == BY_WORKER:
            return self._name("msgspec", "UNSET")
        return self._value(default.value, meant(type_, self._aliases))

    def optional(self, annotation: Expression, default: AnyDefault | None) -> Expression:
        """An annotation that allows the default too."""
        if default != BY_WORKER:
            return annotation
        parts = list(annotation.parts) if isinstance(annotation, Joined) else [annotation]
        at = parts.index("None") if "None" in parts else len(parts)  # linters want None last
        return Joined((*parts[:at], self._name("msgspec", "UnsetType"), *parts[at:]))

    def made(self, default: AnyDefault, type_: Type) -> RecordDefinition | None:
        """The record that a default is an instance of, if any."""
        if default == BY_WORKER:
            return None
        match meant(type_, self._aliases):
            case Constrained(type=inner):
                return self.made(default, inner)
            case UnionOf(members=members):
                member = next((m for m in members if self.fits(default.value, m)), Scalar(name="any"))
                return self.made(default, member)
            case Named() as named:
                definition = definition_of(named, self._types)
                if isinstance(definition, NewTypeDefinition):
                    return self.made(default, definition.type)
                return definition if isinstance(definition, RecordDefinition) else None
            case _:
                return None

    def _name(self, module: str, name: str) -> str:
        return self._imports.name(module, name)

    def _generic(self, name: str) -> str:
        return self._name("collections.abc" if name in _ABSTRACT else "builtins", name)

    # ---- values

    def _value(self, value: Any, type_: Type) -> Expression:
        match type_:
            case Constrained(type=inner):
                return self._value(value, inner)
            case UnionOf(members=members):
                member = self._member(value, members)
                return self._value(value, member)
            case Named():
                return self._named_value(value, type_)
            case Scalar(name="bytes"):
                return _bytes(base64.b64decode(value))
            case Scalar(name="bytearray"):
                return call(self._name("builtins", "bytearray"), [_bytes(base64.b64decode(value))])
            case Scalar(name=name) if name in moments.SCALARS and isinstance(value, str):
                return self._moment(value, name)
            case Container(container=container, item=item) if isinstance(value, list):
                return self._items([self._value(part, item) for part in value], container)  # pyright: ignore[reportUnknownVariableType]
            case TupleOf(items=items) if isinstance(value, list):
                return self._items([self._value(p, t) for p, t in zip(value, items, strict=True)], "tuple")  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            case MappingOf(key=key, value=inner) if isinstance(value, dict):
                pairs: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
                return display("{", [self._pair(k, v, key, inner) for k, v in pairs.items()], "}")
            case _:
                return literal(value)

    def _moment(self, value: str, scalar: str) -> Expression:
        module, kind = moments.SCALARS[scalar]
        written = moments.arguments(value, scalar)
        if written[-1:] == ["tzinfo=UTC"]:
            written[-1] = f"tzinfo={self._name('datetime', 'UTC')}"
        return call(self._name(module, kind.__name__), list(written))

    def _named_value(self, value: Any, type_: Named) -> Expression:
        id_, definition = type_.id, definition_of(type_, self._types)
        if isinstance(definition, NewTypeDefinition):
            return call(self.named(id_), [self._value(value, definition.type)])
        if isinstance(definition, EnumDefinition):
            names = [f"{self.named(id_)}{chosen(m.name)}" for m in flags.members_of(definition, value)]
            if not names:  # no flag, or bits that have no name
                return call(self.named(id_), [repr(value)])
            return names[0] if len(names) == 1 else Joined(tuple(names))
        return call(self.named(id_), list(self._made(value, definition)))

    def _made(self, value: Any, definition: RecordDefinition) -> Iterator[Expression]:
        """The arguments of a record, without those that equal its defaults."""
        values = _by_wire(value, definition)
        for field in definition.fields:
            wire = field.wire or field.name
            if wire in values and field.default != Default(value=values[wire]):
                yield Prefixed(f"{field.name}=", self._value(values[wire], field.type))

    def _pair(self, key: str, value: Any, key_type: Type, value_type: Type) -> Expression:
        plain: Any = key
        if not self.fits(
            plain, key_type
        ):  # keys of objects are strings on the wire: `{1: "a"}` is `{"1": "a"}`
            plain = json.loads(key)
        return Prefixed(f"{flat(self._value(plain, key_type))}: ", self._value(value, value_type))

    def _items(self, items: list[Expression], container: str) -> Expression:
        match container:
            case "list" | "MutableSequence":
                return display("[", items, "]")
            case "set" | "MutableSet":
                return display("{", items, "}") if items else call(self._name("builtins", "set"), [])
            case "frozenset" | "Set":
                inner = [display("{", items, "}")] if items else []
                return call(self._name("builtins", "frozenset"), inner)
            case _ if len(items) == 1:
                return f"({flat(items[0])},)"
            case _:
                return display("(", items, ")")

    def fits(self, value: Any, type_: Type) -> bool:
        """Whether a JSON value is a valid default of this type."""
        match type_:
            case Constrained(type=inner):
                return self.fits(value, inner)
            case UnionOf(members=members):
                return any(self.fits(value, member) for member in members)
            case LiteralOf(values=values):
                return any(value == known and type(value) is type(known) for known in values)
            case Named(id=id_):
                return self._fits_named(value, self._types[id_])
            case Variable():
                return False
            case Container() | TupleOf():
                return isinstance(value, list)
            case MappingOf():
                return isinstance(value, dict)
            case Scalar(name=name):
                return name == "any" or (
                    isinstance(value, _JSON.get(name, str)) and (name == "bool") >= isinstance(value, bool)
                )

    def _member(self, value: Any, members: Iterable[Type]) -> Type:
        """The member of a union that a default belongs to. An integer belongs to `float` only if no other member accepts it."""
        fitting = [member for member in members if self.fits(value, member)]
        exact = [m for m in fitting if not (isinstance(value, int) and m == Scalar(name="float"))]
        return next(iter([*exact, *fitting]), Scalar(name="any"))

    def _fits_named(self, value: Any, definition: Definition) -> bool:
        match definition:
            case NewTypeDefinition(type=type_):
                return self.fits(value, type_)
            case EnumDefinition():
                return flags.takes(definition, value)
            case RecordDefinition(tag=None):
                return isinstance(value, dict | list)
            case RecordDefinition(tag=tag):
                marked: Any = value
                if isinstance(value, dict):
                    marked = marked.get(definition.tag_field or "type")
                else:
                    marked = marked[0] if isinstance(value, list) and marked else None
                return bool(marked == tag)


_JSON: dict[str, Any] = {"none": type(None), "bool": bool, "int": int, "float": (int, float)}


def _by_wire(values: Any, definition: RecordDefinition) -> dict[str, Any]:
    if isinstance(values, dict):
        return values  # pyright: ignore[reportUnknownVariableType]
    names = [field.wire or field.name for field in definition.fields]
    return dict(zip(names, values if definition.tag is None else values[1:], strict=False))


def literal(value: Any) -> Expression:
    """A JSON value as Python."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
        return display("[", [literal(item) for item in items], "]")
    if isinstance(value, dict):
        pairs: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
        return display("{", [Prefixed(f"{text(k)}: ", literal(v)) for k, v in pairs.items()], "}")
    return repr(value)


def text(value: str) -> str:
    """A string literal: double quotes, unless single ones save escapes."""
    plain = repr(value)
    body = plain[1:-1].replace("\\'", "'") if plain[0] == "'" else plain[1:-1]
    if body.count('"') > body.count("'"):
        return "'" + body.replace("'", "\\'") + "'"
    return '"' + body.replace('"', '\\"') + '"'


def _bytes(value: bytes) -> str:
    return (
        "b" + text(value.decode("latin-1"))
        if value.isascii() and value.decode().isprintable()
        else _escaped(value)
    )


def _escaped(value: bytes) -> str:
    return 'b"' + "".join(chr(c) if 32 <= c < 127 and c not in b'"\\' else f"\\x{c:02x}" for c in value) + '"'


def _limits(constrained: Constrained) -> Iterator[str]:
    for name in _LIMITS:
        if (value := getattr(constrained, name)) is not None:
            yield f"{name}={_limit(name, value)}"


def _limit(name: str, value: Any) -> str:
    if (
        name == "pattern"
        and "\\" in value
        and '"' not in value
        and not value.endswith("\\")
        and value.isprintable()
    ):
        return f'r"{value}"'
    return flat(literal(value))
