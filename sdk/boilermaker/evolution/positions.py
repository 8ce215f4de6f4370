"""Positional calls: which parameters their arguments go to after a change, and whether type checkers report it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate

import msgspec

from boilermaker.evolution.made import Made


class Moves(msgspec.Struct, frozen=True, kw_only=True):
    """The effect on positional calls whose arguments go to other parameters.

    Attributes:
        labels: the parameters that have another position.
        is_caught: type checkers report some of the calls.
        is_silent: they accept some.
    """

    labels: tuple[str, ...]
    is_caught: bool
    is_silent: bool


def moves(
    old: Sequence[Made], new: Sequence[Made], renamed: Mapping[str, str], fits: Callable[[Made, Made], bool]
) -> Moves:
    """Try each call that passes some arguments by position and the others by name.

    Args:
        old: the arguments before the change.
        new: the parameters now.
        renamed: renamed parameters, new name to old.
        fits: whether an argument for the one is accepted for the other.
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
    """The first argument that goes to another existing parameter, or whose own parameter has moved."""
    known = {made.label for made in old}
    kept = {renamed.get(made.label, made.label) for made in new}
    givens = (made.label for made in old if not made.is_keyword_only)
    taken = (renamed.get(made.label, made.label) for made in new if not made.is_keyword_only)
    pairs = enumerate(zip(givens, taken, strict=False))
    return next((at for at, (was, now) in pairs if was != now and (was in kept or now in known)), None)


class _Calls:
    """Calls that pass the first n arguments by position, for each n, and the others by name."""

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
        """Whether type checkers accept the call, by the number of positional arguments, from one on."""
        most = len(self._givens)
        refused = [0] * (most + 2)  # +1 where a reason begins to hold, -1 where it ends
        for first, last in self._reasons():
            if first <= min(last, most):
                refused[first] += 1
                refused[min(last, most) + 1] -= 1
        return [reasons == 0 for reasons in accumulate(refused)][1 : most + 1]

    def _reasons(self) -> Iterator[tuple[int, int]]:
        """Each reason to reject calls, with the minimum and maximum number of positional arguments for which it holds."""
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
        for made in self._old:  # required, and passed by position too
            if made.is_required and made.label in filled:
                yield filled[made.label] + 1, given.get(made.label, most)
        for made in self._new:  # required, but its argument goes to another
            name = self._name(made)
            if made.is_required:
                last = filled.get(name, most)
                yield (given[name] + 1 if name in given else most + 1 if name in by_name else 1), last

    def _name(self, made: Made) -> str:
        return self._renamed.get(made.label, made.label)
