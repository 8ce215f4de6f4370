"""The generated `models.py`: the worker's own types, each in its own style (dataclass, Struct, enum, ...)."""

from collections.abc import Container, Mapping

from boilermaker.contract import (
    Constrained,
    Contract,
    Definition,
    EnumDefinition,
    Field,
    Named,
    NewTypeDefinition,
    RecordDefinition,
    Type,
)
from boilermaker.contract.naming import foreign
from boilermaker_codegen.package.docstrings import docstring
from boilermaker_codegen.package.hiding import bases_of, hiding
from boilermaker_codegen.package.imports import Imports
from boilermaker_codegen.package.layout import (
    INDENT,
    Bracket,
    Declared,
    Expression,
    Prefixed,
    Quoted,
    call,
    flat,
    lines,
)
from boilermaker_codegen.package.ordering import needs, ordered
from boilermaker_codegen.package.spelling import Speller, Written, literal, text
from boilermaker_codegen.types.presentation import Alias

_STRUCT_OPTIONS = ("frozen", "kw_only", "array_like", "omit_defaults", "forbid_unknown_fields")


class Models:
    """Writes the definitions of a contract.

    Args:
        written: whose types to write.
        names: of classes and aliases, by id.
        width: columns.
    """

    def __init__(self, written: Written, names: Mapping[str, str], width: int) -> None:
        contract = written.contract
        self._types: dict[str, Definition | Alias] = {**contract.types, **written.aliases}
        self._foreign = foreign(contract)
        self._names = names
        self._width = width
        fields = {
            field.name
            for d in contract.types.values()
            if isinstance(d, RecordDefinition)
            for field in d.fields
        }
        taken = frozenset(names.values()) | fields
        self._variables = _variables(contract, self._foreign, taken)
        self.imports = Imports(taken=taken | frozenset(self._variables.values()))
        self._spell = Speller(written, self.imports, names.__getitem__, self._variables)
        self._written: set[str] = set()

    def blocks(self) -> list[str]:
        """The type variables, then the definitions, each after its dependencies."""
        own = {id_: definition for id_, definition in self._types.items() if id_ not in self._foreign}
        order = [id_ for id_ in ordered(self._types) if id_ in own]
        return [
            *(self._variable(name) for name in self._variables.values()),
            *(self._definition(id_, own[id_]) for id_ in order),
        ]

    def _variable(self, name: str) -> str:
        return f"{name} = {self.imports.name('typing', 'TypeVar')}({text(name)})"

    def _definition(self, id_: str, definition: Definition | Alias) -> str:
        match definition:
            case Alias():
                rows = self._alias(self._names[id_], definition)
            case NewTypeDefinition():
                rows = self._newtype(self._names[id_], definition)
            case EnumDefinition():
                rows = self._enum(self._names[id_], definition)
            case RecordDefinition():
                rows = self._record(id_, definition)
        self._written.add(id_)
        return "\n".join(rows)

    def _alias(self, name: str, alias: Alias) -> list[str]:
        stands_for = self._spell.type(alias.type)
        whole = Quoted(stands_for) if isinstance(stands_for, str) else stands_for
        return self._lines(Prefixed(f"{name}: {self.imports.name('typing', 'TypeAlias')} = ", whole))

    def _newtype(self, name: str, definition: NewTypeDefinition) -> list[str]:
        made = self._newtype_of(name, definition.type)
        struct, base = self._struct_under(definition), self._base(definition)
        if struct is not None:
            # mypy 2.4 crashes on a NewType of a Struct: for checkers, write a class that is created and used in the same way
            parent = flat(self._spell.type(base))
            options = ", frozen=True" if struct.frozen else ""
            seen = [
                "",
                f"{INDENT}class {name}({parent}{options}):",
                f"{INDENT}{INDENT}def __init__(self, value: {parent}, /) -> None: ...",
                "",
            ]
        elif base != self._spell.aliased(definition.type):
            seen = self._lines(
                self._newtype_of(name, base), INDENT
            )  # pyright takes no NewType of `Annotated`
        else:
            return self._lines(made)
        return [
            f"if {self.imports.name('typing', 'TYPE_CHECKING')}:",
            *seen,
            "else:",
            *self._lines(made, INDENT),
        ]

    def _newtype_of(self, name: str, type_: Type) -> Expression:
        maker = self.imports.name("typing", "NewType")
        return Prefixed(f"{name} = ", call(maker, [text(name), self._spell.type(type_)]))

    def _base(self, definition: NewTypeDefinition) -> Type:
        """What a NewType is made of, its limits (`Meta`) aside."""
        type_ = self._spell.aliased(definition.type)
        while isinstance(type_, Constrained):
            type_ = self._spell.aliased(type_.type)
        return type_

    def _struct_under(self, definition: NewTypeDefinition) -> RecordDefinition | None:
        """The record at the base of a NewType, directly or through other NewTypes, if the stub defines it as a Struct."""
        inner = self._base(definition)
        made_of = self._types.get(inner.id) if isinstance(inner, Named) else None
        if isinstance(made_of, NewTypeDefinition):
            return self._struct_under(made_of)
        if isinstance(made_of, RecordDefinition) and made_of.style in ("struct", "attrs"):
            return made_of
        return None

    # ---- enums

    def _enum(self, name: str, definition: EnumDefinition) -> list[str]:
        bases = [self.imports.name("enum", definition.base)]
        if definition.mixin:
            bases.insert(0, self.imports.name("builtins", definition.mixin))
        rows = self._head(f"class {name}", bases, definition.doc)
        for member in definition.members:
            first, *rest = self._lines(
                Prefixed(f"{member.name} = ", Quoted(flat(literal(member.value)))), INDENT
            )
            rows += [first + hiding(member.name, *bases_of(definition)), *rest]
        return rows

    # ---- records

    def _record(self, id_: str, definition: RecordDefinition) -> list[str]:
        name = self._names[id_]
        is_open = any(
            needed not in self._written and needed not in self._foreign for needed in needs(definition)
        )
        rows = self._decorator(definition)
        base, *options = self._bases(definition) or [""]
        bases = [*([base] if base else []), *self._generic(definition), *options]
        rows += self._head(f"class {name}", bases, definition.doc)
        for field in definition.fields:
            rows += self._field(field, definition, is_open=is_open)
        if definition.fields:
            return rows
        return rows[:-1] if definition.doc else [*rows, f"{INDENT}pass"]

    def _decorator(self, definition: RecordDefinition) -> list[str]:
        if definition.style != "dataclass":
            return []
        options = [f"{name}=True" for name in ("frozen", "kw_only") if getattr(definition, name)]
        name = self.imports.name("dataclasses", "dataclass")
        return [f"@{flat(call(name, options))}" if options else f"@{name}"]

    def _bases(self, definition: RecordDefinition) -> list[str]:
        match definition.style:
            case "struct" | "attrs":
                msgspec = self.imports.module("msgspec")
                tag = [f"tag={flat(literal(definition.tag))}"] if definition.tag is not None else []
                field = [f"tag_field={text(definition.tag_field)}"] if definition.tag_field else []
                options = [f"{name}=True" for name in _STRUCT_OPTIONS if getattr(definition, name)]
                return [f"{msgspec}.Struct", *tag, *field, *options]
            case "namedtuple":
                return [self.imports.name("typing", "NamedTuple")]
            case "typeddict":
                total = [] if not self._is_optional(definition) else ["total=False"]
                return [self.imports.name("typing", "TypedDict"), *total]
            case "dataclass":
                return []

    def _generic(self, definition: RecordDefinition) -> list[str]:
        if not definition.parameters:
            return []
        names = [self._variables[name] for name in definition.parameters]
        return [f"{self.imports.name('typing', 'Generic')}[{', '.join(names)}]"]

    def _is_optional(self, definition: RecordDefinition) -> bool:
        return bool(definition.fields) and len(definition.optional) == len(definition.fields)

    def _head(self, start: str, bases: list[str], doc: str | None) -> list[str]:
        rows = self._lines(call(start, bases), suffix=":") if bases else [f"{start}:"]
        if doc:
            rows += [INDENT + docstring(doc, INDENT), ""]
        return rows

    def _field(self, field: Field, definition: RecordDefinition, *, is_open: bool) -> list[str]:
        annotation = self._spell.optional(self._spell.type(field.type), field.default)
        if is_open and self._refers_forward(field):
            annotation = Quoted(text(flat(annotation)))
        if field.name in definition.optional and not self._is_optional(definition):
            annotation = Bracket(
                f"{self.imports.name('typing', 'NotRequired')}[", (annotation,), "]", has_comma=False
            )
        value = self._value(field, definition)
        first, *rest = assignment(field.name, annotation, value, self._width)
        hidden = hiding(field.name, tuple) if definition.style == "namedtuple" else ""
        return [first + hidden, *rest]

    def _refers_forward(self, field: Field) -> bool:
        named = needs(NewTypeDefinition(name="", type=field.type))
        return any(id_ not in self._written and id_ not in self._foreign for id_ in named)

    def _value(self, field: Field, definition: RecordDefinition) -> Expression | None:
        value = None if field.default is None else self._spell.default(field.default, field.type)
        made = None if field.default is None else self._spell.made(field.default, field.type)
        if definition.style in (
            "struct",
            "attrs",
        ):  # an attribute's alias is a name of its own, as a Struct's field has
            is_fresh = made is not None and not made.frozen and made.style != "namedtuple"
            return struct_field(value, field.wire, self.imports, is_fresh=is_fresh)
        if definition.style == "dataclass" and value is not None and (made or is_mutable(value)):
            maker = factory(value, self._spell.type(self._spell.aliased(field.type)))
            if self._refers_forward(field) and not isinstance(maker, Prefixed):
                maker = Prefixed("lambda: ", call(flat(maker), []))
            return call(self.imports.name("dataclasses", "field"), [Prefixed("default_factory=", maker)])
        return value

    def _lines(self, expression: Expression, indent: str = "", suffix: str = "") -> list[str]:
        return lines(expression, width=self._width, indent=indent, suffix=suffix)


def _variables(contract: Contract, foreign: Container[str], taken: frozenset[str]) -> dict[str, str]:
    """Names for the type variables of all generic classes: type variables of the same name in the worker share one."""
    found: dict[str, str] = {}
    for id_, definition in contract.types.items():
        if isinstance(definition, RecordDefinition) and id_ not in foreign:
            for name in definition.parameters:
                free = name
                while free in taken:
                    free += "_"
                found[name] = free
    return dict(sorted(found.items()))


def assignment(name: str, annotation: Expression, value: Expression | None, width: int) -> list[str]:
    """`name: annotation = value` in a class body."""
    if value is None:
        whole = Quoted(annotation) if isinstance(annotation, str) else annotation
        return lines(Prefixed(f"{name}: ", whole), width=width, indent=INDENT)
    return lines(Declared(name, annotation, value, is_field=True), width=width, indent=INDENT)


def is_mutable(value: Expression) -> bool:
    """Whether a default is a list, a dict or a set, which records must not share."""
    return isinstance(value, Bracket) and value.head in ("[", "{", "set(", "builtins.set(", "bytearray(")


def struct_field(
    value: Expression | None, wire: str | None, imports: Imports, *, is_fresh: bool = False
) -> Expression | None:
    """The right side of a Struct's field: msgspec copies empty containers; other mutable defaults need a factory.

    Args:
        value: the default.
        wire: its name on the wire, if it differs.
        imports: the module's imports.
        is_fresh: records must not share the default.
    """
    is_plain = not is_fresh and (value is None or not is_mutable(value) or not _items(value))
    if wire is None and is_plain:
        return value
    options: list[Expression] = [] if wire is None else [f"name={text(wire)}"]
    if value is not None:
        options.append(
            Prefixed("default=", value) if is_plain else Prefixed("default_factory=lambda: ", value)
        )
    return call(f"{imports.module('msgspec')}.field", options)


def factory(value: Expression, annotation: Expression) -> Expression:
    """The factory of a mutable default: the type itself if it is empty, so that checkers know its item types."""
    if (
        _items(value)
        or not isinstance(annotation, Bracket)
        or not annotation.head.startswith(("list[", "dict[", "set["))
    ):
        return Prefixed("lambda: ", value)
    return annotation


def _items(value: Expression) -> bool:
    return isinstance(value, Bracket) and bool(value.items)
