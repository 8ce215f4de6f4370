"""Fields of records read from source text: their types, their names on the wire, their defaults."""

import re
from collections.abc import Callable, Container
from dataclasses import replace
from typing import Any

import libcst as cst

from boilermaker.contract import BY_WORKER, ByWorker, Field, Named, Type, variables_in
from boilermaker_codegen.problems import Refused, Unknown
from boilermaker_codegen.source.free import free_names
from boilermaker_codegen.source.identifiers import mangled
from boilermaker_codegen.source.meanings import External, Scope, code
from boilermaker_codegen.source.resolve import Resolver
from boilermaker_codegen.source.symbols import dotted
from boilermaker_codegen.source.vocabulary import plain
from boilermaker_codegen.types.annotations import Annotations, takes_none
from boilermaker_codegen.types.assigned import MAKERS, Assignments
from boilermaker_codegen.types.bodies import Body, annotated
from boilermaker_codegen.types.declared import Declared
from boilermaker_codegen.types.literals import Value, contracted
from boilermaker_codegen.types.own import hidden, is_field

Note = Callable[[Type, Scope, cst.CSTNode, Value | ByWorker | None], None]

# What attrs, dataclasses and msgspec all recognize in annotations that are strings.
_CLASS_VARIABLE = re.compile(r"(?:typing\.)?ClassVar(?:\[|$)")
_BY_NAME = "dataclasses.KW_ONLY"
_NOT_FIELDS = {"typing.ClassVar"}
_UNREAD = {
    "dataclasses.InitVar": "`InitVar` is not sent in messages; make it a field",
    "typing.Final": "`Final` without a type is not supported in a field; write `Final[...]`",
    "typing.ReadOnly": "msgspec does not support `ReadOnly`; leave it out",
}


class Fields:
    """Reads fields.

    Args:
        resolver: resolves names.
        annotations: reads the types of fields.
        assignments: reads what is assigned to fields.
        note: called with each field's type, its node and the node of its default, which are checked after everything is read.
    """

    def __init__(
        self,
        resolver: Resolver,
        annotations: Annotations,
        assignments: Assignments,
        note: Note,
    ) -> None:
        self._resolver = resolver
        self._annotations = annotations
        self._assignments = assignments
        self._note = note

    def read(self, body: Body) -> tuple[list[Declared], list[str]]:
        """The fields that a class declares, in source order, and the names of its class variables.

        Raises:
            Refused: some are not supported; the error names all of them.
        """
        declared: list[Declared] = []
        class_variables: list[str] = []
        refused: list[Refused] = []
        is_by_name = False
        if body.style in ("attrs", "dataclass"):
            self._check_unannotated(body)
        for statement in annotated(body.node, body.scope):
            try:
                annotation, scope = self._unquoted(statement, body.scope)
                marker = self._marker(annotation, scope)
                if marker == _BY_NAME and body.style == "dataclass":
                    self._check_once(statement, body, is_by_name=is_by_name)
                    is_by_name = True
                elif marker in _NOT_FIELDS:
                    if not scope.is_deferred:
                        self._check_names(annotation, scope, is_type=True)
                    if statement.value is not None:
                        self._check_names(statement.value, self._value_scope(statement, body))
                    self._check_class_variable(statement, body)
                    class_variables.append(mangled(code(statement.target), body.node.name.value))
                else:
                    field = self._field(statement, annotation, marker, scope, body)
                    by_name = field.is_by_name if field.is_by_name is not None else is_by_name or None
                    declared.append(replace(field, is_by_name=by_name))
            except Refused as error:
                refused.append(error)
        if refused:
            raise Refused(*(problem for error in refused for problem in error.problems))
        return declared, class_variables

    def _check_once(self, statement: cst.AnnAssign, body: Body, *, is_by_name: bool) -> None:
        if is_by_name:
            raise body.scope.refuse(
                statement,
                "CLASS_REFUSED",
                f"Python rejects `{body.node.name.value}`: `{code(statement.target)}` is KW_ONLY, but "
                "KW_ONLY has already been specified; leave one of them out",
            )

    def _check_names(self, node: cst.BaseExpression, scope: Scope, *, is_type: bool = False) -> None:
        """Check that all names are bound where Python looks them up, and that none in a type refers to a field."""
        for name in free_names(node):
            try:
                meaning = self._resolver.resolve(name, scope)
                if is_type and is_field(meaning):
                    raise hidden(dotted(name), name, scope)
            except Unknown:
                if self._resolver.body(scope.classes[-1], scope).bindings(dotted(name).partition(".")[0]):
                    raise  # an attribute of a field

    def _check_class_variable(self, statement: cst.AnnAssign, body: Body) -> None:
        annotation = statement.annotation.annotation
        is_text = body.scope.module.defers_annotations
        quoted = annotation.evaluated_value if isinstance(annotation, cst.SimpleString) else None
        text = quoted if isinstance(quoted, str) else code(annotation)
        if (is_text or quoted) and (_CLASS_VARIABLE.match(text) is None or (is_text and quoted)):
            raise body.scope.refuse(
                annotation,
                "FIELD_NOT_READ",
                f"`{code(annotation)}` is a string when the class is defined, and in strings only "
                f"`ClassVar[...]` and `typing.ClassVar[...]` are recognized as class variables; write one of "
                f"these, once",
            )
        if statement.value is None or body.style not in ("dataclass", "attrs"):
            return
        if body.style == "attrs":
            is_refused = self._assignments.maker(statement.value, body.scope) in MAKERS["attrs"]
        else:
            said = self._assignments.read(statement.value, body.style, self._value_scope(statement, body))
            is_refused = said.is_made or said.is_by_name is not None
        if is_refused:
            raise body.scope.refuse(
                statement.value,
                "CLASS_REFUSED",
                f"`{code(statement.target)}` of `{body.node.name.value}` is a ClassVar, not a field; assign "
                "its value",
            )

    def _value_scope(self, statement: cst.AnnAssign, body: Body) -> Scope:
        """The scope of an assigned value: it is evaluated after the statements above it in the class."""
        return body.scope.after(self._resolver.body(body.node, body.scope).place(statement))

    def first(self, node: cst.ClassDef, scope: Scope) -> cst.AnnAssign | None:
        """The first annotation in a class's body that would be a field."""
        for statement in annotated(node, scope):
            if self._marker(*self._unquoted(statement, scope)) not in _NOT_FIELDS:
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
                statement, "FIELD_NOT_READ", f"`{code(statement)}` is not a field; leave it out"
            )
        name = statement.target.value
        self._check_types(annotation, scope, body)
        type_ = self._annotations.read(annotation, scope)
        if body.style == "attrs" and name.startswith("_"):
            raise body.scope.refuse(
                statement.target,
                "FIELD_NOT_READ",
                f"msgspec omits `{name}` when it encodes an attrs class, because it begins with an "
                f"underscore; rename it to `{name.lstrip('_')}`",
            )
        self._check_bound_once(statement, name, body)
        said = self._assignments.read(statement.value, body.style, self._value_scope(statement, body))
        if body.style != "namedtuple" and _is_left_out(said.default, type_):
            said = replace(said, default=BY_WORKER)
        self._note(type_, body.scope, annotation, said.default)
        name = mangled(name, body.node.name.value)
        given, wire = said.name or name, name if said.wire is None else said.wire
        field = Field(
            name=given,
            type=type_,
            wire=wire if wire != given else None,
            default=contracted(said.default),
        )
        return Declared(
            field=field,
            sample=said.sample,
            has_hook=said.has_hook,
            is_made=said.is_made,
            is_optional=is_optional,
            is_by_name=said.is_by_name,
        )

    def _check_bound_once(self, statement: cst.AnnAssign, name: str, body: Body) -> None:
        """Check that the class does not bind a field's name to something else: the last binding would be the default."""
        if body.style == "typeddict" and statement.value is not None:
            raise body.scope.refuse(
                statement.value,
                "FIELD_NOT_READ",
                f"a key of a TypedDict cannot have a default (type checkers report an error); leave it out, "
                f"and mark `{name}` as `NotRequired[...]` if it may be missing",
            )
        others = self._resolver.body(body.node, body.scope).bindings(name) - (statement.value is not None)
        if others or body.names[name] > 1:
            raise body.scope.refuse(
                statement,
                "FIELD_NOT_READ",
                f"the class defines `{name}` more than once, and the last definition wins; use different "
                "names",
            )

    def _unquoted(self, statement: cst.AnnAssign, scope: Scope) -> tuple[cst.BaseExpression, Scope]:
        """The annotation of a field, and its scope: Python binds a field's default before it evaluates the annotation."""
        node = statement.annotation.annotation
        if isinstance(node, cst.SimpleString | cst.ConcatenatedString):
            return self._annotations.parse_quoted(node, scope), scope.quoted(node)
        if scope.module.defers_annotations:
            return node, scope.deferred()
        return node, scope.after(self._resolver.body(scope.classes[-1], scope).place(statement) + 1)

    def _check_types(self, annotation: cst.BaseExpression, scope: Scope, body: Body) -> None:
        """Check that no name in an annotation refers to a field of the class, whose default that name would be bound to."""
        for node in free_names(annotation):
            name = dotted(node).partition(".")[0]
            if name in body.hiding and scope.is_deferred and not scope.module.binds(name):
                raise hidden(name, node, scope)

    def _marker(self, node: cst.BaseExpression, scope: Scope) -> str:
        outer = node.value if isinstance(node, cst.Subscript) else node
        if not isinstance(outer, cst.Name | cst.Attribute):
            return ""
        if isinstance(outer, cst.Name) and outer.value == "None":
            return ""
        meaning = self._resolver.resolve(outer, scope)
        return plain(meaning.name) if isinstance(meaning, External) else ""

    # ---- attributes without annotations

    def _check_unannotated(self, body: Body) -> None:
        """Check that all attributes of a class whose fields need no annotations can be read and are supported."""
        for statement in body.node.body.body:
            if isinstance(statement, cst.FunctionDef) and body.style == "attrs":
                self._check_method(statement, body.names, body.scope)
            for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
                if (
                    isinstance(small, cst.Assign)
                    and self._assignments.maker(small.value, body.scope) in MAKERS[body.style]
                ):
                    raise body.scope.refuse(
                        small,
                        "FIELD_NOT_READ",
                        f"`{code(small.targets[0].target)}` has no annotation; add one",
                    )

    def _check_method(self, method: cst.FunctionDef, names: Container[str], scope: Scope) -> None:
        for decorator in method.decorators:
            match decorator.decorator:
                case cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value="default")) if (
                    name in names
                ):
                    raise scope.refuse(
                        decorator,
                        "FIELD_NOT_READ",
                        "msgspec does not support defaults that depend on the object; use a `factory` for "
                        f"`{name}`",
                    )
                case _:
                    pass


def _is_left_out(default: Value | ByWorker | None, type_: Type) -> bool:
    """Whether a default is None although the type does not allow it: it is never sent, and the worker uses it if the field is omitted."""
    is_open = isinstance(type_, Named) or bool(variables_in(type_))  # a NewType may allow it
    return isinstance(default, Value) and default.raw is None and not is_open and not takes_none(type_)


def _inside(annotation: cst.Subscript) -> Any:
    return cst.ensure_type(annotation.slice[0].slice, cst.Index).value
