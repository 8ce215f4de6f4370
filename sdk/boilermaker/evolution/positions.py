"""Calls by position: which parameters their arguments go to after a change, and whether anybody notices."""

from collections.abc import Callable, Mapping, Sequence

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
    names = [renamed.get(made.label, made.label) for made in new if not made.is_keyword_only]
    givens = [made for made in old if not made.is_keyword_only]
    places = {made.label: at for at, made in enumerate(givens)}
    moved = tuple(name for name in places if name in names and names.index(name) != places[name])
    if not moved:
        return Moves(labels=(), is_caught=False, is_silent=False)
    calls = _Calls(old, new, renamed, fits)
    went = [calls.passes(count) for count in range(1, len(givens) + 1) if calls.goes_elsewhere(count)]
    return Moves(labels=moved, is_caught=not all(went), is_silent=any(went))


class _Calls:
    def __init__(
        self,
        old: Sequence[Made],
        new: Sequence[Made],
        renamed: Mapping[str, str],
        fits: Callable[[Made, Made], bool],
    ) -> None:
        self._olds = [made for made in old if not made.is_keyword_only]
        self._news = [made for made in new if not made.is_keyword_only]
        self._old, self._new, self._renamed, self._fits = old, new, renamed, fits

    def _name(self, made: Made) -> str:
        return self._renamed.get(made.label, made.label)

    def goes_elsewhere(self, count: int) -> bool:
        """Whether one of the first arguments goes to another parameter that was there, or has gone to another place."""
        known = {made.label for made in self._old}
        kept = {self._name(made) for made in self._new}
        return any(
            old.label != self._name(new) and (old.label in kept or self._name(new) in known)
            for old, new in zip(self._olds[:count], self._news, strict=False)
        )

    def passes(self, count: int) -> bool:
        """Whether checkers let the call pass: as many arguments by position, and what else is needed by name."""
        filled = [self._name(made) for made in self._news[:count]]
        beside = [made for made in self._old if made not in self._olds[:count]]
        offered = {made.label for made in beside} - set(filled)
        return (
            count <= len(self._news)
            and all(map(self._fits, self._olds[:count], self._news))
            and not any(made.is_required and made.label in filled for made in beside)
            and all(
                self._name(made) in offered
                for made in self._new
                if made.is_required and self._name(made) not in filled
            )
        )
