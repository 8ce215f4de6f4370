"""Annotations in the words of the contract. Named types are handed on to `definitions`."""

from collections.abc import Callable, Mapping, Sequence

import libcst as cst

from boilermaker.contract import (
    Constrained,
    Container,
    Definition,
    LiteralOf,
    MappingOf,
    Named,
    Scalar,
    TupleOf,
    Type,
    UnionOf,
)
from boilermaker_codegen.source.identifiers import expression
from boilermaker_codegen.source.resolve import External, Found, Package, Resolver, Scope, code
from boilermaker_codegen.source.symbols import ClassSymbol, FunctionSymbol, TypeStatement, ValueSymbol
from boilermaker_codegen.source.vocabulary import (
    CONTAINERS,
    MAPPINGS,
    REMEDIES,
    SCALARS,
    TUPLES,
    plain,
    shown,
)
from boilermaker_codegen.types.externals import Externals, entry
from boilermaker_codegen.types.literals import Literals
from boilermaker_codegen.types.metadata import Metadata

ANY = Scalar(name="any")
NONE = Scalar(name="none")


class Annotations:
    """Reads annotations.

    Args:
        resolver: finds what names mean.
        literals: reads the values in `Literal[...]` and `Meta(...)`.
        define: called with each class or `NewType` met; puts its definition into the contract.
        external: the types of third parties that travel as others, as the configuration says, and the definitions.
    """

    def __init__(
        self,
        resolver: Resolver,
        literals: Literals,
        define: Callable[[Found], None],
        external: tuple[Mapping[str, str], dict[str, Definition]],
    ) -> None:
        self._resolver = resolver
        self.externals = Externals(external[0], self.read, external[1])
        self._metadata = Metadata(resolver, literals, self.read)
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
                return self._union((node.left, node.right), scope)
            case cst.Subscript():
                return self._subscript(node, scope)
            case _:
                raise scope.refuse(
                    node, "TYPE_INVALID", f"`{code(node)}` is not an annotation that can be read; name a type"
                )

    def parse_quoted(
        self, node: cst.SimpleString | cst.ConcatenatedString, scope: Scope
    ) -> cst.BaseExpression:
        """The expression in a quoted annotation.

        Raises:
            Refused: the text is no expression.
        """
        value = node.evaluated_value
        try:
            return expression(value.strip() if isinstance(value, str) else "")
        except (cst.ParserSyntaxError, ValueError):
            raise scope.refuse(
                node, "TYPE_INVALID", f"`{code(node)}` is not an annotation: its text is no expression"
            ) from None

    def _quoted(self, node: cst.SimpleString | cst.ConcatenatedString, scope: Scope) -> Type:
        return self.read(self.parse_quoted(node, scope), scope.quoted(node))

    def _union(self, parts: Sequence[cst.BaseExpression], scope: Scope) -> Type:
        """Members, `UnsetType` left out: it stands for what is left out, and never travels."""
        kept = [part for part in parts if not self._is_unset(part, scope)]
        return union([self.read(part, scope) for part in kept or parts])

    def _is_unset(self, node: cst.BaseExpression, scope: Scope) -> bool:
        if not isinstance(node, cst.Name | cst.Attribute) or code(node) == "None":
            return False
        return self._resolver.resolve(node, scope) == External("msgspec.UnsetType")

    # ---- names

    def _named(self, node: cst.Name | cst.Attribute, scope: Scope) -> Type:
        meaning = self._resolver.resolve(node, scope)
        if isinstance(meaning, External):
            if meaning.name in self.externals:
                return Named(id=self.externals.define(meaning.name, node, scope))
            return self._external(plain(meaning.name), node, scope)
        if isinstance(meaning, Found) and meaning.id in self.externals:
            return Named(id=self.externals.define(meaning.id, node, scope))
        if isinstance(meaning, Package):
            raise scope.refuse(
                node, "TYPE_INVALID", f"`{meaning.name}` is a module, not a type; name the class in it"
            )
        match meaning.symbol:
            case ClassSymbol():
                self._define(meaning)
                return Named(id=meaning.id)
            case ValueSymbol() as symbol:
                return self._value(meaning, symbol, node, scope)
            case FunctionSymbol():
                raise scope.refuse(
                    node, "TYPE_INVALID", f"`{code(node)}` is a function, not a type; name a type"
                )
            case TypeStatement(node=statement):
                if statement.type_parameters is not None:
                    raise scope.refuse(
                        node,
                        "TYPE_NOT_READ",
                        f"the alias `{meaning.name}` is generic, which is not read; name its types",
                    )
                return self._alias(meaning, statement.value, node, scope)

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
            raise scope.refuse(node, "TYPE_INVALID", f"nothing is of type `{shown(name)}`; name a type")
        remedy = REMEDIES.get(name, "use a type of the service's own, or a builtin")
        told = f"`{shown(name)}` cannot travel; {remedy}{entry(name)}"
        raise scope.refuse(node, "TYPE_NOT_CARRIED", told)

    def _value(self, found: Found, symbol: ValueSymbol, node: cst.CSTNode, scope: Scope) -> Type:
        value = symbol.value
        if value is None:
            raise scope.refuse(
                node,
                "NAME_UNREADABLE",
                f"what `{found.name}` is cannot be known without running the code; bind it plainly",
            )
        if isinstance(value, cst.Call):
            return self._made(found, value, node, scope)
        return self._alias(found, value, node, scope)

    def _alias(self, found: Found, value: cst.BaseExpression, node: cst.CSTNode, scope: Scope) -> Type:
        if found.id in self._expanding:
            raise scope.refuse(
                node, "TYPE_NOT_READ", f"the alias `{found.name}` contains itself; make it a class"
            )
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
            raise scope.refuse(node, "TYPE_INVALID", f"`{found.name}` is a type variable; name the type")
        if name in (
            "collections.namedtuple",
            "typing.NamedTuple",
            "typing.TypedDict",
            "enum.Enum",
            "dataclasses.make_dataclass",
            "msgspec.defstruct",
        ):
            raise scope.refuse(
                node,
                "TYPE_NOT_READ",
                f"`{found.name}` is made by a call of `{shown(name)}`; write it as a class",
            )
        raise scope.refuse(
            node,
            "TYPE_NOT_READ",
            f"`{found.name}` is made by a call of `{code(call.func)}`, which is not run; name a class",
        )

    # ---- subscripts

    def _subscript(self, node: cst.Subscript, scope: Scope) -> Type:
        meaning = self._resolver.resolve(node.value, scope)
        parts = [_index(element, scope) for element in node.slice]
        if not isinstance(meaning, External):
            raise scope.refuse(
                node,
                "TYPE_ARGUMENTS",
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
                return self._union(parts, scope)
            case "typing.Literal":
                return self._metadata.literal(parts, scope)
            case "typing.Annotated":
                return self._metadata.annotated(parts, scope)
            case _:
                remedy = REMEDIES.get(name, "use a type of the service's own, or a builtin")
                raise scope.refuse(node, "TYPE_NOT_CARRIED", f"`{shown(name)}` cannot travel; {remedy}")

    def _arguments(
        self, node: cst.Subscript, name: str, parts: list[cst.BaseExpression], count: int, scope: Scope
    ) -> list[Type]:
        if len(parts) != count:
            plural = "type argument" if count == 1 else "type arguments"
            raise scope.refuse(
                node, "TYPE_ARGUMENTS", f"`{shown(name)}` takes {count} {plural}, not {len(parts)}"
            )
        return [self.read(part, scope) for part in parts]

    def _tuple(self, node: cst.Subscript, parts: list[cst.BaseExpression], scope: Scope) -> Type:
        if len(parts) == 2 and isinstance(parts[1], cst.Ellipsis):
            return Container(container="tuple", item=self.read(parts[0], scope))
        if isinstance(parts[0], cst.Tuple):
            raise scope.refuse(node, "TYPE_INVALID", "an empty tuple carries nothing; name its items' types")
        return TupleOf(items=tuple(self.read(part, scope) for part in parts))


def union(members: Sequence[Type]) -> Type:
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
    raise scope.refuse(
        element, "TYPE_INVALID", f"`{code(element)}` is not a type argument that can be read; name a type"
    )
