"""What our own code costs, without a bus: processor time, bytes, the codec, an import."""

import asyncio
import gc
import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from tests.benchmarks.goals import AtMost, Line

from boilermaker import Boilermaker, chain
from boilermaker.envelope import Next, codec, identity
from boilermaker.errors import BusError
from boilermaker.stub import Payload, TaskStub
from boilermaker.tasks.registry import resolve_stub
from boilermaker.transport.port import Delivery, Message, OutgoingMessage
from boilermaker.workflow import plan
from boilermaker.workflow.plan import Plan
from boilermaker.workflow.task import Task

QUEUE = "bench"


class _Message(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A `Delivery` that was there all along."""

    body: bytes
    message_id: str
    sequence_number: int = 1
    delivery_count: int = 0
    enqueued_time: datetime | None = None
    subject: str | None = None
    correlation_id: str | None = None
    properties: Mapping[str, object] = {}
    locked_until: datetime


class _NoBus:
    """Hands out what it was given and takes everything at once: it costs nothing, so what is left is our own."""

    default_queue: str | None = QUEUE
    max_message_size = 256 * 1024

    def __init__(self, bodies: Sequence[bytes]) -> None:
        until = datetime.now(UTC) + timedelta(hours=1)
        self._waiting = [
            _Message(body=body, message_id=f"{number:032x}", locked_until=until)
            for number, body in enumerate(bodies)
        ]
        self.left = len(bodies)
        self.empty = asyncio.Event()

    @property
    def clock(self) -> "_NoBus":
        return self

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sender(self, queue: str) -> "_NoBus":
        return self

    def receiver(self, queue: str, *, prefetch: int = 0) -> "_NoBus":
        return self

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def stop(self) -> None: ...

    async def set_prefetch(self, count: int) -> None: ...

    async def receive(self, max_messages: int, max_wait_seconds: float) -> Sequence[Delivery]:
        taken, self._waiting = self._waiting[:max_messages], self._waiting[max_messages:]
        if not taken:
            await asyncio.sleep(0.01)
        return taken

    async def peek(self, max_messages: int, from_sequence_number: int = 1) -> Sequence[Message]:
        return []

    async def complete(self, delivery: Delivery, *, confirmed: bool = True) -> None:
        self.left -= 1
        if not self.left:
            self.empty.set()

    async def abandon(self, delivery: Delivery) -> None: ...

    async def release(self, delivery: Delivery) -> None: ...

    async def dead_letter(self, delivery: Delivery, reason: str, description: str) -> None: ...

    async def renew_lock(self, delivery: Delivery) -> datetime:
        return delivery.locked_until

    async def send(self, message: OutgoingMessage) -> None: ...

    async def send_many(self, messages: Sequence[OutgoingMessage]) -> Sequence[BusError | None]:
        return [None for _ in messages]


async def noop(state: None, number: int) -> None:
    """Next to nothing."""


def processor(scale: float) -> Iterator[Line]:
    """Processor time a task: received, decoded, run, decided, published, settled; the bus and log lines apart."""
    logging.getLogger("boilermaker").setLevel(logging.ERROR)
    count = int(20_000 * scale)
    for steps, what in ((1, "no-op task"), (2, "chain step with one more to publish")):
        yield Line(
            measure=f"own processor us a {what}, no log lines",
            ours=min(asyncio.run(_processor_seconds(steps, count)) for _ in range(3)) / count * 1e6,
            goal=AtMost(limit=100),
        )


async def _processor_seconds(steps: int, count: int) -> float:
    maker = Boilermaker(None, _NoBus([])).register_async(noop)
    tasks = [maker.create_task(noop, number) for number in range(steps)]
    whole = plan.flatten(chain(*tasks) if steps > 1 else tasks[0], maker.registry.resolve)
    bus = _NoBus([codec.encode(whole, f"{number:032x}", identity.new_seed()) for number in range(count)])
    worker = Boilermaker(None, bus).register_async(noop)
    gc.collect()
    before = time.process_time()
    running = asyncio.create_task(worker.run())
    await bus.empty.wait()
    seconds = time.process_time() - before
    worker.stop()
    await running
    return seconds


def sizes(scale: float) -> Iterator[Line]:
    """Bytes of each further step of a chain, each step a task of its own, less the bytes of its payload."""
    for is_fed, what in ((False, ""), (True, ", result handed on")):
        few, many = (_chain(count, tasks=100, is_fed=is_fed) for count in (10, 100))
        further = len(codec.encode(many, "w", _SEED)) - len(codec.encode(few, "w", _SEED))
        payloads = sum(len(msgspec.json.encode(step.payload)) for step in many[10:])
        yield Line(
            measure=f"bytes a further chain step{what}, payload apart",
            ours=(further - payloads) / 90,
            goal=AtMost(limit=80),
        )


class _Number(Payload, frozen=True, kw_only=True):
    number: int


def _chain(steps: int, *, tasks: int, is_fed: bool) -> Plan:
    """A chain that goes round these many tasks of a stubs package; each has a name of 12 letters and a digest."""
    stubs: list[TaskStub[int]] = [
        TaskStub(f"some_task_{index:02}", _Number, int, queue=QUEUE, digest=f"{index:016x}")
        for index in range(tasks)
    ]
    links: list[Task[int]] = []
    for index in range(steps):
        stub = stubs[index % tasks]
        links.append(stub(number=links[-1].result if links and is_fed else 7))
    return plan.flatten(chain(*links), resolve_stub)


def hop(scale: float) -> Iterator[Line]:
    """The codec's part of a hop in a chain that goes round ten tasks, from its second step to its third: read the header, this step and the next, write the next message."""
    times: dict[int, float] = {}
    for steps in (10, 1_000):
        body = _hop(codec.encode(_chain(steps, tasks=10, is_fed=True), "w" * 32, _SEED))
        times[steps] = min(_hop_seconds(body, int(2_000 * scale)) for _ in range(7)) * 1e6
    yield Line(measure="codec us a hop, 10 steps", ours=times[10], goal=AtMost(limit=20))
    yield Line(measure="codec us a hop, 1,000 steps", ours=times[1_000], goal=AtMost(limit=20))
    yield Line(measure="  times that of 10", ours=times[1_000] / times[10], goal=AtMost(limit=4))


def _hop_seconds(body: bytes, count: int) -> float:
    started = time.perf_counter()
    for _ in range(count):
        _hop(body)
    return (time.perf_counter() - started) / count


def _hop(body: bytes) -> bytes:
    envelope = codec.decode(body)
    current = envelope.current
    codec.results_for(envelope, current)
    assert current.then is not None
    step = envelope.steps[current.then]
    return codec.advance(
        envelope,
        Next(slot=0, to=step.number, task=step.task, queue=step.queue, digest=step.digest, result=_RESULT),
        identity.derived(envelope.header.seed, QUEUE, envelope.header.workflow, 0).seed,
    )


_RESULT = msgspec.Raw(b"7")
_SEED = "5eed" * 8


_IMPORT = """
import json, sys, time
import msgspec
started = time.perf_counter()
import accounts_stubs
took = time.perf_counter() - started
heavy = sorted({name.partition(".")[0] for name in sys.modules} & {"azure", "asyncio"})
print(json.dumps({"ms": took * 1000, "heavy": heavy}))
"""


def imports(scale: float) -> Iterator[Line]:
    """What a producer pays for importing a stubs package, beyond msgspec."""
    folder = Path(__file__).parents[2] / "stubs"
    reports: list[dict[str, Any]] = []
    for _ in range(9):
        done = subprocess.run([sys.executable, "-c", _IMPORT], cwd=folder, stdout=subprocess.PIPE, check=True)
        reports.append(json.loads(done.stdout))
    yield Line(
        measure="import of a stubs package, ms beyond msgspec, best of 9",
        ours=min(report["ms"] for report in reports),
        goal=AtMost(limit=30),
    )
    yield Line(
        measure="  azure and asyncio, imported with it",
        ours=len(reports[0]["heavy"]),
        goal=AtMost(limit=0),
    )
