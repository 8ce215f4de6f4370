"""`make sdk-names`: every name of the table, one after the other; some seconds each."""

import asyncio
import sys
import tempfile
from pathlib import Path

from boilermaker.transport.servicebus.pyamqp import names
from sdk_names.trial import trial


async def main(wanted: list[str]) -> int:
    """The exit status: 1 where anything was lost."""
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in wanted or names.every():
            report = await trial(name, Path(folder))
            sys.stdout.write(f"{name}: {'; '.join(report.findings) or 'nothing lost'}\n")
            sys.stdout.flush()
            if report.findings:
                failed += 1
                sys.stdout.write(report.said[-3000:] + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
