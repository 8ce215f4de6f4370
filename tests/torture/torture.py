"""Workflows by the thousand, while workers are killed and connections are cut; then everything is accounted for."""

import asyncio
import importlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from boilermaker import Task, chain, failure
from boilermaker.errors import PublishError
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.localbus.settings import QueueSettings
from torture.accounts import Account, account, ended

QUEUE = "torture"
_HERE = Path(__file__).parent
_PUBLISH_AT_A_TIME = 200


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How bad the day is.

    Attributes:
        kill_seconds: between two kills of a worker.
        cut_seconds: between two cuts of all connections; None for never.
        limit_seconds: it has to be over by then.
    """

    workflows: int
    workers: int = 2
    concurrency: int = 20
    kill_seconds: float = 1.0
    cut_seconds: float | None = 5.0
    limit_seconds: float = 600.0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What happened."""

    account: Account
    kills: int
    cuts: int
    seconds: float
    dead_letters: int
    in_flight: int


class _Workers:
    """Worker processes; one that is dead is started again."""

    def __init__(self, plan: Plan, connection_string: str, folder: Path) -> None:
        self._plan = plan
        self._folder = folder
        self._environment = {
            **os.environ,
            "SERVICE_BUS_CONNECTION_STRING": connection_string,
            "TORTURE_DATABASE": str(folder / "torture.db"),
            "PYTHONPATH": str(_HERE.parent),
        }
        self._running: list[subprocess.Popen[bytes]] = []

    def keep(self) -> None:
        """Start what is missing."""
        self._running = [process for process in self._running if process.poll() is None]
        while len(self._running) < self._plan.workers:
            with (self._folder / "workers.log").open("ab") as log:
                command = [
                    sys.executable, "-m", "boilermaker.cli", "worker", "torture.service:worker",
                    "--concurrency", str(self._plan.concurrency),
                ]  # fmt: skip
                self._running.append(subprocess.Popen(command, env=self._environment, stdout=log, stderr=log))

    def kill_one(self) -> None:
        """SIGKILL, to whichever."""
        random.choice(self._running).kill()

    def stop(self) -> None:
        """SIGTERM to all."""
        for process in self._running:
            process.send_signal(signal.SIGTERM)
        for process in self._running:
            process.wait(60)


async def torture(plan: Plan, folder: Path, progress: Callable[[int], None] = lambda _: None) -> Report:
    """Carry a plan out. `progress` is told how many workflows have ended."""
    settings = QueueSettings(
        name=QUEUE, lock_duration=timedelta(seconds=5), max_delivery_count=2000,
        duplicate_detection_window=timedelta(hours=1),
    )  # fmt: skip
    started = time.monotonic()
    database = folder / "torture.db"
    kills = cuts = 0
    with LocalServiceBus([settings]) as bus:
        workers = _Workers(plan, bus.connection_string, folder)
        workers.keep()
        publishing = asyncio.create_task(_publish(plan, bus.connection_string, folder))
        last_kill = last_cut = time.monotonic()
        try:
            while (
                done := ended(database)
            ) < plan.workflows and time.monotonic() - started < plan.limit_seconds:
                progress(done)
                await asyncio.sleep(0.1)
                now = time.monotonic()
                if done and now - last_kill > plan.kill_seconds:
                    workers.kill_one()
                    last_kill, kills = now, kills + 1
                if done and plan.cut_seconds is not None and now - last_cut > plan.cut_seconds:
                    bus.drop_connections()
                    last_cut, cuts = now, cuts + 1
                workers.keep()
            published = await publishing
            await _until_empty(bus)
        finally:
            publishing.cancel()
            workers.stop()
        dead_letters = bus.counts()[QUEUE].dead_letter
    progress(ended(database))
    return Report(
        account=account(database, published),
        kills=kills,
        cuts=cuts,
        seconds=time.monotonic() - started,
        dead_letters=dead_letters,
        in_flight=kills * plan.concurrency + cuts * plan.concurrency * plan.workers,
    )


async def _publish(plan: Plan, connection_string: str, folder: Path) -> list[str]:
    """Publish through the faults, under ids that make a repeat safe."""
    os.environ["SERVICE_BUS_CONNECTION_STRING"] = connection_string
    os.environ["TORTURE_DATABASE"] = str(folder / "torture.db")
    service = importlib.reload(importlib.import_module("torture.service"))
    ids = [f"workflow-{number}" for number in range(plan.workflows)]
    gate = asyncio.Semaphore(_PUBLISH_AT_A_TIME)

    async def one(number: int) -> None:
        async with gate:
            workflow = _workflow(service, number)
            while not await _published(service.worker, workflow, ids[number]):  # noqa: ASYNC110 - a pause between tries
                await asyncio.sleep(0.2)

    async with service.worker:
        await asyncio.gather(*map(one, range(plan.workflows)))
    return ids


async def _published(worker: Any, workflow: Task[Any], id_: str) -> bool:
    try:
        await worker.client.publish(workflow, id=id_)
    except PublishError as error:
        if not error.is_transient:
            raise
        return False
    return True


def _workflow(service: Any, number: int) -> Task[Any]:
    worker = service.worker
    first = worker.create_task(service.begin, number)
    middle = worker.create_task(service.middle, first.result.placeholder())
    middle.on_failure = worker.create_task(service.mend, number, failure.cause.placeholder())
    return chain(first, middle, worker.create_task(service.end, middle.result.placeholder()))


async def _until_empty(bus: LocalServiceBus) -> None:
    """The last settlements may be on their way, or their locks may have to expire."""
    async with asyncio.timeout(60):
        while (left := bus.counts()[QUEUE]).active or left.scheduled:  # noqa: ASYNC110 - a bus has no event for being empty
            await asyncio.sleep(0.1)
