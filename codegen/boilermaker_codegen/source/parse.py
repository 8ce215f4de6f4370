"""Source files as syntax trees, parsed when they are first needed."""

import functools
from collections import OrderedDict
from collections.abc import Collection, Mapping

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from boilermaker_codegen.error_ids import ErrorId
from boilermaker_codegen.problems import Problem, Refused
from boilermaker_codegen.source.contents import read_bytes, version_of
from boilermaker_codegen.source.discover import Index, SourceFile
from boilermaker_codegen.source.identifiers import settle
from boilermaker_codegen.source.symbols import (
    Symbol,
    dotted,
    flat,
    later_stars,
    star_imports,
    symbols_of,
)
from boilermaker_codegen.source.syntax import Source, parse
from boilermaker_codegen.source.text import may_bind


class Module:
    """A parsed module of the service, with the names that it binds.

    Attributes:
        digest: digest of its meaning.
        size: number of parsed characters.
    """

    def __init__(self, file: SourceFile, source: Source) -> None:
        self.file = file
        self.name = file.module
        self.tree = source.tree
        self.digest = source.digest
        self.size = source.size
        self._parts = source.parts
        self._read: dict[int, cst.Module] = {}
        self._known_positions: dict[int, Mapping[cst.CSTNode, CodeRange]] = {}
        if source.has_variants:
            self._positions(1, self.tree)  # columns count the original characters
            settle(self.tree)

    @property
    def package(self) -> str:
        """The package that relative imports start from."""
        return self.name if self.file.is_package else self.name.rpartition(".")[0]

    @functools.cached_property
    def symbols(self) -> dict[str, Symbol]:
        """The bindings of module-level names, for the names looked up so far or all of them."""
        return symbols_of(self.tree.body, self.package)

    @property
    def names(self) -> Collection[str]:
        """All names that are bound at module level."""
        return self.symbols.keys() | self._parts.keys()

    def binds(self, name: str) -> bool:
        """Whether a name is bound at module level."""
        return name in self.symbols or name in self._parts

    def symbol(self, name: str) -> Symbol | None:
        """The binding of a name at module level; None if it is not bound."""
        part = self._parts.get(name)
        if part is not None and part.line not in self._read:
            tree = cst.parse_module(part.text)
            self._read[part.line] = tree
            self.symbols.update(symbols_of(tree.body, self.package))
        return self.symbols.get(name)

    @functools.cached_property
    def defers_annotations(self) -> bool:
        """Whether annotations are evaluated on demand, because of `from __future__ import annotations`."""
        return any(
            isinstance(small, cst.ImportFrom)
            and dotted(small.module) == "__future__"
            and not isinstance(small.names, cst.ImportStar)
            and any(dotted(alias.name) == "annotations" for alias in small.names)
            for small in flat(self.tree.body)
        )

    def binds_before(self, name: str, node: cst.CSTNode) -> bool:
        """Whether a name is bound at module level when the assignment or definition that contains a node is executed."""
        place = self.place(node)
        part = self._parts.get(name)
        if part is not None:
            return part.line + len(part.text.splitlines()) <= place[0]
        before = [statement for statement in flat(self.tree.body) if self.place(statement) <= place]
        if before and isinstance(before[-1], cst.BaseSmallStatement | cst.FunctionDef | cst.ClassDef):
            before.pop()  # the statement that contains it, or the one that replaces it in the tree
        return name in symbols_of(before, self.package)

    def bound_after(self, name: str, statement: int | str) -> int | None:
        """The line where a name is first bound, if that is after a statement; otherwise None.

        Args:
            name: a name that may be bound at module level.
            statement: a statement of the tree, by its index; or the first one that binds this name.
        """
        if not self.binds(name):
            return None
        if isinstance(statement, int) and self._first_bound.get(name, statement + 1) <= statement:
            return None  # without looking for lines
        line = self._first_line(name)
        return line if line > self._first_line(statement) else None

    def _first_line(self, statement: int | str) -> int:
        part = self._parts.get(statement) if isinstance(statement, str) else None
        number = self._first_bound.get(statement, 0) if isinstance(statement, str) else statement
        return part.line if part else self._starts[number]

    @functools.cached_property
    def _first_bound(self) -> dict[str, int]:
        """The index of the first statement that binds each name."""
        found: dict[str, int] = {}
        for number, statement in enumerate(self.tree.body):
            for name in symbols_of([statement], self.package):
                found.setdefault(name, number)
        return found

    @functools.cached_property
    def _starts(self) -> list[int]:
        """The lines at which the statements begin; this is cheaper than the positions of all nodes."""
        starts: list[int] = []
        line = 1 + len(self.tree.header)
        for statement in self.tree.body:
            starts.append(line + len(statement.leading_lines))
            line += self.tree.code_for_node(statement).count("\n")
        return starts

    @functools.cached_property
    def stars(self) -> tuple[str, ...]:
        """Modules imported with `*`, in source order."""
        return tuple(star_imports(self.tree.body, self.package))

    @functools.cached_property
    def later_stars(self) -> dict[str, tuple[str, ...]]:
        """For each name that the module binds itself, the modules imported with `*` after that."""
        return later_stars(self.tree.body, self.package) if self.stars else {}

    def place(self, node: cst.CSTNode) -> tuple[int, int]:
        """Line and column of a node, counted from 1."""
        for first, tree in ((1, self.tree), *self._read.items()):
            try:
                found = self._positions(first, tree).get(node)
            except RecursionError:  # a position that is too early is better than losing the message
                return (first, 1)
            if found:
                return (found.start.line + first - 1, found.start.column + 1)
        return (1, 1)

    def _positions(self, first: int, tree: cst.Module) -> Mapping[cst.CSTNode, CodeRange]:
        # as slow as parsing, so only for modules with errors
        if first not in self._known_positions:
            wrapper = MetadataWrapper(tree, unsafe_skip_copy=True)
            self._known_positions[first] = wrapper.resolve(PositionProvider)
        return self._known_positions[first]

    def refuse(self, node: cst.CSTNode, id_: ErrorId, message: str) -> Refused:
        """An error at a node."""
        line, column = self.place(node)
        return Refused(Problem(path=self.file.shown, line=line, column=column, id=id_, message=message))


class Library:
    """The parsed modules of a service. A bounded number is kept: a tree is far larger than its text."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._modules: OrderedDict[str, Module | Refused] = OrderedDict()
        self._size = 0

    def module(self, name: str) -> Module | None:
        """The parsed module; None if there is no module of that name.

        Raises:
            Refused: it cannot be read or parsed.
        """
        file = self.index.file(name)
        if file is None:
            return None
        if name in self._modules:
            self._modules.move_to_end(name)
        else:
            self._keep(name, self._parsed(file))
        known = self._modules[name]
        if isinstance(known, Refused):
            raise Refused(*known.problems)
        return known

    def _keep(self, name: str, module: Module | Refused) -> None:
        """Keep a module, and drop the least recently used ones."""
        self._modules[name] = module
        self._size += _size(module)
        while self._size > _KEPT and len(self._modules) > 1:
            _, oldest = self._modules.popitem(last=False)
            self._size -= _size(oldest)

    def may_bind(self, module: str, name: str) -> bool:
        """Whether a module may bind a name; False is certain."""
        file = self.index.file(module)
        try:
            return file is None or may_bind(read_bytes(file), name)
        except Refused:
            return True  # reported when it is parsed

    def _parsed(self, file: SourceFile) -> Module | Refused:
        try:
            return Module(file, parse(file, read_bytes(file)))
        except Refused as refused:
            return refused


class Reading:
    """The library as one reader sees it, with a record of all lookups: the reader's result depends on nothing else.

    Attributes:
        asked: names that were looked up, each with whether there is such a module or folder.
        read: names of the modules that were parsed, each with its file's version.
        lacking: names of modules that were not, each with the names that it certainly does not bind.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._modules: dict[
            str, Module
        ] = {}  # one object for each module: definitions are compared by identity
        self._refused: set[str] = set()
        self.asked: dict[str, bool] = {}
        self.read: dict[str, str] = {}
        self.lacking: dict[str, set[str]] = {}

    def has(self, name: str) -> bool:
        """Whether a name is a module of the service, or a folder of its modules."""
        return self.asked.setdefault(name, self._library.index.has(name))

    def may_give(self, module: str, name: str) -> bool:
        """Whether `from module import *` may bind a name; False is certain. Needs no parsing."""
        if module in self._modules or module in self._refused or self.has(f"{module}.{name}"):
            return True
        if name not in self.lacking.get(module, ()):
            if self._library.may_bind(module, name):
                return True
            self.lacking.setdefault(module, set()).add(name)
        return False

    def module(self, name: str) -> Module | None:
        """The parsed module; None if there is no module of that name.

        Raises:
            Refused: it cannot be read or parsed; reported once, later calls raise without a problem.
        """
        if name in self._modules:
            return self._modules[name]
        if name in self._refused:
            raise Refused
        try:
            module = self._library.module(name)
        except Refused:
            self._refused.add(name)
            raise
        if module is None:
            self.asked[name] = self._library.index.has(name)
        else:
            self._modules[name] = module
            self.read[name] = version_of(module.file, module.digest)
        return module


_KEPT = 2_000_000  # characters of text; a tree takes some 120 bytes for each


def _size(module: Module | Refused) -> int:
    return module.size if isinstance(module, Module) else 0
