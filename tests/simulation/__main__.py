"""`make simulate`: as many worlds as one likes, on all processors."""

import logging
import multiprocessing
import sys
from collections.abc import Iterator

import click
from rich.progress import Progress, TimeElapsedColumn

from simulation.simulate import Finding, search

_CHUNK = 500

Job = tuple[range, bool, bool, bool, bool]


def _search(job: Job) -> Finding | None:
    logging.getLogger("boilermaker.app").setLevel(logging.CRITICAL + 1)
    seeds, detects, rollout, remembers, stranger = job
    return search(seeds, detects=detects, rollout=rollout, remembers=remembers, stranger=stranger)


def _jobs(first: int, count: int) -> Iterator[Job]:
    for start in range(first, first + count, _CHUNK):
        seeds = range(start, min(start + _CHUNK, first + count))
        part = start // _CHUNK % 10
        # 4 of 10 without duplicate detection, half of them with an outcome store; 1 of 10 during a rollout; 4 of 10 with a
        # stranger, one of each kind among them
        yield seeds, part not in {1, 3, 5, 7}, part == 9, part in {3, 7}, part in {1, 2, 3, 6}


@click.command(context_settings={"show_default": True})
@click.option("--schedules", default=1_000_000, help="How many worlds.")
@click.option("--seed", default=0, help="The first one's seed.")
@click.option("--processes", default=multiprocessing.cpu_count(), help="How many at a time.")
def main(schedules: int, seed: int, processes: int) -> None:
    """Run workers through random workflows, crashes, lost answers and lost locks, and judge what came of it."""
    with (
        multiprocessing.Pool(processes) as pool,
        Progress(*Progress.get_default_columns(), TimeElapsedColumn()) as bar,
    ):
        task = bar.add_task("worlds", total=schedules)
        for found in pool.imap_unordered(_search, _jobs(seed, schedules)):
            if found is not None:
                bar.stop()
                click.echo(str(found))
                sys.exit(1)
            bar.advance(task, _CHUNK)
    click.echo(f"{schedules:,} worlds from seed {seed}: every rule held in each")


if __name__ == "__main__":
    main()
