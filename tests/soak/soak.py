"""A worker process that works for as long as one likes, with connections cut now and then; what it holds must not grow."""

import asyncio
import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from boilermaker import failure
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.localbus.settings import QueueSettings

QUEUE = "soak"
_TESTS = Path(__file__).parents[1]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how much.

    Attributes:
        seconds: of work.
        workflows_per_second: that are published.
        census_seconds: between two looks at what the worker holds.
        cut_seconds: between two cuts of all connections.
    """

    seconds: float
    workflows_per_second: float = 40
    census_seconds: float = 10
    cut_seconds: float = 45


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """What the worker held at the n-th census; the links that the bus had then."""

    number: int
    resident: int
    objects: int
    tasks: int
    files: int
    links: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What happened."""

    published: int
    cuts: int
    samples: tuple[Sample, ...]
    left: int
    status: int


def growth(values: list[float]) -> float:
    """How much the most of the last third is above the most before it."""
    third = max(len(values) // 3, 1)
    return max(values[-third:]) / max(values[:-third]) - 1


def findings(report: Report) -> list[str]:
    """What grew, in sentences; empty where all is flat."""
    limits = {"resident": 0.05, "objects": 0.03, "tasks": 0.5, "files": 0.3, "links": 0.3}
    found = [
        f"{name} grew by {grown:.0%}"
        for name, most in limits.items()
        if (grown := growth([float(getattr(sample, name)) for sample in report.samples])) > most
    ]
    if report.left:
        found.append(f"{report.left} messages are left")
    if report.status:
        found.append(f"the worker ended with {report.status}")
    return found


async def soak(plan: Plan, folder: Path, progress: Callable[[float], None] = lambda _: None) -> Report:
    """Carry a plan out. `progress` is told the seconds that went by."""
    settings = QueueSettings(
        name=QUEUE, lock_duration=timedelta(seconds=10), duplicate_detection_window=timedelta(minutes=1)
    )
    with LocalServiceBus([settings]) as bus:
        environment = {
            "SERVICE_BUS_CONNECTION_STRING": bus.connection_string,
            "SOAK_CENSUS": str(folder / "census.txt"),
        }
        os.environ.update(environment)
        service = importlib.reload(importlib.import_module("soak.service"))
        command = [
            sys.executable,
            "-m",
            "boilermaker.cli",
            "worker",
            "soak.service:worker",
            "--concurrency",
            "50",
        ]
        with (folder / "worker.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: ASYNC220 - once
                [*command, "--log-level", "warning"],
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_TESTS), *sys.path])},
                stdout=log,
                stderr=log,
            )
        try:
            published, cuts, links = await _feed(plan, bus, service, progress, (folder / "census.txt").exists)
            left = await _until_empty(bus)
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(60)
    return Report(
        published=published, cuts=cuts, samples=_samples(folder, links), left=left, status=status
    )  # fmt: skip


async def _feed(
    plan: Plan,
    bus: LocalServiceBus,
    service: Any,
    progress: Callable[[float], None],
    is_there: Callable[[], bool],
) -> tuple[int, int, list[int]]:
    """Publish at a steady pace, however long each publish takes, once the worker is there."""
    published = cuts = 0
    links: list[int] = []
    under_way: set[asyncio.Task[None]] = set()

    def publish(task: Any) -> None:
        running = asyncio.create_task(service.worker.publish_task(task))
        under_way.add(running)
        running.add_done_callback(under_way.discard)

    def count() -> None:
        links.append(bus.links())
        publish(service.worker.create_task(service.census, len(links) - 1))

    async with service.worker:
        count()
        while not is_there():  # noqa: ASYNC110 - another process, which tells nobody
            await asyncio.sleep(0.1)
        started = last_cut = last_census = time.monotonic()
        while (second := time.monotonic() - started) < plan.seconds:
            progress(second)
            while published < second * plan.workflows_per_second:
                published += 1
                publish(_workflow(service, published))
            if time.monotonic() - last_census >= plan.census_seconds:
                last_census = time.monotonic()
                count()
            if time.monotonic() - last_cut >= plan.cut_seconds:
                last_cut, cuts = time.monotonic(), cuts + 1
                bus.drop_connections()
            await asyncio.sleep(0.02)
        await asyncio.gather(*under_way)
    return published, cuts, links


def _workflow(service: Any, number: int) -> Any:
    worker = service.worker
    first = worker.create_task(service.begin, number)
    last = worker.create_task(service.end, number, first.result.placeholder())
    last.on_failure = worker.create_task(service.mend, failure.cause.placeholder())
    return first >> last


def _samples(folder: Path, links: list[int]) -> tuple[Sample, ...]:
    lines = (folder / "census.txt").read_text().splitlines()
    held = {int(number): rest for number, *rest in map(str.split, lines)}
    return tuple(Sample(number, *map(int, held[number]), links[number]) for number in sorted(held))


async def _until_empty(bus: LocalServiceBus) -> int:
    deadline = time.monotonic() + 60
    while (left := bus.counts()[QUEUE]).active + left.scheduled and time.monotonic() < deadline:  # noqa: ASYNC110 - a bus has no event for being empty
        await asyncio.sleep(0.1)
    return left.active + left.scheduled
