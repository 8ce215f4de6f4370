"""Dataclasses, Structs, named tuples and TypedDicts read from source text."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import libcst as cst
import msgspec

from boilermaker.contract import Default, Field, RecordDefinition
from boilermaker_codegen.problems import Refused
from boilermaker_codegen.source.docs import doc_of
from boilermaker_codegen.source.resolve import External, Resolver, Scope, code
from boilermaker_codegen.source.vocabulary import plain
from boilermaker_codegen.types import structs
from boilermaker_codegen.types.annotations import Annotations
from boilermaker_codegen.types.literals import Literals, Value

Style = Literal["struct", "dataclass", "typeddict", "namedtuple"]

# Options of each style that shape the wire or the stub, and those that do neither.
_STRUCT_OPTIONS = {
    "frozen",
    "kw_only",
    "array_like",
    "omit_defaults",
    "forbid_unknown_fields",
    "tag",
    "tag_field",
    "rename",
}
_STRUCT_IGNORED = {"eq", "order", "gc", "weakref", "dict", "cache_hash", "repr_omit_defaults"}
_DATACLASS_OPTIONS = {"frozen", "kw_only"}
_DATACLASS_IGNORED = {"init", "repr", "eq", "order", "unsafe_hash", "match_args", "slots", "weakref_slot"}
_FIELD_IGNORED = {"repr", "hash", "compare", "metadata"}
_FACTORIES = {"builtins.list", "builtins.dict", "builtins.set", "builtins.frozenset", "builtins.tuple"}

_BY_NAME = "dataclasses.KW_ONLY"
_NOT_FIELDS = {"typing.ClassVar"}
_UNREAD_FIELDS = {
    "dataclasses.InitVar": "`InitVar` is no field that travels; make it a field",
    "typing.Final": "`Final` without a type is not read in a field; write `Final[...]`",
    "typing.ReadOnly": "`ReadOnly` is not read; leave it out",
}


@dataclass(frozen=True, kw_only=True)
class RecordSource:
    """A class that is a record.

    Attributes:
        node: the class.
        name: its qualified name.
        scope: the scope of its body.
        options: keyword options, of the class or its decorator.
        id: names it in the contract.
        parent: the Struct that a Struct inherits from, if it is one of the service.
    """

    id: str
    node: cst.ClassDef
    name: str
    style: Style
    scope: Scope
    options: tuple[cst.Arg, ...]
    parent: tuple[str, RecordDefinition] | None = None


class Records:
    """Reads records.

    Args:
        resolver: finds what names mean.
        annotations: reads the types of fields.
        literals: reads defaults and options.
        sites: called with each field's type, its node and the node of its default, to be checked once all is read.
    """

    def __init__(self, resolver: Resolver, annotations: Annotations, literals: Literals, sites: Any) -> None:
        self._resolver = resolver
        self._annotations = annotations
        self._literals = literals
        self._sites = sites
        self._structs: dict[str, type[msgspec.Struct]] = {}

    def read(self, source: RecordSource) -> RecordDefinition:
        """The definition of a record.

        Raises:
            Refused: it is not understood; all fields at fault are named.
        """
        options = self._options(source)
        fields: list[Field] = []
        optional: list[str] = []
        refused: list[Refused] = []
        total = options.pop("total", True)
        for statement in _annotated(source):
            try:
                self._add(statement, source, fields, optional, is_total=total)
            except Refused as error:
                refused.append(error)
        if refused:
            raise Refused(*(problem for error in refused for problem in error.problems))
        if source.style == "struct":
            return self._struct(source, fields, options)
        if source.style == "dataclass":
            options["kw_only"] = bool(fields) and (options.get("kw_only", False) or self._has_by_name(source))
        return RecordDefinition(
            name=source.name,
            style=source.style,
            fields=tuple(fields),
            optional=tuple(optional),
            doc=doc_of(source.node),
            **options,
        )

    def _struct(self, source: RecordSource, fields: list[Field], options: dict[str, Any]) -> RecordDefinition:
        record = RecordDefinition(
            name=source.name, style="struct", fields=tuple(fields), doc=doc_of(source.node)
        )
        parent_id, parent = source.parent or ("", None)
        class_name = source.node.name
        try:
            struct = structs.recreated(class_name.value, fields, options, self._structs.get(parent_id))
        except (TypeError, ValueError) as error:
            raise source.scope.refuse(
                class_name, "CLASS_REFUSED", f"msgspec refuses `{source.name}`: {error}"
            ) from None
        self._structs[source.id] = struct
        return structs.described(struct, record, parent.fields if parent else ())

    # ---- options

    def _options(self, source: RecordSource) -> dict[str, Any]:
        known: set[str] = {"total"} if source.style == "typeddict" else set()
        ignored: set[str] = set()
        if source.style == "struct":
            known, ignored = _STRUCT_OPTIONS, _STRUCT_IGNORED
        elif source.style == "dataclass":
            known, ignored = _DATACLASS_OPTIONS, _DATACLASS_IGNORED
        options: dict[str, Any] = {}
        for argument in source.options:
            name = argument.keyword.value if argument.keyword else ""
            if name not in known | ignored:
                raise source.scope.refuse(
                    argument, "CLASS_NOT_READ", f"`{code(argument)}` is not understood; leave it out"
                )
            value = self._literals.read(argument.value, source.scope)
            if name in known:
                options[name] = value
            elif name == "init" and value is not True:
                raise source.scope.refuse(
                    argument,
                    "CLASS_NOT_READ",
                    "a dataclass without `__init__` cannot be built from what arrives",
                )
        return options

    # ---- fields

    def _add(
        self,
        statement: cst.AnnAssign,
        source: RecordSource,
        fields: list[Field],
        optional: list[str],
        *,
        is_total: bool,
    ) -> None:
        annotation, scope = self._unquoted(statement.annotation.annotation, source.scope)
        is_optional = not is_total
        marker = self._marker(annotation, scope)
        if marker in _NOT_FIELDS:
            return
        if marker == _BY_NAME and source.style == "dataclass":
            return
        if marker == "typing.Final" and isinstance(annotation, cst.Subscript):
            annotation, marker = cst.ensure_type(annotation.slice[0].slice, cst.Index).value, ""
        if marker in _UNREAD_FIELDS:
            raise source.scope.refuse(annotation, "FIELD_NOT_READ", _UNREAD_FIELDS[marker])
        if marker in ("typing.NotRequired", "typing.Required") and isinstance(annotation, cst.Subscript):
            is_optional = marker == "typing.NotRequired"
            annotation = cst.ensure_type(annotation.slice[0].slice, cst.Index).value
        if not isinstance(statement.target, cst.Name):
            raise source.scope.refuse(
                statement, "FIELD_NOT_READ", f"`{code(statement)}` is no field; leave it out"
            )
        name = statement.target.value
        type_ = self._annotations.read(annotation, scope)
        wire, default = self._value(statement, source)
        self._sites(type_, source.scope, annotation, default)
        if is_optional:
            optional.append(name)
        fields.append(
            Field(
                name=name,
                type=type_,
                wire=wire if wire != name else None,
                default=None if default is None else Default(value=default.json),
            )
        )

    def _unquoted(self, node: cst.BaseExpression, scope: Scope) -> tuple[cst.BaseExpression, Scope]:
        if isinstance(node, cst.SimpleString | cst.ConcatenatedString):
            return self._annotations.parse_quoted(node, scope), scope.quoted(node)
        return node, scope

    def _marker(self, node: cst.BaseExpression, scope: Scope) -> str:
        outer = node.value if isinstance(node, cst.Subscript) else node
        if not isinstance(outer, cst.Name | cst.Attribute):
            return ""
        if isinstance(outer, cst.Name) and outer.value == "None":
            return ""
        meaning = self._resolver.resolve(outer, scope)
        return plain(meaning.name) if isinstance(meaning, External) else ""

    def _has_by_name(self, source: RecordSource) -> bool:
        """Whether a dataclass takes some fields by name alone: after `KW_ONLY`, or with `field(kw_only=True)`."""
        is_by_name = False
        for statement in _annotated(source):
            marker = self._marker(*self._unquoted(statement.annotation.annotation, source.scope))
            if is_by_name and marker not in _NOT_FIELDS:
                return True
            is_by_name = is_by_name or marker == _BY_NAME
            made = statement.value
            if isinstance(made, cst.Call) and any(
                a.keyword and a.keyword.value == "kw_only" for a in made.args
            ):
                return True
        return False

    def _value(self, statement: cst.AnnAssign, source: RecordSource) -> tuple[str | None, Value | None]:
        """The wire name and the default that stand to the right of `=`."""
        node = statement.value
        if node is None:
            return None, None
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Name | cst.Attribute):
            maker = self._resolver.resolve(node.func, source.scope)
            wanted = {"dataclass": "dataclasses.field", "struct": "msgspec.field"}.get(source.style)
            if isinstance(maker, External) and maker.name in ("dataclasses.field", "msgspec.field"):
                if maker.name != wanted:
                    raise source.scope.refuse(
                        node, "FIELD_NOT_READ", f"`{maker.name}` means nothing in this class; use `{wanted}`"
                    )
                return self._field_call(node, source)
        return None, self._literals.value(node, source.scope)

    def _field_call(self, call: cst.Call, source: RecordSource) -> tuple[str | None, Value | None]:
        wire: str | None = None
        default: Value | None = None
        for argument in call.args:
            name = argument.keyword.value if argument.keyword else ""
            if name == "default":
                default = self._literals.value(argument.value, source.scope)
            elif name == "default_factory":
                default = self._factory(argument.value, source.scope)
            elif name == "name" and source.style == "struct":
                wire = self._literals.read(argument.value, source.scope)
            elif (
                name == "kw_only"
                and source.style == "dataclass"
                and self._literals.read(argument.value, source.scope) is True
            ):
                pass  # `_has_by_name` has seen it
            elif not (name in _FIELD_IGNORED and source.style == "dataclass"):
                raise source.scope.refuse(
                    argument, "FIELD_NOT_READ", f"`{code(argument)}` in a field is not read; leave it out"
                )
        return wire, default

    def _factory(self, node: cst.BaseExpression, scope: Scope) -> Value:
        if isinstance(node, cst.Lambda) and not node.params.params:
            return self._literals.value(node.body, scope)
        if isinstance(node, cst.Name | cst.Attribute):
            maker = self._resolver.resolve(node, scope)
            if isinstance(maker, External) and maker.name in _FACTORIES:
                return self._literals.value(cst.Call(func=node), replace(scope, anchor=node))
        raise scope.refuse(
            node,
            "VALUE_UNREADABLE",
            f"what `{code(node)}` makes cannot be known without running it; use `list`, `dict`, `set` or a lambda of a literal",
        )


def _annotated(source: RecordSource) -> Iterator[cst.AnnAssign]:
    for statement in source.node.body.body:
        smalls = statement.body if isinstance(statement, cst.SimpleStatementLine) else (statement,)
        for small in smalls:
            if isinstance(small, cst.AnnAssign):
                yield small
            elif isinstance(small, cst.If | cst.For | cst.While | cst.Try | cst.With):
                raise source.scope.refuse(
                    small,
                    "FIELD_NOT_READ",
                    "fields that depend on a condition are not read; write each one out",
                )
