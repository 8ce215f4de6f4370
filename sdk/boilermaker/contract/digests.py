"""Digests: names of wire shapes. Equal digests mean that the same bytes fit.

A digest covers names and types of what travels and what may be left out, and leaves out what does not travel: docs,
modules, class names, order, and what a default is.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from boilermaker.contract.definitions import Definition, EnumDefinition, NewTypeDefinition
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
)


def task_digest(contract: Contract, name: str) -> str:
    """16 hex digits that name the wire shape of one task's payload and result, all types they need included.

    Raises:
        KeyError: the contract has no task of that name.
    """
    task = next((t for t in contract.tasks if t.name == name), None)
    if task is None:
        raise KeyError(name)
    return _task_digest(task, contract.types)


def task_digests(contract: Contract) -> dict[str, str]:
    """The digests of all tasks, by name."""
    return {task.name: _task_digest(task, contract.types) for task in contract.tasks}


def contract_digest(contract: Contract, digests: Mapping[str, str] | None = None) -> str:
    """16 hex digits over all tasks' digests and queues.

    Args:
        contract: of which.
        digests: its `task_digests`, where they are known already.
    """
    digests = task_digests(contract) if digests is None else digests
    return _hash(
        sorted([task.name, task.queue or contract.queue, digests[task.name]] for task in contract.tasks)
    )


def _task_digest(task: TaskContract, types: Mapping[str, Definition]) -> str:
    shape = _Shape(types)
    fields = sorted(
        [p.name, shape.of(p.type), *(["default"] if p.default else [])]
        for p in sorted(task.parameters, key=lambda p: p.name)
    )
    return _hash({"name": task.name, "parameters": fields, "result": shape.of(task.result)})


def _hash(tree: object) -> str:
    return hashlib.sha256(msgspec.json.encode(tree, order="sorted")).hexdigest()[:16]


_ARRAYS = {"set": "set", "MutableSet": "set", "frozenset": "set", "Set": "set"}


class _Shape:
    """Wire shapes as JSON trees. A definition met again is named by when it was first met: recursion ends."""

    def __init__(self, types: Mapping[str, Definition]) -> None:
        self._types = types
        self._seen: dict[Named, int] = {}

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
            case Named():
                return self._definition(type_)
            case Variable(name=name):
                raise KeyError(name)  # only in generics, whose arguments have taken its place

    def _definition(self, named: Named) -> Any:
        if named in self._seen:
            return ["again", self._seen[named]]
        definition = definition_of(named, self._types)
        if isinstance(definition, NewTypeDefinition):
            return self.of(definition.type)
        self._seen[named] = len(self._seen)
        if isinstance(definition, EnumDefinition):
            return [
                "enum",
                *sorted({m.value for m in definition.members}, key=lambda v: (type(v).__name__, str(v))),
            ]
        array_like = definition.array_like or definition.style == "namedtuple"
        fields = [
            [f.wire or f.name, self.of(f.type), *(["default"] if f.default else [])]
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
