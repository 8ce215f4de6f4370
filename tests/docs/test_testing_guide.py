"""The samples of the guide on testing, written to the files that they name and run by pytest."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "how-to" / "testing.md"
SAMPLE = re.compile(r'^```\w+ title="([\w.]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def test_the_samples_run_as_they_stand(tmp_path: Path) -> None:
    """All of them in one folder, as a reader would have them."""
    samples = dict(SAMPLE.findall(GUIDE.read_text()))
    for name, text in samples.items():
        (tmp_path / name).write_text(text)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT / "stubs"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )

    tests = sum(name.startswith("test_") for name in samples)
    assert (7, 0) == (tests, done.returncode), done.stdout + done.stderr
    assert "17 passed" in done.stdout, done.stdout
