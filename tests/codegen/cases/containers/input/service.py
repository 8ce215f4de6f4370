import typing
from collections.abc import (
    Collection,
    Mapping,
    MutableMapping,
    MutableSequence,
    MutableSet,
    Sequence,
    Set,
)
from typing import Any, Dict, FrozenSet, List, Tuple

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="containers")


@worker.task
async def builtins(
    state,
    a: list[int],
    b: dict[str, list[int]],
    c: set[str],
    d: frozenset[str],
    e: tuple[int, ...],
    f: tuple[int, str, float],
    g: list,
    h: dict,
    i: tuple,
    j: set,
    k: dict[int, Any],
) -> list[dict[str, int]]: ...


@worker.task
async def abstract(
    state,
    a: Sequence[int],
    b: MutableSequence[int],
    c: Collection[int],
    e: Set[int],
    f: MutableSet[int],
    g: Mapping[str, int],
    h: MutableMapping[str, int],
    i: typing.Sequence[int],
) -> Sequence[int]: ...


@worker.task
async def old_style(
    state, a: List[int], b: Dict[str, int], c: FrozenSet[int], d: Tuple[int, ...], e: typing.AbstractSet[int]
) -> List[str]: ...
