"""A quarter of a minute of it; `make soak` is an hour."""

from pathlib import Path

import msgspec
import pytest

from soak.soak import Plan, Report, Sample, findings, soak


@pytest.mark.timeout(180)
async def test_a_worker_holds_no_more_in_the_end_than_before(tmp_path: Path) -> None:
    """Connections are cut meanwhile; afterwards nothing is left to do."""
    report = await soak(Plan(seconds=12, census_seconds=0.5, cut_seconds=3), tmp_path)
    assert report.cuts >= 2
    assert len(report.samples) >= 10
    assert findings(report) == []


def test_what_grows_is_told() -> None:
    """Memory, tasks that are left over, links that are not closed, messages that nobody took."""
    flat = Sample(0, 100 * 2**20, 100_000, 20, 15, 6)
    report = Report(published=1, cuts=0, samples=(flat,) * 40, left=0, status=0)
    assert findings(report) == []
    for name, most in (("resident", 2**30), ("tasks", 200), ("links", 60)):
        grown = (*(flat,) * 30, *(msgspec.structs.replace(flat, **{name: most}),) * 10)
        [told] = findings(msgspec.structs.replace(report, samples=grown))
        assert told.startswith(f"{name} grew by")
    assert findings(msgspec.structs.replace(report, left=3)) == ["3 messages are left"]
