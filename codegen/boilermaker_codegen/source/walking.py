"""Walks over syntax trees that skip whitespace, punctuation, names and literals: libcst's visitors spend most of their time there."""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import cast

import libcst as cst

# Nodes that no part of this package needs; `isinstance` would cost more than the rest of a walk.
_LEAVES = frozenset(
    {
        cst.Name, cst.Integer, cst.Float, cst.SimpleString, cst.Ellipsis, cst.MaybeSentinel, cst.AssignEqual, cst.Dot,
        str, bool,
    }
)  # fmt: skip
_SKIPPED = (
    "whitespace",
    "leading_lines",
    "lines_after",
    "header",
    "footer",
    "lpar",
    "rpar",
    "semicolon",
    "comma",
)


def children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The direct children of a node that have children themselves, in the order of its fields."""
    for name in _fields(type(node)):
        value: object = getattr(node, name)
        if isinstance(value, list | tuple):
            yield from cast("Sequence[cst.CSTNode]", value)
        elif value is not None and type(value) not in _LEAVES:
            yield cast("cst.CSTNode", value)


def descendants(
    node: cst.CSTNode, *, enter: Callable[[cst.CSTNode], bool] = lambda _: True
) -> Iterator[cst.CSTNode]:
    """All nodes below a node, in no defined order; a node that `enter` rejects is yielded, its children are not."""
    waiting = list(children(node))
    while waiting:
        item = waiting.pop()
        yield item
        if enter(item):
            waiting.extend(children(item))


@functools.cache
def _fields(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    return tuple(
        field.name
        for field in dataclasses.fields(kind)
        if not any(field.name.startswith(part) for part in _SKIPPED)
    )
