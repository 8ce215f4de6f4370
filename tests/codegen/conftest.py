"""Golden folders: `cases/<name>` holds a service in `input/` and what must come of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

PYPROJECT = """\
[tool.boilermaker]
service = "accounts"
queue = "accounts"
source = ["src"]
package = "accounts_stubs"
output = "stubs"
"""
SERVICE = """\
from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="accounts")


@worker.task
async def create_user(state, email: str) -> int: ...
"""

WriteProject = Callable[..., Path]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write what the generator gives as what is expected"
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden", default=False))


@pytest.fixture
def project(tmp_path: Path) -> WriteProject:
    """Write a service with these files under `src/`, and give its configuration's path."""

    def write(pyproject: str = PYPROJECT, **files: str) -> Path:
        for name, text in {"service": SERVICE, **files}.items():
            path = tmp_path / "src" / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (tmp_path / "pyproject.toml").write_text(pyproject)
        return tmp_path / "pyproject.toml"

    return write
