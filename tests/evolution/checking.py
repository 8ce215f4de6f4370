"""What type checkers say of producers: written for the old stubs, checked with them and with the new ones."""

import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec

from boilermaker.contract import Contract
from boilermaker_codegen.package.render import render
from evolution.producing import Producer

_ROOT = Path(__file__).parents[2]
_CHECKERS = (
    ("mypy", "--strict", "--no-error-summary", "--cache-dir", ".cache", "."),
    ("pyright", "--pythonpath", sys.executable, "--project", "pyrightconfig.json"),
)


def write(folder: Path, number: int, old: Contract, new: Contract) -> None:
    """The producer of one pair of contracts, `old_N.py` beside the old stubs and `new_N.py` beside the new ones."""
    for side, contract in (("old", old), ("new", new)):
        package = f"{side}_{number}_stubs"
        (folder / package).mkdir()
        for file, data in render(contract, width=100).items():
            (folder / package / file).write_bytes(data)
        (folder / f"{side}_{number}.py").write_text(Producer(old).source(package))


def checked(folder: Path) -> dict[str, list[str]]:
    """The errors that mypy or pyright finds in the programs of a folder, by program."""
    config = {"typeCheckingMode": "standard", "extraPaths": [str(_ROOT / "sdk")], "include": ["*.py"]}
    (folder / "pyrightconfig.json").write_bytes(msgspec.json.encode(config))
    said = "".join(_said(command, folder) for command in _CHECKERS)
    errors: dict[str, list[str]] = {}
    for program, text in re.findall(r"\b((?:old|new)_\d+)\.py:(.*error:? .*)", said):
        errors.setdefault(program, []).append(text)
    return errors


def _said(command: tuple[str, ...], folder: Path) -> str:
    environ = {**os.environ, "MYPYPATH": str(_ROOT / "sdk")}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=environ, capture_output=True, text=True, check=False
    ).stdout
