"""Cycles of nodes: Tarjan's strongly connected components (1972), without recursion."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def circles(starts: Iterable[Node], parts: Callable[[Node], Iterable[Node]]) -> Iterator[list[Node]]:
    """All reachable nodes, in groups that refer to one another; a group comes after the groups that it refers to.

    Args:
        starts: where to begin.
        parts: gives the nodes that a node refers to.
    """
    found: dict[Node, int] = {}
    lowest: dict[Node, int] = {}
    waiting: dict[Node, None] = {}
    for start in starts:
        path = [] if start in found else [_entered(start, parts, found, lowest, waiting)]
        while path:
            node, rest = path[-1]
            part = next(rest, None)
            if part is None:
                path.pop()
                if path:
                    above = path[-1][0]
                    lowest[above] = min(lowest[above], lowest[node])
                if lowest[node] == found[node]:
                    yield _taken_back_to(node, waiting)
            elif part not in found:
                path.append(_entered(part, parts, found, lowest, waiting))
            elif part in waiting:
                lowest[node] = min(lowest[node], found[part])


def _entered(
    node: Node,
    parts: Callable[[Node], Iterable[Node]],
    found: dict[Node, int],
    lowest: dict[Node, int],
    waiting: dict[Node, None],
) -> tuple[Node, Iterator[Node]]:
    found[node] = lowest[node] = len(found)
    waiting[node] = None
    return node, iter(parts(node))


def _taken_back_to(node: Node, waiting: dict[Node, None]) -> list[Node]:
    group: list[Node] = []
    while not group or group[-1] != node:
        group.append(waiting.popitem()[0])
    return group
