"""`make torture`: a bad day on the local bus, told as it goes."""

import asyncio
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn
from rich.table import Table

from torture.torture import Plan, Report, torture


@click.command(context_settings={"show_default": True})
@click.option("--workflows", default=10_000, help="How many workflows, of three or four steps each.")
@click.option("--workers", default=2, help="Worker processes.")
@click.option("--concurrency", default=20, help="Handlers at a time in each.")
@click.option("--kill-every", default=2.0, help="Seconds between two SIGKILLs.")
@click.option("--cut-every", default=7.0, help="Seconds between two cuts of all connections; 0 for none.")
@click.option("--limit", default=1800.0, help="Seconds after which it is given up.")
def main(
    workflows: int, workers: int, concurrency: int, kill_every: float, cut_every: float, limit: float
) -> None:
    """Publish workflows while workers are killed and connections are cut; then account for everything."""
    plan = Plan(
        workflows=workflows,
        workers=workers,
        concurrency=concurrency,
        kill_seconds=kill_every,
        cut_seconds=cut_every or None,
        limit_seconds=limit,
    )
    with tempfile.TemporaryDirectory() as folder:
        columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns) as bar:
            task = bar.add_task("workflows ended", total=workflows)
            report = asyncio.run(torture(plan, Path(folder), lambda done: bar.update(task, completed=done)))
    Console().print(_table(report))
    for line in [*report.account.missing, *report.account.strange][:20]:
        click.echo(f"not as it should be: {line}")
    is_well = not report.account.missing and not report.account.strange
    click.echo("✓ everything is accounted for" if is_well else "✗ something is lost or strange")
    sys.exit(0 if is_well else 1)


def _table(report: Report) -> Table:
    account = report.account
    table = Table(title="What became of it", title_justify="left", show_header=False, box=None)
    for name, value in (
        ("workflows published", account.workflows),
        ("workflows ended", account.ended),
        ("workers killed", report.kills),
        ("times all connections were cut", report.cuts),
        ("steps that never ran", len(account.missing)),
        ("steps that should not have run", len(account.strange)),
        ("steps enqueued twice", account.twice),
        ("handlers run again", account.again),
        ("  of at most, in flight when killed or cut", report.in_flight),
        ("dead letters (failed on purpose)", report.dead_letters),
        ("seconds", round(report.seconds)),
    ):
        table.add_row(name, f"{value:,}")
    return table


if __name__ == "__main__":
    main()
