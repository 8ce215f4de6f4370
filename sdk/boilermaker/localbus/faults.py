"""Fault injection rules: what goes wrong on a local bus, where, and how often.

This module only defines and matches rules; `amqp.faults` applies them. Refusals carry Service Bus's own conditions.
"""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from types import TracebackType
from typing import Any, Literal, Self, cast, get_args

Operation = Literal[
    "connect", "token", "attach", "send", "deliver", "settle", "renew", "manage", "entity", "now"
]
"""Where a fault strikes. `manage` is every other request: peek, schedule, cancel, receive deferred. `entity` affects the
queue itself while the fault is active; `now` acts once, immediately."""

Effect = Literal[
    "busy", "unauthorized", "disabled", "missing", "lock-lost", "internal", "invalid",
    "delay", "ignore", "lose", "detach", "cut", "cut-after", "freeze", "half", "garbage",
]  # fmt: skip
"""What happens instead. The first seven are refusals; `docs/how-to/testing.md` describes all of them."""


@dataclass(frozen=True)
class Refused:
    """The content of a refusal: an AMQP condition, a description, and the status code of a management operation."""

    condition: str
    description: str
    status: int


REFUSALS: dict[str, Refused] = {
    "busy": Refused("com.microsoft:server-busy", "The server is busy. Please wait and try again.", 503),
    "unauthorized": Refused("amqp:unauthorized-access", "Unauthorized access. Claims are required.", 401),
    "disabled": Refused("com.microsoft:entity-disabled", "The messaging entity is disabled.", 403),
    "missing": Refused("amqp:not-found", "The messaging entity could not be found.", 404),
    "lock-lost": Refused("com.microsoft:message-lock-lost", "The lock supplied is invalid.", 410),
    "internal": Refused("amqp:internal-error", "The service was unable to process the request.", 500),
    "invalid": Refused("com.microsoft:argument-error", "The argument of the request is invalid.", 400),
}

_LINES = ("delay", "cut", "freeze", "half", "garbage")
_ANSWERS = ("ignore", "lose", "detach", "cut-after", *_LINES)
_POSSIBLE: dict[str, tuple[str, ...]] = {
    "connect": _LINES,
    "token": ("busy", "unauthorized", "internal", *_ANSWERS),
    "attach": ("busy", "unauthorized", "disabled", "missing", "internal", "ignore", *_LINES),
    "send": (*REFUSALS, *_ANSWERS),
    "deliver": ("ignore", "detach", *_LINES),
    "settle": (*REFUSALS, *_ANSWERS),
    "renew": (*REFUSALS, *_ANSWERS),
    "manage": (*REFUSALS, *_ANSWERS),
    "entity": ("busy", "unauthorized", "disabled", "missing", "internal"),
    "now": ("cut", "freeze", "detach", "lock-lost"),
}
_NO_QUEUE = {"connect", "token"}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault.

    Attributes:
        on: the operation that fails.
        do: what happens instead.
        queue: only at this queue, or `NAME/$deadletterqueue`; None for any.
        times: maximum number of times; None for as long as the fault is active.
        after: number of operations that succeed first.
        chance: probability each time, above 0 and at most 1.
        seconds: duration of a delay or a freeze; None for a freeze without end.

    Raises:
        ValueError: the operation cannot have this effect, or a number is out of range.
    """

    on: Operation
    do: Effect
    queue: str | None = None
    times: int | None = None
    after: int = 0
    chance: float = 1.0
    seconds: float | None = None

    def __post_init__(self) -> None:
        possible = _POSSIBLE.get(self.on)
        if possible is None:
            raise ValueError(f"`{self.on}` is not an operation; use one of {', '.join(_POSSIBLE)}")
        if self.do not in possible:
            raise ValueError(
                f"`{self.on}={self.do}` is not a fault; `{self.on}` can be {', '.join(possible)}"
            )
        if self.queue is not None and self.on in _NO_QUEUE:
            raise ValueError(f"{self.on} does not concern a queue: omit `queue`")
        if self.times is not None and self.times < 1:
            raise ValueError(f"times must be at least 1, not {self.times}")
        if self.after < 0:
            raise ValueError(f"after must be at least 0, not {self.after}")
        if not 0 < self.chance <= 1:
            raise ValueError(f"chance must be above 0 and at most 1, not {self.chance}")
        if self.do == "delay" and self.seconds is None:
            raise ValueError("delay needs `seconds`")
        if self.seconds is not None and not (self.do in {"delay", "freeze"} and 0 < self.seconds <= 86400):
            raise ValueError("seconds is only for delay and freeze, and must be above 0 and at most 86,400")

    @classmethod
    def parse(cls, text: str) -> "Fault":
        """Parse a fault, for example `settle=lose`, `send=busy,queue=orders,times=3`, `deliver=delay,seconds=0.5,chance=0.1`.

        Raises:
            ValueError: the text is not a fault; the error lists the valid words.
        """
        first, *rest = (part.strip() for part in text.split(","))
        on, _, do = first.partition("=")
        found: dict[str, Any] = {"on": on.strip(), "do": do.strip()}
        for part in rest:
            key, _, value = (piece.strip() for piece in part.partition("="))
            if key not in _READ:
                raise ValueError(f"{text}: `{key}` is not an option of a fault; use {', '.join(_READ)}")
            try:
                found[key] = _READ[key](value)
            except ValueError:
                raise ValueError(f"{text}: {key}: {value!r} is not a number") from None
        try:
            return cls(**found)
        except ValueError as error:
            raise ValueError(f"{text}: {error}") from None

    def __str__(self) -> str:
        defaults = {each.name: each.default for each in fields(self)}
        words = [f"{key}={value}" for key in _READ if (value := getattr(self, key)) != defaults[key]]
        return ",".join([f"{self.on}={self.do}", *words])


_READ: dict[str, Callable[[str], Any]] = {
    "queue": str, "times": int, "after": int, "chance": float, "seconds": float,
}  # fmt: skip


@dataclass(eq=False)
class Standing:
    """An active fault. As a context manager, it is removed at the end of the block.

    Attributes:
        count: number of times that it has struck.
    """

    fault: Fault
    faults: "Faults"
    count: int = 0
    seen: int = field(default=0, repr=False)

    def wait(self, times: int = 1, timeout_seconds: float = 10.0) -> None:
        """Block this thread until the fault has struck `times` times.

        Raises:
            TimeoutError: it has not struck so often within the timeout.
        """
        if not self.faults.wait_for(lambda: self.count >= times, timeout_seconds):
            raise TimeoutError(
                f"{self.fault} struck {self.count} times in {timeout_seconds:g} s, not {times}"
            )

    def remove(self) -> None:
        """Deactivate the fault. Removing twice is fine."""
        self.faults.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


class Faults:
    """The active faults of one bus. Any thread may add and remove faults; the first that matches strikes.

    Args:
        carry_out: applies a fault on `now` or `entity` immediately; raises ValueError for an unknown queue.
        seed: of the random numbers for faults with a `chance`; None for different ones each time.
    """

    def __init__(self, carry_out: Callable[[Fault], None], seed: int | None = None) -> None:
        self._carry_out = carry_out
        self._dice = random.Random(seed)  # noqa: S311 - not used for secrets
        self._changed = threading.Condition()
        self._standing: tuple[Standing, ...] = ()

    def add(self, fault: Fault | str) -> Standing:
        """Activate a fault; one on `now` is applied once.

        Raises:
            ValueError: the text is not a fault, or the queue does not exist.
        """
        wanted = Fault.parse(fault) if isinstance(fault, str) else fault
        standing = Standing(wanted, self)
        if wanted.on != "now":
            with self._changed:
                self._standing = (*self._standing, standing)
        try:
            self._carry_out(wanted)
        except ValueError:
            self.remove(standing)
            raise
        if wanted.on == "now":
            standing.count = 1
        return standing

    def remove(self, standing: Standing) -> None:
        """Deactivate one fault."""
        with self._changed:
            self._standing = tuple(each for each in self._standing if each is not standing)

    def clear(self) -> None:
        """Deactivate all faults."""
        with self._changed:
            self._standing = ()

    @property
    def standing(self) -> tuple[Standing, ...]:
        """The active faults, in the order in which they were added."""
        return self._standing

    def strike(self, operation: Operation, queue: str | None = None) -> Fault | None:
        """The fault that strikes this operation, if any; counts it."""
        if not self._standing:
            return None
        operations = {operation, "entity"} if operation == "attach" else {operation}
        with self._changed:
            for standing in self._standing:
                fault = standing.fault
                if (
                    fault.on in operations
                    and (fault.queue is None or fault.queue.lower() == (queue or "").lower())
                    and self._is_due(standing)
                ):
                    standing.count += 1
                    self._changed.notify_all()
                    return fault
        return None

    def _is_due(self, standing: Standing) -> bool:
        fault = standing.fault
        if fault.times is not None and standing.count >= fault.times:
            return False
        standing.seen += 1
        return standing.seen > fault.after and (fault.chance == 1 or self._dice.random() < fault.chance)

    def wait_for(self, is_so: Callable[[], bool], timeout_seconds: float) -> bool:
        """Wait until the condition holds after a fault has struck; returns whether it does."""
        with self._changed:
            return self._changed.wait_for(is_so, timeout_seconds)


def operations() -> tuple[str, ...]:
    """All operations, in the order in which a client performs them."""
    return cast("tuple[str, ...]", get_args(Operation))


def effects(operation: str) -> tuple[str, ...]:
    """The possible effects on an operation."""
    return _POSSIBLE[operation]
