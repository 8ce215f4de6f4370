"""How a received message is settled, and what a receiver needs of whoever reads its link."""

from typing import Literal, NamedTuple, Protocol

from azure.servicebus import ServiceBusReceivedMessage


class Unconfirmed(Exception):  # noqa: N818  # not an error yet: the caller has another way
    """The link is gone or did not answer; the settlement may have been applied or not."""


class Disposition(NamedTuple):
    """How to settle a message; reason and description are those of a dead letter."""

    outcome: Literal["complete", "abandon", "release", "dead-letter"]
    reason: str = ""
    description: str = ""


class LinkReader(Protocol):
    """Reads one attached link of the SDK."""

    @property
    def is_alive(self) -> bool:
        """True while the link can bring messages."""
        ...

    async def take(self, max_messages: int, wait_seconds: float) -> list[ServiceBusReceivedMessage]:
        """Up to `max_messages` as soon as there is one; raises what the SDK raises."""
        ...

    async def settle(
        self, message: ServiceBusReceivedMessage, disposition: Disposition, *, confirmed: bool
    ) -> None:
        """Settle a message of this link; raises Unconfirmed, or what the SDK raises."""
        ...

    async def set_prefetch(self, count: int) -> None:
        """Hold so many messages ahead of being asked for; 0 gives back what is held."""
        ...

    async def stop(self) -> None:
        """Bring no more messages, and give back what is buffered."""
        ...

    async def close(self) -> None:
        """Give back what is buffered, and disconnect."""
        ...
