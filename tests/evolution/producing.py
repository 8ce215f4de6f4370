"""A producer that uses all of a stubs package, as far as producers use it: what breaks in it is `SOURCE`.

It calls each function by position and by name, with values and references, with and without what has a default; it hands
on results, builds classes that parameters need, reads classes that results hold, and names members of enums.
"""

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from boilermaker.contract import (
    BY_WORKER,
    Contract,
    Definition,
    EnumDefinition,
    Field,
    Named,
    NewTypeDefinition,
    Parameter,
    RecordDefinition,
    Scalar,
    TaskContract,
    Type,
    definition_of,
    within,
)
from boilermaker.evolution.typed import base_of
from boilermaker_codegen.package.imports import Imports
from boilermaker_codegen.package.layout import Expression, flat
from boilermaker_codegen.package.naming import names_of
from boilermaker_codegen.package.ordering import types_in
from boilermaker_codegen.package.spelling import Speller, Written

P = TypeVar("P", Parameter, Field)


class Producer:
    """Writes the producer of a contract's stubs, which it imports as `stubs`."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._names = names_of(contract)
        self._imports = Imports()
        self._built = _Speller(Written.out(contract), self._imports, self._class, "object")
        self._read = _Speller(Written.out(contract), self._imports, self._class, "Anything")

    def source(self, package: str) -> str:
        """The module."""
        lines = [line for task in self._contract.tasks for line in self._calls(task)]
        taken = self._reached((p.type for task in self._contract.tasks for p in task.parameters), self._built)
        given = self._reached((task.result for task in self._contract.tasks), self._read)
        lines += [line for name, it in taken for line in self._makes(name, it)]
        lines += [line for name, it in given for line in self._reads(name, it)]
        imports = [
            "from boilermaker.stub import Ref",
            f"import {package} as stubs",
            *self._imports.blocks(100),
        ]
        return "\n".join([*imports, "", "class Anything: ...", *lines, ""])

    def _class(self, id_: str) -> str:
        return f"stubs.{self._names.types[id_]}"

    def _spell(self, type_: Type) -> str:
        """What is passed: for an `Any` anything at all."""
        return flat(self._built.type(type_))

    def _spell_read(self, type_: Type) -> str:
        """What is expected: an `Any` may be taken for anything."""
        return flat(self._read.type(type_))

    def _name(self, named: Named, speller: Speller) -> str:
        arguments = ", ".join(flat(speller.type(argument)) for argument in named.arguments)
        return speller.named(named.id) + (f"[{arguments}]" if arguments else "")

    def _reached(self, types: Iterator[Type], speller: Speller) -> list[tuple[str, Definition]]:
        """The classes that these types are made of, by their names, generics once for each of their arguments."""
        waiting, found = list(types), dict[Named, Definition]()
        while waiting:
            for part in within(waiting.pop()):
                if isinstance(part, Named) and part not in found:
                    found[part] = definition_of(part, self._contract.types)
                    waiting.extend(types_in(found[part]))
        return sorted(((self._name(n, speller), it) for n, it in found.items()), key=lambda pair: pair[0])

    def _calls(self, task: TaskContract) -> Iterator[str]:
        name, result = self._names.functions[task.name], self._spell_read(task.result)
        types = {p.name: self._spell(p.type) for p in task.parameters}
        values = [f"v_{p}: {t}" for p, t in types.items()]
        yield f"def call_{name}({', '.join([*values, *(f'r_{p}: Ref[{t}]' for p, t in types.items())])}) -> None:"
        needed = [p.name for p in task.parameters if p.default is None]
        for stem, given in (("v", list(types)), ("r", list(types)), ("v", needed)):
            yield f"    stubs.{name}({', '.join(f'{p}={stem}_{p}' for p in given)})"
        unset = [p.name for p in task.parameters if p.default == BY_WORKER]
        if unset:
            given = [f"{p}=v_{p}" for p in needed] + [f"{p}={self._unset()}" for p in unset]
            yield f"    stubs.{name}({', '.join(given)})"
        by_position = [f"v_{p.name}" for p in task.parameters if not p.keyword_only]
        by_name = [f"{p.name}=v_{p.name}" for p in task.parameters if p.keyword_only]
        for called in _mixed(task.parameters, lambda p: p.default is None, lambda p: p.keyword_only):
            yield f"    stubs.{name}({called})"
        yield f"    made: Ref[{result}] = stubs.{name}({', '.join(by_position + by_name)}).result"
        yield "    print(made)"

    def _makes(self, name: str, definition: Definition) -> Iterator[str]:
        match definition:
            case EnumDefinition():
                yield from self._enum(name, definition)
            case NewTypeDefinition(type=type_):
                yield f"def make_{_word(name)}(it: {self._spell(type_)}) -> {name}:"
                yield f"    return {name}(it)"
            case RecordDefinition():
                yield from self._makes_record(name, definition)

    def _unset(self) -> str:
        return self._imports.name("msgspec", "UNSET")

    def _enum(self, name: str, definition: EnumDefinition) -> Iterator[str]:
        yield from (f"print({name}.{member.name})" for member in definition.members)
        if definition.base in ("Flag", "IntFlag"):
            yield f"def combined_{_word(name)}(one: {name}, other: {name}) -> {name}:"
            yield "    return one | other"
        if (base := base_of(definition)) is not None:
            yield f"def plain_{_word(name)}(it: {name}) -> {base}:"
            yield "    return it"

    def _makes_record(self, name: str, record: RecordDefinition) -> Iterator[str]:
        values = ", ".join(f"v_{f.name}: {self._spell(f.type)}" for f in record.fields)
        yield f"def make_{_word(name)}({values}) -> None:"
        fields = [f.name for f in record.fields]
        needed = [f.name for f in record.fields if f.default is None and f.name not in record.optional]
        if record.style == "typeddict":
            for number, given in enumerate((fields, needed)):
                yield f"    it{number}: {name} = {{{', '.join(f'{f!r}: v_{f}' for f in given)}}}"
                yield f"    print(it{number})"
            yield from (f"    it0[{f!r}] = v_{f}" for f in fields)
            return
        yield f"    {name}({', '.join(f'{f}=v_{f}' for f in needed)})"
        unset = [f.name for f in record.fields if f.default == BY_WORKER]
        if unset:
            given = [f"{f}=v_{f}" for f in needed] + [f"{f}={self._unset()}" for f in unset]
            yield f"    {name}({', '.join(given)})"
        if not record.kw_only:
            yield f"    {name}({', '.join(f'v_{f}' for f in fields)})"
            yield from (
                f"    {name}({called})" for called in _mixed(record.fields, lambda f: f.name in needed)
            )
        yield f"    it = {name}({', '.join(f'{f}=v_{f}' for f in fields)})"
        if record.style != "namedtuple" and not record.frozen:
            yield from (f"    it.{f} = v_{f}" for f in fields)
        yield f"    {self._copy(record)}"
        yield from _hashes(record)

    def _copy(self, record: RecordDefinition) -> str:
        match record.style:
            case "dataclass":
                return f"{self._imports.module('dataclasses')}.replace(it)"
            case "struct":
                return f"{self._imports.module('msgspec')}.structs.replace(it)"
            case "namedtuple":
                return "it._replace()"
            case _:
                return "print(it)"

    def _reads(self, name: str, definition: Definition) -> Iterator[str]:
        match definition:
            case EnumDefinition():
                yield from self._enum(name, definition)
            case NewTypeDefinition(type=type_):
                yield f"def base_of_{_word(name)}(it: {name}) -> {self._spell_read(type_)}:"
                yield "    return it"
            case RecordDefinition():
                yield f"def read_{_word(name)}(it: {name}) -> None:"
                yield from self._reads_record(definition)
                yield from _hashes(definition)
                yield f"    {self._copy(definition)}"

    def _reads_record(self, record: RecordDefinition) -> Iterator[str]:
        for field in record.fields:
            value = f"it.{field.name}"
            if record.style == "typeddict":
                value = f"it.get({field.name!r})" if field.name in record.optional else f"it[{field.name!r}]"
            perhaps = " | None" if field.name in record.optional else ""
            if field.default == BY_WORKER:
                perhaps = f" | {self._imports.name('msgspec', 'UnsetType')}"
            yield f"    v_{field.name}: {self._spell_read(field.type)}{perhaps} = {value}"
            yield f"    print(v_{field.name})"
        if record.style == "namedtuple":
            yield f"    {''.join(f'{field.name}, ' for field in record.fields)} = it"
            yield f"    print({', '.join(field.name for field in record.fields)})"


def _hashes(record: RecordDefinition) -> Iterator[str]:
    """What is frozen may be kept in sets."""
    if record.frozen and record.style not in ("typeddict", "namedtuple"):
        yield "    print({it})"


class _Speller(Speller):
    """Spells annotations of a producer, with a word of its own for `Any`."""

    def __init__(
        self, contract: Contract, imports: Imports, local: Callable[[str], str], for_any: str
    ) -> None:
        super().__init__(contract, imports, local)
        self._for_any = for_any

    def type(self, type_: Type) -> Expression:
        """As in the stubs, but for `Any`: with that checkers let everything pass."""
        return self._for_any if type_ == Scalar(name="any") else super().type(type_)


def _mixed(
    given: tuple[P, ...], is_needed: Callable[[P], bool], is_named: Callable[[P], bool] = lambda _: False
) -> Iterator[str]:
    """Arguments of calls that give the first by position, and what else is needed by name."""
    placed = [each for each in given if not is_named(each)]
    for count in range(1, len(placed)):
        rest = [each for each in given if each not in placed[:count] and is_needed(each)]
        yield ", ".join([*(f"v_{p.name}" for p in placed[:count]), *(f"{p.name}=v_{p.name}" for p in rest)])


def _word(name: str) -> str:
    return re.sub(r"\W+", "_", name)
