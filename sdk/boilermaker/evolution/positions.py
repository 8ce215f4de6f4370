"""Calls by position: which parameters their arguments go to after a change, and whether anybody notices."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate

import msgspec

from boilermaker.evolution.made import Made


class Moves(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of calls by position whose arguments go elsewhere.

    Attributes:
        labels: the parameters that have another place.
        is_caught: checkers refuse some of the calls.
        is_silent: they let some pass.
    """

    labels: tuple[str, ...]
    is_caught: bool
    is_silent: bool


def moves(
    old: Sequence[Made], new: Sequence[Made], renamed: Mapping[str, str], fits: Callable[[Made, Made], bool]
) -> Moves:
    """Try each call that gives some arguments by position and the others by name.

    Args:
        old: what was given before.
        new: what is taken now.
        renamed: what was called otherwise before, new name to old.
        fits: whether an argument for the one is taken for the other.
    """
    givens = [made for made in old if not made.is_keyword_only]
    taken = [made for made in new if not made.is_keyword_only]
    places = {made.label: at for at, made in enumerate(givens)}
    names = {renamed.get(made.label, made.label): at for at, made in enumerate(taken)}
    moved = tuple(name for name in places if names.get(name, places[name]) != places[name])
    if not moved:
        return Moves(labels=(), is_caught=False, is_silent=False)
    first, passing = _first_elsewhere(old, new, renamed), _Calls(old, new, renamed, fits).passing()
    went = [is_passing for count, is_passing in enumerate(passing, 1) if first is not None and count > first]
    return Moves(labels=moved, is_caught=not all(went), is_silent=any(went))


def _first_elsewhere(old: Sequence[Made], new: Sequence[Made], renamed: Mapping[str, str]) -> int | None:
    """The first argument that goes to another parameter that was there, or has gone to another place."""
    known = {made.label for made in old}
    kept = {renamed.get(made.label, made.label) for made in new}
    givens = (made.label for made in old if not made.is_keyword_only)
    taken = (renamed.get(made.label, made.label) for made in new if not made.is_keyword_only)
    pairs = enumerate(zip(givens, taken, strict=False))
    return next((at for at, (was, now) in pairs if was != now and (was in kept or now in known)), None)


class _Calls:
    """Calls that give the first arguments by position, one more each time, and the others by name."""

    def __init__(
        self,
        old: Sequence[Made],
        new: Sequence[Made],
        renamed: Mapping[str, str],
        fits: Callable[[Made, Made], bool],
    ) -> None:
        self._givens = [made for made in old if not made.is_keyword_only]
        self._taken = [made for made in new if not made.is_keyword_only]
        self._old, self._new, self._renamed, self._fits = old, new, renamed, fits

    def passing(self) -> list[bool]:
        """By the number of arguments by position, from one on: whether checkers let the call pass."""
        most = len(self._givens)
        refused = [0] * (most + 2)  # +1 where a reason begins to hold, -1 where it ends
        for first, last in self._reasons():
            if first <= min(last, most):
                refused[first] += 1
                refused[min(last, most) + 1] -= 1
        return [reasons == 0 for reasons in accumulate(refused)][1 : most + 1]

    def _reasons(self) -> Iterator[tuple[int, int]]:
        """Each reason to refuse calls, with the fewest and the most arguments by position for which it holds."""
        most = len(self._givens)
        yield len(self._taken) + 1, most  # too many
        unfit = (
            at
            for at, pair in enumerate(zip(self._givens, self._taken, strict=False))
            if not self._fits(*pair)
        )
        yield next(unfit, most) + 1, most
        filled = {self._name(made): at for at, made in enumerate(self._taken)}
        given = {made.label: at for at, made in enumerate(self._givens)}
        by_name = {made.label for made in self._old}
        for made in self._old:  # needed, and by then given by position, too
            if made.is_required and made.label in filled:
                yield filled[made.label] + 1, given.get(made.label, most)
        for made in self._new:  # needed, and by then given to another
            name = self._name(made)
            if made.is_required:
                last = filled.get(name, most)
                yield (given[name] + 1 if name in given else most + 1 if name in by_name else 1), last

    def _name(self, made: Made) -> str:
        return self._renamed.get(made.label, made.label)
