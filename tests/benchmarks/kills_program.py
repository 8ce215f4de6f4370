"""A short bad day (see `torture`) whose figures are printed: handlers run again, in flight when killed, handled."""

import asyncio
import sys
import tempfile
from pathlib import Path

from torture.accounts import steps_of
from torture.torture import Plan, torture

WORKFLOWS = int(sys.argv[1])

with tempfile.TemporaryDirectory() as folder:
    report = asyncio.run(torture(Plan(workflows=WORKFLOWS, cut_seconds=None), Path(folder)))
handled = sum(sum(steps_of(number).values()) for number in range(WORKFLOWS))
print(report.account.again, report.in_flight, handled)  # noqa: T201 - what its caller reads
