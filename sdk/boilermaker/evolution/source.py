"""SOURCE and MEANING: changes that type checkers report in producers' code, and silent changes.

Complements `transit`, which compares the wire form: this module compares names, order, defaults and
annotations. Producers create the values of parameters, and read those of results; a class in both is checked
both ways.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from boilermaker.contract import (
    BY_WORKER,
    Container,
    Contract,
    Definition,
    EnumDefinition,
    MappingOf,
    Named,
    NewTypeDefinition,
    RecordDefinition,
    Scalar,
    TaskContract,
    TupleOf,
    Type,
    UnionOf,
)
from boilermaker.evolution import enums
from boilermaker.evolution.defaults import are_others
from boilermaker.evolution.findings import Finding
from boilermaker.evolution.identity import Renaming, identities
from boilermaker.evolution.leaves import written
from boilermaker.evolution.made import Made, made_of_record, made_of_task
from boilermaker.evolution.positions import moves
from boilermaker.evolution.spelling import change
from boilermaker.evolution.typed import Checker
from boilermaker.evolution.views import Bare, alternatives

Use = Literal["built", "read"]


def classes(old: Contract, new: Contract) -> Iterator[Finding]:
    """Names that the stubs export for types."""
    exported = _exported(new)
    for name in sorted(_exported(old) - exported):
        yield Finding(rule="CLASS_REMOVED", task="", path=name, categories=("SOURCE",))


def _exported(contract: Contract) -> set[str]:
    return {name for name in identities(contract).values() if ":" not in name}


class Code:
    """The effects of a change of one task on code that uses its stub."""

    def __init__(self, old: Contract, new: Contract, renaming: Renaming, task: str) -> None:
        self._old = old
        self._new = new
        self._task = task
        self._renaming = renaming
        self._built_with, self._read_as = Checker(new, old="given"), Checker(new, old="wanted")
        self._seen: set[tuple[Type, Type, Use]] = set()

    def breaks(self, before: TaskContract, after: TaskContract) -> Iterator[Finding]:
        """Findings of the signature, and of all types in it."""
        yield from self._built(made_of_task(before), made_of_task(after), "")
        yield from self._type(before.result, after.result, "return", "read")

    # ---- types

    def _type(self, old: Type, new: Type, path: str, use: Use) -> Iterator[Finding]:
        moved = self._renaming.move(old)
        if moved is not None:
            for place in self._misfits(moved, new, path, use):
                detail = change(old, new) if place == path else ""
                yield self._finding("ANNOTATION_CHANGED", place, detail)
        elif self._renaming.has_lost_import(old):  # removed classes of the stubs have their own finding
            yield self._finding("ANNOTATION_CHANGED", path, change(old, new))
        yield from self._new_types(old, new, path, use)
        yield from self._kinds(old, path)
        yield from self._members(old, new, path, use)

    def _misfits(self, moved: Type, new: Type, path: str, use: Use) -> Iterator[str]:
        if use == "built":
            return self._built_with.misfits(moved, new, path)
        return self._read_as.misfits(new, moved, path)

    def _members(self, old: Type, new: Type, path: str, use: Use) -> Iterator[Finding]:
        """Nested types: the members of unions that have the same name or kind."""
        olds, news = alternatives(old, self._old.types), alternatives(new, self._new.types)
        if len(olds) == len(news) == 1:
            yield from self._pair(olds[0], news[0], path, use)
            return
        twins: dict[object, list[Bare]] = {}
        for other in news:
            twins.setdefault(_kin(other), []).append(other)
        for one in olds:
            for other in twins.get(_kin(one), ()) if _kin(one) is not None else ():
                yield from self._pair(one, other, path, use)

    def _new_types(self, old: Type, new: Type, path: str, use: Use) -> Iterator[Finding]:
        """The base of a NewType: producers call the NewType with it, or pass the NewType where it is expected."""
        bases = dict(_new_types(new, self._new))
        for id_, base in _new_types(old, self._old):
            moved, now = self._renaming.move(base), bases.get(self._renaming.of(id_) or "")
            if moved is not None and now is not None and list(self._misfits(moved, now, path, use)):
                yield self._finding("ANNOTATION_CHANGED", path, change(base, now))

    def _kinds(self, old: Type, path: str) -> Iterator[Finding]:
        """Classes that are of a different kind now: a NewType that was called, an enum whose members were used."""
        for member in old.members if isinstance(old, UnionOf) else (old,):
            id_ = self._renaming.of(member.id) if isinstance(member, Named) else None
            if isinstance(member, Named) and id_ is not None:
                was, now = self._old.types[member.id], self._new.types[id_]
                if type(was) is not type(now):
                    yield self._finding("CLASS_CHANGED", path, f"{_kind(was)} to {_kind(now)}")

    def _pair(self, old: Bare, new: Bare, path: str, use: Use) -> Iterator[Finding]:
        if old.id and new.id:
            yield from self._definitions(old, new, path, use)
            return
        match old.type, new.type:
            case Scalar(name=name), Scalar(name="str") if (
                name not in ("str", "any") and written(name) == "str"
            ):
                yield self._finding("TEXT_REINTERPRETED", path, f"from {name}", is_meaning=True)
            case Container(item=item), Container(item=other):
                yield from self._type(item, other, f"{path}[...]", use)
            case TupleOf(items=items), TupleOf(items=others) if len(items) == len(others):
                for index, (item, other) in enumerate(zip(items, others, strict=True)):
                    yield from self._type(item, other, f"{path}[{index}]", use)
            case MappingOf(key=key, value=value), MappingOf(key=other_key, value=other):
                yield from self._type(key, other_key, f"{path}{{key}}", use)
                yield from self._type(value, other, f"{path}{{...}}", use)
            case _:
                pass

    def _definitions(self, old: Bare, new: Bare, path: str, use: Use) -> Iterator[Finding]:
        if (old.type, new.type, use) in self._seen:
            return
        self._seen.add((old.type, new.type, use))
        match old.record or self._old.types[old.id], new.record or self._new.types[new.id]:
            case EnumDefinition() as before, EnumDefinition() as after:
                yield from self._enums(before, after, path, use)
            case RecordDefinition() as before, RecordDefinition() as after:
                yield from self._parameters(old, new, path)
                yield from self._records(before, after, path, use)
            case _:
                pass

    def _parameters(self, old: Bare, new: Bare, path: str) -> Iterator[Finding]:
        """A changed number of type arguments, which annotations with a generic class must match."""
        had, has = (len(bare.type.arguments) if isinstance(bare.type, Named) else 0 for bare in (old, new))
        if had != has:
            yield self._finding("CLASS_CHANGED", path, f"{had} type arguments to {has}")

    def _enums(self, old: EnumDefinition, new: EnumDefinition, path: str, use: Use) -> Iterator[Finding]:
        for rule, detail in enums.changes(old, new, is_built=use == "built"):
            yield self._finding(rule, path, detail, is_meaning=rule == "VALUE_REASSIGNED")

    # ---- records and signatures

    def _records(
        self, old: RecordDefinition, new: RecordDefinition, path: str, use: Use
    ) -> Iterator[Finding]:
        styles = _style(old), _style(new)
        if styles[0] != styles[1]:
            yield self._finding("CLASS_CHANGED", path, f"{styles[0]} to {styles[1]}")
        elif use == "built" and new.frozen and not old.frozen:
            yield self._finding("CLASS_CHANGED", path, "frozen")
        elif old.frozen and not new.frozen:
            yield self._finding("CLASS_CHANGED", path, "no longer frozen, so it has no hash")
        before, after = (made_of_record(each, path, is_by_name=styles[0] != styles[1]) for each in (old, new))
        if use == "built":
            yield from self._built(before, after, path)
        else:
            yield from self._read(before, after)

    def _built(self, old: Sequence[Made], new: Sequence[Made], path: str) -> Iterator[Finding]:
        renamed = _renames(old, new)
        left = set(renamed.values())
        olds, news = {made.label: made for made in old}, {made.label: made for made in new}
        for label, made in olds.items():
            if label in left:
                continue
            if label not in news:
                yield self._finding("FIELD_REMOVED", made.path)
                continue
            now = news[label]
            yield from self._kept(made, now)
            if now.is_keyword_only and not made.is_keyword_only:
                rule = "FIELD_KEYWORD_ONLY" if path else "PARAMETER_KEYWORD_ONLY"
                yield self._finding(rule, now.path)
        for label, now in news.items():
            if label in renamed:
                yield from self._kept(olds[renamed[label]], now)
                yield self._renamed(olds[renamed[label]], now)
            elif label not in olds and now.is_required:
                yield self._finding("FIELD_ADDED_REQUIRED", now.path)
        yield from self._moves(old, new, path)

    def _renamed(self, old: Made, new: Made) -> Finding:
        rule = "ATTRIBUTE_RENAMED" if old.is_item or old.wire == new.wire else "FIELD_RENAMED"
        return self._finding(rule, new.path, f"from `{old.label}`")

    def _kept(self, old: Made, new: Made) -> Iterator[Finding]:
        if new.is_required and not old.is_required:
            yield self._finding("FIELD_MADE_REQUIRED", new.path)
        if are_others(old.default, new.default):
            yield self._finding("DEFAULT_CHANGED", new.path, is_meaning=True)
        if old.default == BY_WORKER and new.default not in (None, BY_WORKER):
            yield self._finding("DEFAULT_CHANGED", new.path)  # `UNSET` is no longer accepted
        yield from self._type(old.type, new.type, new.path, "built")

    def _read(self, old: Sequence[Made], new: Sequence[Made]) -> Iterator[Finding]:
        renamed = {label: name for name, label in _renames(old, new).items()}
        news = {made.label: made for made in new}
        for made in old:
            now = news.get(renamed.get(made.label, made.label))
            if now is None:
                yield self._finding("FIELD_REMOVED", made.path)
                continue
            if made.label in renamed:
                yield self._renamed(made, now)
            if now.may_be_missing and not made.may_be_missing:
                yield self._finding("FIELD_MADE_OPTIONAL", now.path)
            if made.is_omitted and now.is_omitted and are_others(made.default, now.default):
                yield self._finding("DEFAULT_CHANGED", now.path, is_meaning=True)
            yield from self._type(made.type, now.type, now.path, "read")
        if len(old) < len(new) and any(made.is_unpacked for made in old):
            yield self._finding("LENGTH_CHANGED", new[len(old)].path)

    def _moves(self, old: Sequence[Made], new: Sequence[Made], path: str) -> Iterator[Finding]:
        """Positional arguments that go to other parameters: type checkers report some of the calls."""
        found = moves(old, new, _renames(old, new), self._lands)
        rule = "FIELD_MOVED" if path else "PARAMETER_MOVED"
        shown = ", ".join(sorted(found.labels))
        if found.is_caught:
            yield self._finding(rule, path, shown)
        if found.is_silent:
            yield self._finding(rule, path, shown, is_meaning=True)

    def _lands(self, made: Made, now: Made) -> bool:
        """Whether a positional argument is accepted by the parameter now in its position."""
        moved = self._renaming.move(made.type)
        return moved is not None and self._built_with.fits(moved, now.type)

    def _finding(self, rule: str, path: str, detail: str = "", *, is_meaning: bool = False) -> Finding:
        return Finding(
            rule=rule,
            task=self._task,
            path=path,
            categories=("MEANING" if is_meaning else "SOURCE",),
            detail=detail,
        )


def _renames(old: Sequence[Made], new: Sequence[Made]) -> dict[str, str]:
    """Names in Python that changed while the name on the wire did not, or is accepted as an alias: new to old.

    Items of rows have no names on the wire: an item in the position of another is the same, if neither is at another position.
    """
    labels, known = {made.label for made in new}, {made.label for made in old}
    gone = {
        name: made.label
        for made in old
        if made.label not in labels
        for name in ((made.path,) if made.is_item else (*made.aliases, made.wire))
    }
    found: dict[str, str] = {}
    for made in new:
        names = (made.path,) if made.is_item else (made.wire, *made.aliases)
        wire = next((name for name in names if name in gone), None)
        if made.label not in known and wire is not None:
            found[made.label] = gone[wire]
    return found


def _kind(definition: Definition) -> str:
    match definition:
        case NewTypeDefinition():
            return "NewType"
        case EnumDefinition():
            return "enum"
        case RecordDefinition():
            return _style(definition)


def _style(record: RecordDefinition) -> str:
    return "struct" if record.style == "attrs" else record.style  # stubs have a Struct for both


def _new_types(type_: Type, contract: Contract) -> Iterator[tuple[str, Type]]:
    """The NewTypes that a type is or may be, and their bases."""
    for member in type_.members if isinstance(type_, UnionOf) else (type_,):
        definition = contract.types[member.id] if isinstance(member, Named) else None
        if isinstance(member, Named) and isinstance(definition, NewTypeDefinition):
            yield member.id, definition.type
            yield from _new_types(definition.type, contract)


def _kin(bare: Bare) -> object:
    """The key by which members of two unions are matched: the name of a class, or the kind."""
    if bare.id:
        return bare.id.rpartition(".")[2]
    return None if isinstance(bare.type, Scalar) else type(bare.type)
