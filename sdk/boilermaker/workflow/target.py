"""What a task calls and how: the two values that its builder fills in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from boilermaker.payload.externals import NONE, Externals
from boilermaker.retries import RetryPolicy


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a task calls, as far as its builder knows.

    Attributes:
        name: the task's name on the wire; None for a task made from a function: the publisher's registry knows it.
        function: the handler, for a task made from one.
        queue: where its worker listens; None for a task made from a function.
        digest: names the wire shape that the builder was generated from; None where that is not known.
        payload_type: the whole payload, references included.
        result_type: what `.result` stands for.
        externals: the types of third parties in these two.
    """

    payload_type: type[msgspec.Struct]
    result_type: Any = Any
    name: str | None = None
    function: Callable[..., Any] | None = None
    queue: str | None = None
    digest: str | None = None
    externals: Externals = NONE

    @property
    def label(self) -> str:
        """A name for people."""
        return self.name or str(getattr(self.function, "__name__", "?"))


@dataclass(kw_only=True)
class Options:
    """What `.options()` sets; None means: as the task was registered."""

    policy: RetryPolicy | None = None
    delay: float | datetime | None = None
    timeout: float | None = None
    expires: float | datetime | None = None
    should_dead_letter: bool | None = None
    acks_late: bool | None = None
    queue: str | None = None

    def update(self, other: "Options") -> None:
        """Take over what the other says."""
        for name, value in vars(other).items():
            if value is not None:
                setattr(self, name, value)
