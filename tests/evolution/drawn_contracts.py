"""Pairs of contracts at random: one drawn, the other made of it by changes that people make."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from boilermaker.contract import (
    BY_WORKER,
    AnyDefault,
    Constrained,
    Container,
    Contract,
    Default,
    Definition,
    EnumDefinition,
    Field,
    LiteralOf,
    MappingOf,
    Member,
    Named,
    NewTypeDefinition,
    Parameter,
    RecordDefinition,
    Scalar,
    TaskContract,
    TupleOf,
    Type,
    UnionOf,
    unfit_wire,
)

SCALARS = (
    "none",
    "bool",
    "int",
    "float",
    "str",
    "bytes",
    "datetime",
    "date",
    "time",
    "timedelta",
    "uuid",
    "decimal",
)
HASHABLE = ("int", "str", "date", "uuid")
FLAGS = ("Flag", "IntFlag")
STYLES = ("struct", "dataclass", "typeddict", "namedtuple")
NAMES = ("id", "name", "size", "note")
NOTHING = Default(value=None)
EXTERNAL = "elsewhere"
"""The package of all classes of third parties."""
PATTERNS = ("^a*$", "^b*$")  # both take the empty text: what a pattern says of lengths is not compared


class Drawing:
    """Draws types; definitions that they need gather in `types`."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.types: dict[str, Definition] = {}
        self._kept: str | None = None

    def one(self, options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def is_so(self) -> bool:
        return self.draw(st.booleans())

    def number(self, least: int, most: int) -> int:
        return self.draw(st.integers(least, most))

    # ---- types

    def type(self, depth: int = 2) -> Type:
        kinds = ("scalar", "limited", "literal", "enum", "external")
        if depth > 0:
            kinds += ("container", "tuple", "mapping", "union", "record", "newtype")
        return getattr(self, f"_{self.one(kinds)}")(depth)

    def _scalar(self, depth: int) -> Type:
        return Scalar(name=self.one((*SCALARS, "any")))

    def _limited(self, depth: int) -> Type:
        match self.one(("int", "float", "str", "pattern", "datetime", "list")):
            case "int":
                low = self.number(-3, 3)
                step = self.one((None, 2, 3))
                return Constrained(type=Scalar(name="int"), multiple_of=step, **self._interval(low))
            case "float":
                return Constrained(type=Scalar(name="float"), **self._interval(self.number(-3, 3)))
            case "str":
                return Constrained(type=Scalar(name="str"), **self._lengths())
            case "pattern":
                return Constrained(type=Scalar(name="str"), pattern=self.one(PATTERNS))
            case "datetime":
                return Constrained(type=Scalar(name=self.one(("datetime", "time"))), tz=self.is_so())
            case _:
                return Constrained(type=self._container(0), **self._lengths())

    def _interval(self, low: int) -> dict[str, int]:
        lower = {self.one(("gt", "ge")): low} if self.is_so() else {}
        upper = {self.one(("lt", "le")): low + self.number(8, 12)} if self.is_so() or not lower else {}
        return {**lower, **upper}

    def _lengths(self) -> dict[str, int]:
        least = self.number(1, 2)
        return {"min_length": least} if self.is_so() else {"max_length": least + self.number(0, 2)}

    def _literal(self, depth: int) -> Type:
        values: list[Any] = [["a", "b", "c"], [1, 2, 3], ["a", 1, None], [None, "b"]][self.number(0, 3)]
        return LiteralOf(values=tuple(values[: self.number(1, len(values))]))

    def _enum(self, depth: int) -> Type:
        base = self.one(("Enum", "Enum", "StrEnum", "IntEnum", "Flag", "Flag", "IntFlag"))
        is_text = base == "StrEnum" or (base == "Enum" and self.is_so())
        values: list[Any] = [f"v{at}" if is_text else at for at in (1, 2, 4 if base in FLAGS else 3)]
        return self.enum(base, values[: self.number(1, 3)])

    def enum(self, base: Any, values: list[Any]) -> Type:
        """An enum of these values, one of them under two names, perhaps."""
        members = [Member(name=f"M{value}", value=value) for value in values]
        if self.number(0, 3) == 0:
            members.append(Member(name="AGAIN", value=values[0]))
        return self.defined("Kind", lambda name: EnumDefinition(name=name, base=base, members=tuple(members)))

    def _container(self, depth: int) -> Type:
        container = self.one(("list", "set", "tuple", "Sequence"))
        item = Scalar(name=self.one(HASHABLE)) if container == "set" else self.type(depth - 1)
        return Container(container=container, item=item)

    def _tuple(self, depth: int) -> Type:
        return TupleOf(items=tuple(self.type(depth - 1) for _ in range(self.number(1, 2))))

    def _mapping(self, depth: int) -> Type:
        key = self.one(
            (Scalar(name="str"), Scalar(name="int"), Scalar(name="uuid"), LiteralOf(values=("a", "b")))
        )
        return MappingOf(mapping=self.one(("dict", "Mapping")), key=key, value=self.type(depth - 1))

    def _union(self, depth: int) -> Type:
        members = [self._scalar(0) for _ in range(self.number(1, 2))] + [Scalar(name="none")]
        if self.is_so():
            members.append(self.type(depth - 1))
        if self.is_so():
            members += [self._record(depth - 1, tag=tag) for tag in ("one", "two")]
        flat = [m for t in members for m in (t.members if isinstance(t, UnionOf) else (t,))]
        unique = tuple(dict.fromkeys(flat))
        return unique[0] if len(unique) == 1 else UnionOf(members=unique)

    def _newtype(self, depth: int) -> Type:
        inner = self.type(depth - 1)
        if unfit_wire(inner, self.types) is not None:
            return inner  # type checkers do not allow a NewType of it
        return self.defined("New", lambda name: NewTypeDefinition(name=name, type=inner))

    def _external(self, depth: int) -> Type:
        return self.external(self.type(depth - 1) if depth > 0 else self._scalar(0))

    def external(self, wire: Type) -> Type:
        """A class of a third party that the configuration says travels so, if it may."""
        if unfit_wire(wire, self.types) is not None:
            return wire
        return self.defined("Other", lambda name: NewTypeDefinition(name=name, type=wire), EXTERNAL)

    def _record(self, depth: int, tag: str | None = None) -> Type:
        style = "struct" if tag else self.one(STYLES)
        is_struct = style == "struct"
        fields = [self.field(name, depth) for name in NAMES[: self.number(1, 3)]]
        if style == "typeddict":
            fields = [msgspec.structs.replace(f, default=None) for f in fields]
        array_like = is_struct and tag is None and self.number(0, 3) == 0
        if array_like or style == "namedtuple":
            fields = [written(f) for f in fields]
        fields.sort(key=lambda field: field.default is not None)
        if is_struct and self.is_so():
            fields[0] = msgspec.structs.replace(fields[0], wire="on_the_wire")
        is_tagged = tag is not None
        tag = tag if is_tagged or not is_struct or self.is_so() else "one"
        has_id = any((field.wire or field.name) == "id" for field in fields)
        record = RecordDefinition(
            name="",
            style=style,
            fields=tuple(fields),
            tag=tag,
            tag_field=self.one((None, "kind") if has_id else (None, "kind", "id"))
            if tag and not is_tagged
            else None,
            array_like=array_like,
            omit_defaults=is_struct and self.is_so(),
            forbid_unknown_fields=is_struct and self.number(0, 2) == 0,
            frozen=style in ("struct", "dataclass") and self.is_so(),
            optional=tuple(f.name for f in fields if style == "typeddict" and self.is_so()),
        )
        return self.defined("Record", lambda name: msgspec.structs.replace(record, name=name))

    def field(self, name: str, depth: int) -> Field:
        type_ = self.type(depth - 1)
        default = None
        if self.is_so():
            default, type_ = self.default(), or_none(type_)
        return Field(name=name, type=type_, default=default)

    def default(self) -> AnyDefault:
        return self.one((NOTHING, BY_WORKER))

    def changed_field(self, field: Field, type_: Type, *, has_defaults: bool = True) -> Field:
        """A field of another type, whose default is another one, new or gone, perhaps."""
        default = self.one((field.default, field.default, None, self.default())) if has_defaults else None
        if default is not None:
            type_ = or_none(type_)
        return msgspec.structs.replace(field, type=type_, default=default)

    def defined(self, stem: str, make: Any, module: str = "m") -> Type:
        """A class of its own; what becomes of a class keeps its name, and comes from another module."""
        name = self._kept or f"{stem}{len(self.types)}"
        self._kept = None
        while f"{module}.{name}" in self.types:
            module = f"{module}n" if module != EXTERNAL else f"{EXTERNAL}.n"
        self.types[f"{module}.{name}"] = make(name)
        return Named(id=f"{module}.{name}")

    # ---- changes

    def changed(self, type_: Type, depth: int = 2) -> Type:
        """A type with a change in it, perhaps."""
        match self.number(0, 5):
            case 0:
                return self.type(depth)
            case 1:
                return or_none(type_)
            case 2:
                return without_none(type_)
            case 3 if isinstance(type_, MappingOf):
                return self._as_record(type_)
            case 3 if isinstance(type_, Named) and isinstance(self.types[type_.id], RecordDefinition):
                return self._as_mapping(self.types[type_.id])
            case _:
                return self._inside(type_, depth)

    def _as_record(self, mapping: MappingOf) -> Type:
        """What has fields for some of a mapping's keys."""
        style = self.one(("struct", "typeddict"))
        default = None if style == "typeddict" else NOTHING
        value = mapping.value if default is None else or_none(mapping.value)
        fields = tuple(Field(name=name, type=value, default=default) for name in NAMES[: self.number(1, 2)])
        optional = tuple(field.name for field in fields if style == "typeddict")
        return self.defined(
            "Record", lambda name: RecordDefinition(name=name, style=style, fields=fields, optional=optional)
        )

    def _as_mapping(self, record: Any) -> Type:
        """What takes the values of a record's fields, or of the first alone."""
        value = self.one((record.fields[0].type, Scalar(name="any")))
        return MappingOf(mapping=self.one(("dict", "Mapping")), key=Scalar(name="str"), value=value)

    def shuffled(self, items: Any) -> Any:
        """The same in another order, perhaps."""
        return tuple(self.draw(st.permutations(list(items)))) if self.number(0, 2) == 0 else tuple(items)

    def _inside(self, type_: Type, depth: int) -> Type:
        match type_:
            case Container(container=container, item=item):
                if container == "set":
                    return type_
                return Container(container=self.one((container, "list")), item=self.changed(item, depth - 1))
            case TupleOf(items=items):
                return TupleOf(
                    items=tuple(self.changed(item, depth - 1) for item in items[: self.number(1, 3)])
                )
            case MappingOf(key=key, value=value, mapping=mapping):
                return MappingOf(mapping=mapping, key=key, value=self.changed(value, depth - 1))
            case UnionOf(members=members):
                kept = self.shuffled(self._inside(m, depth) for m in members[self.number(0, 1) :])
                return kept[0] if len(kept) == 1 else UnionOf(members=kept)
            case Constrained(type=inner):
                return inner if self.is_so() else type_
            case LiteralOf(values=values):
                return LiteralOf(values=values[self.number(0, len(values) - 1) :])
            case Named(id=id_):
                return self._redefined(id_, depth)
            case _:
                return type_

    def _redefined(self, id_: str, depth: int) -> Type:
        definition = self.types[id_]
        match definition:
            case EnumDefinition(members=members):
                values = list(dict.fromkeys(member.value for member in members))
                values = values[: self.number(1, len(values))]
                is_text = isinstance(values[0], str)
                base = definition.base if is_text else self.one((definition.base, "Enum", "Flag"))
                if self.is_so():
                    values.append("more" if is_text else 8)
                self._kept = definition.name
                return self.enum(base, list(self.shuffled(values)))
            case NewTypeDefinition(type=inner):
                now = self.changed(inner, depth - 1)
                is_external = id_.startswith(f"{EXTERNAL}.")
                if unfit_wire(now, self.types) is not None:
                    return now
                self._kept = definition.name
                if is_external:
                    return self.external(now)
                return self.defined("New", lambda n: NewTypeDefinition(name=n, type=now))
            case RecordDefinition():
                return self._other_record(definition, depth)

    def _other_record(self, record: RecordDefinition, depth: int) -> Type:
        has_defaults = record.style != "typeddict"
        fields = [
            self.changed_field(f, t, has_defaults=has_defaults)
            for f in record.fields
            if self.number(0, 4) and (t := self.changed(f.type, depth - 1)) is not None
        ]
        if self.number(0, 2) == 0 or not fields:
            more = self.field("more", depth)
            fields.append(
                more if record.style != "typeddict" else msgspec.structs.replace(more, default=None)
            )
        fields = sorted(self.shuffled(fields), key=lambda field: field.default is not None)
        is_struct = record.style == "struct"
        changes: dict[str, Any] = {
            "fields": tuple(fields),
            "optional": tuple(f.name for f in fields if record.style == "typeddict" and self.is_so()),
            "tag": self.one((record.tag, record.tag, "three")) if is_struct and record.tag else record.tag,
            "array_like": record.array_like
            if record.tag or self.number(0, 4)
            else not record.array_like and is_struct,
            "forbid_unknown_fields": is_struct and self.number(0, 2) == 0,
            "omit_defaults": is_struct and self.is_so(),
            "frozen": record.style in ("struct", "dataclass") and self.is_so(),
        }
        if changes["array_like"] or record.style == "namedtuple":
            changes["fields"] = tuple(map(written, fields))
        self._kept = record.name
        return self.defined("Record", lambda n: msgspec.structs.replace(record, name=n, **changes))


def written(field: Field) -> Field:
    """A field as arrays have it: nothing is left to the worker."""
    return field if field.default is None else msgspec.structs.replace(field, default=NOTHING)


def or_none(type_: Type) -> Type:
    """A type that may be None."""
    members = type_.members if isinstance(type_, UnionOf) else (type_,)
    none = Scalar(name="none")
    if (
        none in members
        or Scalar(name="any") in members
        or (isinstance(type_, LiteralOf) and None in type_.values)
    ):
        return type_
    return UnionOf(members=(*members, none))


def without_none(type_: Type) -> Type:
    """A type that may not be None."""
    if not isinstance(type_, UnionOf):
        return type_
    left = tuple(member for member in type_.members if member != Scalar(name="none"))
    return left[0] if len(left) == 1 else UnionOf(members=left)


def external_in(contract: Contract) -> set[str]:
    """The types of third parties that a drawn contract has."""
    return {id_ for id_ in contract.types if id_.startswith(f"{EXTERNAL}.")}


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Contract, Contract]:
    """A contract of one task, and what became of it."""
    drawing = Drawing(draw)
    before = [drawing.field(name, 2) for name in NAMES[: drawing.number(1, 2)]]
    result = drawing.type(1)
    after = [
        drawing.changed_field(f, t)
        for f in before
        if (t := drawing.changed(f.type)) is not None and drawing.number(0, 4)
    ]
    if drawing.number(0, 3) == 0:
        after.append(drawing.field("more", 1))
    changed = drawing.changed(result, 1)
    kinds = drawing.is_so(), drawing.is_so()
    return (
        _contract(before, result, drawing.types, is_by_name=kinds[0]),
        _contract(list(drawing.shuffled(after)), changed, drawing.types, is_by_name=kinds[1]),
    )


def _contract(
    fields: list[Field], result: Type, types: dict[str, Definition], *, is_by_name: bool
) -> Contract:
    """A task whose parameters are given by name alone, or by position, too: those that are needed first."""
    ordered = fields if is_by_name else sorted(fields, key=lambda field: field.default is not None)
    parameters = tuple(
        Parameter(name=f.name, type=f.type, default=f.default, keyword_only=is_by_name) for f in ordered
    )
    task = TaskContract(name="work", parameters=parameters, result=result)
    return Contract(service="s", queue="q", tasks=(task,), types=types)
