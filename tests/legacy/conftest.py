"""The old package, for tests that publish with it."""

from pathlib import Path

import pytest

from legacy import environment


@pytest.fixture(scope="session")
def old_python() -> Path:
    """The Python of an environment that has boilermaker-servicebus; skips where there can be none."""
    try:
        return environment.old_python()
    except environment.NotInstallableError as error:
        pytest.skip(str(error))
