"""The types of the contract: each class met is read once, whatever it needs in turn is read with it."""

from dataclasses import dataclass
from typing import Any

import libcst as cst

from boilermaker.contract import Default, Definition, EnumDefinition, Member, NewTypeDefinition, Type
from boilermaker_codegen.annotations import Annotations
from boilermaker_codegen.enums import read_enum
from boilermaker_codegen.literals import Literals
from boilermaker_codegen.problems import Problem, Refused
from boilermaker_codegen.records import Records, RecordSource, Style
from boilermaker_codegen.resolve import External, Found, Resolver, Scope, code
from boilermaker_codegen.symbols import ClassSymbol, ValueSymbol
from boilermaker_codegen.vocabulary import ENUM_BASES, plain

_RECORD_BASES: dict[str, Style] = {
    "msgspec.Struct": "struct", "typing.NamedTuple": "namedtuple", "typing.TypedDict": "typeddict",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Site:
    """A type where it is written, with the default that it must fit."""

    type: Type
    scope: Scope
    node: cst.CSTNode
    default: Default | None


class Definitions:
    """All types met so far.

    Attributes:
        found: their definitions by id.
        problems: what could not be read; told here once, however often a type is used.
        sites: each place where a type is written, for checks that need all definitions.
        annotations: reads annotations.
        literals: reads values.
    """

    def __init__(self, resolver: Resolver) -> None:
        self.found: dict[str, Definition] = {}
        self.problems: list[Problem] = []
        self.sites: list[Site] = []
        self._resolver = resolver
        self._met: set[str] = set()
        self.literals = Literals(resolver, self._member_value)
        self.annotations = Annotations(resolver, self.literals, self._define)
        self._records = Records(resolver, self.annotations, self.literals, self.note)

    def note(self, type_: Type, scope: Scope, node: cst.CSTNode, default: Default | None) -> None:
        """Keep a type to be checked once all definitions are read."""
        self.sites.append(Site(type_, scope, node, default))

    def _define(self, found: Found) -> None:
        if found.id in self._met:
            return
        self._met.add(found.id)
        try:
            definition = self._read(found)
        except Refused as refused:
            self.problems.extend(refused.problems)
        else:
            self.found[found.id] = definition

    def _read(self, found: Found) -> Definition:
        if isinstance(found.symbol, ValueSymbol):
            return self._newtype(found, found.symbol)
        if not isinstance(found.symbol, ClassSymbol):
            raise TypeError(found.symbol)  # `annotations` hands on classes and NewTypes only
        node = found.symbol.node
        bases = self._bases(node, found.scope)
        inside = found.scope.inside(node)
        if any(base in ENUM_BASES for base in bases):
            if node.decorators:
                self._check_enum_decorators(node, found.scope)
            return read_enum(node, found.name, bases, self._resolver, self.literals, inside)
        style, options = self._style(node, found, bases)
        return self._records.read(
            RecordSource(node=node, name=found.name, style=style, scope=inside, options=options)
        )

    # ---- NewType

    def _newtype(self, found: Found, symbol: ValueSymbol) -> NewTypeDefinition:
        call = symbol.value
        arguments = call.args if isinstance(call, cst.Call) else ()
        if len(arguments) != 2 or any(argument.keyword or argument.star for argument in arguments):
            raise found.scope.refuse(symbol.node, 'a NewType is read as `Name = NewType("Name", type)`')
        name = self.literals.read(arguments[0].value, found.scope)
        if name != found.name:
            raise found.scope.refuse(
                arguments[0], f"the NewType `{found.name}` calls itself {name!r}; give it its own name"
            )
        type_ = self.annotations.read(arguments[1].value, found.scope)
        self.note(type_, found.scope, arguments[1].value, None)
        return NewTypeDefinition(name=found.name, type=type_)

    # ---- classes

    def _bases(self, node: cst.ClassDef, scope: Scope) -> list[str]:
        names: list[str] = []
        for argument in node.bases:
            base = argument.value
            if isinstance(base, cst.Subscript):
                raise scope.refuse(
                    base,
                    f"the generic class `{node.name.value}` is not read; write one without type variables",
                )
            meaning = self._resolver.resolve(base, scope)
            if isinstance(meaning, External):
                names.append(plain(meaning.name))
            elif isinstance(meaning, Found):
                names.append(meaning.id)
        if node.type_parameters is not None:
            raise scope.refuse(
                node.name,
                f"the generic class `{node.name.value}` is not read; write one without type parameters",
            )
        return names

    def _style(self, node: cst.ClassDef, found: Found, bases: list[str]) -> tuple[Style, tuple[cst.Arg, ...]]:
        name, scope = node.name.value, found.scope
        decorator = self._dataclass_decorator(node, scope)
        own = [base for base in bases if base not in _RECORD_BASES]
        if own and (decorator is not None or self._is_of_service(own[0])):
            raise scope.refuse(
                node.bases[0],
                f"`{name}` inherits from `{own[0]}`, which is not read; write its fields out in `{name}`",
            )
        if decorator is not None and not bases:
            options = decorator.args if isinstance(decorator, cst.Call) else ()
            return "dataclass", tuple(options)
        if len(bases) == 1 and bases[0] in _RECORD_BASES and decorator is None:
            return _RECORD_BASES[bases[0]], tuple(node.keywords)
        raise scope.refuse(
            node.name,
            f"`{name}` cannot travel; make it a dataclass, a msgspec.Struct, a TypedDict, a NamedTuple or an enum"
            if not own
            else f"`{name}` is a `{own[0]}`, which cannot travel; make it a dataclass, a msgspec.Struct, a TypedDict, "
            f"a NamedTuple or an enum",
        )

    def _is_of_service(self, name: str) -> bool:
        return any(site_id == name for site_id in self._met) or not name.startswith(("builtins.", "typing."))

    def _dataclass_decorator(self, node: cst.ClassDef, scope: Scope) -> cst.BaseExpression | None:
        found: cst.BaseExpression | None = None
        for decorator in node.decorators:
            expression = decorator.decorator
            named = expression.func if isinstance(expression, cst.Call) else expression
            meaning = self._resolver.resolve(named, scope)
            if isinstance(meaning, External) and meaning.name == "dataclasses.dataclass":
                found = expression
            elif not (
                isinstance(meaning, External)
                and plain(meaning.name) in ("typing.final", "functools.total_ordering")
            ):
                raise scope.refuse(
                    expression,
                    f"what `@{code(named)}` makes of `{node.name.value}` cannot be known; leave it out",
                )
        return found

    def _check_enum_decorators(self, node: cst.ClassDef, scope: Scope) -> None:
        for decorator in node.decorators:
            expression = decorator.decorator
            named = expression.func if isinstance(expression, cst.Call) else expression
            meaning = self._resolver.resolve(named, scope)
            if not (
                isinstance(meaning, External)
                and plain(meaning.name) in ("enum.unique", "enum.verify", "typing.final")
            ):
                raise scope.refuse(
                    expression,
                    f"what `@{code(named)}` makes of `{node.name.value}` cannot be known; leave it out",
                )

    # ---- members of enums, as values

    def _member_value(self, owner: Found, name: str, node: cst.CSTNode, scope: Scope) -> Any:
        """The value of an enum's member; None where the owner is no enum."""
        if not isinstance(owner.symbol, ClassSymbol):
            return None
        if not any(base in ENUM_BASES for base in self._bases(owner.symbol.node, owner.scope)):
            return None
        self._define(owner)
        definition = self.found.get(owner.id)
        if not isinstance(definition, EnumDefinition):
            raise Refused  # what is wrong with it is told already
        member: Member | None = next((m for m in definition.members if m.name == name), None)
        if member is None:
            raise scope.refuse(node, f"the enum `{owner.name}` has no member `{name}`")
        return member.value
