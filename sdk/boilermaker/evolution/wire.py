"""Compares a writer's types with a reader's: where messages are not valid, judged by type alone.

The caller chooses the direction: old messages and the new worker, or new messages and the old worker. The
result must agree with msgspec; a test checks this.
"""

from collections.abc import Iterable, Iterator

import msgspec

from boilermaker.contract import Container, MappingOf, Scalar, TupleOf, Type
from boilermaker.evolution import choices, leaves, routing
from boilermaker.evolution.leaves import Value
from boilermaker.evolution.misfit import HARMLESS, Kind, Misfit
from boilermaker.evolution.routing import Members
from boilermaker.evolution.views import (
    Bare,
    Row,
    Slot,
    Types,
    alternatives,
    as_read,
    as_written,
    row_length,
)


class Wire:
    """One comparison of a writer's types with a reader's.

    A pair of definitions that is reached again counts as a match: the first comparison decides.
    """

    def __init__(self, written: Types, read: Types) -> None:
        self._written = written
        self._read = read
        self._assumed: set[tuple[Type, Type, bool]] = set()

    def misfits(self, written: Type, read: Type, path: str) -> Iterator[Misfit]:
        """Places where values of one type are not valid for the other."""
        for misfit in self._misfits(written, read, path):
            is_whole = misfit.kind in ("type", "keys") and misfit.path == path and misfit.types is None
            yield msgspec.structs.replace(misfit, types=(written, read)) if is_whole else misfit

    def _misfits(self, written: Type, read: Type, path: str) -> Iterator[Misfit]:
        readers = Members(alternatives(read, self._read))
        if _ANY in readers.types:
            return
        writers = Members(alternatives(written, self._written))
        for writer in writers.all:
            yield from self._written_as(writer, readers, path, writers)

    def rows(self, written: Row, read: Row, path: str) -> Iterator[Misfit]:
        """Places where one record is not valid for another."""
        if written.is_array != read.is_array:
            yield Misfit(path=path, kind="type")
        elif _has_other_tag(written, read):
            yield Misfit(path=path, kind="tag")
        elif written.is_array:
            inner = list(self._arrays(written, read, path))
            is_shifted = (written.tag is None) != (read.tag is None)  # a tag is the first item
            yield from [Misfit(path=path, kind="tag")] if is_shifted and _is_broken(inner) else inner
        else:
            yield from self._objects(written, read, path)

    # ---- routing: msgspec chooses the member of a union by the JSON token

    def _written_as(self, writer: Bare, readers: Members, path: str, writers: Members) -> Iterator[Misfit]:
        values = routing.FINITE.get(writer.type) if writer.values is None else writer.values
        if values is not None:
            yield from self._values(writer, values, readers, path)
            return
        if writer.type == _ANY:
            yield Misfit(path=path, kind="type")
            return
        if choices.are_all_taken(writer, readers):
            return
        candidates = readers.reading(routing.token_of(writer))
        if not candidates:
            is_lost = routing.are_unions(writers, readers)
            detail = routing.name_of(writer) if is_lost else ""
            yield Misfit(path=path, kind="member" if is_lost else "type", detail=detail)
        elif writer.record is None:
            yield from self._pair(writer, candidates[0], path, is_tag_needed=readers.is_tag_needed)
        elif (reader := readers.chosen(writer)) is None:
            name = routing.name_of(writer)
            is_lost = len(writers.all) > 1 and name not in readers.records
            yield Misfit(path=path, kind="member" if is_lost else "tag", detail=name)
        else:
            inner = list(self._pair(writer, reader, path, is_tag_needed=readers.is_tag_needed))
            yield from _as_one(writer, reader, inner, path, sides=(writers, readers))

    def _values(
        self, writer: Bare, values: tuple[Value, ...], readers: Members, path: str
    ) -> Iterator[Misfit]:
        refused = list(choices.refused(writer, values, readers, readers.take))
        is_met = any(map(readers.take, values))
        if is_met or (writer.values is not None and readers.have_values):
            kind: Kind = "open" if readers.is_open else "value"
            for value in refused:
                yield Misfit(path=path, kind=kind, detail=value)
        elif refused:
            yield Misfit(path=path, kind="type")

    # ---- one type against one

    def _pair(self, writer: Bare, reader: Bare, path: str, *, is_tag_needed: bool) -> Iterator[Misfit]:
        if writer.record is not None and reader.record is not None:
            pair = (writer.type, reader.type, is_tag_needed)
            if pair in self._assumed:
                return
            self._assumed.add(pair)
            read = as_read(reader.record, is_tag_needed=is_tag_needed)
            yield from self.rows(as_written(writer.record), read, path)
            return
        match writer.type, reader.type:
            case Scalar(name=scalar), Scalar(name=wanted):
                if not leaves.is_read_as(scalar, wanted):
                    yield Misfit(path=path, kind="type")
                else:
                    for limit, is_sure in leaves.broken(scalar, writer.limits, reader.limits):
                        yield Misfit(path=path, kind="limit", detail=limit, is_sure=is_sure)
            case MappingOf(), _:
                yield from self._mapping(writer.type, writer, reader, path)
            case (Container() | TupleOf(), _) if reader.record is None:
                yield from self._array(writer, reader, path)
            case (Container() | TupleOf(), _) if reader.record is not None:
                yield from self._array_as_row(writer, as_read(reader.record, is_tag_needed=False), path)
            case _ if writer.record is not None:
                yield from self._row_as_other(as_written(writer.record), reader, path)
            case _:
                yield Misfit(path=path, kind="type")

    # ---- arrays

    def _array(self, writer: Bare, reader: Bare, path: str) -> Iterator[Misfit]:
        lengths, items = routing.items_of(writer)
        match reader.type:
            case TupleOf(items=wanted):
                if lengths != (len(wanted), len(wanted)):
                    kind: Kind = "length" if isinstance(writer.type, TupleOf) else "type"
                    yield Misfit(path=path, kind=kind, detail=f"{len(wanted)} items")
                    return
                for index, item in enumerate(wanted):
                    yield from self.misfits(items[index % len(items)], item, f"{path}[{index}]")
            case Container(item=wanted_item):
                is_thinned = routing.is_set(reader.type) and not routing.is_set(writer.type)
                if is_thinned and lengths[1] > 1:
                    yield Misfit(path=path, kind="repeats")
                yield from _lengths(lengths, reader, path, is_thinned=is_thinned)
                if lengths[1] > 0:
                    for item in dict.fromkeys(items):
                        yield from self.misfits(item, wanted_item, f"{path}[...]")
            case _:
                yield Misfit(path=path, kind="type")

    def _array_as_row(self, writer: Bare, row: Row, path: str) -> Iterator[Misfit]:
        lengths, items = routing.items_of(writer)
        least, most = row_length(row)
        if lengths[0] < least or lengths[1] > most:
            yield Misfit(path=path, kind="length", detail=f"at least {least} items")
            return
        for index, slot in enumerate(row.slots):
            if index < lengths[1]:
                yield from self.misfits(items[index % len(items)], slot.type, f"{path}[{index}]")

    def _arrays(self, written: Row, read: Row, path: str) -> Iterator[Misfit]:
        places = {slot.label: at for at, slot in enumerate(read.slots)}
        moved = {slot.label for at, slot in enumerate(written.slots) if places.get(slot.label, at) != at}
        is_moved = False
        for index, slot in enumerate(read.slots):
            here = f"{path}[{index}]"
            if index < len(written.slots):
                found = written.slots[index]
                inner = list(self.misfits(found.type, slot.type, here))
                if found.label != slot.label and moved & {found.label, slot.label} and not inner:
                    is_moved = True
                yield from inner
            elif slot.is_sure:
                yield Misfit(path=here, kind="missing", detail=slot.label, type=slot.type)
        if is_moved:
            yield Misfit(path=path, kind="moved", detail=", ".join(sorted(moved)))
        for index, slot in enumerate(written.slots[len(read.slots) :], len(read.slots)):
            kind: Kind = "unknown" if read.is_exact else "dropped"
            yield Misfit(path=f"{path}[{index}]", kind=kind, detail=slot.label, type=slot.type)

    def _row_as_other(self, row: Row, reader: Bare, path: str) -> Iterator[Misfit]:
        match reader.type:
            case TupleOf() | Container() if row.is_array:
                as_tuple = Bare(type=TupleOf(items=tuple(slot.type for slot in row.slots)))
                yield from self._array(as_tuple, reader, path)
            case MappingOf(key=key, value=value) if not row.is_array:
                readers = Members(alternatives(key, self._read))
                for slot in row.slots:
                    if not readers.take_key(slot.wire):
                        yield Misfit(path=_join(path, slot.wire), kind="unknown", detail=slot.label)
                    yield from self.misfits(slot.type, value, _join(path, slot.wire))
                sure = sum(slot.is_sure for slot in row.slots)
                yield from _lengths((sure, len(row.slots)), reader, path, is_thinned=False)
            case _:
                yield Misfit(path=path, kind="type")

    # ---- objects

    def _objects(self, written: Row, read: Row, path: str) -> Iterator[Misfit]:
        offered = {slot.wire: slot for slot in written.slots}
        taken: set[str] = set()
        labels = {slot.label for slot in read.slots}
        moved: set[str] = set()
        for slot in read.slots:
            found = next((offered[name] for name in (slot.wire, *slot.aliases) if name in offered), None)
            if found is not None:
                taken.add(found.wire)
                inner = list(self._field(found, slot, path))
                if found.label != slot.label and found.label in labels and not inner:
                    moved.add(found.label)  # read as a different field than the one of its name
                yield from inner
            elif slot.is_sure:
                yield Misfit(path=_join(path, slot.wire), kind="missing", detail=slot.label, type=slot.type)
        if moved:
            yield Misfit(path=path, kind="moved", detail=", ".join(sorted(moved)))
        for name, slot in offered.items():
            if name in taken or (written.tag is not None and name == written.tag[0] and not read.is_exact):
                continue
            kind: Kind = "unknown" if read.is_exact else "dropped"
            yield Misfit(path=_join(path, name), kind=kind, detail=slot.label, type=slot.type)

    def _field(self, found: Slot, slot: Slot, path: str) -> Iterator[Misfit]:
        here = _join(path, slot.wire)
        if slot.is_sure and not found.is_sure:
            yield Misfit(path=here, kind="unsure", detail=slot.label)
        yield from self.misfits(found.type, slot.type, here)

    def _mapping(self, mapping: MappingOf, writer: Bare, reader: Bare, path: str) -> Iterator[Misfit]:
        if reader.record is not None:
            yield from self._mapping_as_row(mapping, as_read(reader.record, is_tag_needed=False), path)
            return
        if not isinstance(reader.type, MappingOf):
            yield Misfit(path=path, kind="type")
            return
        yield from self._keys(mapping.key, reader.type.key, f"{path}{{key}}")
        yield from self.misfits(mapping.value, reader.type.value, f"{path}{{...}}")
        yield from _lengths(leaves.length_of(writer.limits), reader, path, is_thinned=False)

    def _mapping_as_row(self, mapping: MappingOf, row: Row, path: str) -> Iterator[Misfit]:
        if row.is_array or row.is_exact:
            yield Misfit(path=path, kind="type")
            return
        keys = Members(alternatives(mapping.key, self._written))
        if not _are_fields(keys, row):
            yield Misfit(path=path, kind="keys")
        if any(slot.is_sure for slot in row.slots):
            yield Misfit(path=path, kind="type")
            return
        for slot in row.slots:
            if keys.take_key(slot.wire):  # no dict[int, ...] has a key of that name
                yield from self.misfits(mapping.value, slot.type, _join(path, slot.wire))

    def _keys(self, written: Type, read: Type, path: str) -> Iterator[Misfit]:
        """Keys are strings on the wire: a key is valid if its string can be decoded, regardless of its original type."""
        readers = Members(alternatives(read, self._read))
        writers = Members(alternatives(written, self._written))
        for writer in writers.all:
            if writer.values is not None:
                for value in choices.refused(writer, writer.values, readers, readers.take_key):
                    yield Misfit(path=path, kind="value", detail=value)
            elif not any(routing.reads_any_key(reader, writer.type) for reader in readers.all):
                yield from self._written_as(writer, readers, path, writers)


_ANY = Scalar(name="any")


def _are_fields(keys: Members, row: Row) -> bool:
    """Whether all keys of a mapping are names of fields."""
    wires = {slot.wire for slot in row.slots}
    return all(
        key.values is not None and key.mask is None and all(str(value) in wires for value in key.values)
        for key in keys.all
    )


def _lengths(lengths: tuple[float, float], reader: Bare, path: str, *, is_thinned: bool) -> Iterator[Misfit]:
    least, most = leaves.length_of(reader.limits)
    sure = min(lengths[0], 1) if is_thinned else lengths[0]
    if sure < least:
        yield Misfit(path=path, kind="limit", detail=f"min_length={least}")
    if lengths[1] > most:
        yield Misfit(path=path, kind="limit", detail=f"max_length={most:g}")


def _is_broken(misfits: Iterable[Misfit]) -> bool:
    return any(misfit.kind not in HARMLESS for misfit in misfits)


def _has_other_tag(written: Row, read: Row) -> bool:
    if written.tag is None or read.tag is None or written.tag[1] == read.tag[1]:
        return False
    return written.is_array or written.tag[0] == read.tag[0]


def _as_one(
    writer: Bare, reader: Bare, inner: list[Misfit], path: str, *, sides: tuple[Members, Members]
) -> Iterator[Misfit]:
    """The mismatches of a record; a mismatch of the whole record if the reader uses a different class."""
    is_broken = _is_broken(inner)
    name = routing.name_of(writer)
    is_other = name != routing.name_of(reader)
    if is_other and name in sides[1].records:
        yield Misfit(path=path, kind="tag" if is_broken else "retagged", detail=name)
    elif is_other and is_broken and reader.record is not None and routing.name_of(reader) in sides[0].records:
        yield Misfit(path=path, kind="member", detail=name)
    else:
        yield from inner


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
