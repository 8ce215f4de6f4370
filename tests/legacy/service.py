"""The worker that takes over: the same functions, registered with us."""

from typing import Any

from boilermaker import Boilermaker, retries
from boilermaker.transport.port import Bus

Seen = list[tuple[Any, ...]]


async def create_user(state: Seen, email: str, name: str = "nobody") -> int:
    state.append(("create_user", email, name))
    if email == "g@h.org":
        raise AssertionError
    return 1


async def welcome(state: Seen, user_id: int) -> None:
    state.append(("welcome", user_id))


async def archive(state: Seen, record: dict[str, Any]) -> None:
    state.append(("archive", record))
    raise retries.RetryException("not yet")


async def oops(state: Seen) -> None:
    state.append(("oops",))


async def flaky(state: Seen, tag: str) -> None:
    state.append(("flaky", tag))
    raise retries.RetryException("not yet")


def new_worker(bus: Bus, queue: str = "tasks") -> Boilermaker[Seen]:
    """A worker that notes what it runs."""
    worker: Boilermaker[Seen] = Boilermaker([], bus, queue=queue)
    return worker.register_many_async([create_user, welcome, archive, oops, flaky])


OF_MESSAGE: dict[str, Seen] = {
    "single": [("create_user", "a@b.org", "Ada")],
    "both": [("create_user", "c@d.org", "nobody"), ("welcome", 7)],
    # Two tries by its own policy, then the failure handler.
    "chained": [
        ("create_user", "e@f.org", "Eve"),
        ("archive", {"nested": [1, 2.5, None, "ü"]}),
        ("archive", {"nested": [1, 2.5, None, "ü"]}),
        ("oops",),
    ],
    "retried": [("flaky", "retried"), ("oops",)],
    "exhausted": [("oops",)],
    "careless": [("flaky", "careless")],
    "graph": [],
    "long": [("welcome", number) for number in range(150)],
    "probe": [],
}
"""What each message leads to."""

BURIED = {
    "chained": "RetriesExhausted",
    "retried": "RetriesExhausted",
    "exhausted": "RetriesExhausted",
    "graph": "UndecodableMessage",
}
"""The dead letters of those that leave one."""
