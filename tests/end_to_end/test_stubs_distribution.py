"""The stubs as a distribution: built, installed into an environment of its own, and used there by a producer."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PRODUCER = """
import importlib.metadata as metadata
import importlib.util as found
import json
import sys

import accounts_stubs

user = accounts_stubs.create_user(email="ada@example.org", name="Ada")
user >> accounts_stubs.send_welcome_email(user_id=user.result)
print(json.dumps({
    "version": metadata.version("accounts-stubs"),
    "requires": metadata.requires("accounts-stubs"),
    "strangers": [name for name in ("accounts_service", "click", "libcst", "jinja2", "proton") if found.find_spec(name)],
}))
"""


def run(*command: object, cwd: Path | None = None) -> str:
    """Output of a command that must succeed."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheels of the stubs and of this project."""
    folder = tmp_path_factory.mktemp("wheels")
    for source in (ROOT / "stubs", ROOT):
        options = ("--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder)
        run(sys.executable, "-m", "pip", "wheel", *options, source)
    return folder


def test_breaking_reads_the_contract_of_a_released_wheel(wheels: Path) -> None:
    """The committed contract is the released one: no findings."""
    (wheel,) = wheels.glob("accounts_stubs-*.whl")
    contract = ROOT / "stubs" / "accounts_stubs" / "contract.json"

    said = run(
        sys.executable,
        "-m",
        "boilermaker.cli",
        "contract",
        "breaking",
        "--against",
        wheel,
        "--contract",
        contract,
    )

    assert said.endswith(": 0 findings\n")


@pytest.mark.timeout(300)
def test_a_producer_needs_the_stubs_and_the_base_install_alone(wheels: Path, tmp_path: Path) -> None:
    """Installed by name; the worker's code and the generator's dependencies are not there."""
    venv.create(tmp_path / "producer", with_pip=True)
    python = tmp_path / "producer" / "bin" / "python"
    options = ("--quiet", "--find-links", wheels, "-c", ROOT / "constraints.txt")
    run(python, "-m", "pip", "install", *options, "accounts-stubs")

    said = run(python, "-c", PRODUCER, cwd=tmp_path)

    assert '"requires": ["boilermaker-sdk>=0.1"]' in said
    assert '"strangers": []' in said
    assert '"version": "0.1.0+c' in said
