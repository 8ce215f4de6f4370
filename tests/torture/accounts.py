"""What must be in the journal at the end, and what is."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all workflows.

    Attributes:
        missing: steps that never ran, as "workflow: step".
        strange: steps that ran and should not have.
        again: handlers that ran again for the same message.
        twice: steps that were enqueued more than once.
        running: the most handlers that one kill can have interrupted.
    """

    workflows: int
    ended: int
    missing: tuple[str, ...]
    strange: tuple[str, ...]
    again: int
    twice: int


def steps_of(number: int) -> dict[str, int]:
    """The steps of a workflow, and how many tries each takes."""
    if number % 5 == 0:
        return {"begin": 1, "middle": 1, "mend": 1}
    return {"begin": 1, "middle": 2 if number % 7 == 0 else 1, "end": 1}


def ended(database: Path) -> int:
    """How many workflows have come to their end."""
    return int(
        _all(database, "SELECT count(DISTINCT workflow) FROM runs WHERE step IN ('end', 'mend')")[0][0]
    )


def account(database: Path, workflows: Iterable[str]) -> Account:
    """Compare the journal with what was published; a workflow's id ends in its number."""
    ran: dict[str, dict[str, set[str]]] = {}
    again = 0
    for workflow, step, attempts, runs in _all(
        database,
        "SELECT workflow, step, group_concat(DISTINCT attempt), count(*) FROM runs GROUP BY workflow, step",
    ):
        ids = set(str(attempts).split(","))
        ran.setdefault(str(workflow), {})[str(step)] = ids
        again += int(runs) - len(ids)
    missing: list[str] = []
    strange: list[str] = []
    twice = 0
    published = list(workflows)
    for workflow in published:
        wanted, had = steps_of(int(workflow.rpartition("-")[2])), ran.pop(workflow, {})
        missing += [f"{workflow}: {step}" for step, tries in wanted.items() if len(had.get(step, ())) < tries]
        strange += [f"{workflow}: {step}" for step in had.keys() - wanted.keys()]
        twice += sum(len(had.get(step, ())) > tries for step, tries in wanted.items())
    return Account(
        workflows=len(published),
        ended=ended(database),
        missing=tuple(missing),
        strange=(*strange, *ran),
        again=again,
        twice=twice,
    )


def _all(database: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(database, timeout=30)
    try:
        return connection.execute(query).fetchall()
    except sqlite3.OperationalError:
        return [(0,)] if "count(DISTINCT" in query else []  # no worker has made the table yet
    finally:
        connection.close()
