"""`Target`, what a task calls, and `Options`, how it is called: the two values inside a `Task`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from boilermaker.payload.externals import NONE, Externals
from boilermaker.retries import RetryPolicy


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a task calls, as far as it is known when the task is built.

    Attributes:
        name: the task's name on the wire; None for a task made from a function, whose name the publisher's registry knows.
        function: the handler, for a task made from a function.
        queue: the queue that its worker receives from; None for a task made from a function.
        digest: digest of the contract that the stub was generated from; None if not known.
        payload_type: the type of the whole payload, references included.
        result_type: the type of `.result`.
        externals: the third-party types in these two.
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
        """A name for messages: the task's name, or that of its function."""
        return self.name or str(getattr(self.function, "__name__", "?"))


@dataclass(kw_only=True)
class Options:
    """What `.options()` sets; None means as registered."""

    policy: RetryPolicy | None = None
    delay: float | datetime | None = None
    timeout: float | None = None
    expires: float | datetime | None = None
    should_dead_letter: bool | None = None
    acks_late: bool | None = None
    queue: str | None = None

    def update(self, other: "Options") -> None:
        """Take over the options that the other one sets."""
        for name, value in vars(other).items():
            if value is not None:
                setattr(self, name, value)
