"""One upcast: what turns the payload of an old contract into that of a newer one."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

Upcast = Callable[[dict[str, Any]], Mapping[str, Any]]
"""Takes the payload of an old message as plain JSON values, results of earlier steps included; gives the new one."""


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One upcast: from a contract to another, or to the worker's own where `to_digest` is None."""

    task: str
    from_digest: str
    to_digest: str | None
    function: Callable[[dict[str, Any]], object]  # what it really gives is seen when it does
