"""Contracts brought to life: the types that their stubs have, and values that stand for all values."""

import ast
import importlib
import itertools
import operator
import sys
import textwrap
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from boilermaker import External
from boilermaker.contract import (
    BY_WORKER,
    Constrained,
    Container,
    Contract,
    EnumDefinition,
    LiteralOf,
    MappingOf,
    Named,
    NewTypeDefinition,
    RecordDefinition,
    Scalar,
    TupleOf,
    Type,
    UnionOf,
    Variable,
    definition_of,
)
from boilermaker.contract.naming import names_of
from boilermaker.payload.externals import NONE, Externals
from boilermaker_codegen.package.render import render
from boilermaker_codegen.types.shapes import Shapes
from evolution.drawn_contracts import NAMES

_numbers = itertools.count()

_TEXTS = ("", "a", "b", "ab", "aab", "abab", "aaaab", "aaaaaaa", "bbbbbbb", "aaaaaaaaaaab")
_INTS = (*range(-6, 20), 60, -60, 61, 62, 2**40)
_VALUES: dict[str, tuple[Any, ...]] = {
    "any": (None, True, 1, 1.5, "a", [], {}),
    "none": (None,),
    "bool": (True, False),
    "int": _INTS,
    "float": (*(n + 0.5 for n in range(-6, 20)), *(float(n) for n in _INTS), 0.25, 1e9 + 0.5, -1e9 - 0.5),
    "str": _TEXTS,
    "bytes": ("", "YWI=", "YWFhYQ==", "YWFhYWFhYWFh"),
    "bytearray": ("", "YWI=", "YWFhYWFhYWFh"),
    "datetime": ("2020-01-01T00:00:00", "2020-01-01T00:00:00Z"),
    "date": tuple(f"202{year}-01-01" for year in range(6)),  # as many as a set must have to break a limit
    "time": ("01:02:03", "01:02:03Z"),
    "timedelta": ("P1D", "P0D", "P1DT3.5S"),
    "uuid": tuple(f"00000000-0000-0000-0000-00000000000{digit}" for digit in range(6)),
    "decimal": ("1.5", "3", "1234.5678"),
}


class Live(NamedTuple):
    """What the stubs of a contract hold for its one task, or what its worker has."""

    payload: Any
    result: Any
    externals: Externals = NONE


def bring(contract: Contract, folder: Path) -> Live:
    """The payload and the result type of a contract, imported from its generated package."""
    package = f"live_{next(_numbers)}"
    target = _imported(package, _package(contract, folder, package)).target
    return Live(target.payload_type, target.result_type)


def bring_worker(contract: Contract, folder: Path, external: Collection[str]) -> Live:
    """The same for a worker, which has classes of third parties where producers see NewTypes, and says how they travel."""
    names = {names_of(contract).types[id_] for id_ in external if id_ in contract.types}
    if not names:
        return bring(contract, folder)
    package = f"live_{next(_numbers)}"
    models = _package(contract, folder, package) / "models.py"
    models.write_text(_with_classes(models.read_text(), names))
    target = _imported(package, models.parent).target
    own = sys.modules[f"{package}.models"]
    externals = {
        getattr(own, name): External(wire=getattr(own, f"{name}Wire"), encode=operator.attrgetter("wire"))
        for name in names
    }
    return Live(target.payload_type, target.result_type, Externals(externals))


def _with_classes(text: str, names: Collection[str]) -> str:
    """A module with a class for each NewType of these names: `X = NewType("X", str)`."""
    lines = text.splitlines()
    made = [
        (node, node.targets[0].id, ast.unparse(node.value.args[1]))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        if isinstance(node.value, ast.Call) and node.targets[0].id in names
    ]
    for node, name, wire in sorted(made, key=lambda each: -each[0].lineno):
        body = f"{name}Wire = {wire}\nclass {name}:\n    def __init__(self, wire):\n        self.wire = wire"
        lines[node.lineno - 1 : node.end_lineno] = textwrap.indent(body, " " * node.col_offset).splitlines()
    return "\n".join([*lines, ""])


def _package(contract: Contract, folder: Path, package: str) -> Path:
    home = folder / package
    home.mkdir()
    for name, data in render(contract, width=88).items():
        (home / name).write_bytes(data)
    return home


def _imported(package: str, home: Path) -> Any:
    folder = home.parent
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        return importlib.import_module(f"{package}.tasks")._work
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            if not name.endswith(".models"):  # where msgspec looks for what types name in quotes
                del sys.modules[name]


class Samples:
    """Values of a contract's types, as JSON trees: each part takes each of its values in one of them."""

    def __init__(self, contract: Contract) -> None:
        self._types = contract.types
        self._shapes = Shapes(contract.types)

    def payloads(self, contract: Contract) -> Iterator[dict[str, Any]]:
        """Payloads of the one task, those without what has a default among them."""
        (task,) = contract.tasks
        record = RecordDefinition(name="", style="struct", fields=())
        slots = [(p.name, self.of(p.type), p.default is not None) for p in task.parameters]
        yield from _objects(record, slots)

    def of(self, type_: Type, depth: int = 4) -> list[Any]:
        """Values of a type."""
        match type_:
            case Scalar(name=name):
                return list(_VALUES[name])
            case LiteralOf(values=values):
                return list(values)
            case Constrained(type=inner):
                return self._fitting(type_, self.of(inner, depth))
            case Container(container=container, item=item):
                return _arrays(self.of(item, depth - 1) if depth > 0 else [], is_set=container == "set")
            case TupleOf(items=items):
                return _choices([self.of(item, depth - 1) for item in items])
            case MappingOf(key=key, value=value):
                values = self.of(value, depth - 1)
                keys = self._keys(key, depth)
                fuller = [dict.fromkeys(keys[:count], values[0]) for count in range(2, 6)] if values else []
                return [{}, *({k: v} for k in keys for v in values), *fuller]
            case UnionOf(members=members):
                return [value for member in members for value in self.of(member, depth)]
            case Named():
                return self._defined(definition_of(type_, self._types), depth)
            case Variable():
                raise TypeError(type_)  # only in generics, whose arguments have taken its place

    def _keys(self, type_: Type, depth: int) -> list[str]:
        """Keys of a mapping; text may be the name of a field."""
        values = self.of(type_, depth - 1)
        keys = [str(key) for key in (*values[:3], *values[3:][-1:])]
        return [*keys, *NAMES, "more", "on_the_wire", "type", "kind"] if type_ == Scalar(name="str") else keys

    def _fitting(self, type_: Constrained, values: list[Any]) -> list[Any]:
        decoder = msgspec.json.Decoder(self._shapes.of(type_))
        return [value for value in values if _decodes(decoder, value)]

    def _defined(self, definition: Any, depth: int) -> list[Any]:
        match definition:
            case EnumDefinition(base="Flag" | "IntFlag"):
                return _flags(definition)
            case EnumDefinition(members=members):
                return [member.value for member in members]
            case NewTypeDefinition(type=inner):
                return self.of(inner, depth)
            case _:  # deep inside a type that holds itself there is none
                return self._records(definition, depth) if depth > -4 else []

    def _records(self, record: RecordDefinition, depth: int) -> list[Any]:
        # A dataclass writes its defaults when it was made by its constructor, as producers make it; decoded, it does not.
        # What is unset is never written.
        can_leave_out = record.style != "dataclass"
        slots = [
            (
                f.wire or f.name,
                self.of(f.type, depth - 1),
                f.default == BY_WORKER
                or (can_leave_out and (f.default is not None or f.name in record.optional)),
            )
            for f in record.fields
        ]
        if not record.array_like and record.style != "namedtuple":
            return list(_objects(record, slots))
        head = [] if record.tag is None else [record.tag]
        return [[*head, *row] for row in _choices([values for _, values, _ in slots])]


def _flags(definition: EnumDefinition) -> list[int]:
    """All combinations, none at all among them; of flags that keep unknown bits one with such a bit, too."""
    mask = definition.mask
    combined = [value for value in range(mask + 1) if not value & ~mask]
    return [*combined, mask + 1] if definition.base == "IntFlag" else combined


def _decodes(decoder: Any, value: Any) -> bool:
    try:
        decoder.decode(msgspec.json.encode(value))
    except msgspec.ValidationError:
        return False
    return True


def _arrays(items: list[Any], *, is_set: bool) -> list[Any]:
    if not items:
        return [[]]
    repeated = [] if is_set else [[items[0]] * count for count in range(2, 6)]
    spread = [items[:count] for count in range(1, 6)] if is_set else []
    return [
        [],
        *([item] for item in items),
        *repeated,
        *spread,
        *([items[0], item] for item in items if not is_set),
    ]


def _choices(parts: list[list[Any]]) -> list[Any]:
    """Rows in which each part takes each of its values once; the others their first."""
    if not all(parts):
        return []
    first = [values[0] for values in parts]
    rows = [first]
    for at, values in enumerate(parts):
        rows.extend([*first[:at], value, *first[at + 1 :]] for value in values[1:])
    return rows


def _objects(record: RecordDefinition, slots: list[tuple[str, list[Any], bool]]) -> Iterator[dict[str, Any]]:
    tag = {} if record.tag is None else {record.tag_field or "type": record.tag}
    names = [name for name, _, _ in slots]
    rows = _choices([values for _, values, _ in slots])
    for row in rows:
        yield {**tag, **dict(zip(names, row, strict=True))}
    for name, _, may_be_left_out in slots:
        if may_be_left_out and rows:
            yield {**tag, **{n: v for n, v in zip(names, rows[0], strict=True) if n != name}}
