"""Random contracts of a worker service, as plain values: nothing here knows how they look as source text.

Drawn with a `random.Random`, which hypothesis provides and shrinks, and which a test with a seed of its own can have too.
"""

from random import Random
from typing import Any

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
    Variable,
    named_in,
    unfit_wire,
)
from boilermaker.contract.hazards import hazard

MODULES = ("app.models", "app.deep.kinds", "app.service")
"""In the order in which they may import each other."""

ELSEWHERE = "elsewhere"
"""The package of all classes of third parties."""

_NONE = Scalar(name="none")
_SCALARS = (
    "bool",
    "int",
    "float",
    "str",
    "bytes",
    "bytearray",
    "datetime",
    "date",
    "time",
    "timedelta",
    "uuid",
    "decimal",
)
_LISTS = ("list", "Sequence", "MutableSequence", "Collection", "tuple")
_SETS = ("set", "frozenset", "Set", "MutableSet")
_MAPPINGS = ("dict", "Mapping", "MutableMapping")
_KEYS = ("str", "int", "date", "uuid")
_CLASSES = ("Address", "Order", "Plan", "Item", "Größe", "List", "Task", "Ref")
_FIELDS = ("id", "first_name", "total", "is_open", "created_at", "payload", "größe", "x", "count")
_HIDING = ("title", "real", "name")
_PARAMETERS = ("user_id", "email", "when", "payload", "task", "options", "self_", "count", "größe")
_TASKS = ("create_user", "send", "close_account", "tasks", "drucken_größe")
_VARIABLES = ("T", "Key", "_V")
_ENUMS: tuple[tuple[Any, Any, bool], ...] = (
    ("Enum", None, True), ("Enum", None, False), ("Enum", "str", True), ("Enum", "int", False),
    ("IntEnum", None, False), ("StrEnum", None, True), ("IntFlag", None, False),
)  # fmt: skip
_DOCS = (None, None, "One line.", 'Two lines:\n\nthe second, with "quotes" and \\ in it.')
_LITERALS: tuple[tuple[str | int | bool | None, ...], ...] = (
    ("a", "b"),
    (1, 2, 3),
    ("x",),
    (True,),
    ("it's", None),
    (7, None),
)
# What JSON has one kind of; a union may hold one member of each.
_KINDS = {"bool": "bool", "int": "number", "float": "float", "none": "none", "any": "any"}  # fmt: skip


def external_in(contract: Contract) -> dict[str, Type]:
    """The types of third parties that a drawn contract has, and what travels for each."""
    return {
        id_: definition.type
        for id_, definition in contract.types.items()
        if id_.startswith(f"{ELSEWHERE}.") and isinstance(definition, NewTypeDefinition)
    }


class _Draw:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.types: dict[str, Definition] = {}
        self.variables: tuple[str, ...] = ()  # those of the record that is drawn

    # ---- types

    def type(self, depth: int = 2) -> Type:
        kinds = [self._scalar, self._scalar, self._named, self._literal, self._constrained]
        deeper = [self._container, self._mapping, self._tuple, self._union, self._union]
        open_ = [self._variable, self._variable, self._optional] if self.variables else []
        return self.random.choice(kinds + open_ + deeper if depth else kinds)(depth)

    def _variable(self, _: int = 0) -> Type:
        return Variable(name=self.random.choice(self.variables))

    def _optional(self, _: int) -> Type:
        return UnionOf(members=(self._variable(), _NONE))

    def _scalar(self, _: int = 0) -> Type:
        return Scalar(name=self.random.choice(("any", "none", *_SCALARS, *_SCALARS)))

    def _named(self, depth: int) -> Type:
        if not self.types:
            return self._scalar(depth)
        id_ = self.random.choice(list(self.types))
        parameters = getattr(self.types[id_], "parameters", ())
        return Named(id=id_, arguments=tuple(self.type(max(depth - 1, 0)) for _ in parameters))

    def _literal(self, _: int) -> Type:
        return LiteralOf(values=self.random.choice(_LITERALS))

    def _constrained(self, _: int) -> Type:
        return self.random.choice(
            [
                Constrained(type=Scalar(name="int"), ge=0, lt=10),
                Constrained(type=Scalar(name="float"), gt=0.5),
                Constrained(type=Scalar(name="str"), min_length=1, max_length=9, pattern="^[a-z]+$"),
                Constrained(type=Scalar(name="datetime"), tz=True),
                Constrained(type=Container(container="list", item=Scalar(name="int")), max_length=3),
            ]
        )

    def _container(self, depth: int) -> Type:
        if self.random.random() < 0.3:
            key = Scalar(name=self.random.choice(_KEYS))
            return Container(container=self.random.choice(_SETS), item=key)
        return Container(container=self.random.choice(_LISTS), item=self.type(depth - 1))

    def _mapping(self, depth: int) -> Type:
        key = Scalar(name=self.random.choice(_KEYS))
        return MappingOf(mapping=self.random.choice(_MAPPINGS), key=key, value=self.type(depth - 1))

    def _tuple(self, depth: int) -> Type:
        return TupleOf(items=tuple(self.type(depth - 1) for _ in range(self.random.randint(1, 3))))

    def _union(self, depth: int) -> Type:
        members: dict[str, Type] = {}
        for _ in range(self.random.randint(2, 4)):
            member = self.type(depth - 1)
            if not isinstance(member, UnionOf) and (kind := self._kind(member)) not in ("any", "mixed"):
                members.setdefault(kind, member)
        if self.random.random() < 0.5 and not any(
            isinstance(m, LiteralOf) and None in m.values for m in members.values()
        ):
            members.setdefault("none", _NONE)
        # `Union[int, str]` equals `Union[str, int]`, and `typing` hands out whichever was made first: one order for each.
        union = UnionOf(
            members=tuple(members[kind] for kind in sorted(members, key=lambda k: (k == "none", k)))
        )
        return union if len(members) > 1 and not hazard(union, self.types) else self._scalar()

    def _kind(self, type_: Type) -> str:
        """What it is in JSON; `mixed` for what may be several."""
        match type_:
            case Scalar(name=name):
                return _KINDS.get(name, "text")
            case LiteralOf(values=values):
                kinds = {type(value) for value in values if value is not None}
                return "mixed" if bool in kinds else "number" if int in kinds else "text"
            case Constrained(type=inner):
                return self._kind(inner)
            case Container() | TupleOf():
                return "array"
            case MappingOf():
                return "object"
            case UnionOf() | Variable():
                return "mixed"
            case Named(id=id_) if id_.startswith(f"{ELSEWHERE}."):
                return "mixed"  # beside it a union holds None alone
            case Named(id=id_):
                return self._kind_of(self.types[id_])

    def _kind_of(self, definition: Definition) -> str:
        match definition:
            case EnumDefinition(members=members):
                return "number" if isinstance(members[0].value, int) else "text"
            case NewTypeDefinition(type=inner):
                return self._kind(inner)
            case RecordDefinition():
                if definition.array_like:
                    return "mixed"  # an array for other types, an object for other Structs
                return "array" if definition.style == "namedtuple" else "object"

    # ---- definitions

    def define(self) -> None:
        module = MODULES[min(len(self.types) // 2, len(MODULES) - 1)]
        name = self.random.choice(_CLASSES)
        if self.random.random() < 0.2:
            name = f"Outer{len(self.types)}.{name}"
        id_ = f"{module}.{name}"
        if id_ not in self.types:
            make = self.random.choice([self._enum, self._newtype, self._record, self._record, self._record])
            self.types[id_] = make(name, id_)

    def _member(self, number: int) -> str:
        """Some have a name that text, numbers, or all members have, too."""
        return _HIDING[number] if self.random.random() < 0.2 else f"M{number}"

    def define_external(self) -> None:
        """A class of a third party, which travels as something else."""
        inner = self.random.choice([self._scalar, self._container, self._mapping])(0)
        if unfit_wire(inner, self.types) is None:
            name = self.random.choice(("Version", "Money", "Address"))
            self.types.setdefault(f"{ELSEWHERE}.{name}", NewTypeDefinition(name=name, type=inner))

    def _enum(self, name: str, _: str) -> Definition:
        base, mixin, is_text = self.random.choice(_ENUMS)
        members = [
            Member(name=self._member(number), value=f"v{number}" if is_text else 1 << number)
            for number in range(self.random.randint(1, 3))
        ]
        if self.random.random() < 0.3:
            members.append(Member(name="ALIAS", value=members[0].value))
        return EnumDefinition(
            name=name, members=tuple(members), base=base, mixin=mixin, doc=self.random.choice(_DOCS)
        )

    def _newtype(self, name: str, _: str) -> Definition:
        if "." in name:
            return self._enum(name, _)
        inner = self.random.choice([self._scalar, self._container, self._mapping])(1)
        return NewTypeDefinition(name=name, type=inner if inner != _NONE else Scalar(name="int"))

    def _record(self, name: str, id_: str) -> Definition:
        style: Any = self.random.choice(["struct", "struct", "dataclass", "attrs", "typeddict", "namedtuple"])
        if "." in name and style in ("typeddict", "namedtuple"):
            style = "dataclass"
        kw_only = style in ("struct", "dataclass", "attrs") and self._often()
        options: dict[str, Any] = {}
        if style == "struct":
            options = {
                "array_like": self._rarely(), "omit_defaults": self._rarely(), "forbid_unknown_fields": self._rarely()
            }  # fmt: skip
            if self._rarely():
                options |= {
                    "tag": self.random.choice([name, "other"]),
                    "tag_field": self.random.choice([None, "kind"]),
                }
        is_array = style == "namedtuple" or options.get("array_like", False)
        count = self.random.randint(1, 2) if self._often() else 0
        self.variables = tuple(self.random.sample(_VARIABLES, count))
        fields = self._fields(style, id_, is_ordered=not kw_only, is_array=is_array)
        parameters, self.variables = self.variables, ()
        if style == "typeddict":
            options["optional"] = tuple(f.name for f in fields if self._rarely())
        frozen = style in ("struct", "dataclass", "attrs") and self._rarely()
        return RecordDefinition(
            name=name, style=style, fields=fields, doc=self.random.choice(_DOCS), kw_only=kw_only, frozen=frozen,
            parameters=parameters, **options,
        )  # fmt: skip

    def _fields(self, style: str, id_: str, *, is_ordered: bool, is_array: bool) -> tuple[Field, ...]:
        fields: list[Field] = []
        for name in self.random.sample(_FIELDS, self.random.randint(1, 4)):
            type_ = self.type()
            if style != "namedtuple" and self._rarely():  # recursion
                itself = Named(id=id_, arguments=tuple(Variable(name=name) for name in self.variables))
                type_ = UnionOf(members=(itself, _NONE)) if style != "typeddict" else Container(
                    container="list", item=itself
                )  # fmt: skip
            default = None if style == "typeddict" else self.default(type_, in_class=style != "namedtuple")
            if default == BY_WORKER and is_array:
                default = None
            wire = {"struct": f"{name}-wire", "attrs": f"own_{name}"}.get(style) if self._rarely() else None
            fields.append(Field(name=name, type=type_, default=default, wire=wire))
        if is_ordered:
            fields.sort(key=lambda field: field.default is not None)
        return tuple(fields)

    # ---- defaults

    def default(self, type_: Type, *, in_class: bool) -> AnyDefault | None:
        """A default of that type that source text can say, for about half of the types, or one that it cannot say."""
        if self._rarely():
            return BY_WORKER
        if self._often():
            return None
        match type_:
            case Scalar(name="any") | UnionOf() if self._takes_none(type_):
                return Default(value=None)
            case Scalar(name=name) if name in _DEFAULTS:
                return Default(value=self.random.choice(_DEFAULTS[name]))
            case LiteralOf(values=values):
                return Default(value=values[0])
            case Container(container="list") | MappingOf(mapping="dict") if in_class:
                return Default(value=[] if isinstance(type_, Container) else {})
            case Named(id=id_) if isinstance(enum := self.types.get(id_), EnumDefinition):
                return Default(value=enum.members[0].value)
            case _:
                return None

    def _takes_none(self, type_: Type) -> bool:
        return type_ == Scalar(name="any") or (isinstance(type_, UnionOf) and _NONE in type_.members)

    # ---- tasks

    def task(self, name: str) -> TaskContract:
        parameters: list[Parameter] = []
        for parameter in self.random.sample(_PARAMETERS, self.random.randint(0, 4)):
            type_ = self.type()
            default = self.default(type_, in_class=False)
            parameters.append(Parameter(name=parameter, type=type_, default=default))
        parameters.sort(key=lambda p: p.default is not None)
        if self._rarely():
            at = self.random.randint(0, len(parameters))
            parameters[at:] = [
                Parameter(name=p.name, type=p.type, default=p.default, keyword_only=True)
                for p in parameters[at:]
            ]
        wire = f"{name}.v2" if self._rarely() else name
        return TaskContract(
            name=wire,
            parameters=tuple(parameters),
            result=self.type(),
            function=name if wire != name else None,
            queue="elsewhere" if self._rarely() else None,
            doc=self.random.choice(_DOCS),
            deprecated="use another" if self._rarely() else None,
        )

    def _often(self) -> bool:
        return self.random.random() < 0.5

    def _rarely(self) -> bool:
        return self.random.random() < 0.2


_DEFAULTS: dict[str, tuple[Any, ...]] = {
    "bool": (True, False), "int": (0, -3, 86_400), "float": (1.5, -0.25), "str": ("", "it's", 'a "quote"\n', "ß"),
}  # fmt: skip


def draw_contract(random: Random, *, has_externals: bool = False) -> Contract:
    """A contract whose types a worker can have: msgspec carries all of them, or its configuration says how they travel."""
    drawing = _Draw(random)
    for _ in range(random.randint(0, 2) if has_externals else 0):
        drawing.define_external()
    for _ in range(random.randint(0, 6)):
        drawing.define()
    names = random.sample(_TASKS, random.randint(1, 3))
    tasks = [drawing.task(name) for name in names]
    return Contract(
        service="random",
        queue="random",
        tasks=tuple(sorted(tasks, key=lambda task: task.name)),
        types=_needed(tasks, drawing.types),
    )


def _needed(tasks: list[TaskContract], types: dict[str, Definition]) -> dict[str, Definition]:
    """A contract holds no definition that no task leads to."""
    waiting = [type_ for task in tasks for type_ in (task.result, *(p.type for p in task.parameters))]
    needed: set[str] = set()
    while waiting:
        for id_ in named_in(waiting.pop()):
            if id_ not in needed:
                needed.add(id_)
                definition = types[id_]
                if isinstance(definition, NewTypeDefinition):
                    waiting.append(definition.type)
                elif isinstance(definition, RecordDefinition):
                    waiting.extend(field.type for field in definition.fields)
    return {id_: definition for id_, definition in types.items() if id_ in needed}
