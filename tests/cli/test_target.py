"""From `module:worker` to the worker: what can be wrong with it. `contract show` is the shortest way there."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Write = Callable[[str, str], Path]

WORKER = """
from boilermaker.app import Boilermaker
from boilermaker.transport.memory.bus import InMemoryServiceBus

worker = Boilermaker(None, InMemoryServiceBus(), queue="accounts")
other = Boilermaker(None, InMemoryServiceBus(), queue="emails")
number = 1
"""


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("absent:worker", "no module named 'absent'"),
        ("services.absent:worker", "no module named 'services.absent'"),
        (
            "services.app:nothing",
            "module 'services.app' has no attribute 'nothing'; workers in it: other, worker",
        ),
        ("services.app:number", "services.app:number is not a Boilermaker but of type int; workers in it"),
        (
            "services.app",
            "contains several workers: name one as services.app:attribute; workers in it: other, worker",
        ),
        ("services", "contains no worker"),
        ("services.app:", "does not name a worker: use module:attribute"),
        (":worker", "does not name a worker"),
        ("services/app.py:worker", "names a file: use the module, services.app:worker"),
        ("./services/app", "names a file: use the module, services.app:worker"),
        ("app.py:worker", "names a file: use the module, app:worker"),
        (
            "services.needy:worker",
            "importing 'services.needy' failed: ModuleNotFoundError: No module named 'absent'",
        ),
        ("services.failing:worker", "importing 'services.failing' failed: ZeroDivisionError"),
        ("services.typo:worker", "importing 'services.typo' failed: SyntaxError"),
    ],
)
def test_a_target_that_is_not_there_is_told_in_a_sentence(
    run: Run, write: Write, target: str, expected: str
) -> None:
    """Which part is wrong, and what there is instead."""
    write("services/__init__.py", "")
    write("services/app.py", WORKER)
    write("services/needy.py", "import absent\n")
    write("services/failing.py", "def fail():\n    1 / 0\n\nfail()\n")
    write("services/typo.py", "def (:\n")

    done = run("contract", "show", target)

    assert done.returncode in {1, 2}
    assert expected in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_an_import_that_fails_shows_the_services_own_frames(run: Run, write: Write) -> None:
    """Not those of the command or of importlib."""
    path = write("failing.py", "def fail():\n    1 / 0\n\nfail()\n")

    done = run("contract", "show", "failing:worker")

    assert f'File "{path}", line 2, in fail' in done.stderr
    assert "importlib" not in done.stderr
    assert "target.py" not in done.stderr


def test_an_import_that_boilermaker_refuses_shows_none_of_its_frames(run: Run, write: Write) -> None:
    """The sentence says which function and why; nine frames of the package would only hide it."""
    path = write(
        "app.py", WORKER + "\n\n@worker.task\nasync def mail(state: None, of: complex) -> None: ...\n"
    )

    done = run("contract", "show", "app:worker")

    assert "`mail` cannot be a task: parameter `of`" in done.stderr
    assert [f'  File "{path}", line 10, in <module>'] == [
        line for line in done.stderr.splitlines() if line.startswith("  File ")
    ]


def test_the_only_worker_of_a_module_need_not_be_named(run: Run, write: Write) -> None:
    """Neither its name nor that of an alias."""
    write(
        "app.py",
        WORKER.replace('other = Boilermaker(None, InMemoryServiceBus(), queue="emails")', "alias = worker"),
    )

    assert 0 == run("contract", "show", "app").returncode


def test_a_worker_may_be_an_attribute_of_an_object(run: Run, write: Write) -> None:
    """As in app:services.accounts."""
    write("app.py", WORKER + "\nclass services:\n    accounts = worker\n")

    assert '"queue": "accounts"' in run("contract", "show", "app:services.accounts").stdout
