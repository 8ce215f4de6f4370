"""`make torture`: a bad day on the local bus, told as it goes."""

import asyncio
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn
from rich.table import Table

from torture.torture import BAD, Plan, Report, findings, torture


@click.command(context_settings={"show_default": True})
@click.option("--workflows", default=10_000, help="How many workflows, of three or four steps each.")
@click.option("--workers", default=2, help="Worker processes.")
@click.option("--concurrency", default=20, help="Handlers at a time in each.")
@click.option("--kill-every", default=2.0, help="Seconds between two SIGKILLs.")
@click.option("--cut-every", default=7.0, help="Seconds between two cuts of all connections; 0 for none.")
@click.option("--fault-every", default=3.0, help="Seconds that each fault of the bus stands; 0 for none.")
@click.option("--strangers", default=2, help="Other people's clients, which publish garbage.")
@click.option("--limit", default=1800.0, help="Seconds after which it is given up.")
def main(
    workflows: int,
    workers: int,
    concurrency: int,
    kill_every: float,
    cut_every: float,
    fault_every: float,
    strangers: int,
    limit: float,
) -> None:
    """Publish workflows while workers are killed, connections are cut and the bus misbehaves; then account for all."""
    plan = Plan(
        workflows=workflows,
        workers=workers,
        concurrency=concurrency,
        kill_seconds=kill_every or None,
        cut_seconds=cut_every or None,
        faults=BAD if fault_every else (),
        fault_seconds=fault_every,
        strangers=strangers,
        limit_seconds=limit,
    )
    with tempfile.TemporaryDirectory() as folder:
        columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns) as bar:
            task = bar.add_task("workflows ended", total=workflows)
            report = asyncio.run(torture(plan, Path(folder), lambda done: bar.update(task, completed=done)))
    Console().print(_table(report))
    found = findings(report)
    for line in found[:20]:
        click.echo(f"not as it should be: {line}")
    click.echo("✗ something is lost or strange" if found else "✓ everything is accounted for")
    sys.exit(1 if found else 0)


def _table(report: Report) -> Table:
    account = report.account
    table = Table(title="What became of it", title_justify="left", show_header=False, box=None)
    for name, value in (
        ("workflows published", account.workflows),
        ("workflows ended", account.ended),
        ("workers killed", report.kills),
        ("times all connections were cut", report.cuts),
        ("faults of the bus", sum(report.faults.values())),
        *((f"  {fault}", count) for fault, count in report.faults.items()),
        ("steps that never ran", len(account.missing)),
        ("steps that should not have run", len(account.strange)),
        ("steps enqueued twice", account.twice),
        ("handlers run again", account.again),
        ("  of at most, interrupted by all this", report.in_flight),
        ("dead letters (failed on purpose)", report.dead_letters),
        ("strangers' messages", report.garbage),
        ("  dead-lettered", report.buried),
        ("workers that ended by themselves", len(report.ends)),
        ("seconds", round(report.seconds)),
    ):
        table.add_row(name, f"{value:,}")
    return table


if __name__ == "__main__":
    main()
