"""The first sample of the README: what a newcomer pastes and runs."""

import re
import subprocess
import sys
from pathlib import Path

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_a_first_task_in_a_minute(tmp_path: Path) -> None:
    """It prints what its last line says, and mypy, strict, is content."""
    found = re.search(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert found is not None
    sample, said = found[1], found[1].rpartition("# ")[2]
    (tmp_path / "first.py").write_text(sample)

    ran = subprocess.run(
        [sys.executable, "first.py"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "first.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert said == ran.stdout, ran.stderr
    assert checked.returncode == 0, checked.stdout
