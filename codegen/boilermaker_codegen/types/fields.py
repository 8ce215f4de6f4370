"""Fields of records read from source text: their types, their names on the wire, their defaults."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import libcst as cst

from boilermaker.contract import Default, Field, Type
from boilermaker_codegen.problems import Refused
from boilermaker_codegen.source.resolve import External, Resolver, Scope, code
from boilermaker_codegen.source.vocabulary import plain
from boilermaker_codegen.types.annotations import Annotations
from boilermaker_codegen.types.classes import Style
from boilermaker_codegen.types.inheritance import Declared
from boilermaker_codegen.types.literals import Literals, Value

Note = Callable[[Type, Scope, cst.CSTNode, Value | None], None]

_FIELD_IGNORED = {"repr", "hash", "compare", "metadata"}
_FACTORIES = {"builtins.list", "builtins.dict", "builtins.set", "builtins.frozenset", "builtins.tuple"}
_MAKERS: dict[Style, str] = {"dataclass": "dataclasses.field", "struct": "msgspec.field"}

_BY_NAME = "dataclasses.KW_ONLY"
_NOT_FIELDS = {"typing.ClassVar"}
_UNREAD = {
    "dataclasses.InitVar": "`InitVar` is no field that travels; make it a field",
    "typing.Final": "`Final` without a type is not read in a field; write `Final[...]`",
    "typing.ReadOnly": "msgspec does not take `ReadOnly`; leave it out",
}


@dataclass(frozen=True, kw_only=True)
class Body:
    """A class's body whose annotations are fields.

    Attributes:
        node: the class.
        style: what it is.
        scope: the scope of its body.
        is_total: for a TypedDict, whether keys must be there unless marked.
    """

    node: cst.ClassDef
    style: Style
    scope: Scope
    is_total: bool = True


@dataclass(frozen=True, kw_only=True)
class _Right:
    """What stands to the right of a field's `=`."""

    wire: str | None = None
    default: Value | None = None
    is_made: bool = False
    is_by_name: bool | None = None


class Fields:
    """Reads fields.

    Args:
        resolver: finds what names mean.
        annotations: reads the types of fields.
        literals: reads defaults and options.
        note: called with each field's type, its node and the node of its default, to be checked once all is read.
    """

    def __init__(self, resolver: Resolver, annotations: Annotations, literals: Literals, note: Note) -> None:
        self._resolver = resolver
        self._annotations = annotations
        self._literals = literals
        self._note = note

    def read(self, body: Body) -> list[Declared]:
        """The fields that a class declares, in source order.

        Raises:
            Refused: some are not understood; all of them are named.
        """
        declared: list[Declared] = []
        refused: list[Refused] = []
        is_by_name = False
        for statement in annotated(body.node, body.scope):
            try:
                annotation, scope = self._unquoted(statement.annotation.annotation, body.scope)
                marker = self._marker(annotation, scope)
                if marker == _BY_NAME and body.style == "dataclass":
                    is_by_name = True
                elif marker not in _NOT_FIELDS:
                    field = self._field(statement, annotation, marker, scope, body)
                    by_name = field.is_by_name if field.is_by_name is not None else is_by_name or None
                    declared.append(replace(field, is_by_name=by_name))
            except Refused as error:
                refused.append(error)
        if refused:
            raise Refused(*(problem for error in refused for problem in error.problems))
        return declared

    def first(self, node: cst.ClassDef, scope: Scope) -> cst.AnnAssign | None:
        """The first annotation in a class's body that would be a field."""
        for statement in annotated(node, scope):
            if self._marker(*self._unquoted(statement.annotation.annotation, scope)) not in _NOT_FIELDS:
                return statement
        return None

    def _field(
        self, statement: cst.AnnAssign, annotation: cst.BaseExpression, marker: str, scope: Scope, body: Body
    ) -> Declared:
        is_optional = not body.is_total
        if marker == "typing.Final" and isinstance(annotation, cst.Subscript):
            annotation, marker = _inside(annotation), ""
        if marker in _UNREAD:
            raise body.scope.refuse(annotation, "FIELD_NOT_READ", _UNREAD[marker])
        if marker in ("typing.NotRequired", "typing.Required") and isinstance(annotation, cst.Subscript):
            is_optional = marker == "typing.NotRequired"
            annotation = _inside(annotation)
        if not isinstance(statement.target, cst.Name):
            raise body.scope.refuse(
                statement, "FIELD_NOT_READ", f"`{code(statement)}` is no field; leave it out"
            )
        name = statement.target.value
        type_ = self._annotations.read(annotation, scope)
        right = self._right(statement, body)
        self._note(type_, body.scope, annotation, right.default)
        field = Field(
            name=name,
            type=type_,
            wire=right.wire if right.wire != name else None,
            default=None if right.default is None else Default(value=right.default.json),
        )
        return Declared(
            field=field, is_made=right.is_made, is_optional=is_optional, is_by_name=right.is_by_name
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

    # ---- to the right of `=`

    def _right(self, statement: cst.AnnAssign, body: Body) -> _Right:
        node = statement.value
        if node is None:
            return _Right()
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Name | cst.Attribute):
            maker = self._resolver.resolve(node.func, body.scope)
            if isinstance(maker, External) and maker.name in _MAKERS.values():
                if maker.name != _MAKERS.get(body.style):
                    wanted = _MAKERS.get(body.style)
                    what = f"use `{wanted}`" if wanted else "leave it out"
                    raise body.scope.refuse(
                        node, "FIELD_NOT_READ", f"`{maker.name}` means nothing in this class; {what}"
                    )
                return self._call(node, body)
        return _Right(default=self._literals.value(node, body.scope))

    def _call(self, call: cst.Call, body: Body) -> _Right:
        right = _Right()
        for argument in call.args:
            name = argument.keyword.value if argument.keyword else ""
            match name, body.style:
                case "default", _:
                    right = replace(right, default=self._literals.value(argument.value, body.scope))
                case "default_factory", _:
                    right = replace(right, default=self._factory(argument.value, body.scope), is_made=True)
                case "name", "struct":
                    right = replace(right, wire=self._literals.read(argument.value, body.scope))
                case "kw_only", "dataclass":
                    right = replace(right, is_by_name=bool(self._literals.read(argument.value, body.scope)))
                case _ if body.style == "dataclass" and name in _FIELD_IGNORED:
                    pass
                case "init", _:
                    raise body.scope.refuse(
                        argument,
                        "FIELD_NOT_READ",
                        "msgspec writes and reads this field although it is not given when an object is made; make it a "
                        "property, or a field that is given",
                    )
                case _:
                    raise body.scope.refuse(
                        argument, "FIELD_NOT_READ", f"`{code(argument)}` in a field is not read; leave it out"
                    )
        return right

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


def _inside(annotation: cst.Subscript) -> Any:
    return cst.ensure_type(annotation.slice[0].slice, cst.Index).value


def annotated(node: cst.ClassDef, scope: Scope) -> Iterator[cst.AnnAssign]:
    """The annotations in a class's body.

    Raises:
        Refused: some depend on a condition.
    """
    for statement in node.body.body:
        smalls = statement.body if isinstance(statement, cst.SimpleStatementLine) else (statement,)
        for small in smalls:
            if isinstance(small, cst.AnnAssign):
                yield small
            elif isinstance(small, cst.If | cst.For | cst.While | cst.Try | cst.With):
                raise scope.refuse(
                    small,
                    "FIELD_NOT_READ",
                    "fields that depend on a condition are not read; write each one out",
                )
