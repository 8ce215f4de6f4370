"""`make soak`: an hour of work, and what the worker holds meanwhile."""

import asyncio
import logging
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn
from rich.table import Table

from soak.soak import Plan, Report, findings, soak

_ROWS = 20


@click.command(context_settings={"show_default": True})
@click.option("--minutes", default=60.0, help="How long.")
@click.option("--rate", default=40.0, help="Workflows in a second.")
@click.option("--cut-every", default=45.0, help="Seconds between two cuts of all connections.")
def main(minutes: float, rate: float, cut_every: float) -> None:
    """Let a worker process work over AMQP, and see whether memory, asyncio tasks, files or links grow."""
    logging.getLogger("azure").setLevel(logging.CRITICAL)
    plan = Plan(
        seconds=minutes * 60,
        workflows_per_second=rate,
        cut_seconds=cut_every,
        census_seconds=max(minutes / 3, 1),
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        Progress(*Progress.get_default_columns(), TimeElapsedColumn()) as bar,
    ):
        task = bar.add_task("seconds", total=plan.seconds)
        report = asyncio.run(soak(plan, Path(folder), lambda done: bar.update(task, completed=done)))
    Console().print(_table(report))
    found = findings(report)
    for line in found:
        click.echo(f"not as it should be: {line}")
    click.echo(
        f"{report.published:,} workflows, {report.cuts} cuts: "
        + ("✗ something grew" if found else "✓ all is flat")
    )
    sys.exit(1 if found else 0)


def _table(report: Report) -> Table:
    table = Table("census", "MB", "objects", "tasks", "files", "links", box=None)
    for sample in report.samples[:: max(len(report.samples) // _ROWS, 1)]:
        table.add_row(
            f"{sample.number:,}",
            f"{sample.resident / 2**20:.1f}",
            *(f"{value:,}" for value in (sample.objects, sample.tasks, sample.files, sample.links)),
        )
    return table


if __name__ == "__main__":
    main()
