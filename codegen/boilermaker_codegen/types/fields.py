"""Fields of records read from source text: their types, their names on the wire, their defaults."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import libcst as cst

from boilermaker.contract import ByWorker, Field, Type
from boilermaker_codegen.problems import Refused
from boilermaker_codegen.source.meanings import External, Scope, code
from boilermaker_codegen.source.resolve import Resolver
from boilermaker_codegen.source.vocabulary import ATTRS_FIELDS, plain
from boilermaker_codegen.types.annotations import Annotations
from boilermaker_codegen.types.assigned import Assignments
from boilermaker_codegen.types.classes import Style
from boilermaker_codegen.types.declared import Declared
from boilermaker_codegen.types.literals import Literals, Value, contracted

Note = Callable[[Type, Scope, cst.CSTNode, Value | ByWorker | None], None]

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
        self._assignments = Assignments(resolver, literals)
        self._note = note

    def read(self, body: Body) -> list[Declared]:
        """The fields that a class declares, in source order.

        Raises:
            Refused: some are not understood; all of them are named.
        """
        declared: list[Declared] = []
        refused: list[Refused] = []
        is_by_name = False
        if body.style == "attrs":
            self._check_attrs(body)
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
        if body.style == "attrs" and name.startswith("_"):
            raise body.scope.refuse(
                statement.target,
                "FIELD_NOT_READ",
                f"msgspec leaves `{name}` out when it writes an attrs class, as it begins with an underscore; name it `{name.lstrip('_')}`",
            )
        said = self._assignments.read(statement.value, body.style, body.scope)
        self._note(type_, body.scope, annotation, said.default)
        given, wire = said.name or name, name if said.wire is None else said.wire
        field = Field(
            name=given,
            type=type_,
            wire=wire if wire != given else None,
            default=contracted(said.default),
        )
        return Declared(
            field=field, is_made=said.is_made, is_optional=is_optional, is_by_name=said.is_by_name
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

    # ---- attrs classes

    def _check_attrs(self, body: Body) -> None:
        """That all attributes of an attrs class can be read and carried."""
        names = {statement.target.value for statement in annotated(body.node, body.scope) if isinstance(statement.target, cst.Name)}  # fmt: skip
        for statement in body.node.body.body:
            if isinstance(statement, cst.FunctionDef):
                self._check_method(statement, names, body.scope)
            for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
                if (
                    isinstance(small, cst.Assign)
                    and self._assignments.maker(small.value, body.scope) in ATTRS_FIELDS
                ):
                    raise body.scope.refuse(
                        small,
                        "FIELD_NOT_READ",
                        f"`{code(small.targets[0].target)}` has no annotation; add one",
                    )

    def _check_method(self, method: cst.FunctionDef, names: set[str], scope: Scope) -> None:
        for decorator in method.decorators:
            match decorator.decorator:
                case cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value="default")) if (
                    name in names
                ):
                    raise scope.refuse(
                        decorator,
                        "FIELD_NOT_READ",
                        f"msgspec does not carry defaults that are made from the object; give `{name}` a `factory`",
                    )
                case _:
                    pass


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
