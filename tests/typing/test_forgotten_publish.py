"""Calling a stub builds a task and does nothing more: a checker can be told to say so where the task is dropped."""

import re
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import accounts_stubs as accounts
from boilermaker import Client


async def main(client: Client) -> None:
    accounts.create_user(email="a@b.org", name="Ada")
    user = accounts.create_user(email="a@b.org", name="Ada")
    _ = await client.publish(user)
"""


def test_pyright_finds_a_task_that_is_dropped(tmp_path: Path) -> None:
    """`reportUnusedCallResult`, as the guide says."""
    (tmp_path / "program.py").write_text(PROGRAM)
    stubs = Path(__file__).parents[2] / "stubs"
    (tmp_path / "pyrightconfig.json").write_text(
        f'{{"reportUnusedCallResult": "error", "extraPaths": ["{stubs.as_posix()}"]}}'
    )
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "program.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert ["7"] == re.findall(r"program\.py:(\d+):\d+ - error.*reportUnusedCallResult", done.stdout), (
        done.stdout
    )
