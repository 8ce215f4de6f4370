"""Annotations in the words of the contract. Named types are handed on to `definitions`."""

from collections.abc import Callable, Iterator
from typing import Any

import libcst as cst
import msgspec

from boilermaker.contract import (
    Constrained,
    Container,
    LiteralOf,
    MappingOf,
    Named,
    Scalar,
    TupleOf,
    Type,
    UnionOf,
)
from boilermaker_codegen.literals import Literals
from boilermaker_codegen.problems import Refused
from boilermaker_codegen.resolve import External, Found, Package, Resolver, Scope, code
from boilermaker_codegen.symbols import ClassSymbol, FunctionSymbol, TypeStatement, ValueSymbol
from boilermaker_codegen.vocabulary import CONTAINERS, MAPPINGS, REMEDIES, SCALARS, TUPLES, plain, shown

ANY = Scalar(name="any")
NONE = Scalar(name="none")

_LIMITS = ("gt", "ge", "lt", "le", "multiple_of", "pattern", "min_length", "max_length", "tz")
_SAYINGS = ("title", "description", "examples", "extra_json_schema", "extra")


class Annotations:
    """Reads annotations.

    Args:
        resolver: finds what names mean.
        literals: reads the values in `Literal[...]` and `Meta(...)`.
        define: called with each class or `NewType` met; puts its definition into the contract.
    """

    def __init__(self, resolver: Resolver, literals: Literals, define: Callable[[Found], None]) -> None:
        self._resolver = resolver
        self._literals = literals
        self._define = define
        self._expanding: list[str] = []

    def read(self, node: cst.BaseExpression, scope: Scope) -> Type:
        """The type that an annotation names.

        Raises:
            Refused: it has no place in a contract, or is not understood.
        """
        match node:
            case cst.Name(value="None"):
                return NONE
            case cst.Name() | cst.Attribute():
                return self._named(node, scope)
            case cst.SimpleString() | cst.ConcatenatedString():
                return self._quoted(node, scope)
            case cst.BinaryOperation(operator=cst.BitOr()):
                return union(self.read(part, scope) for part in (node.left, node.right))
            case cst.Subscript():
                return self._subscript(node, scope)
            case _:
                raise scope.refuse(node, f"`{code(node)}` is not an annotation that can be read; name a type")

    def parse_quoted(
        self, node: cst.SimpleString | cst.ConcatenatedString, scope: Scope
    ) -> cst.BaseExpression:
        """The expression in a quoted annotation.

        Raises:
            Refused: the text is no expression.
        """
        value = node.evaluated_value
        try:
            return cst.parse_expression(value.strip() if isinstance(value, str) else "")
        except (cst.ParserSyntaxError, ValueError):
            raise scope.refuse(
                node, f"`{code(node)}` is not an annotation: its text is no expression"
            ) from None

    def _quoted(self, node: cst.SimpleString | cst.ConcatenatedString, scope: Scope) -> Type:
        return self.read(self.parse_quoted(node, scope), scope.quoted(node))

    # ---- names

    def _named(self, node: cst.Name | cst.Attribute, scope: Scope) -> Type:
        match self._resolver.resolve(node, scope):
            case External(name=name):
                return self._external(plain(name), node, scope)
            case Package(name=name):
                raise scope.refuse(node, f"`{name}` is a module, not a type; name the class in it")
            case Found(symbol=ClassSymbol()) as found:
                self._define(found)
                return Named(id=found.id)
            case Found(symbol=ValueSymbol()) as found:
                return self._value(found, node, scope)
            case Found(symbol=FunctionSymbol()):
                raise scope.refuse(node, f"`{code(node)}` is a function, not a type; name a type")
            case Found(symbol=TypeStatement(), name=name):
                raise scope.refuse(
                    node,
                    f"`{name}` is made by a `type` statement, which is not read; write `{name}: TypeAlias = ...`",
                )

    def _external(self, name: str, node: cst.CSTNode, scope: Scope) -> Type:
        if name in SCALARS:
            return Scalar(name=SCALARS[name])
        if name in CONTAINERS:
            return Container(container=CONTAINERS[name], item=ANY)
        if name in MAPPINGS:
            return MappingOf(mapping=MAPPINGS[name], key=ANY, value=ANY)
        if name in TUPLES:
            return Container(container="tuple", item=ANY)
        if name in ("typing.Never", "typing.NoReturn"):
            raise scope.refuse(node, f"nothing is of type `{shown(name)}`; name a type")
        remedy = REMEDIES.get(name, "use a type of the service's own, or a builtin")
        raise scope.refuse(node, f"`{shown(name)}` cannot travel; {remedy}")

    def _value(self, found: Found, node: cst.CSTNode, scope: Scope) -> Type:
        symbol = found.symbol
        value = symbol.value if isinstance(symbol, ValueSymbol) else None
        if value is None:
            raise scope.refuse(
                node, f"what `{found.name}` is cannot be known without running the code; bind it plainly"
            )
        if isinstance(value, cst.Call):
            return self._made(found, value, node, scope)
        if found.id in self._expanding:
            raise scope.refuse(node, f"the alias `{found.name}` contains itself; make it a class")
        self._expanding.append(found.id)
        try:
            return self.read(value, found.scope)
        finally:
            self._expanding.pop()

    def _made(self, found: Found, call: cst.Call, node: cst.CSTNode, scope: Scope) -> Type:
        maker = self._resolver.resolve(call.func, found.scope)
        name = plain(maker.name) if isinstance(maker, External) else ""
        if name == "typing.NewType":
            self._define(found)
            return Named(id=found.id)
        if name == "typing.TypeVar":
            raise scope.refuse(node, f"`{found.name}` is a type variable; name the type")
        if name in (
            "collections.namedtuple",
            "typing.NamedTuple",
            "typing.TypedDict",
            "enum.Enum",
            "dataclasses.make_dataclass",
            "msgspec.defstruct",
        ):
            raise scope.refuse(
                node, f"`{found.name}` is made by a call of `{shown(name)}`; write it as a class"
            )
        raise scope.refuse(
            node, f"`{found.name}` is made by a call of `{code(call.func)}`, which is not run; name a class"
        )

    # ---- subscripts

    def _subscript(self, node: cst.Subscript, scope: Scope) -> Type:
        meaning = self._resolver.resolve(node.value, scope)
        parts = [_index(element, scope) for element in node.slice]
        if not isinstance(meaning, External):
            raise scope.refuse(
                node,
                f"`{code(node.value)}` takes no type arguments here: generics of the service's own are not read; write a class without type variables",
            )
        name = plain(meaning.name)
        if name in CONTAINERS:
            (item,) = self._arguments(node, name, parts, 1, scope)
            return Container(container=CONTAINERS[name], item=item)
        if name in MAPPINGS:
            key, value = self._arguments(node, name, parts, 2, scope)
            return MappingOf(mapping=MAPPINGS[name], key=key, value=value)
        if name in TUPLES:
            return self._tuple(node, parts, scope)
        match name:
            case "typing.Optional":
                (item,) = self._arguments(node, name, parts, 1, scope)
                return union((item, NONE))
            case "typing.Union":
                return union([self.read(part, scope) for part in parts])
            case "typing.Literal":
                return LiteralOf(values=tuple(self._literal_values(parts, scope)))
            case "typing.Annotated":
                return self._annotated(parts, scope)
            case _:
                remedy = REMEDIES.get(name, "use a type of the service's own, or a builtin")
                raise scope.refuse(node, f"`{shown(name)}` cannot travel; {remedy}")

    def _arguments(
        self, node: cst.Subscript, name: str, parts: list[cst.BaseExpression], count: int, scope: Scope
    ) -> list[Type]:
        if len(parts) != count:
            plural = "type argument" if count == 1 else "type arguments"
            raise scope.refuse(node, f"`{shown(name)}` takes {count} {plural}, not {len(parts)}")
        return [self.read(part, scope) for part in parts]

    def _tuple(self, node: cst.Subscript, parts: list[cst.BaseExpression], scope: Scope) -> Type:
        if len(parts) == 2 and isinstance(parts[1], cst.Ellipsis):
            return Container(container="tuple", item=self.read(parts[0], scope))
        if isinstance(parts[0], cst.Tuple):
            raise scope.refuse(node, "an empty tuple carries nothing; name its items' types")
        return TupleOf(items=tuple(self.read(part, scope) for part in parts))

    def _literal_values(self, parts: list[cst.BaseExpression], scope: Scope) -> list[str | int | bool | None]:
        values: list[str | int | bool | None] = []
        for part in parts:
            for value in self._literal_value(part, scope):
                if not any(type(value) is type(known) and value == known for known in values):
                    values.append(value)
        return values

    def _literal_value(self, part: cst.BaseExpression, scope: Scope) -> tuple[str | int | bool | None, ...]:
        if isinstance(part, cst.Subscript):
            inner = self.read(part, scope)
            if isinstance(inner, LiteralOf):
                return inner.values
        elif isinstance(part, cst.Attribute):
            raise scope.refuse(
                part,
                f"`Literal[{code(part)}]`: members of enums cannot be literals; write the value, or use the enum",
            )
        elif isinstance(part, cst.Name) and part.value not in ("None", "True", "False"):
            inner = self.read(part, scope)
            if isinstance(inner, LiteralOf):
                return inner.values
        else:
            value = self._literals.read(part, scope)
            if value is None or isinstance(value, str | int):
                return (value,)
        raise scope.refuse(part, f"`{code(part)}` cannot be a literal type; use str, int, bool or None")

    def _annotated(self, parts: list[cst.BaseExpression], scope: Scope) -> Type:
        inner = self.read(parts[0], scope)
        limits: dict[str, Any] = {}
        if isinstance(inner, Constrained):
            limits = {name: value for name in _LIMITS if (value := getattr(inner, name)) is not None}
            inner = inner.type
        for part in parts[1:]:
            for name, value in self._meta(part, scope):
                if name in limits:
                    raise scope.refuse(part, f"`{name}` is set twice; keep one of them")
                limits[name] = value
        return Constrained(type=inner, **limits) if limits else inner

    def _meta(self, node: cst.BaseExpression, scope: Scope) -> list[tuple[str, Any]]:
        call, inner = self._meta_call(node, scope)
        if call is None:
            return []
        limits: dict[str, Any] = {}
        for argument in call.args:
            name = argument.keyword.value if argument.keyword else ""
            if name in _SAYINGS:
                continue
            if name not in _LIMITS:
                raise scope.refuse(
                    node, f"`{code(argument)}` in `Meta(...)` is not understood; use {', '.join(_LIMITS)}"
                )
            limits[name] = self._literals.read(argument.value, inner)
        try:
            msgspec.Meta(**limits)
        except Exception as error:  # `re.error` for a pattern, TypeError and ValueError for the rest
            raise scope.refuse(node, f"`{code(call)}`: {error}") from None
        return [(name, value) for name, value in limits.items() if value is not None]

    def _meta_call(self, node: cst.BaseExpression, scope: Scope) -> tuple[cst.Call | None, Scope]:
        """The call of `msgspec.Meta` that a piece of metadata is, or is bound to; other metadata says nothing here."""
        try:
            if isinstance(node, cst.Name | cst.Attribute):
                found = self._resolver.resolve(node, scope)
                if (
                    isinstance(found, Found)
                    and isinstance(found.symbol, ValueSymbol)
                    and found.symbol.value is not None
                ):
                    return self._meta_call(found.symbol.value, found.scope)
            elif isinstance(node, cst.Call):
                maker = self._resolver.resolve(node.func, scope)
                if isinstance(maker, External) and maker.name == "msgspec.Meta":
                    return node, scope
        except Refused:
            if "Meta" in code(node):
                raise
        return None, scope


def union(members: "Iterator[Type] | tuple[Type, ...] | list[Type]") -> Type:
    """The union of types: flattened, without repeats, in order; a single type stands for itself."""
    flat: list[Type] = []
    for member in members:
        for part in member.members if isinstance(member, UnionOf) else (member,):
            if part not in flat:
                flat.append(part)
    return flat[0] if len(flat) == 1 else UnionOf(members=tuple(flat))


def takes_none(type_: Type) -> bool:
    """Whether None is one of its values as it is written: `x: str = None` is read as `str | None` otherwise."""
    match type_:
        case Scalar(name="any" | "none"):
            return True
        case Constrained(type=inner):
            return takes_none(inner)
        case LiteralOf(values=values):
            return None in values
        case UnionOf(members=members):
            return any(takes_none(member) for member in members)
        case _:
            return False


def _index(element: cst.SubscriptElement, scope: Scope) -> cst.BaseExpression:
    if isinstance(element.slice, cst.Index) and element.slice.star is None:
        return element.slice.value
    raise scope.refuse(element, f"`{code(element)}` is not a type argument that can be read; name a type")
