"""Walks over syntax trees that skip whitespace and punctuation: libcst's visitors spend most of their time there."""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import cast

import libcst as cst

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
    """The direct parts of a node that have a meaning, in the order of its fields."""
    for name in _fields(type(node)):
        value: object = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            yield value
        elif isinstance(value, list | tuple):
            for item in cast("Sequence[object]", value):
                if isinstance(item, cst.CSTNode):
                    yield item


def descendants(
    node: cst.CSTNode, *, enter: Callable[[cst.CSTNode], bool] = lambda _: True
) -> Iterator[cst.CSTNode]:
    """All nodes below a node, in no useful order; what `enter` says no to is given, what is in it is not."""
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
