"""The types of the contract: each class is read once, together with the types that it needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import libcst as cst

from boilermaker.contract import (
    ByWorker,
    Definition,
    EnumDefinition,
    Member,
    Named,
    NewTypeDefinition,
    RecordDefinition,
    Type,
)
from boilermaker_codegen.problems import Problem, Refused
from boilermaker_codegen.source.meanings import External, Found, Meaning, Scope
from boilermaker_codegen.source.resolve import Resolver
from boilermaker_codegen.source.symbols import ClassSymbol, ValueSymbol
from boilermaker_codegen.source.vocabulary import plain
from boilermaker_codegen.types.annotations import Annotations, indexes
from boilermaker_codegen.types.assigned import Assignments
from boilermaker_codegen.types.classes import Classes, Kind, Style
from boilermaker_codegen.types.enum_bases import enum_kind, is_enum
from boilermaker_codegen.types.enum_rules import Decorator, decorator_of, undecorated
from boilermaker_codegen.types.enums import read_enum
from boilermaker_codegen.types.fields import Fields
from boilermaker_codegen.types.inheritance import EXTERNAL_BASES
from boilermaker_codegen.types.literals import Literals, Value
from boilermaker_codegen.types.records import Records, RecordSource
from boilermaker_codegen.types.samples import Samples


@dataclass(frozen=True, eq=False)
class Site:
    """A place where a type is written, with the default that must match it."""

    type: Type
    scope: Scope
    node: cst.CSTNode
    default: Value | None


class Definitions:
    """All types met so far.

    Args:
        resolver: resolves names.
        external: the wire types of third-party types.

    Attributes:
        found: their definitions by id.
        problems: errors in types, each reported once regardless of how often a type is used.
        sites: each place where a type is written, for checks that need all definitions.
        annotations: reads annotations.
        literals: reads values.
    """

    def __init__(self, resolver: Resolver, external: Mapping[str, str]) -> None:
        self.found: dict[str, Definition] = {}
        self.problems: list[Problem] = []
        self.sites: list[Site] = []
        self._resolver = resolver
        self._classes = Classes(resolver)
        self._met: set[str] = set()
        self._broken: set[str] = set()
        self.literals = Literals(resolver, self._member_value, self._literal_record, self.note)
        self.annotations = Annotations(resolver, self.literals, self._define, (external, self.found))
        assignments = Assignments(resolver, self.literals, Samples(resolver, self._instance))
        fields = Fields(resolver, self.annotations, assignments, self.note)
        self._records = Records(fields, self.literals)

    def note(self, type_: Type, scope: Scope, node: cst.CSTNode, default: Value | ByWorker | None) -> None:
        """Record a type to be checked after all definitions are read, with its default if that is known."""
        self.sites.append(Site(type_, scope, node, default if isinstance(default, Value) else None))

    def _define(self, found: Found) -> bool:
        if found.id in self._met:
            return found.id not in self._broken
        self._met.add(found.id)
        try:
            definition = self._read(found)
        except Refused as refused:
            self.problems.extend(refused.problems)
            self._broken.add(found.id)
            return False
        self.found[found.id] = definition
        return True

    def _read(self, found: Found) -> Definition:
        if isinstance(found.symbol, ValueSymbol):
            return self._newtype(found, found.symbol)
        if not isinstance(found.symbol, ClassSymbol):
            raise TypeError(found.symbol)  # `annotations` passes classes and NewTypes only
        node = found.symbol.node
        if is_enum(found, self._classes):
            decorators = self._enum_decorators(node, found.scope)
            inside = found.scope.inside(node)
            kind = enum_kind(found, node, self._classes)
            return read_enum(node, found.name, kind, (self._resolver, self.literals), inside, decorators)
        style, record_kind = self._classes.record(found, node)
        return self._records.read(self._source(found, node, style, record_kind))

    def _source(self, found: Found, node: cst.ClassDef, style: Style | None, kind: Kind) -> RecordSource:
        """A class; its bases are read first."""
        variables = self.annotations.own.variables.of(found)
        ids = [variable.id for variable in variables]
        scope = found.scope.generic(node.type_parameters, ids)
        bindings: dict[Any, dict[str, Type]] = {}
        for argument, base in zip(node.bases, kind.bases, strict=True):
            if isinstance(base, Found):
                self._read_parent(base)
                bindings[self._records.made(base.id)] = self._handed_on(node, base, argument.value, scope)
        made = [self._made(base) for base in kind.bases]
        return RecordSource(
            id=found.id,
            node=node,
            name=found.name,
            style=style,
            scope=found.scope.inside(node).generic(node.type_parameters, ids),
            options=kind.options,
            implied=kind.implied,
            is_declaring=kind.is_declaring,
            bases=tuple(base for base in made if base is not None),
            bindings=bindings,
            parameters=tuple(variable.name for variable in variables),
        )

    def _handed_on(
        self, node: cst.ClassDef, base: Found, value: cst.BaseExpression, scope: Scope
    ) -> dict[str, Type]:
        """The type arguments with which a class inherits from a generic one, by the names of its type variables."""
        parts = indexes(value, scope) if isinstance(value, cst.Subscript) else None
        arguments = self.annotations.own.arguments(base, parts, value, scope)
        style = self._classes.kind(base, cst.ensure_type(base.symbol.node, cst.ClassDef)).style
        if arguments and style == "typeddict":
            raise scope.refuse(
                value,
                "CLASS_NOT_READ",
                f"msgspec ignores the type arguments of the generic TypedDict that `{node.name.value}` "
                "inherits from; write its keys out",
            )
        if arguments and style is not None:
            self._define(base)
            self.note(Named(id=base.id, arguments=arguments), scope, value, None)
        names = (variable.name for variable in self.annotations.own.variables.of(base))
        return dict(zip(names, arguments, strict=True))

    def _read_parent(self, parent: Found) -> None:
        if not isinstance(parent.symbol, ClassSymbol):
            raise TypeError(parent.symbol)  # `classes` accepts no other bases
        node = parent.symbol.node
        kind = self._classes.kind(parent, node)
        if kind.style is None:
            self._records.plain(self._source(parent, node, None, kind))
        elif parent.id not in self.found:
            self._read(parent)

    def _made(self, base: Meaning) -> Any:
        """A re-created base; None for one without effect."""
        if isinstance(base, Found):
            return self._records.made(base.id)
        return EXTERNAL_BASES.get(plain(base.name)) if isinstance(base, External) else None

    def _instance(self, of: Found | str) -> Any:
        """An object as mutable as those of a class of the service; None if it may be shared."""
        if isinstance(of, str):
            return self._records.instance(of)
        try:
            if not isinstance(of.symbol, ClassSymbol) or is_enum(of, self._classes):
                return None
            self._read_parent(of)
        except Refused:  # if it is used as a type, the error is reported there
            return None
        return self._records.instance(of.id)

    # ---- NewType

    def _newtype(self, found: Found, symbol: ValueSymbol) -> NewTypeDefinition:
        call = symbol.value
        arguments = call.args if isinstance(call, cst.Call) else ()
        if len(arguments) != 2 or any(argument.keyword or argument.star for argument in arguments):
            raise found.scope.refuse(
                symbol.node, "NEWTYPE_INVALID", 'a NewType must be written as `Name = NewType("Name", type)`'
            )
        name = self.literals.read(arguments[0].value, found.scope)
        if name != found.name:
            raise found.scope.refuse(
                arguments[0],
                "NEWTYPE_INVALID",
                f"the NewType `{found.name}` calls itself {name!r}; give it its own name",
            )
        type_ = self.annotations.read(arguments[1].value, found.scope)
        self.note(type_, found.scope, arguments[1].value, None)
        return NewTypeDefinition(name=found.name, type=type_)

    def _enum_decorators(self, node: cst.ClassDef, scope: Scope) -> list[Decorator]:
        found: list[Decorator] = []
        for expression, name in self._classes.decorators(node, scope):
            decorator = decorator_of(expression, name, self._resolver, scope)
            if decorator is None:
                raise undecorated(node, expression, scope)
            found.append(decorator)
        return found

    # ---- records and members of enums, as values

    def _literal_record(self, found: Found) -> RecordDefinition | None:
        """The definition of a record that a call creates; None if creating it runs its own code, or it is not a record."""
        try:
            if not self._is_record(found) or self._classes.runs_code(found):
                return None
        except Refused:  # if it is used as a type, the error is reported there
            return None
        self._define(found)
        if found.id in self._broken:
            raise Refused  # its errors are reported already
        definition = self.found.get(found.id)
        return definition if isinstance(definition, RecordDefinition) else None

    def _is_record(self, found: Found) -> bool:
        if not isinstance(found.symbol, ClassSymbol):
            return False
        if is_enum(found, self._classes):
            return False
        return self._classes.kind(found, found.symbol.node).style is not None

    def _member_value(self, owner: Found, name: str, node: cst.CSTNode, scope: Scope) -> Any:
        """The value of an enum's member; None if the owner is not an enum."""
        if not isinstance(owner.symbol, ClassSymbol):
            return None
        try:
            if not is_enum(owner, self._classes):
                return None
        except Refused:
            return None
        self._define(owner)
        definition = self.found.get(owner.id)
        if not isinstance(definition, EnumDefinition):
            raise Refused  # its errors are reported already
        member: Member | None = next((m for m in definition.members if m.name == name), None)
        if member is None:
            raise scope.refuse(node, "NAME_UNKNOWN", f"the enum `{owner.name}` has no member `{name}`")
        return member.value
