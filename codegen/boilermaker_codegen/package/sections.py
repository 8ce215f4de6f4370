"""Removes docstring entries for parameters that the stub does not take, above all the worker's state.

Entries are found in the sections of Google (`Args:`), of NumPy (`Parameters` underlined) and in Sphinx's fields (`:param x:`).
Everything else is kept.
"""

import re
from collections.abc import Collection, Iterator

_GOOGLE = re.compile(
    r"(\s*)(?:Args|Arguments|Parameters|Params|(?:Keyword|Other) (?:Args|Arguments|Parameters)):\s*"
)
_GOOGLE_ENTRY = re.compile(r"\s*([a-z_]\w*)\s*(?:\(.*\))?\s*:")
_NUMPY = re.compile(r"(\s*)(?:Other )?Parameters\s*")
_NUMPY_ENTRY = re.compile(r"(\s*)([a-z_]\w*(?:\s*,\s*[a-z_]\w*)*)(\s*(?::.*)?)")
_UNDERLINE = re.compile(r"\s*-{3,}\s*")
_SPHINX = re.compile(r"\s*:(?:param|parameter|arg|argument|key|keyword|type)\s+(?:[^:]*\s)?(\w+)\s*:")


def without_others(doc: str, parameters: Collection[str]) -> str:
    """A docstring with only the entries of these parameters; a section that becomes empty is removed."""
    return "".join(_kept(doc.splitlines(keepends=True), parameters))


def _kept(rows: list[str], parameters: Collection[str]) -> Iterator[str]:
    at = 0
    while at < len(rows):
        if (found := _GOOGLE.fullmatch(rows[at])) and (end := _end(rows, at + 1, len(found[1]))) > at + 1:
            yield from _section(
                rows[at : at + 1], rows[at + 1 : end], _google(rows[at + 1 : end], parameters)
            )
            at = end
        elif _is_numpy(rows, at):
            end = _numpy_end(rows, at + 2)
            yield from _section(rows[at : at + 2], rows[at + 2 : end], _numpy(rows[at + 2 : end], parameters))
            at = end
        elif (found := _SPHINX.match(rows[at])) and found[1] not in parameters:
            at = _entry_end(rows, at)
        else:
            yield rows[at]
            at += 1


def _section(head: list[str], body: list[str], kept: list[str]) -> list[str]:
    """A section with its remaining entries; without any, the section and the blank lines after it are removed."""
    if kept == body:
        return [*head, *body]
    return [*head, *kept] if any(row.strip() for row in kept) else []


def _google(rows: list[str], parameters: Collection[str]) -> list[str]:
    margin = _indent(next(row for row in rows if row.strip()))
    kept: list[str] = []
    at = 0
    while at < len(rows):
        found = _GOOGLE_ENTRY.match(rows[at]) if _indent(rows[at]) == margin else None
        end = _entry_end(rows, at) if found else at + 1
        if found is None or found[1] in parameters:
            kept += rows[at:end]
        at = end
    return _with_end(kept, rows)


def _numpy(rows: list[str], parameters: Collection[str]) -> list[str]:
    margin = _indent(next((row for row in rows if row.strip()), ""))
    kept: list[str] = []
    at = 0
    while at < len(rows):
        found = _NUMPY_ENTRY.fullmatch(rows[at].rstrip("\r\n")) if _indent(rows[at]) == margin else None
        end = _entry_end(rows, at) if found else at + 1
        if found is None:
            kept += rows[at:end]
        else:
            names = re.split(r"\s*,\s*", found[2])
            taken = [name for name in names if name in parameters]
            first = rows[at] if taken == names else rows[at].replace(found[2], ", ".join(taken), 1)
            kept += [first, *rows[at + 1 : end]] if taken else []
        at = end
    return _with_end(kept, rows)


def _with_end(kept: list[str], rows: list[str]) -> list[str]:
    """The remaining lines of a section, followed by as many blank lines as before."""
    if kept == rows or not any(row.strip() for row in kept):
        return kept
    return [*kept[: _filled(kept)], *rows[_filled(rows) :]]


def _filled(rows: list[str]) -> int:
    """The number of rows before the trailing blank ones."""
    return max((at + 1 for at, row in enumerate(rows) if row.strip()), default=0)


def _end(rows: list[str], start: int, margin: int) -> int:
    """Where a section ends: at a line that is not indented further than its head."""
    return next(
        (at for at in range(start, len(rows)) if rows[at].strip() and _indent(rows[at]) <= margin), len(rows)
    )


def _entry_end(rows: list[str], start: int) -> int:
    """Where an entry ends that begins in a line, blank lines after it included."""
    return _end(rows, start + 1, _indent(rows[start]))


def _is_numpy(rows: list[str], at: int) -> bool:
    return at + 1 < len(rows) and bool(_NUMPY.fullmatch(rows[at]) and _UNDERLINE.fullmatch(rows[at + 1]))


def _numpy_end(rows: list[str], start: int) -> int:
    """Where a section ends: at the head of the next, or at the end."""
    return next((at for at in range(start, len(rows) - 1) if _UNDERLINE.fullmatch(rows[at + 1])), len(rows))


def _indent(row: str) -> int:
    return len(row) - len(row.lstrip())
