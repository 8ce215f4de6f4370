"""Source files as syntax trees, parsed when they are first needed."""

import ast
import functools
import io
import re
import sys
import tokenize
import warnings
from collections import OrderedDict

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from boilermaker_codegen.error_ids import ErrorId
from boilermaker_codegen.problems import Problem, Refused
from boilermaker_codegen.source.contents import digest_of, read_bytes, version_of
from boilermaker_codegen.source.discover import Index, SourceFile
from boilermaker_codegen.source.symbols import Symbol, later_stars, star_imports, symbols_of
from boilermaker_codegen.source.trimming import trimmed


class Module:
    """A parsed module of the service, with the names that it binds.

    Attributes:
        digest: of the bytes that it was parsed from.
    """

    def __init__(self, file: SourceFile, tree: cst.Module, digest: str) -> None:
        self.file = file
        self.name = file.module
        self.tree = tree
        self.digest = digest

    @property
    def package(self) -> str:
        """What relative imports start from."""
        return self.name if self.file.is_package else self.name.rpartition(".")[0]

    @functools.cached_property
    def symbols(self) -> dict[str, Symbol]:
        """What each name at module level is bound to."""
        return symbols_of(self.tree.body, self.package)

    @functools.cached_property
    def stars(self) -> tuple[str, ...]:
        """Modules that everything is imported from, in source order."""
        return tuple(star_imports(self.tree.body, self.package))

    @functools.cached_property
    def later_stars(self) -> dict[str, tuple[str, ...]]:
        """Of each name that the module binds itself, the modules that everything is imported from after that."""
        return later_stars(self.tree.body, self.package) if self.stars else {}

    def place(self, node: cst.CSTNode) -> tuple[int, int]:
        """Line and column of a node, counted from 1."""
        try:
            found = self._positions.get(node)
        except RecursionError:  # better a place that is too early than none of the message
            return (1, 1)
        return (found.start.line, found.start.column + 1) if found else (1, 1)

    @functools.cached_property
    def _positions(self) -> dict[cst.CSTNode, CodeRange]:
        # as slow as parsing, so only for those modules that something has to be said about
        wrapper = MetadataWrapper(self.tree, unsafe_skip_copy=True)
        return dict(wrapper.resolve(PositionProvider))

    def refuse(self, node: cst.CSTNode, id_: ErrorId, message: str) -> Refused:
        """The error that says what is wrong at a node."""
        line, column = self.place(node)
        return Refused(Problem(path=self.file.shown, line=line, column=column, id=id_, message=message))


class Library:
    """The parsed modules of a service. The last ones are kept, within bounds: a tree is far larger than its text."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._modules: OrderedDict[str, Module | Refused] = OrderedDict()

    def module(self, name: str) -> Module | None:
        """The parsed module; None where there is none of that name.

        Raises:
            Refused: it cannot be read or parsed.
        """
        file = self.index.file(name)
        if file is None:
            return None
        known = self._modules.pop(name, None) or self._parsed(file)
        self._modules[name] = known
        if len(self._modules) > _KEPT:
            self._modules.popitem(last=False)
        if isinstance(known, Refused):
            raise Refused(*known.problems)
        return known

    def _parsed(self, file: SourceFile) -> Module | Refused:
        try:
            data = read_bytes(file)
            return Module(file, parse(file, data), digest_of(data))
        except Refused as refused:
            return refused


class Reading:
    """The library as one reader sees it, with a record of all that was asked: what is read depends on nothing else.

    Attributes:
        asked: names that were asked for, each with whether there is such a module or folder.
        read: names of the modules that were parsed, each with its file's version.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._modules: dict[
            str, Module
        ] = {}  # one object for each module: definitions are compared by identity
        self._refused: set[str] = set()
        self.asked: dict[str, bool] = {}
        self.read: dict[str, str] = {}

    def has(self, name: str) -> bool:
        """Whether it is a module of the service, or a folder of such."""
        return self.asked.setdefault(name, self._library.index.has(name))

    def module(self, name: str) -> Module | None:
        """The parsed module; None where there is none of that name.

        Raises:
            Refused: it cannot be read or parsed; told once, later calls raise without a problem.
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


def parse(file: SourceFile, data: bytes) -> cst.Module:
    """The syntax tree of a file's content, without the bodies of functions that cannot matter.

    Raises:
        Refused: it is not Python that this generator reads.
    """
    text = _decoded(data, file)
    tree = _python_tree(text, file)
    try:
        return cst.parse_module(text if tree is None else trimmed(text, tree))
    except cst.ParserSyntaxError as error:
        # a byte order mark or a form feed may shift what libcst says; its own text has the place of the token
        place = _PLACE.search(error.message)
        line, column = (int(place[1]), int(place[2])) if place else (error.raw_line, error.raw_column)
        raise _unreadable(
            file, "FILE_NOT_PYTHON", line, column + 1, "is not Python from here on; correct it"
        ) from None
    except ValueError as error:
        raise _unreadable(file, "FILE_NOT_PYTHON", 0, 0, f"cannot be parsed ({error}); correct it") from None


def _python_tree(text: str, file: SourceFile) -> ast.Module | None:
    """What Python itself reads, at its default limit; None where it does not: libcst knows newer grammar, and says where.

    libcst has no limit of its own: beyond some 5,000 levels it overflows the stack, which ends the process.

    Raises:
        Refused: it is nested too deeply for Python.
    """
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (RecursionError, MemoryError):
        pass
    except SyntaxError as error:
        if "too many nested" not in str(error):
            return None
    except ValueError:  # a null byte
        return None
    finally:
        sys.setrecursionlimit(limit)
    raise _unreadable(file, "TOO_DEEP", 0, 0, "is nested too deeply for Python; simplify it")


_PLACE = re.compile(r"error at (\d+):(\d+)")


def _decoded(data: bytes, file: SourceFile) -> str:
    """Source text as Python decodes it (PEP 263): UTF-8, unless the file declares something else."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        if "unknown encoding" in str(error):
            raise _unreadable(
                file,
                "FILE_UNREADABLE",
                1,
                1,
                "declares an encoding that Python does not know; save it as UTF-8",
            ) from None
        encoding = "utf-8"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        raise _unreadable(
            file, "FILE_UNREADABLE", line, column, f"is not {encoding.upper()} here; save it as UTF-8"
        ) from None


def _unreadable(file: SourceFile, id_: ErrorId, line: int, column: int, message: str) -> Refused:
    text = f"{message}, or list the file under `exclude`"
    return Refused(Problem(path=file.shown, line=line, column=column, id=id_, message=text))


_KEPT = 50  # parsed modules; each takes some MB
