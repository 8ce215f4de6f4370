"""Output of the commands. All of it passes through here, where terminal control sequences are escaped.

On a terminal, tables fit its width and cells are never split. Files and pipes get one line per row, with tabs between
cells. `--json` prints one object per line.
"""

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import click
import msgspec
from rich.cells import cell_len

from boilermaker.contract.texts import escaped, escaped_json

_CHUNK = 100  # rows of a table that are buffered; bounds memory for long tables
_GAP = "  "
_INDENT = 8

json_option = click.option("--json", "is_json", is_flag=True, help="Print one JSON object per line.")


class Styled(NamedTuple):
    """Text in a colour, bold or dim."""

    text: str
    fg: str | None = None
    bold: bool = False
    dim: bool = False


def has_colour() -> bool:
    """Whether to use colours: not if NO_COLOR is set (no-color.org), nor on a terminal without colours."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width() -> int | None:
    """Columns of the terminal; None if the output is not a terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def one_line(text: str) -> str:
    """A text escaped so that it fits in one line."""
    return escaped(text).replace("\n", "\\n").replace("\t", "\\t")


def say(*parts: str | Styled, err: bool = False) -> None:
    """Print the parts of one paragraph, which may contain line breaks."""
    click.echo("".join(map(_rendered, parts)), err=err)


def say_json(value: object, *, indent: int | None = None) -> None:
    """Print an object as JSON, with terminal control sequences in its strings escaped."""
    click.echo(escaped_json(json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=indent)))


def say_wrapped(text: str, indent: str = "", further: str | None = None) -> None:
    """Print a text, wrapped between words where the terminal is too narrow.

    Args:
        text: one paragraph.
        indent: printed before its first line.
        further: printed before the other lines; None for the same as `indent`.
    """
    click.echo("\n".join(_wrapped(one_line(text), indent, indent if further is None else further)))


def _rendered(part: str | Styled) -> str:
    if isinstance(part, str):
        return escaped(part)
    text = escaped(part.text)
    if not has_colour():
        return text
    return click.style(text, fg=part.fg, bold=part.bold or None, dim=part.dim or None)


def _wrapped(text: str, indent: str, further: str) -> list[str]:
    columns = width()
    if columns is None:
        return [indent + text]
    room = max(columns, len(further) + 20)
    return textwrap.wrap(
        text, room, initial_indent=indent, subsequent_indent=further, break_long_words=False,
        break_on_hyphens=False,
    ) or [indent]  # fmt: skip


# ---- tables ---------------------------------------------------------------------------------------------------


def _text(value: object) -> str:
    return "-" if value is None or value == "" else str(value)


class Column(NamedTuple):
    """A column of a table; `key` is its heading and the key of its values in each row.

    Attributes:
        shown: formats a value for people.
        is_right: whether values are aligned to the right.
        wraps: whether its cells are prose, which may be wrapped between words.
    """

    key: str
    shown: Callable[[Any], str] = _text
    is_right: bool = False
    wraps: bool = False


class Table:
    """Prints rows as they arrive. `end` prints the buffered rows; keys without a column appear only in JSON."""

    def __init__(self, columns: Sequence[Column], *, is_json: bool = False) -> None:
        self._columns = columns
        self._is_json = is_json
        self._cells: list[list[str]] = []
        self._is_begun = False

    def add(self, row: Mapping[str, object]) -> None:
        """Print a row; rows are buffered until there are enough to lay out."""
        if self._is_json:
            say_json(row)
            return
        self._cells.append([one_line(column.shown(row[column.key])) for column in self._columns])
        if len(self._cells) == _CHUNK:
            self.end()

    def end(self) -> None:
        """Print the buffered rows."""
        if not self._cells:
            return
        columns = width()
        if columns is None:
            head = [] if self._is_begun else [[column.key for column in self._columns]]
            for cells in (*head, *self._cells):
                click.echo("\t".join(cells))
        else:
            for line in self._laid_out(columns):
                click.echo(line)
        self._cells.clear()
        self._is_begun = True

    def _laid_out(self, columns: int) -> list[str]:
        """Each row in as many lines as it needs: a cell that does not fit moves to the next line as a whole."""
        heads = [column.key for column in self._columns]
        widths = [max(map(cell_len, cells)) for cells in zip(heads, *self._cells, strict=True)]
        lines: list[list[int]] = [[]]
        indent = " " * min(widths[0] + len(_GAP), _INDENT)
        used = 0
        for index, wide in enumerate(widths):
            if lines[-1] and used + len(_GAP) + wide > columns:
                lines.append([])
                used = len(indent)
            used += (len(_GAP) if lines[-1] else 0) + wide
            lines[-1].append(index)
        indents = ["", *[indent] * (len(lines) - 1)]
        shown = [
            _bold(self._line(heads, each, widths, before))
            for each, before in zip(lines, indents, strict=True)
        ]
        for cells in self._cells:
            for each, before in zip(lines, indents, strict=True):
                shown += self._row(cells, each, widths, before)
        return shown

    def _row(self, cells: Sequence[str], indices: list[int], widths: list[int], indent: str) -> list[str]:
        if len(indices) == 1 and self._columns[indices[0]].wraps:
            return _wrapped(cells[indices[0]], indent, indent)
        return [self._line(cells, indices, widths, indent)]

    def _line(self, cells: Sequence[str], indices: list[int], widths: list[int], indent: str) -> str:
        padded: list[str] = []
        for index in indices:
            blank = " " * (widths[index] - cell_len(cells[index]))
            padded.append(blank + cells[index] if self._columns[index].is_right else cells[index] + blank)
        return (indent + _GAP.join(padded)).rstrip()


def _bold(text: str) -> str:
    return click.style(text, bold=True) if has_colour() else text
