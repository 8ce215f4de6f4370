"""Source files as syntax trees, parsed when they are first needed. The only place where source text is read."""

import ast
import functools
import io
import re
import sys
import tokenize
import warnings
from collections.abc import Iterable
from pathlib import Path

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from boilermaker import contract
from boilermaker_codegen.discover import SourceFile
from boilermaker_codegen.problems import Problem, Refused
from boilermaker_codegen.symbols import Symbol, symbols_of


class Module:
    """A parsed module of the service, with the names that it binds."""

    def __init__(self, file: SourceFile, tree: cst.Module) -> None:
        self.file = file
        self.name = file.module
        self.tree = tree

    @property
    def package(self) -> str:
        """What relative imports start from."""
        return self.name if self.file.is_package else self.name.rpartition(".")[0]

    @functools.cached_property
    def symbols(self) -> dict[str, Symbol]:
        """What each name at module level is bound to."""
        return symbols_of(self.tree.body, self.package)

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

    def refuse(self, node: cst.CSTNode, message: str) -> Refused:
        """The error that says what is wrong at a node."""
        line, column = self.place(node)
        return Refused(Problem(path=self.file.shown, line=line, column=column, message=message))


class Library:
    """The modules of a service by name."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self._files = {file.module: file for file in (*_SHIPPED, *files)}
        self._folders = {
            ".".join(parts[:end])
            for name in self._files
            if (parts := name.split("."))
            for end in range(1, len(parts))
            if not name.startswith("boilermaker.")
        }
        self._modules: dict[str, Module] = {}
        self._refused: set[str] = set()

    def has(self, name: str) -> bool:
        """Whether it is a module of the service, or a folder of such."""
        return name in self._files or name in self._folders

    def module(self, name: str) -> Module | None:
        """The parsed module; None where there is none of that name.

        Raises:
            Refused: it cannot be read or parsed; told once, later calls raise without a problem.
        """
        if name not in self._modules and name in self._files:
            if name in self._refused:
                raise Refused
            try:
                self._modules[name] = Module(self._files[name], parse(self._files[name]))
            except Refused:
                self._refused.add(name)
                raise
        return self._modules.get(name)


def read_bytes(file: SourceFile) -> bytes:
    """A file's content.

    Raises:
        Refused: it cannot be read.
    """
    try:
        return file.path.read_bytes()
    except OSError as error:
        raise Refused(Problem(path=file.shown, message=f"cannot be read: {error.strerror}")) from None


def parse(file: SourceFile) -> cst.Module:
    """The syntax tree of a file.

    Raises:
        Refused: it is not Python that this generator reads.
    """
    data = read_bytes(file)
    text = _decoded(data, file)
    if _is_too_deep(text):
        raise _unreadable(file, 0, 0, "is nested too deeply for Python; simplify it")
    try:
        return cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        # a byte order mark or a form feed may shift what libcst says; its own text has the place of the token
        place = _PLACE.search(error.message)
        line, column = (int(place[1]), int(place[2])) if place else (error.raw_line, error.raw_column)
        raise _unreadable(file, line, column + 1, "is not Python from here on; correct it") from None
    except ValueError as error:
        raise _unreadable(file, 0, 0, f"cannot be parsed ({error}); correct it") from None


def _is_too_deep(text: str) -> bool:
    """Whether Python itself, at its default limit, refuses the nesting.

    libcst has no limit of its own: beyond some 5,000 levels it overflows the stack, which ends the process.
    """
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (RecursionError, MemoryError):
        return True
    except SyntaxError as error:
        return "too many nested" in str(error)
    except ValueError:  # a null byte; libcst says where
        return False
    finally:
        sys.setrecursionlimit(limit)
    return False


_PLACE = re.compile(r"error at (\d+):(\d+)")


def _decoded(data: bytes, file: SourceFile) -> str:
    """Source text as Python decodes it (PEP 263): UTF-8, unless the file declares something else."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        if "unknown encoding" in str(error):
            raise _unreadable(
                file, 1, 1, "declares an encoding that Python does not know; save it as UTF-8"
            ) from None
        encoding = "utf-8"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        raise _unreadable(file, line, column, f"is not {encoding.upper()} here; save it as UTF-8") from None


def _unreadable(file: SourceFile, line: int, column: int, message: str) -> Refused:
    text = f"{message}, or list the file under `exclude`"
    return Refused(Problem(path=file.shown, line=line, column=column, message=text))


# Handlers may take what Boilermaker itself defines; it is read like the service's own types.
_SHIPPED = (
    SourceFile(
        path=Path(contract.__file__).parent.with_name("failure.py"),
        shown="boilermaker/failure.py",
        module="boilermaker.failure",
        is_package=False,
        is_excluded=True,
    ),
)
