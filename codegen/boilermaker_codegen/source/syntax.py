"""From a file's bytes to its syntax tree. What is no Python is told as Python tells it, at its line and column."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import libcst as cst

from boilermaker_codegen.source.discover import SourceFile
from boilermaker_codegen.source.text import LINE_END, read, unreadable
from boilermaker_codegen.source.trimming import Part

_PLACE = re.compile(r"error at (\d+):(\d+)")
# How a Python speaks of grammar that is newer than itself.
_OUTGROWN = ("invalid syntax", "expected '('", "expected ':'", "f-string: ", "multiple exception types")


class Source(NamedTuple):
    """What a file says.

    Attributes:
        tree: its syntax tree, without what cannot matter.
        has_variants: some of its identifiers are not spelled as Python knows them.
        parts: statements that are not in the tree, by the names that they bind (see `trimming`).
        digest: names what it means (see `text`).
        size: characters that were parsed.
    """

    tree: cst.Module
    has_variants: bool = False
    parts: Mapping[str, Part] = MappingProxyType({})
    digest: str = ""
    size: int = 0


def parse(file: SourceFile, data: bytes) -> Source:
    """Read a file's content.

    Raises:
        Refused: it is not Python that this generator reads.
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
    """Line, column and reason. Python's own, unless it stumbles over newer grammar before it comes to the fault."""
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
