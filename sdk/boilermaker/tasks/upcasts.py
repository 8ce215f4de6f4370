"""What turns payloads of old contracts into new ones: from contract to contract, until the worker's own is reached."""

import difflib
import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager

from boilermaker.errors import RegistrationError
from boilermaker.introspection.asynchrony import is_async
from boilermaker.tasks.hop import Hop
from boilermaker.tasks.registry import Registry

_DIGEST = re.compile(r"[0-9a-f]{16}")


class Upcasts:
    """The upcasts of one worker. From each contract there is one way: one hop, or several that follow each other.

    Args:
        history: where the known contracts stand, by digest; empty where the worker ships none.
    """

    def __init__(self, history: Mapping[str, str]) -> None:
        self._history = history
        self._hops: dict[tuple[str, str], Hop] = {}

    def add(self, hop: Hop) -> None:
        """Keep an upcast.

        Raises:
            RegistrationError: it cannot be called with a payload; a digest is none, or none of the history; or there is
                an upcast from it already.
        """
        if not callable(hop.function) or is_async(hop.function):
            raise RegistrationError(f"{_told(hop)}: an upcast is an ordinary function, not an async one")
        for digest in (hop.from_digest, hop.to_digest):
            if digest is not None:
                self._check(hop, digest)
        if hop.from_digest == hop.to_digest:
            raise RegistrationError(f"{_told(hop)}: it leads to where it comes from")
        if (hop.task, hop.from_digest) in self._hops:
            raise RegistrationError(
                f"`{hop.task}` has an upcast from {hop.from_digest} already; one message takes one way, so keep one of them"
            )
        self._hops[hop.task, hop.from_digest] = hop

    @contextmanager
    def all_or_none(self) -> Generator[None, None, None]:
        """Within, an error takes back what was kept since the beginning."""
        before = dict(self._hops)
        try:
            yield
        except BaseException:
            self._hops = before
            raise

    def _check(self, hop: Hop, digest: str) -> None:
        if not _DIGEST.fullmatch(digest):
            raise RegistrationError(
                f"{_told(hop)}: {digest!r} is no digest: 16 hex digits, as the task's `digest` in its contract.json"
            )
        if self._history and digest not in self._history:
            close = difflib.get_close_matches(digest, self._history, n=3, cutoff=0.5)
            near = ", ".join(f"{each} ({self._history[each]})" for each in close)
            hint = f"did you mean {near}?" if near else f"it knows {', '.join(sorted(self._history))}"
            raise RegistrationError(f"{_told(hop)}: the history knows no contract {digest}; {hint}")

    def way(self, names: Iterable[str], digest: str | None, own: str | None) -> Iterator[Hop]:
        """The upcasts that a message takes, in their order; none where there is none for its contract.

        It ends at the worker's own contract, from which an upcast may lead on: a change that was taken back leaves one.
        """
        known = tuple(names)
        while digest not in (None, own) and (hop := self._from(known, digest)) is not None:
            yield hop
            digest = hop.to_digest

    def _from(self, names: Iterable[str], digest: str | None) -> Hop | None:
        """The upcast from a contract, under any of the names that its task has had: digests tell them apart."""
        keys = [(name, digest) for name in names if digest is not None]
        return next((self._hops[key] for key in keys if key in self._hops), None)

    def check(self, registry: Registry) -> None:
        """Whether each leads to the worker's own contract: known once everything is registered.

        Raises:
            RegistrationError: one is for a task that is not registered, or ends elsewhere.
        """
        for hop in self._hops.values():
            registration = registry.get(hop.task)
            if registration is None:
                close = difflib.get_close_matches(hop.task, [each.name for each in registry], n=1)
                hint = f"; did you mean `{close[0]}`?" if close else ""
                raise RegistrationError(f"{_told(hop)}: no task of that name is registered{hint}")
            names = (registration.name, *registration.aliases)
            rivals = [name for name in names if (name, hop.from_digest) in self._hops]
            if len(rivals) > 1:
                raise RegistrationError(
                    f"`{rivals[0]}` and `{rivals[1]}` are one task and have an upcast from {hop.from_digest} each; keep one"
                )
            self._check_way(hop, registration.digest, names)

    def _check_way(self, hop: Hop, own: str | None, names: Iterable[str]) -> None:
        seen = {hop.from_digest}
        while hop.to_digest is not None and hop.to_digest != own:
            following = self._from(names, hop.to_digest)
            if following is None:
                raise RegistrationError(
                    f"{_told(hop)}: it leads to {hop.to_digest}, which is not this worker's contract ({own}), and no upcast "
                    "goes on from there; write one"
                )
            hop = following
            if hop.from_digest in seen:
                raise RegistrationError(f"{_told(hop)}: it leads round in a circle")
            seen.add(hop.from_digest)


def _told(hop: Hop) -> str:
    return f"the upcast of `{hop.task}` from {hop.from_digest}"
