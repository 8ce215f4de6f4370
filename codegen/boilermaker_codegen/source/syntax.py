"""From a file's bytes to its syntax tree. Syntax errors carry Python's own message, line and column."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import libcst as cst

from boilermaker_codegen.source.discover import SourceFile
from boilermaker_codegen.source.text import LINE_END, read, unreadable
from boilermaker_codegen.source.trimming import Part

_PLACE = re.compile(r"error at (\d+):(\d+)")
# The messages of a Python version for grammar that is newer than itself.
_OUTGROWN = ("invalid syntax", "expected '('", "expected ':'", "f-string: ", "multiple exception types")


class Source(NamedTuple):
    """The parsed content of a file.

    Attributes:
        tree: its syntax tree, without irrelevant parts.
        has_variants: some of its identifiers are not in normalized form.
        parts: statements that are not in the tree, by the names that they bind (see `trimming`).
        digest: digest of its meaning (see `text`).
        size: number of parsed characters.
    """

    tree: cst.Module
    has_variants: bool = False
    parts: Mapping[str, Part] = MappingProxyType({})
    digest: str = ""
    size: int = 0


def parse(file: SourceFile, data: bytes) -> Source:
    """Read a file's content.

    Raises:
        Refused: it is not Python that this generator supports.
    """
    text = read(file, data)
    try:
        tree = cst.parse_module(text.short.text)
        return Source(tree, text.is_varied, text.short.parts, text.digest, len(text.short.text))
    except cst.ParserSyntaxError as error:
        line, column, reason = _what_is_wrong(error, text.fault, text.text)
        raise unreadable(
            file, "FILE_NOT_PYTHON", line, column, f"is not valid Python: {reason}; correct it"
        ) from None
    except ValueError as error:
        raise unreadable(file, "FILE_NOT_PYTHON", 0, 0, f"cannot be parsed ({error}); correct it") from None


def _what_is_wrong(
    error: cst.ParserSyntaxError, python: SyntaxError | None, text: str
) -> tuple[int, int, str]:
    """Line, column and reason of a syntax error: Python's own, unless it fails at newer grammar before the error."""
    place = _PLACE.search(error.message)
    lines = LINE_END.split(text)
    if place is None:
        line, column = error.raw_line, error.raw_column + 1
    else:
        line, column = _token_before(lines, int(place[1]), int(place[2]))
    if python is None or python.lineno is None:
        return line, column, "the syntax here is not supported"
    is_older = place is not None and python.msg.startswith(_OUTGROWN) and line > python.lineno
    if is_older:
        return line, column, "invalid syntax"
    if isinstance(python, IndentationError) and python.lineno <= len(lines):
        first = lines[python.lineno - 1]
        return python.lineno, len(first) - len(first.lstrip()) + 1, python.msg
    if place is not None and python.msg.startswith("f-string: ") and line == python.lineno:
        return line, column, python.msg  # before Python 3.12, the column is relative to the braces
    return python.lineno, max(python.offset or 1, 1), python.msg


def _token_before(lines: list[str], line: int, column: int) -> tuple[int, int]:
    """Line and column of the token before a place: libcst reports the token after the one that it rejects."""
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
