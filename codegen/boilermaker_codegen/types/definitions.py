"""The types of the contract: each class met is read once, whatever it needs in turn is read with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import libcst as cst
from msgspec.structs import replace

from boilermaker.contract import (
    Definition,
    EnumDefinition,
    Member,
    NewTypeDefinition,
    RecordDefinition,
    Type,
)
from boilermaker_codegen.problems import Problem, Refused
from boilermaker_codegen.source.resolve import External, Found, Meaning, Resolver, Scope, code
from boilermaker_codegen.source.symbols import ClassSymbol, ValueSymbol
from boilermaker_codegen.source.vocabulary import ENUM_BASES, plain
from boilermaker_codegen.types.annotations import Annotations
from boilermaker_codegen.types.enums import read_enum
from boilermaker_codegen.types.literals import Literals, Value
from boilermaker_codegen.types.records import Records, RecordSource, Style

_RECORD_BASES: dict[str, Style] = {
    "msgspec.Struct": "struct", "typing.NamedTuple": "namedtuple", "typing.TypedDict": "typeddict",
}  # fmt: skip
_MAKE_RECORD = "make it a dataclass, a msgspec.Struct, a TypedDict, a NamedTuple or an enum"
_MAKING = frozenset({"__init__", "__new__", "__post_init__"})
_NO_GENERICS = "write one without type variables"


@dataclass(frozen=True, eq=False)
class Site:
    """A type where it is written, with the default that it must fit."""

    type: Type
    scope: Scope
    node: cst.CSTNode
    default: Value | None


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
        self._broken: set[str] = set()
        self.literals = Literals(resolver, self._member_value, self._literal_record, self.note)
        self.annotations = Annotations(resolver, self.literals, self._define)
        self._records = Records(resolver, self.annotations, self.literals, self.note)

    def note(self, type_: Type, scope: Scope, node: cst.CSTNode, default: Value | None) -> None:
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
            self._broken.add(found.id)
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
            self._check_enum_decorators(node, found.scope)
            return read_enum(node, found.name, bases, self._resolver, self.literals, inside)
        style, options = self._style(node, found, bases)
        record = self._records.read(
            RecordSource(
                id=found.id,
                node=node,
                name=found.name,
                style=style,
                scope=inside,
                options=options,
                parent=self._parent_struct(node, found.scope) if style == "struct" else None,
            )
        )
        return self._with_inherited(record, node, found.scope)

    # ---- NewType

    def _newtype(self, found: Found, symbol: ValueSymbol) -> NewTypeDefinition:
        call = symbol.value
        arguments = call.args if isinstance(call, cst.Call) else ()
        if len(arguments) != 2 or any(argument.keyword or argument.star for argument in arguments):
            raise found.scope.refuse(
                symbol.node, "NEWTYPE_INVALID", 'a NewType is read as `Name = NewType("Name", type)`'
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

    # ---- classes

    def _bases(self, node: cst.ClassDef, scope: Scope) -> list[str]:
        """Full names of the base classes; of those of the service their ids."""
        name = node.name.value
        if node.type_parameters is not None:
            raise scope.refuse(
                node.name, "CLASS_NOT_READ", f"the generic class `{name}` is not read; {_NO_GENERICS}"
            )
        return [
            base.id if isinstance(base, Found) else plain(base.name)
            for base in self._base_meanings(node, scope)
        ]

    def _base_meanings(self, node: cst.ClassDef, scope: Scope) -> list[Meaning]:
        for argument in node.bases:
            if isinstance(argument.value, cst.Subscript):
                raise scope.refuse(
                    argument.value,
                    "CLASS_NOT_READ",
                    f"the generic class `{node.name.value}` is not read; {_NO_GENERICS}",
                )
        return [self._resolver.resolve(argument.value, scope) for argument in node.bases]

    def _style(self, node: cst.ClassDef, found: Found, bases: list[str]) -> tuple[Style, tuple[cst.Arg, ...]]:
        """What kind of record a class is, and the options of its decorator or of its own."""
        name, scope = node.name.value, found.scope
        decorator = self._dataclass_decorator(node, scope)
        for argument, base in zip(node.bases, self._base_meanings(node, scope), strict=True):
            is_kept = self._is_struct(base) if decorator is None else self._is_dataclass(base)
            is_read = len(bases) == 1 and is_kept
            if isinstance(base, Found) and not is_read:
                raise scope.refuse(
                    argument,
                    "CLASS_NOT_READ",
                    f"`{name}` inherits from `{base.id}`, which is not read; write its fields out in `{name}`",
                )
        if decorator is not None and all(self._is_dataclass(b) for b in self._base_meanings(node, scope)):
            return "dataclass", tuple(decorator.args if isinstance(decorator, cst.Call) else ())
        if decorator is None and any(self._is_struct(base) for base in self._base_meanings(node, scope)):
            return "struct", tuple(node.keywords)
        if decorator is None and len(bases) == 1 and bases[0] in _RECORD_BASES:
            return _RECORD_BASES[bases[0]], tuple(node.keywords)
        what = (
            f"`{name}` is a `{', '.join(bases)}`, which cannot travel" if bases else f"`{name}` cannot travel"
        )
        raise scope.refuse(node.name, "CLASS_NOT_READ", f"{what}; {_MAKE_RECORD}")

    def _is_dataclass(self, base: Meaning) -> bool:
        return (
            isinstance(base, Found)
            and isinstance(base.symbol, ClassSymbol)
            and self._dataclass_decorator(base.symbol.node, base.scope) is not None
        )

    def _is_struct(self, base: Meaning) -> bool:
        """Whether a class of the service is a Struct, itself or by inheritance."""
        if not isinstance(base, Found) or not isinstance(base.symbol, ClassSymbol):
            return False
        bases = self._base_meanings(base.symbol.node, base.scope)
        return len(bases) == 1 and (bases[0] == External("msgspec.Struct") or self._is_struct(bases[0]))

    def _parent_struct(self, node: cst.ClassDef, scope: Scope) -> tuple[str, RecordDefinition] | None:
        parent = self._base_meanings(node, scope)[0]
        definition = self._read(parent) if isinstance(parent, Found) else None
        if isinstance(parent, Found) and isinstance(definition, RecordDefinition):
            return parent.id, definition
        return None

    def _with_inherited(self, record: RecordDefinition, node: cst.ClassDef, scope: Scope) -> RecordDefinition:
        """A dataclass with its parent's fields before its own; one that it declares anew keeps its place."""
        parents = self._base_meanings(node, scope) if record.style == "dataclass" else []
        if not parents or not isinstance(parents[0], Found):
            return record
        parent = self._read(parents[0])
        if not isinstance(parent, RecordDefinition) or not parent.fields:
            return record
        fields = {field.name: field for field in (*parent.fields, *record.fields)}
        return replace(record, fields=tuple(fields.values()), kw_only=parent.kw_only or record.kw_only)

    def _dataclass_decorator(self, node: cst.ClassDef, scope: Scope) -> cst.BaseExpression | None:
        found: cst.BaseExpression | None = None
        for decorator, name in self._decorators(node, scope):
            if name == "dataclasses.dataclass":
                found = decorator
            elif name not in ("typing.final", "functools.total_ordering"):
                raise scope.refuse(
                    decorator,
                    "CLASS_NOT_READ",
                    f"what `@{code(decorator)}` makes of `{node.name.value}` cannot be known; {_MAKE_RECORD}",
                )
        return found

    def _check_enum_decorators(self, node: cst.ClassDef, scope: Scope) -> None:
        for decorator, name in self._decorators(node, scope):
            if name not in ("enum.unique", "enum.verify", "typing.final"):
                raise scope.refuse(
                    decorator,
                    "ENUM_NOT_READ",
                    f"what `@{code(decorator)}` makes of `{node.name.value}` cannot be known; leave it out",
                )

    def _decorators(self, node: cst.ClassDef, scope: Scope) -> Iterator[tuple[cst.BaseExpression, str]]:
        """The decorators of a class, each with its full name."""
        for decorator in node.decorators:
            expression = decorator.decorator
            named = expression.func if isinstance(expression, cst.Call) else expression
            meaning = self._resolver.resolve(named, scope)
            yield expression, meaning.id if isinstance(meaning, Found) else plain(meaning.name)

    # ---- records and members of enums, as values

    def _literal_record(self, found: Found) -> RecordDefinition | None:
        """The definition of a record that a call makes; None where making one runs code of its own, or it is no record."""
        if not self._is_record(found) or self._runs_code(found):
            return None
        self._define(found)
        if found.id in self._broken:
            raise Refused  # what is wrong with it is told already
        definition = self.found.get(found.id)
        return definition if isinstance(definition, RecordDefinition) else None

    def _is_record(self, found: Found) -> bool:
        if not isinstance(found.symbol, ClassSymbol):
            return False
        node, scope = found.symbol.node, found.scope
        decorators = any(name == "dataclasses.dataclass" for _, name in self._decorators(node, scope))
        is_plain = any(base in _RECORD_BASES for base in self._bases(node, scope))
        return decorators or is_plain or self._is_struct(found)

    def _runs_code(self, found: Found) -> bool:
        if not isinstance(found.symbol, ClassSymbol):
            return True
        node = found.symbol.node
        own = any(isinstance(part, cst.FunctionDef) and part.name.value in _MAKING for part in node.body.body)
        bases = [base for base in self._base_meanings(node, found.scope) if isinstance(base, Found)]
        return own or any(self._runs_code(base) for base in bases)

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
            raise scope.refuse(node, "NAME_UNKNOWN", f"the enum `{owner.name}` has no member `{name}`")
        return member.value
