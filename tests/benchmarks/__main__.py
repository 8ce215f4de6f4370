"""`make bench`: figures beside each other, measured in one run on one machine. Trust the ratios, not the absolutes."""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from tests.benchmarks import scanning, speed, transport
from tests.benchmarks.local import local_bus

QUEUE = "bench"

Measurement = Callable[[str, str, int], Awaitable[float]]


class Row(NamedTuple):
    """One thing to measure. `filled` where the queue has to hold what is received."""

    label: str
    measure: Measurement
    count: int
    is_filled: bool = False


PARTS = {"speed": "six minutes", "transport": "half a minute", "scanning": "two minutes"}

GROUPS = {
    "publish, 100 coroutines": [
        Row("azure-servicebus, in turn", transport.publish_raw, 2_000),
        Row("boilermaker", transport.publish_ours, 10_000),
    ],
    "receive and complete": [
        Row("azure-servicebus, in turn", transport.handle_raw_in_turn, 1_000, is_filled=True),
        Row("azure-servicebus, gather of 100", transport.handle_raw_gathered, 500, is_filled=True),
        Row(
            "boilermaker, confirmed", partial(transport.handle_ours, is_confirmed=True), 4_000, is_filled=True
        ),
        Row(
            "boilermaker, optimistic",
            partial(transport.handle_ours, is_confirmed=False),
            8_000,
            is_filled=True,
        ),
    ],
}


async def _rate(row: Row, connection_string: str) -> float:
    if row.is_filled:
        await transport.fill(connection_string, QUEUE, row.count)
    return row.count / await row.measure(connection_string, QUEUE, row.count)


async def _drain(connection_string: str, count: int) -> None:
    await transport.handle_ours(connection_string, QUEUE, count, is_confirmed=False)


async def _measure(connection_string: str) -> Table:
    table = Table(title="Transport, messages a second (400 bytes, round trip 0 ms)")
    for column in ("", "", "a second", "ratio"):
        table.add_column(column, justify="right" if column else "left")
    for group, rows in GROUPS.items():
        base = 0.0
        for number, row in enumerate(rows):
            rate = await _rate(row, connection_string)
            if not row.is_filled:
                await _drain(connection_string, row.count)
            base = base or rate
            table.add_row(group if number == 0 else "", row.label, f"{rate:,.0f}", f"{rate / base:.1f}x")
        table.add_section()
    return table


def _transport() -> Table:
    """On the bus that SERVICE_BUS_CONNECTION_STRING names (queue `bench`), else on a local one."""
    given = os.environ.get("SERVICE_BUS_CONNECTION_STRING")
    if given:
        return asyncio.run(_measure(given))
    with local_bus(QUEUE) as connection_string:
        return asyncio.run(_measure(connection_string))


def main() -> None:
    """Measure what is asked for; all of it where nothing is."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of: {', '.join(PARTS)}")
    parser.add_argument(
        "--only",
        action="append",
        choices=speed.MEASURES,
        metavar="MEASURE",
        help=f"this measure of `speed`; repeat for more. Of: {', '.join(speed.MEASURES)}",
    )
    parser.add_argument("--quick", action="store_true", help="a quarter of the messages, for `speed`")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="of the repository to scan; 1.0 is 10,000 modules"
    )
    arguments = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 132)
    for part in arguments.parts or (["speed"] if arguments.only else PARTS):
        if part == "speed":
            console.print(speed.measure(arguments.only or (), console, is_quick=arguments.quick))
            continue
        with console.status(f"measuring {part}, about {PARTS[part]}"):
            table = _transport() if part == "transport" else scanning.measure(arguments.scale)
        console.print(table)


main()
