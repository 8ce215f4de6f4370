"""Workflows by the thousand, while workers are killed and connections are cut; then everything is accounted for."""

import asyncio
import importlib
import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from boilermaker import Task, chain, failure
from boilermaker.errors import PublishError
from boilermaker.localbus.faults import Standing
from boilermaker.localbus.messages import StoredMessage
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.localbus.settings import QueueSettings
from torture.accounts import Account, account, ended

QUEUE = "torture"
_HERE = Path(__file__).parent
_PUBLISH_AT_A_TIME = 200

BAD = (
    "send=busy,chance=0.5", "send=cut-after,chance=0.2", "send=lose,times=1", "send=delay,seconds=0.5",
    "settle=lock-lost,chance=0.3", "settle=lose,chance=0.3", "settle=busy,chance=0.3", "settle=cut-after,chance=0.1",
    "renew=lock-lost,chance=0.5", "deliver=ignore,chance=0.1", "deliver=delay,seconds=1,chance=0.3",
    "deliver=half,times=1", "deliver=garbage,times=1", "attach=busy,chance=0.5", "token=busy,times=2",
    "entity=disabled", "connect=freeze,times=2", "connect=garbage,times=2", "now=lock-lost", "now=detach",
    "now=freeze,seconds=1",
)  # fmt: skip
"""What goes wrong on a bad day."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How bad the day is.

    Attributes:
        kill_seconds: between two kills of a worker; None for never.
        cut_seconds: between two cuts of all connections; None for never.
        faults: what goes wrong on the bus, one after the other and over again.
        fault_seconds: how long each stands, and how long none does after it.
        strangers: other people's clients that publish garbage to the queue all the while.
        limit_seconds: it has to be over by then.
    """

    workflows: int
    workers: int = 2
    concurrency: int = 20
    kill_seconds: float | None = 1.0
    cut_seconds: float | None = 5.0
    faults: tuple[str, ...] = ()
    fault_seconds: float = 1.0
    strangers: int = 0
    limit_seconds: float = 600.0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What happened.

    Attributes:
        faults: how often each fault struck.
        dead_letters: of workflows.
        garbage: what strangers have surely sent.
        buried: how much of it became a dead letter.
        in_flight: the most handlers that kills, cuts and faults can have interrupted.
        ends: how worker processes ended that were not killed; none should.
    """

    account: Account
    kills: int
    cuts: int
    faults: dict[str, int]
    seconds: float
    dead_letters: int
    garbage: int
    buried: int
    in_flight: int
    ends: tuple[int, ...]


def findings(report: Report) -> list[str]:
    """What is not as it should be; empty where all is accounted for."""
    account = report.account
    found = [f"{step} never ran" for step in account.missing]
    found += [f"{step} ran and should not have" for step in account.strange]
    if account.twice:
        found.append(f"{account.twice} steps were enqueued twice")
    if account.again > report.in_flight:
        found.append(f"{account.again} handlers ran again, of {report.in_flight} that were interrupted")
    if report.buried < report.garbage:
        found.append(f"{report.garbage - report.buried} messages of strangers are gone")
    if report.ends:
        found.append(f"workers ended by themselves, with {', '.join(map(str, report.ends))}")
    return found


class _Processes:
    """Worker processes, and those of strangers; one that is dead is started again."""

    def __init__(self, plan: Plan, connection_string: str, folder: Path) -> None:
        self._plan = plan
        self._folder = folder
        self._environment = {
            **os.environ,
            "SERVICE_BUS_CONNECTION_STRING": connection_string,
            "TORTURE_DATABASE": str(folder / "torture.db"),
            "PYTHONPATH": str(_HERE.parent),
        }
        self._workers: list[subprocess.Popen[bytes]] = []
        self._killed: set[int] = set()
        self._strangers = [
            self._start("torture.stranger", str(folder / f"stranger-{number}.txt"), str(number))
            for number in range(plan.strangers)
        ]
        self.ends: list[int] = []

    def keep(self) -> None:
        """Start what workers are missing."""
        for process in self._workers:
            if process.poll() is not None and process.pid not in self._killed:
                self.ends.append(process.returncode)
        self._workers = [process for process in self._workers if process.poll() is None]
        while len(self._workers) < self._plan.workers:
            self._workers.append(
                self._start(
                    "boilermaker.cli", "worker", "torture.service:worker",
                    "--concurrency", str(self._plan.concurrency), "--log-format", "json",
                )
            )  # fmt: skip

    def _start(self, module: str, *arguments: str) -> "subprocess.Popen[bytes]":
        with (self._folder / f"{module}.log").open("ab") as log:
            command = [sys.executable, "-m", module, *arguments]
            return subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)

    def kill_one(self) -> None:
        """SIGKILL, to whichever."""
        process = random.choice(self._workers)
        self._killed.add(process.pid)
        process.kill()

    def stop_strangers(self) -> None:
        """SIGTERM, so that they write down what they have sent."""
        _stop(self._strangers)

    def stop(self) -> None:
        """SIGTERM to all workers."""
        self.stop_strangers()
        _stop(self._workers)


def _stop(processes: "list[subprocess.Popen[bytes]]") -> None:
    for process in processes:
        process.send_signal(signal.SIGTERM)
    for process in processes:
        process.wait(60)


class _BadDay:
    """Kills, cuts and faults, each at its time.

    Attributes:
        interrupted: how many handlers these may have interrupted.
    """

    def __init__(self, plan: Plan, bus: LocalServiceBus, processes: _Processes) -> None:
        self._plan, self._bus, self._processes = plan, bus, processes
        self._last_kill = self._last_cut = self._last_fault = time.monotonic()
        self._coming = itertools.cycle(plan.faults)
        self._standing: Standing | None = None
        self.kills = self.cuts = self.interrupted = 0
        self.struck: Counter[str] = Counter()  # one that stood and never struck counts 0

    def go_on(self) -> None:
        """Do what is due."""
        now, plan = time.monotonic(), self._plan
        if plan.kill_seconds is not None and now - self._last_kill > plan.kill_seconds:
            self._processes.kill_one()
            self._last_kill, self.kills = now, self.kills + 1
            self.interrupted += plan.concurrency
        if plan.cut_seconds is not None and now - self._last_cut > plan.cut_seconds:
            self._bus.drop_connections()
            self._last_cut, self.cuts = now, self.cuts + 1
            self.interrupted += plan.concurrency * plan.workers
        if plan.faults and now - self._last_fault > plan.fault_seconds:
            self._last_fault = now
            self._turn()

    def _turn(self) -> None:
        """The next fault, or none for a while."""
        if self._standing is None:
            self._standing = self._bus.faults.add(next(self._coming))
            self.struck[str(self._standing.fault)] += 0
            self.interrupted += self._plan.concurrency * self._plan.workers
        else:
            self.end()

    def end(self) -> None:
        """No fault any more."""
        if self._standing is not None:
            self._standing.remove()
            self.struck[str(self._standing.fault)] += self._standing.count
            self.interrupted += (
                self._standing.count
            )  # a settlement that is refused or lost may bring its message again
            self._standing = None


async def torture(plan: Plan, folder: Path, progress: Callable[[int], None] = lambda _: None) -> Report:
    """Carry a plan out. `progress` is told how many workflows have ended."""
    settings = QueueSettings(
        name=QUEUE, lock_duration=timedelta(seconds=5), max_delivery_count=2000,
        duplicate_detection_window=timedelta(hours=1),
    )  # fmt: skip
    started = time.monotonic()
    database = folder / "torture.db"
    with LocalServiceBus([settings], seed=1) as bus:
        processes = _Processes(plan, bus.connection_string, folder)
        processes.keep()
        day = _BadDay(plan, bus, processes)
        publishing = asyncio.create_task(_publish(plan, bus.connection_string, folder))
        try:
            while (
                done := ended(database)
            ) < plan.workflows and time.monotonic() - started < plan.limit_seconds:
                progress(done)
                await asyncio.sleep(0.1)
                if done:
                    day.go_on()
                processes.keep()
            day.end()
            published = await publishing
            await asyncio.to_thread(processes.stop_strangers)
            await _until_empty(bus)
        finally:
            publishing.cancel()
            processes.stop()
        letters = {str(letter.incoming.message_id) for letter in _dead_letters(bus)}
    progress(ended(database))
    garbage = _sent_by_strangers(folder)
    return Report(
        account=account(database, published),
        kills=day.kills,
        cuts=day.cuts,
        faults=dict(day.struck),
        seconds=time.monotonic() - started,
        dead_letters=sum(not letter.startswith("garbage") for letter in letters),
        garbage=len(garbage),
        buried=len(garbage & letters),
        in_flight=day.interrupted,
        ends=tuple(processes.ends),
    )


def _sent_by_strangers(folder: Path) -> set[str]:
    return {line for path in folder.glob("stranger-*.txt") for line in path.read_text().splitlines()}


def _dead_letters(bus: LocalServiceBus) -> list[StoredMessage]:
    letters = bus.queues[QUEUE].dead_letters
    return [] if letters is None else letters.messages()


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
