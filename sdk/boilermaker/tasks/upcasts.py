"""Upcasts: convert payloads of old contracts, from contract to contract, until the worker's own is reached.

They are applied in `worker.execute`.
"""

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
    """The upcasts of one worker. Each contract has one path: one upcast, or several in sequence.

    Args:
        history: places of the known contracts, by digest; empty if the worker has no history.
    """

    def __init__(self, history: Mapping[str, str]) -> None:
        self._history = history
        self._hops: dict[tuple[str, str], Hop] = {}

    def add(self, hop: Hop) -> None:
        """Add an upcast.

        Raises:
            RegistrationError: it is not a plain function; a digest is malformed or not in the history; or there already is
                an upcast from its contract.
        """
        if not callable(hop.function) or is_async(hop.function):
            raise RegistrationError(f"{_label(hop)}: an upcast must be a plain function, not an async one")
        for digest in (hop.from_digest, hop.to_digest):
            if digest is not None:
                self._check(hop, digest)
        if hop.from_digest == hop.to_digest:
            raise RegistrationError(
                f"{_label(hop)}: `from_digest` and `to_digest` are the same contract; leave `to_digest` out to convert "
                "to this worker's own"
            )
        if (hop.task, hop.from_digest) in self._hops:
            raise RegistrationError(
                f"`{hop.task}` already has an upcast from {hop.from_digest}; keep one of them, because a message takes one path"
            )
        self._hops[hop.task, hop.from_digest] = hop

    @contextmanager
    def all_or_none(self) -> Generator[None, None, None]:
        """Undo all upcasts added within the context if it raises."""
        before = dict(self._hops)
        try:
            yield
        except BaseException:
            self._hops = before
            raise

    def _check(self, hop: Hop, digest: str) -> None:
        if not _DIGEST.fullmatch(digest):
            raise RegistrationError(
                f"{_label(hop)}: {digest!r} is not a digest; use the 16 hex digits of the task's `digest` in its contract.json"
            )
        if self._history and digest not in self._history:
            close = difflib.get_close_matches(digest, self._history, n=3, cutoff=0.5)
            near = ", ".join(f"{each} ({self._history[each]})" for each in close)
            hint = f"did you mean {near}?" if near else f"it has {', '.join(sorted(self._history))}"
            raise RegistrationError(f"{_label(hop)}: the history has no contract {digest}; {hint}")

    def way(self, names: Iterable[str], digest: str | None, own: str | None) -> Iterator[Hop]:
        """The upcasts to apply to a message, in order; none if there is none for its contract.

        The path ends at the worker's own contract even if an upcast from it exists, as it does after a change was reverted.
        """
        known = tuple(names)
        while digest not in (None, own) and (hop := self._from(known, digest)) is not None:
            yield hop
            digest = hop.to_digest

    def _from(self, names: Iterable[str], digest: str | None) -> Hop | None:
        """The upcast from a contract, under any name that its task has had: the digest is unique."""
        keys = [(name, digest) for name in names if digest is not None]
        return next((self._hops[key] for key in keys if key in self._hops), None)

    def check(self, registry: Registry) -> None:
        """Check, once everything is registered, that each path ends at the worker's own contract.

        Raises:
            RegistrationError: an upcast is for a task that is not registered, or its path ends elsewhere.
        """
        for hop in self._hops.values():
            registration = registry.get(hop.task)
            if registration is None:
                close = difflib.get_close_matches(hop.task, [each.name for each in registry], n=1)
                hint = f"; did you mean `{close[0]}`?" if close else ""
                raise RegistrationError(f"{_label(hop)}: no task of that name is registered{hint}")
            names = (registration.name, *registration.aliases)
            rivals = [name for name in names if (name, hop.from_digest) in self._hops]
            if len(rivals) > 1:
                raise RegistrationError(
                    f"`{rivals[0]}` and `{rivals[1]}` name the same task, and both have an upcast from {hop.from_digest}; keep one"
                )
            self._check_way(hop, registration.digest, names)

    def _check_way(self, hop: Hop, own: str | None, names: Iterable[str]) -> None:
        seen = {hop.from_digest}
        while hop.to_digest is not None and hop.to_digest != own:
            following = self._from(names, hop.to_digest)
            if following is None:
                raise RegistrationError(
                    f"{_label(hop)}: it leads to {hop.to_digest}, which is not this worker's contract ({own}), and there is "
                    "no upcast from there; write one"
                )
            hop = following
            if hop.from_digest in seen:
                raise RegistrationError(
                    f"{_label(hop)}: its path is a cycle; let one of the upcasts lead to this worker's contract ({own})"
                )
            seen.add(hop.from_digest)


def _label(hop: Hop) -> str:
    return f"the upcast of `{hop.task}` from {hop.from_digest}"
