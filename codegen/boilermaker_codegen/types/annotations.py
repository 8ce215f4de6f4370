"""Annotations as contract types. Named types are passed on to `definitions`."""

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
from boilermaker_codegen.problems import Refused
from boilermaker_codegen.source.identifiers import expression
from boilermaker_codegen.source.meanings import External, Found, Meaning, Package, Scope, code
from boilermaker_codegen.source.resolve import Resolver
from boilermaker_codegen.source.vocabulary import (
    CONTAINERS,
    MAPPINGS,
    REMEDIES,
    SCALARS,
    TUPLES,
    plain,
    shown,
)
from boilermaker_codegen.types.aliases import Aliases
from boilermaker_codegen.types.externals import Externals, entry
from boilermaker_codegen.types.literals import Literals
from boilermaker_codegen.types.metadata import Metadata
from boilermaker_codegen.types.own import OwnTypes, Parts

ANY = Scalar(name="any")
NONE = Scalar(name="none")


class Annotations:
    """Reads annotations.

    Args:
        resolver: resolves names.
        literals: reads the values in `Literal[...]` and `Meta(...)`.
        define: called with each class or `NewType` met; puts its definition into the contract.
        external: the third-party types that the configuration maps to wire types, and the definitions.

    Attributes:
        own: reads names of the service itself.
        aliases: those met so far.
    """

    def __init__(
        self,
        resolver: Resolver,
        literals: Literals,
        define: Callable[[Found], bool],
        external: tuple[Mapping[str, str], dict[str, Definition]],
    ) -> None:
        self._resolver = resolver
        self.externals = Externals(external[0], self.read, external[1])
        self._metadata = Metadata(resolver, literals, self.read)
        self.aliases = Aliases()
        self.own = OwnTypes(resolver, (self.read, self._means), define, self.aliases)

    def read(self, node: cst.BaseExpression, scope: Scope) -> Type:
        """The type that an annotation names.

        Raises:
            Refused: it is not supported in contracts, or cannot be read.
        """
        match node:
            case cst.Name(value="None"):
                return NONE
            case cst.Name() | cst.Attribute():
                return self._named(self._resolver.named(node, scope), node, scope)
            case cst.SimpleString() | cst.ConcatenatedString():
                return self._quoted(node, scope)
            case cst.BinaryOperation(operator=cst.BitOr()):
                return self._union((node.left, node.right), scope)
            case cst.Subscript(value=outer):
                meaning = self._resolver.resolve(outer, scope)
                return self._means(meaning, indexes(node, scope), node, scope)
            case _:
                raise scope.refuse(
                    node, "TYPE_INVALID", f"`{code(node)}` is not a supported annotation; name a type"
                )

    def parse_quoted(
        self, node: cst.SimpleString | cst.ConcatenatedString, scope: Scope
    ) -> cst.BaseExpression:
        """The expression in a quoted annotation.

        Raises:
            Refused: the text is not an expression.
        """
        value = node.evaluated_value
        try:
            return expression(value.strip() if isinstance(value, str) else "")
        except (cst.ParserSyntaxError, ValueError):
            raise scope.refuse(
                node,
                "TYPE_INVALID",
                f"`{code(node)}` is not an annotation: its text is not a valid expression",
            ) from None

    def _quoted(self, node: cst.SimpleString | cst.ConcatenatedString, scope: Scope) -> Type:
        return self.read(self.parse_quoted(node, scope), scope.quoted(node))

    def _union(self, parts: Sequence[cst.BaseExpression], scope: Scope) -> Type:
        """Members without `UnsetType`, which marks an omitted value and is never sent."""
        members = _members(parts)
        kept = [part for part in members if not self._is_plain(part, "msgspec.UnsetType", scope)]
        others = [part for part in kept if code(part) != "None"]
        anything = [part for part in others if self._is_plain(part, "builtins.object", scope)]
        if anything and len(others) > len(anything):
            text = "`object` may be combined with None only; write `Any`"
            raise scope.refuse(anything[0], "TYPE_REFUSED", text)
        return self.aliases.union([self.read(part, scope) for part in kept or members])

    def _is_plain(self, node: cst.BaseExpression, name: str, scope: Scope) -> bool:
        if not isinstance(node, cst.Name | cst.Attribute) or code(node) == "None":
            return False
        return self._resolver.resolve(node, scope) == External(name)

    # ---- names

    def _named(self, named: Meaning, node: cst.BaseExpression, scope: Scope) -> Type:
        meaning = self._resolver.followed(named)
        type_ = self._means(meaning, None, node, scope)
        if isinstance(meaning, External) and isinstance(named, Found):  # `UserId = int`
            is_shorter = named.name == meaning.name.rpartition(".")[2]  # `datetime = datetime.datetime`
            return type_ if is_shorter else self.aliases.use(named.id, type_)
        return type_

    def _means(self, meaning: Meaning, parts: Parts, node: cst.BaseExpression, scope: Scope) -> Type:
        if isinstance(meaning, External | Found):
            known = meaning.id if isinstance(meaning, Found) else meaning.name
            if known in self.externals:
                return self._travelling(known, parts, node, scope)
            if isinstance(meaning, Found) and known in REMEDIES:
                raise self._uncarried(known, node, scope)
        match meaning:
            case External(name=name):
                if parts is None:
                    return self._external(plain(name), node, scope)
                return self._subscripted(plain(name), parts, node, scope)
            case Package(name=name):
                raise scope.refuse(
                    node, "TYPE_INVALID", f"`{name}` is a module, not a type; name the class in it"
                )
            case Found():
                return self.own.type(meaning, parts, node, scope)

    def _travelling(self, name: str, parts: Parts, node: cst.BaseExpression, scope: Scope) -> Type:
        """A type that the configuration maps to a wire type."""
        if parts is not None:
            raise scope.refuse(
                node,
                "TYPE_ARGUMENTS",
                f"`{name}` is encoded as the configuration says, with any type arguments; leave them out",
            )
        return Named(id=self.externals.define(name, node, scope))

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
            raise scope.refuse(
                node, "TYPE_INVALID", f"no value has the type `{shown(name)}`; name another type"
            )
        raise self._uncarried(name, node, scope, entry(name))

    def _uncarried(self, name: str, node: cst.CSTNode, scope: Scope, further: str = "") -> Refused:
        remedy = REMEDIES.get(name, "use a type that the service defines, or a builtin")
        return scope.refuse(
            node, "TYPE_NOT_CARRIED", f"`{shown(name)}` cannot be sent in a message; {remedy}{further}"
        )

    # ---- subscripts

    def _subscripted(
        self, name: str, parts: Sequence[cst.BaseExpression], node: cst.BaseExpression, scope: Scope
    ) -> Type:
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
                return self.aliases.union((item, NONE))
            case "typing.Union":
                return self._union(parts, scope)
            case "typing.Literal":
                return self._metadata.literal(parts, scope)
            case "typing.Annotated":
                return self._metadata.annotated(parts, scope)
            case _:
                raise self._uncarried(name, node, scope)

    def _arguments(
        self,
        node: cst.BaseExpression,
        name: str,
        parts: Sequence[cst.BaseExpression],
        count: int,
        scope: Scope,
    ) -> list[Type]:
        if len(parts) != count:
            plural = "type argument" if count == 1 else "type arguments"
            raise scope.refuse(
                node, "TYPE_ARGUMENTS", f"`{shown(name)}` takes {count} {plural}, not {len(parts)}"
            )
        return [self.read(part, scope) for part in parts]

    def _tuple(self, node: cst.BaseExpression, parts: Sequence[cst.BaseExpression], scope: Scope) -> Type:
        if len(parts) == 2 and isinstance(parts[1], cst.Ellipsis):
            return Container(container="tuple", item=self.read(parts[0], scope))
        if isinstance(parts[0], cst.Tuple):
            raise scope.refuse(
                node, "TYPE_INVALID", "an empty tuple has no values; name the types of its items"
            )
        return TupleOf(items=tuple(self.read(part, scope) for part in parts))


def takes_none(type_: Type) -> bool:
    """Whether None is one of its values as written: otherwise `x: str = None` is read as `str | None`."""
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


def indexes(node: cst.Subscript, scope: Scope) -> list[cst.BaseExpression]:
    """The content of a subscript's brackets.

    Raises:
        Refused: it contains something other than type arguments.
    """
    return [_index(element, scope) for element in node.slice]


def _index(element: cst.SubscriptElement, scope: Scope) -> cst.BaseExpression:
    if isinstance(element.slice, cst.Index) and element.slice.star is None:
        return element.slice.value
    raise scope.refuse(
        element, "TYPE_INVALID", f"`{code(element)}` is not a supported type argument; name a type"
    )


def _members(parts: Sequence[cst.BaseExpression]) -> list[cst.BaseExpression]:
    """All members in order, regardless of how `|` nests them: a long union is a deep tree."""
    found: list[cst.BaseExpression] = []
    waiting = [*reversed(parts)]
    while waiting:
        match waiting.pop():
            case cst.BinaryOperation(operator=cst.BitOr(), left=left, right=right):
                waiting += [right, left]
            case part:
                found.append(part)
    return found
