"""The contract of a worker: its tasks, their parameters, types and results, as plain values.

The generator derives a contract from source text, the worker derives one from live functions; both speak
this module's words, so they can be compared. Canonical JSON of it is committed with the stubs as
`contract.json`. Nothing here knows how either side finds out what it says.

A *digest* names a wire shape: equal digests mean that the same bytes fit. It covers names and types of what
travels, defaults included, and leaves out what does not travel: docs, modules, class names, order.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

ScalarName = Literal[
    "any", "none", "bool", "int", "float", "str", "bytes", "bytearray",
    "datetime", "date", "time", "timedelta", "uuid", "decimal",
]  # fmt: skip
ContainerName = Literal[
    "list", "Sequence", "MutableSequence", "Collection", "Iterable",
    "set", "MutableSet", "frozenset", "Set", "tuple",
]  # fmt: skip
MappingName = Literal["dict", "Mapping", "MutableMapping"]


class _Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    pass


# ---- types ----------------------------------------------------------------------------------------------


class Scalar(_Value, frozen=True, tag_field="kind", tag="scalar"):
    """A type without parts. `any` is what an unannotated parameter has."""

    name: ScalarName


class LiteralOf(_Value, frozen=True, tag_field="kind", tag="literal"):
    """`typing.Literal`, values in source order."""

    values: tuple[str | int | bool | None, ...]


class Container(_Value, frozen=True, tag_field="kind", tag="container"):
    """A collection of one item type; on the wire an array. `tuple` means `tuple[X, ...]`.

    `container` is the name that the annotation uses; which of them it is does not matter on the wire,
    except that sets hold no item twice.
    """

    container: ContainerName
    item: "Type"


class TupleOf(_Value, frozen=True, tag_field="kind", tag="tuple"):
    """`tuple[A, B]`: a fixed number of items."""

    items: tuple["Type", ...]


class MappingOf(_Value, frozen=True, tag_field="kind", tag="mapping"):
    """A mapping; on the wire an object."""

    mapping: MappingName
    key: "Type"
    value: "Type"


class UnionOf(_Value, frozen=True, tag_field="kind", tag="union"):
    """A union, flattened, members in source order without repeats."""

    members: tuple["Type", ...]


class Constrained(_Value, frozen=True, tag_field="kind", tag="constrained"):
    """`Annotated[type, msgspec.Meta(...)]`: only what `Meta` checks."""

    type: "Type"
    gt: int | float | None = None
    ge: int | float | None = None
    lt: int | float | None = None
    le: int | float | None = None
    multiple_of: int | float | None = None
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    tz: bool | None = None


class Named(_Value, frozen=True, tag_field="kind", tag="named"):
    """A type with a definition of its own: a key of `Contract.types`."""

    id: str


Type = Scalar | LiteralOf | Container | TupleOf | MappingOf | UnionOf | Constrained | Named


# ---- definitions ----------------------------------------------------------------------------------------


class Default(_Value, frozen=True):
    """A default, as the JSON value that is written out where the argument is left out."""

    value: Any


class Field(_Value, frozen=True):
    """One field of a record.

    Attributes:
        name: its name in Python.
        wire: its name on the wire, where that is another one.
        default: None where the field is required.
    """

    name: str
    type: Type
    wire: str | None = None
    default: Default | None = None


class Member(_Value, frozen=True):
    """One member of an enum; aliases (a second name for a value) are members too."""

    name: str
    value: str | int | float | bool | None


class EnumDefinition(_Value, frozen=True, tag_field="kind", tag="enum"):
    """An enum. `base` is the class to derive from; `mixin` the data type mixed in (`class C(str, Enum)`)."""

    name: str
    members: tuple[Member, ...]
    base: Literal["Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"] = "Enum"
    mixin: Literal["str", "int", "float"] | None = None
    doc: str | None = None


class NewTypeDefinition(_Value, frozen=True, tag_field="kind", tag="newtype"):
    """`typing.NewType`: another name for a type; on the wire just that type."""

    name: str
    type: Type


class RecordDefinition(_Value, frozen=True, tag_field="kind", tag="record"):
    """A class with fields; on the wire an object, or an array for `array_like` and named tuples.

    Attributes:
        fields: in the order in which the class takes them.
        tag: the value that tells union members apart, held in `tag_field` (`type` unless said).
        total: False for a TypedDict made with `total=False`; single fields are then marked by `optional`.
        optional: names of TypedDict keys that need not be there.
    """

    name: str
    style: Literal["struct", "dataclass", "typeddict", "namedtuple", "attrs"]
    fields: tuple[Field, ...]
    doc: str | None = None
    tag: str | int | None = None
    tag_field: str | None = None
    frozen: bool = False
    kw_only: bool = False
    array_like: bool = False
    omit_defaults: bool = False
    forbid_unknown_fields: bool = False
    optional: tuple[str, ...] = ()


Definition = EnumDefinition | NewTypeDefinition | RecordDefinition


# ---- tasks ----------------------------------------------------------------------------------------------


class Parameter(_Value, frozen=True):
    """One parameter of a task, the state left out. `default` is None where it must be given."""

    name: str
    type: Type
    default: Default | None = None
    keyword_only: bool = False


class TaskContract(_Value, frozen=True):
    """One task.

    Attributes:
        name: its name on the wire.
        function: the handler's name in Python, where that is another one.
        queue: the queue it is published to, where that is not the contract's.
        result: what the handler returns; `none` for a handler that returns nothing.
        deprecated: what to use instead, or why.
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: Type
    function: str | None = None
    queue: str | None = None
    doc: str | None = None
    deprecated: str | None = None


class Contract(_Value, frozen=True):
    """All tasks of one worker service.

    Attributes:
        tasks: sorted by name.
        types: definitions by id. An id is `module.QualifiedName` of the class, as Python imports it.
    """

    service: str
    queue: str
    tasks: tuple[TaskContract, ...]
    types: dict[str, Definition] = {}
    format: Literal[1] = 1


# ---- canonical form and digests -------------------------------------------------------------------------


def to_json(contract: Contract) -> bytes:
    """The committed form: sorted keys, two spaces, a newline at the end; the digests stand in it for readers."""
    tree: dict[str, Any] = msgspec.to_builtins(contract)
    for task in tree["tasks"]:
        task["digest"] = task_digest(contract, task["name"])
    tree["digest"] = contract_digest(contract)
    return msgspec.json.format(msgspec.json.encode(tree, order="sorted"), indent=2) + b"\n"


def from_json(data: bytes) -> Contract:
    """Read the committed form.

    Raises:
        msgspec.DecodeError: not JSON, or not a contract of this format.
    """
    tree: Any = msgspec.json.decode(data)
    if isinstance(tree, dict):  # digests are derived: written for readers, computed when needed
        members: dict[str, Any] = {key: value for key, value in tree.items() if key != "digest"}  # pyright: ignore[reportUnknownVariableType]
        tasks = members.get("tasks")
        if isinstance(tasks, list):
            members["tasks"] = [_without_digest(task) for task in tasks]  # pyright: ignore[reportUnknownVariableType]
        tree = members
    return msgspec.convert(tree, Contract)


def _without_digest(task: Any) -> Any:
    if not isinstance(task, dict):
        return task
    return {key: value for key, value in task.items() if key != "digest"}  # pyright: ignore[reportUnknownVariableType]


def task_digest(contract: Contract, name: str) -> str:
    """16 hex digits that name the wire shape of one task's payload and result, all types they need included.

    Raises:
        KeyError: the contract has no task of that name.
    """
    task = next((t for t in contract.tasks if t.name == name), None)
    if task is None:
        raise KeyError(name)
    shape = _Shape(contract.types)
    fields = sorted(
        [p.name, shape.of(p.type), *([["default", p.default.value]] if p.default else [])]
        for p in sorted(task.parameters, key=lambda p: p.name)
    )
    return _hash({"name": task.name, "parameters": fields, "result": shape.of(task.result)})


def contract_digest(contract: Contract) -> str:
    """16 hex digits over all tasks' digests and queues."""
    rows = sorted(
        [task.name, task.queue or contract.queue, task_digest(contract, task.name)] for task in contract.tasks
    )
    return _hash(rows)


def named_in(type_: Type) -> Iterator[str]:
    """Ids of the definitions that a type names directly, in source order."""
    match type_:
        case Named(id=id_):
            yield id_
        case Container(item=inner) | Constrained(type=inner):
            yield from named_in(inner)
        case TupleOf(items=parts) | UnionOf(members=parts):
            for part in parts:
                yield from named_in(part)
        case MappingOf(key=key, value=value):
            yield from named_in(key)
            yield from named_in(value)
        case Scalar() | LiteralOf():
            pass


def _hash(tree: object) -> str:
    return hashlib.sha256(msgspec.json.encode(tree, order="sorted")).hexdigest()[:16]


_ARRAYS = {"set": "set", "MutableSet": "set", "frozenset": "set", "Set": "set"}


class _Shape:
    """Wire shapes as JSON trees. A definition met again is named by when it was first met: recursion ends."""

    def __init__(self, types: Mapping[str, Definition]) -> None:
        self._types = types
        self._seen: dict[str, int] = {}

    def of(self, type_: Type) -> Any:
        match type_:
            case Scalar(name=name):
                return "bytes" if name == "bytearray" else name
            case LiteralOf(values=values):
                return ["literal", *sorted(values, key=lambda v: (type(v).__name__, str(v)))]
            case Container(container=container, item=item):
                return [_ARRAYS.get(container, "array"), self.of(item)]
            case TupleOf(items=items):
                return ["tuple", *(self.of(item) for item in items)]
            case MappingOf(key=key, value=value):
                return ["mapping", self.of(key), self.of(value)]
            case UnionOf(members=members):
                return ["union", *sorted((self.of(m) for m in members), key=_sort_key)]
            case Constrained(type=inner):
                limits = {
                    name: value
                    for name in type_.__struct_fields__
                    if name != "type" and (value := getattr(type_, name)) is not None
                }
                return ["constrained", self.of(inner), limits]
            case Named(id=id_):
                return self._definition(id_)

    def _definition(self, id_: str) -> Any:
        if id_ in self._seen:
            return ["again", self._seen[id_]]
        definition = self._types[id_]
        if isinstance(definition, NewTypeDefinition):
            return self.of(definition.type)
        self._seen[id_] = len(self._seen)
        if isinstance(definition, EnumDefinition):
            return [
                "enum",
                *sorted({m.value for m in definition.members}, key=lambda v: (type(v).__name__, str(v))),
            ]
        array_like = definition.array_like or definition.style == "namedtuple"
        fields = [
            [f.wire or f.name, self.of(f.type), *([["default", f.default.value]] if f.default else [])]
            + (["optional"] if f.name in definition.optional else [])
            for f in (
                definition.fields if array_like else sorted(definition.fields, key=lambda f: f.wire or f.name)
            )
        ]
        tag = [] if definition.tag is None else [definition.tag_field or "type", definition.tag]
        strict = ["strict"] if definition.forbid_unknown_fields else []
        return [
            "row" if array_like else "record",
            *tag,
            *strict,
            *(fields if array_like else sorted(fields, key=_sort_key)),
        ]


def _sort_key(tree: object) -> bytes:
    return msgspec.json.encode(tree, order="sorted")
