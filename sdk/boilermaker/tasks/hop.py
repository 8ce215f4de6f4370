"""One upcast: a function that converts a payload of an old contract into one of a newer contract."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

Upcast = Callable[[dict[str, Any]], Mapping[str, Any]]
"""Takes the payload of an old message as plain JSON values, results of earlier steps included; returns the new one."""


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One upcast: from one contract to another, or to the worker's own if `to_digest` is None."""

    task: str
    from_digest: str
    to_digest: str | None
    function: Callable[[dict[str, Any]], object]  # what it returns is checked on each call
