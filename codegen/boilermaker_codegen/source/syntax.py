"""From a file's bytes to its syntax tree. What is no Python is told as Python tells it, at its line and column."""

import ast
import io
import re
import sys
import tokenize
import warnings
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import libcst as cst

from boilermaker_codegen.error_ids import ErrorId
from boilermaker_codegen.problems import Problem, Refused
from boilermaker_codegen.source.discover import SourceFile
from boilermaker_codegen.source.identifiers import has_variants
from boilermaker_codegen.source.trimming import Part, Trimmed, trimmed

_LINE_END = re.compile(r"\r\n|\r|\n")
_PLACE = re.compile(r"error at (\d+):(\d+)")
# How a Python speaks of grammar that is newer than itself.
_OUTGROWN = ("invalid syntax", "expected '('", "expected ':'", "f-string: ", "multiple exception types")


class Source(NamedTuple):
    """What a file says.

    Attributes:
        tree: its syntax tree, without what cannot matter.
        has_variants: some of its identifiers are not spelled as Python knows them.
        parts: statements that are not in the tree, by the names that they bind (see `trimming`).
    """

    tree: cst.Module
    has_variants: bool = False
    parts: Mapping[str, Part] = MappingProxyType({})


def parse(file: SourceFile, data: bytes) -> Source:
    """Read a file's content.

    Raises:
        Refused: it is not Python that this generator reads.
    """
    text = _decoded(data, file)
    is_varied = has_variants(text)
    tree = _python_tree(text, file)
    try:
        short = trimmed(text, tree) if isinstance(tree, ast.Module) and not is_varied else Trimmed(text, {})
        return Source(cst.parse_module(short.text), is_varied, short.parts)
    except cst.ParserSyntaxError as error:
        line, column, reason = _what_is_wrong(error, tree if isinstance(tree, SyntaxError) else None, text)
        raise _unreadable(
            file, "FILE_NOT_PYTHON", line, column, f"is not Python: {reason}; correct it"
        ) from None
    except ValueError as error:
        raise _unreadable(file, "FILE_NOT_PYTHON", 0, 0, f"cannot be parsed ({error}); correct it") from None


def _python_tree(text: str, file: SourceFile) -> ast.Module | SyntaxError:
    """What Python itself reads, at its default limit, or why it does not: libcst knows newer grammar.

    libcst has no limit of its own: beyond some 5,000 levels it overflows the stack, which ends the process.

    Raises:
        Refused: no Python reads it.
    """
    if "\0" in text:
        line, column = _place(text[: text.index("\0")])
        raise _unreadable(file, "FILE_NOT_PYTHON", line, column, "has a null byte here; correct it")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)
    line, column = 0, 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (RecursionError, MemoryError):
        pass
    except SyntaxError as error:
        message = str(error.msg)
        if message.startswith("(unicode error)"):  # libcst does not look into strings
            reason = f"is not Python: {message.removeprefix('(unicode error) ')}; correct it"
            raise _unreadable(file, "FILE_NOT_PYTHON", error.lineno or 0, error.offset or 1, reason) from None
        if "too many nested" not in message and "too many levels" not in message:
            return error
        line, column = error.lineno or 0, max(error.offset or 1, 1)
    finally:
        sys.setrecursionlimit(limit)
    raise _unreadable(file, "TOO_DEEP", line, column, "is nested too deeply for Python; simplify it")


def _what_is_wrong(
    error: cst.ParserSyntaxError, python: SyntaxError | None, text: str
) -> tuple[int, int, str]:
    """Line, column and reason. Python's own, unless it stumbles over newer grammar before it comes to the fault."""
    place = _PLACE.search(error.message)
    lines = _LINE_END.split(text)
    if place is None:
        line, column = error.raw_line, error.raw_column + 1
    else:
        line, column = _token_before(lines, int(place[1]), int(place[2]))
    if python is None or python.lineno is None:
        return line, column, "what is here is not understood"
    is_older = place is not None and python.msg.startswith(_OUTGROWN) and line > python.lineno
    if is_older:
        return line, column, "invalid syntax"
    if isinstance(python, IndentationError) and python.lineno <= len(lines):
        first = lines[python.lineno - 1]
        return python.lineno, len(first) - len(first.lstrip()) + 1, python.msg
    if place is not None and python.msg.startswith("f-string: ") and line == python.lineno:
        return line, column, python.msg  # before 3.12, its column was counted inside of the braces
    return python.lineno, max(python.offset or 1, 1), python.msg


def _token_before(lines: list[str], line: int, column: int) -> tuple[int, int]:
    """Line and column of the token before a place: libcst names the token after the one that it does not understand."""
    before = lines[line - 1][:column].rstrip() if line <= len(lines) else ""
    while not before and line > 1:
        line -= 1
        before = lines[line - 1].rstrip()
        if before:
            return line, len(before) + 1  # the end of a line
    start = len(before)
    while start > 0 and (before[start - 1].isalnum() or before[start - 1] == "_"):
        start -= 1
    return line, start + 1 if start < len(before) else max(start, 1)


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
        if "encoding problem" in str(error):
            raise _unreadable(
                file,
                "FILE_UNREADABLE",
                1,
                1,
                "starts with UTF-8's byte order mark, but declares another encoding; save it as UTF-8",
            ) from None
        encoding = "utf-8"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding, errors="replace")
        line, column = _place(before)
        raise _unreadable(
            file, "FILE_UNREADABLE", line, column, f"is not {encoding.upper()} here; save it as UTF-8"
        ) from None
    except (UnicodeError, LookupError):  # some codecs are not for text
        raise _unreadable(
            file, "FILE_UNREADABLE", 1, 1, f"cannot be read as {encoding}; save it as UTF-8"
        ) from None


def _place(before: str) -> tuple[int, int]:
    """Line and column, counted from 1, of what comes after a text."""
    lines = _LINE_END.split(before)
    return len(lines), len(lines[-1]) + 1


def _unreadable(file: SourceFile, id_: ErrorId, line: int, column: int, message: str) -> Refused:
    text = f"{message}, or list the file under `exclude`"
    return Refused(Problem(path=file.shown, line=line, column=column, id=id_, message=text))
