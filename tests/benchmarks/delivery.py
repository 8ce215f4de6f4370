"""Speed over a bus: this worker, the plain SDK and boilermaker-servicebus, on a bus that is near or 20 ms away.

The plain SDK runs no handlers and writes no log lines. boilermaker-servicebus handles one message at a time, so its rate
does not depend on how many there are: it gets fewer.
"""

import asyncio
import os
import subprocess
import sys
import time
from bisect import bisect
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from tests.benchmarks import transport
from tests.benchmarks.goals import AtMost, Line, Times
from tests.benchmarks.programs import QUEUE, has_peer, ours, peer, rate, result, site, start_ours

FAR = 0.020
"""Seconds: the round trip to a bus that is far."""

_STEPS = 20
_WINDOW_SECONDS = 0.25
_FULL = 0.9  # of the speed before: "full" again

Settlement = Literal["confirmed", "optimistic"]
_SETTLEMENTS: tuple[Settlement, ...] = ("confirmed", "optimistic")


def _options(settlement: Settlement) -> list[str]:
    return ["--optimistic"] if settlement == "optimistic" else []


def _work(
    round_trip: float, settlement: Settlement, count: int, steps: int = 1, *, is_quiet: bool = False
) -> float:
    """Tasks a second of this worker."""
    with site(round_trip) as bus:
        ours("fill", bus.near, count, f"--steps={steps}")
        return rate(ours("work", bus.far, count * steps, *_options(settlement), is_quiet=is_quiet))


def _work_peer(round_trip: float, count: int, steps: int = 1) -> float | None:
    if not has_peer():
        return None
    with site(round_trip) as bus:
        peer("fill", bus.near, count, steps)
        return rate(peer("work", bus.far, count * steps))


def _work_raw(round_trip: float, settlement: Settlement, count: int) -> float:
    handle = transport.handle_raw_in_turn if settlement == "confirmed" else transport.handle_raw_unwaited
    with site(round_trip) as bus:
        asyncio.run(transport.fill(bus.near, QUEUE, count))
        return count / asyncio.run(handle(bus.far, QUEUE, count))


def noop_near(scale: float) -> Iterator[Line]:
    """No-op tasks a second."""
    count = int(8_000 * scale)
    by_peer = _work_peer(0, int(2_000 * scale))
    by_raw = {
        "confirmed": _work_raw(0, "confirmed", count // 4),
        "optimistic": _work_raw(0, "optimistic", count),
    }
    for settlement in _SETTLEMENTS:
        yield Line(
            measure=f"no-op tasks/s, 0 ms, {settlement}",
            ours=_work(0, settlement, count),
            raw=by_raw[settlement],
            peer=by_peer,
            goal=Times(factor=5, of="peer"),
        )
    for settlement in _SETTLEMENTS:
        yield Line(
            measure=f"no-op tasks/s, 0 ms, {settlement}, no log lines; raw does not wait",
            ours=_work(0, settlement, count, is_quiet=True),
            raw=by_raw["optimistic"],
            peer=by_peer,
            goal=Times(factor=0.7, of="raw"),
        )


def noop_far(scale: float) -> Iterator[Line]:
    """No-op tasks a second, 20 ms away."""
    count = int(8_000 * scale)
    by_peer = _work_peer(FAR, int(200 * scale))
    for settlement, factor, for_raw in (("confirmed", 20, 400), ("optimistic", 100, 8_000)):
        assert settlement in _SETTLEMENTS
        yield Line(
            measure=f"no-op tasks/s, 20 ms, {settlement}",
            ours=_work(FAR, settlement, count),
            raw=_work_raw(FAR, settlement, int(for_raw * scale)),
            peer=by_peer,
            goal=Times(factor=factor, of="peer"),
        )


def steps_near(scale: float) -> Iterator[Line]:
    """Steps of chains a second."""
    return _steps(0, int(40 * scale), 4)


def steps_far(scale: float) -> Iterator[Line]:
    """Steps of chains a second, 20 ms away."""
    return _steps(FAR, max(1, int(8 * scale)), 50)


def _steps(round_trip: float, for_peer: int, factor: float) -> Iterator[Line]:
    by_peer = _work_peer(round_trip, for_peer, _STEPS)
    for settlement in _SETTLEMENTS:
        yield Line(
            measure=f"steps/s, 100 workflows of {_STEPS}, {round_trip * 1000:g} ms, {settlement}",
            ours=_work(round_trip, settlement, 100, _STEPS),
            peer=by_peer,
            goal=Times(factor=factor, of="peer"),
        )


def publish_near(scale: float) -> Iterator[Line]:
    """Publishing one by one from 100 coroutines."""
    return _publish(0, int(10_000 * scale), int(2_000 * scale), 5)


def publish_far(scale: float) -> Iterator[Line]:
    """The same, 20 ms away."""
    return _publish(FAR, int(10_000 * scale), int(200 * scale), 50)


def _publish(round_trip: float, count: int, for_others: int, factor: float) -> Iterator[Line]:
    for_others = max(100, for_others)  # one for each coroutine
    by_peer = _publish_peer(round_trip, for_others)
    with site(round_trip) as bus:
        by_raw = for_others / asyncio.run(transport.publish_raw(bus.far, QUEUE, for_others))
    with site(round_trip) as bus:
        by_us = rate(ours("publish", bus.far, count))
    yield Line(
        measure=f"publish/s from 100 coroutines, {round_trip * 1000:g} ms",
        ours=by_us,
        raw=by_raw,
        peer=by_peer,
        goal=Times(factor=factor, of="peer"),
    )


def _publish_peer(round_trip: float, count: int) -> float | None:
    if not has_peer():
        return None
    with site(round_trip) as bus:
        return rate(peer("publish", bus.far, count))


def publish_many(scale: float) -> Iterator[Line]:
    """10,000 tasks at once, beside one at a time on the plain SDK."""
    count, for_raw = int(10_000 * scale), int(2_000 * scale)
    with site(0) as bus:
        by_raw = for_raw / asyncio.run(transport.publish_raw(bus.far, QUEUE, for_raw))
    with site(0) as bus:
        by_us = rate(ours("fill", bus.far, count))
    yield Line(
        measure=f"publish_many of {count:,} tasks, tasks/s",
        ours=by_us,
        raw=by_raw,
        goal=Times(factor=10, of="raw"),
    )


def half_load(scale: float) -> Iterator[Line]:
    """From publish to done while the worker is half busy, 20 ms away; the first second, when it connects, apart."""
    for settlement in _SETTLEMENTS:
        full = _work(FAR, settlement, int(6_000 * scale))
        count = int(full / 2 * 6 * max(scale, 0.5))
        with site(FAR) as bus:
            working = start_ours("work", bus.far, count, *_options(settlement))
            ours("pace", bus.far, count, f"--rate={full / 2}")
            waits = sorted(result(working)["waits"][int(full / 2) :])
        yield Line(
            measure=f"p99 ms, publish to done, 20 ms, {settlement}, {full / 2:,.0f} tasks/s",
            ours=waits[int(len(waits) * 0.99)] * 1000,
            goal=AtMost(limit=5 * FAR * 1000),
        )


def recovery(scale: float) -> Iterator[Line]:
    """How long until the speed from before is reached again once every connection was cut."""
    before, after = 3.0, 6.0
    with site(FAR) as bus:
        assert bus.proxy is not None
        ours("fill", bus.near, int(40_000 * max(scale, 0.75)))
        working = start_ours("work", bus.far, 10**9, f"--seconds={before + after + 2}")
        time.sleep(before + 2)
        cut_at = time.time()
        bus.proxy.cut()
        times = result(working)["times"]
    yield Line(
        measure="seconds to full speed after all connections were cut, 20 ms",
        ours=_until_full(times, cut_at),
        goal=AtMost(limit=3),
    )


def _until_full(times: list[float], cut_at: float) -> float:
    """Seconds from the cut to the end of the first window with nearly as much in it as there was before."""
    usual = (bisect(times, cut_at) - bisect(times, cut_at - 2)) / 2 * _WINDOW_SECONDS
    at = bisect(times, cut_at + _WINDOW_SECONDS)  # what was received before is still handled
    while at < len(times):
        if bisect(times, times[at] + _WINDOW_SECONDS) - at >= usual * _FULL:
            return times[at] + _WINDOW_SECONDS - cut_at
        at += 1
    return float("inf")


def kills(scale: float) -> Iterator[Line]:
    """Handlers that ran again because a worker was killed, beside those that kills can have interrupted."""
    folder = Path(__file__).parents[1]
    program = Path(__file__).with_name("kills_program.py")
    done = subprocess.run(
        [sys.executable, program, str(int(3_000 * scale))],
        env={**os.environ, "PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    again, in_flight, handled = map(int, done.stdout.split())
    yield Line(
        measure=f"handlers run again of {handled:,}, workers killed again and again",
        ours=again,
        goal=AtMost(limit=in_flight),
    )
