"""SOURCE and MEANING: what type checkers and readers of producers' code notice, and what nobody notices.

Complements `transit`, which knows the bytes: here are names, order, defaults, and types that are written alike.
"""

from collections.abc import Iterator

from boilermaker.contract import (
    Container,
    Contract,
    Default,
    EnumDefinition,
    MappingOf,
    Named,
    NewTypeDefinition,
    Parameter,
    RecordDefinition,
    Scalar,
    TaskContract,
    TupleOf,
    Type,
)
from boilermaker.evolution.findings import Finding
from boilermaker.evolution.leaves import written
from boilermaker.evolution.rules import Category
from boilermaker.evolution.views import Bare, alternatives

_IS_A: dict[str, frozenset[str]] = {
    "Sequence": frozenset({"list", "MutableSequence", "tuple"}),
    "MutableSequence": frozenset({"list"}),
    "Collection": frozenset({"list", "MutableSequence", "Sequence", "tuple", "set", "MutableSet", "frozenset", "Set"}),
    "Iterable": frozenset(
        {"list", "MutableSequence", "Sequence", "Collection", "tuple", "set", "MutableSet", "frozenset", "Set"}
    ),
    "MutableSet": frozenset({"set"}),
    "Set": frozenset({"set", "MutableSet", "frozenset"}),
    "Mapping": frozenset({"dict", "MutableMapping"}),
    "MutableMapping": frozenset({"dict"}),
}  # fmt: skip
"""By the type that a parameter has: the types that may be passed for it."""


def signatures(before: TaskContract, after: TaskContract) -> Iterator[Finding]:
    """Order and kind of parameters, and their defaults."""
    olds, news = _positions(before), _positions(after)
    moved = [name for name, at in olds.items() if name in news and news[name] != at]
    if moved:
        yield Finding(
            rule="PARAMETER_MOVED", task=after.name, path="", categories=("SOURCE",), detail=", ".join(moved)
        )
    known = {parameter.name: parameter for parameter in before.parameters}
    for parameter in after.parameters:
        if (old := known.get(parameter.name)) is not None:
            yield from _parameter(after.name, old, parameter)


def _positions(task: TaskContract) -> dict[str, int]:
    return {p.name: at for at, p in enumerate(task.parameters) if not p.keyword_only}


def _parameter(task: str, old: Parameter, new: Parameter) -> Iterator[Finding]:
    if new.keyword_only and not old.keyword_only:
        yield Finding(rule="PARAMETER_KEYWORD_ONLY", task=task, path=new.name, categories=("SOURCE",))
    if old.default is not None and new.default is None:
        yield Finding(rule="FIELD_MADE_REQUIRED", task=task, path=new.name, categories=("SOURCE",))
    yield from _defaults(task, new.name, old.default, new.default)


def _defaults(task: str, path: str, old: Default | None, new: Default | None) -> Iterator[Finding]:
    if old is not None and new is not None and old != new:
        yield Finding(rule="DEFAULT_CHANGED", task=task, path=path, categories=("MEANING",))


def classes(old: Contract, new: Contract) -> Iterator[Finding]:
    """Names that the stubs export for types."""
    exported = {definition.name for definition in new.types.values()}
    for name in sorted({definition.name for definition in old.types.values()} - exported):
        yield Finding(rule="CLASS_REMOVED", task="", path=name, categories=("SOURCE",))


class Twins:
    """Walks two types side by side, as far as they are alike, and tells what bytes do not show."""

    def __init__(self, old: Contract, new: Contract, task: str) -> None:
        self._old = old
        self._new = new
        self._task = task
        self._seen: set[tuple[str, str]] = set()

    def compare(self, old: Type, new: Type, path: str) -> Iterator[Finding]:
        """Differences of two types in one place."""
        yield from self._new_names(old, new, path)
        olds, news = alternatives(old, self._old.types), alternatives(new, self._new.types)
        for one in olds:
            for other in news:
                if len(olds) == len(news) == 1 or _is_twin(one, other):
                    yield from self._pair(one, other, path)

    def _new_names(self, old: Type, new: Type, path: str) -> Iterator[Finding]:
        """A NewType takes its own values only; whoever passed the plain type is refused."""
        wanted = self._newtype(new, self._new)
        if wanted is not None and wanted != self._newtype(old, self._old):
            yield self._finding("TYPE_NARROWED", path, ("SOURCE",), wanted)

    def _newtype(self, type_: Type, contract: Contract) -> str | None:
        definition = contract.types[type_.id] if isinstance(type_, Named) else None
        return definition.name if isinstance(definition, NewTypeDefinition) else None

    def _pair(self, old: Bare, new: Bare, path: str) -> Iterator[Finding]:
        if old.id and new.id:
            yield from self._definitions(old.id, new.id, path)
            return
        match old.type, new.type:
            case Scalar(name=name), Scalar(name="str") if (
                name not in ("str", "any") and written(name) == "str"
            ):
                yield self._finding("TEXT_REINTERPRETED", path, ("SOURCE", "MEANING"), f"from {name}")
            case Container(item=item, container=name), Container(item=other, container=wanted):
                yield from self._containers(name, wanted, path)
                yield from self.compare(item, other, f"{path}[...]")
            case TupleOf(items=items), TupleOf(items=others) if len(items) == len(others):
                for index, (item, other) in enumerate(zip(items, others, strict=True)):
                    yield from self.compare(item, other, f"{path}[{index}]")
            case MappingOf(value=value, mapping=name), MappingOf(value=other, mapping=wanted):
                yield from self._containers(name, wanted, path)
                yield from self.compare(value, other, f"{path}{{...}}")
            case _:
                pass

    def _containers(self, old: str, new: str, path: str) -> Iterator[Finding]:
        if old != new and old not in _IS_A.get(new, ()):
            yield self._finding("TYPE_NARROWED", path, ("SOURCE",), f"{old} to {new}")

    def _definitions(self, old_id: str, new_id: str, path: str) -> Iterator[Finding]:
        if (old_id, new_id) in self._seen:
            return
        self._seen.add((old_id, new_id))
        match self._old.types[old_id], self._new.types[new_id]:
            case EnumDefinition() as old, EnumDefinition() as new:
                yield from self._enums(old, new, path)
            case RecordDefinition() as old, RecordDefinition() as new:
                yield from self._records(old, new, path)
            case _:
                pass

    def _enums(self, old: EnumDefinition, new: EnumDefinition, path: str) -> Iterator[Finding]:
        values = {member.value for member in new.members}
        names = {member.name: member.value for member in new.members}
        for member in old.members:
            if member.name in names and names[member.name] != member.value and member.value in values:
                yield self._finding("VALUE_REASSIGNED", path, ("MEANING",), f"{old.name}.{member.name}")
            elif member.name not in names and member.value in values:
                yield self._finding("MEMBER_NAME_REMOVED", path, ("SOURCE",), f"{old.name}.{member.name}")

    def _records(self, old: RecordDefinition, new: RecordDefinition, path: str) -> Iterator[Finding]:
        if old.style != new.style:
            yield self._finding("CLASS_CHANGED", path, ("SOURCE",), f"{old.style} to {new.style}")
        olds = {field.wire or field.name: field for field in old.fields}
        for field in new.fields:
            wire = field.wire or field.name
            if (known := olds.get(wire)) is None:
                continue
            here = f"{path}.{wire}"
            if known.default is not None and field.default is None:
                yield self._finding("FIELD_MADE_REQUIRED", here, ("SOURCE",))
            if known.name != field.name:
                yield self._finding("FIELD_RENAMED", here, ("SOURCE",), f"from `{known.name}`")
            yield from _defaults(self._task, here, known.default, field.default)
            yield from self.compare(known.type, field.type, here)

    def _finding(self, rule: str, path: str, categories: tuple[Category, ...], detail: str = "") -> Finding:
        return Finding(rule=rule, task=self._task, path=path, categories=categories, detail=detail)


def _is_twin(one: Bare, other: Bare) -> bool:
    if one.id or other.id:
        return one.id.rpartition(".")[2] == other.id.rpartition(".")[2]
    return type(one.type) is type(other.type) and not isinstance(one.type, Scalar)
