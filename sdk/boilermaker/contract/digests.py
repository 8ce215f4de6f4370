"""Digests of wire shapes. Equal digests mean that the same bytes are valid.

A digest covers the names and types on the wire and which of them are optional. It ignores everything else:
docs, modules, class names, order, and the values of defaults. A defined type is represented by a hash of its
own shape, so the order of members or fields, and the place of first use, make no difference.
"""

import hashlib
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from boilermaker.contract.circles import circles
from boilermaker.contract.definitions import Definition, EnumDefinition, NewTypeDefinition, RecordDefinition
from boilermaker.contract.generics import definition_of
from boilermaker.contract.tasks import Contract, TaskContract
from boilermaker.contract.types import (
    Constrained,
    Container,
    LiteralOf,
    MappingOf,
    Named,
    Scalar,
    TupleOf,
    Type,
    UnionOf,
    Variable,
    within,
)


def task_digest(contract: Contract, name: str) -> str:
    """16 hex digits for the wire shape of one task's payload and result, including all types that they need.

    Raises:
        KeyError: the contract has no task of that name.
    """
    task = next((t for t in contract.tasks if t.name == name), None)
    if task is None:
        raise KeyError(name)
    return _task_digest(task, _Shapes(contract.types))


def task_digests(contract: Contract) -> dict[str, str]:
    """The digests of all tasks, by name."""
    shapes = _Shapes(contract.types)
    return {task.name: _task_digest(task, shapes) for task in contract.tasks}


def contract_digest(contract: Contract, digests: Mapping[str, str] | None = None) -> str:
    """16 hex digits over all tasks' digests and queues.

    Args:
        contract: the contract.
        digests: its `task_digests`, if already known.
    """
    digests = task_digests(contract) if digests is None else digests
    return _hash(
        sorted([task.name, task.queue or contract.queue, digests[task.name]] for task in contract.tasks)
    )


def _task_digest(task: TaskContract, shapes: "_Shapes") -> str:
    fields = sorted(
        ([p.name, shapes.of(p.type), *(["default"] if p.default else [])] for p in task.parameters),
        key=_sort_key,
    )
    return _hash({"name": task.name, "parameters": fields, "result": shapes.of(task.result)})


def _hash(tree: object) -> str:
    return hashlib.sha256(_sort_key(tree)).hexdigest()[:16]


def _sort_key(tree: object) -> bytes:
    return msgspec.json.encode(tree, order="sorted")


_ARRAYS = {"set": "set", "MutableSet": "set", "frozenset": "set", "Set": "set"}
_SELF = ""
"""The hash that a definition has in its own shape, to begin with."""


class _Shapes:
    """Wire shapes of one contract as JSON trees."""

    def __init__(self, types: Mapping[str, Definition]) -> None:
        self._types = types
        self._hashes: dict[Named, str] = {}

    def of(self, type_: Type) -> Any:
        """The shape of a type."""
        new = (named for named in self._named(type_) if named not in self._hashes)
        for circle in circles(new, self._parts):
            self._settle(circle)
        return self._shape(type_, self._hashes)

    def _settle(self, circle: Sequence[Named]) -> None:
        """Hash definitions that refer to one another.

        Each round distinguishes more of them, until a round changes nothing; together the hashes describe the references.
        """
        found = dict.fromkeys(circle, _SELF)
        apart = 0
        while len(set(found.values())) > apart:
            apart = len(set(found.values()))
            known = ChainMap(found, self._hashes)
            found = {
                named: _hash(self._definition(definition_of(named, self._types), known)) for named in circle
            }
        together = sorted(set(found.values()))
        self._hashes.update({named: _hash([found[named], together]) for named in circle})

    def _parts(self, named: Named) -> list[Named]:
        definition = definition_of(named, self._types)
        if not isinstance(definition, RecordDefinition):
            return []
        parts = (part for field in definition.fields for part in self._named(field.type))
        return [part for part in parts if part not in self._hashes]

    def _named(self, type_: Type) -> Iterator[Named]:
        """The enums and records in a type, NewTypes resolved."""
        for part in within(type_):
            if isinstance(part, Named):
                definition = self._types[part.id]
                if isinstance(definition, NewTypeDefinition):
                    yield from self._named(definition.type)
                else:
                    yield part

    def _shape(self, type_: Type, known: Mapping[Named, str]) -> Any:
        match type_:
            case Scalar(name=name):
                return "bytes" if name == "bytearray" else name
            case LiteralOf(values=values):
                return ["literal", *_sorted(values)]
            case Container(container=container, item=item):
                return [_ARRAYS.get(container, "array"), self._shape(item, known)]
            case TupleOf(items=items):
                return ["tuple", *(self._shape(item, known) for item in items)]
            case MappingOf(key=key, value=value):
                return ["mapping", self._shape(key, known), self._shape(value, known)]
            case UnionOf(members=members):
                return ["union", *sorted((self._shape(member, known) for member in members), key=_sort_key)]
            case Constrained(type=inner):
                limits = {
                    name: value
                    for name in type_.__struct_fields__
                    if name != "type" and (value := getattr(type_, name)) is not None
                }
                return ["constrained", self._shape(inner, known), limits]
            case Named(id=id_):
                definition = self._types[id_]
                if isinstance(definition, NewTypeDefinition):
                    return self._shape(definition.type, known)
                is_number = isinstance(definition, EnumDefinition) and definition.base == "IntFlag"
                return "int" if is_number else ["defined", known[type_]]  # an IntFlag accepts any number
            case Variable(name=name):
                raise KeyError(name)  # only in generics, where the arguments have replaced it

    def _definition(self, definition: Definition, known: Mapping[Named, str]) -> Any:
        match definition:
            case EnumDefinition():
                return _enum(definition)
            case RecordDefinition():
                return self._record(definition, known)
            case NewTypeDefinition():
                return self._shape(definition.type, known)

    def _record(self, record: RecordDefinition, known: Mapping[Named, str]) -> Any:
        array_like = record.array_like or record.style == "namedtuple"
        fields = [
            [f.wire or f.name, self._shape(f.type, known), *(["default"] if f.default else [])]
            + (["optional"] if f.name in record.optional else [])
            for f in record.fields
        ]
        tag = [] if record.tag is None else [record.tag_field or "type", record.tag]
        strict = ["strict"] if record.forbid_unknown_fields else []
        return [
            "row" if array_like else "record",
            *tag,
            *strict,
            *(fields if array_like else sorted(fields, key=_sort_key)),
        ]


def _enum(enum: EnumDefinition) -> Any:
    if enum.base == "Flag":  # all combinations are valid, with or without a name
        return ["flags", enum.mask]
    return ["enum", *(["open"] if enum.is_open else []), *_sorted(member.value for member in enum.members)]


def _sorted(values: Iterable[str | float | bool | None]) -> list[object]:
    """Each value once; 1 is not True."""
    found = {(type(value).__name__, str(value)): value for value in values}
    return [found[key] for key in sorted(found)]
