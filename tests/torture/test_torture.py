"""A bad quarter of a minute: real processes, killed; real connections, cut. `make torture` is the bad day."""

from pathlib import Path

import pytest

from torture.accounts import account, steps_of
from torture.torture import Plan, findings, torture

WORKFLOWS = 1000  # so many that several workers are killed before all have ended


@pytest.mark.timeout(180)
async def test_everything_is_accounted_for_after_kills_and_cuts(tmp_path: Path) -> None:
    """No workflow is lost, no step enqueued twice, and no more handlers run again than were in flight."""
    report = await torture(
        Plan(workflows=WORKFLOWS, kill_seconds=0.5, cut_seconds=1.5, limit_seconds=120, strangers=1), tmp_path
    )
    assert findings(report) == []
    assert report.kills >= 2
    assert report.account.ended == WORKFLOWS
    assert report.garbage > 0
    assert report.dead_letters == sum("mend" in steps_of(number) for number in range(WORKFLOWS))


def test_what_is_missing_would_be_told(tmp_path: Path) -> None:
    """An account of workflows that never ran."""
    told = account(tmp_path / "torture.db", ["workflow-1", "workflow-5"])
    assert told.ended == 0
    assert set(told.missing) == {
        "workflow-1: begin", "workflow-1: middle", "workflow-1: end",
        "workflow-5: begin", "workflow-5: middle", "workflow-5: mend",
    }  # fmt: skip
