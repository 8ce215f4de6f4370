"""The buses that the suite runs over, with the same queues in each."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

from boilermaker.localbus.settings import QueueSettings
from boilermaker.transport.memory.bus import InMemoryServiceBus
from boilermaker.transport.port import Bus, Delivery, OutgoingMessage, Receiver
from boilermaker.transport.servicebus.bus import AzureServiceBus

BRIEF_LOCK = timedelta(seconds=1)
SMALL_SIZE = 8 * 1024
_QUEUES_OF_A_KIND = 300
_WAIT_SECONDS = 5.0

_KINDS: Mapping[str, Callable[[str], QueueSettings]] = {
    "plain": lambda name: QueueSettings(name=name),
    "brief": lambda name: QueueSettings(name=name, lock_duration=BRIEF_LOCK),
    "twice": lambda name: QueueSettings(name=name, max_delivery_count=2),
    "careless": lambda name: QueueSettings(name=name, duplicate_detection_window=None),
    "small": lambda name: QueueSettings(name=name, max_message_size=SMALL_SIZE),
    "session": lambda name: QueueSettings(name=name, requires_session=True),
}
_numbers = count()


def all_queues() -> Iterator[QueueSettings]:
    """Some of each kind: every test takes queues that no other test uses."""
    for kind, settings in _KINDS.items():
        for number in range(_QUEUES_OF_A_KIND):
            yield settings(f"{kind}-{number}")


def new_queue(kind: str = "plain") -> str:
    """The name of a queue that no other test uses."""
    return f"{kind}-{next(_numbers)}"


@dataclass(frozen=True, kw_only=True)
class Rig:
    """A bus under test. `reopen` gives another client of the same namespace."""

    bus: Bus
    reopen: Callable[[], Bus]

    def let_pass(self, duration: timedelta) -> None:
        """Virtual time moves; real time goes by itself, and what waits for the event will see it."""
        if isinstance(self.bus, InMemoryServiceBus):
            self.bus.advance(duration)

    async def send(self, queue: str, *bodies: bytes) -> None:
        """Put messages with these bodies into a queue."""
        await self.bus.sender(queue).send_many([message(body) for body in bodies])

    async def dead_letters(self, queue: str) -> list[Delivery]:
        """What is in the dead-letter sub-queue, received there."""
        return await take_all(self.bus.receiver(f"{queue}/$deadletterqueue"))


Close = Callable[[], Awaitable[None]]


def memory_rig() -> tuple[Rig, Close]:
    """A bus in memory that knows the declared queues only."""
    bus = InMemoryServiceBus(*all_queues(), create_queues=False)
    return Rig(bus=bus, reopen=lambda: bus), bus.close


def amqp_rig(connection_string: str) -> tuple[Rig, Close]:
    """Clients of a bus on a socket."""
    opened: list[Bus] = []

    def reopen() -> Bus:
        opened.append(AzureServiceBus.from_connection_string(connection_string))
        return opened[-1]

    async def close() -> None:
        for bus in opened:
            await bus.close()

    return Rig(bus=reopen(), reopen=reopen), close


_ids = count()


def message(body: bytes = b"{}", **fields: object) -> OutgoingMessage:
    """A message with an id of its own."""
    return OutgoingMessage(**{"body": body, "message_id": f"id-{next(_ids)}", **fields})  # type: ignore[arg-type]


async def one(receiver: Receiver) -> Delivery:
    """The next message, waited for."""
    [delivery] = await receiver.receive(1, _WAIT_SECONDS)
    return delivery


async def many(receiver: Receiver, wanted: int) -> list[Delivery]:
    """Exactly so many messages, in the order of their coming."""
    found: list[Delivery] = []
    while len(found) < wanted:
        batch = await receiver.receive(wanted - len(found), _WAIT_SECONDS)
        assert batch, f"{len(found)} of {wanted} messages came"
        found.extend(batch)
    return found


async def take_all(receiver: Receiver) -> list[Delivery]:
    """What is there now; a socket is given a moment to bring it, beside the time that connecting takes."""
    await receiver.open()
    found: list[Delivery] = []
    while batch := await receiver.receive(100, 0.3):
        found.extend(batch)
    return found
