"""What a registration uses must be bound above it: importing the module would raise a NameError, so nothing is generated."""

from pathlib import Path

import pytest

from boilermaker_codegen.config import load
from boilermaker_codegen.problems import GenerationError
from boilermaker_codegen.scan import scan
from codegen.conftest import WriteProject
from codegen.live import importable

HEAD = "from boilermaker import Boilermaker, InMemoryServiceBus, Tasks, retries\n"
WORKER = 'worker = Boilermaker(None, InMemoryServiceBus(), queue="q")\n'
TASK = "async def send(state) -> None:\n    one = 1\n    two = 2\n\n\n"
COLLECTED = f"tasks = Tasks()\n\n\n@tasks.task\n{TASK}"

TOO_EARLY = {
    "a worker that includes": (HEAD + COLLECTED + "worker.include(tasks)\n" + WORKER, "worker", 12),
    "what it includes": (HEAD + WORKER + "worker.include(tasks)\n" + COLLECTED, "tasks", 4),
    "a decorator's worker": (HEAD + "@worker.task\n" + TASK + WORKER, "worker", 8),
    "a registering worker": (HEAD + TASK + "worker.register_async(send)\n" + WORKER, "worker", 8),
    "a function": (HEAD + WORKER + "worker.register_async(send)\n" + TASK, "send", 4),
    "a list": (HEAD + WORKER + TASK + "worker.register_many_async(ALL)\nALL = [send]\n", "ALL", 9),
    "what a list holds": (HEAD + WORKER + "ALL = [send]\n" + TASK + "worker.register_many_async(ALL)\n", "send", 4),
    "what a loop goes over": (HEAD + WORKER + "for each in [send]:\n    worker.register(each)\n" + TASK, "send", 5),
    "a name": (HEAD + WORKER + "@worker.task(name=NAME)\n" + TASK + 'NAME = "x"\n', "NAME", 9),
    "a policy": (HEAD + WORKER + "@worker.task(policy=P)\n" + TASK + "P = retries.NoRetry()\n", "P", 9),
    "an alias": (HEAD + "job = worker.task\n" + WORKER + "@job\n" + TASK, "worker", 3),
    "an import": (HEAD + "@other.task\n" + TASK + WORKER + "from service import worker as other\n", "other", 9),
}  # fmt: skip
IN_TIME = {
    "in a function": HEAD + "def make():\n    worker.include(tasks)\n    return worker\n" + COLLECTED + WORKER + "worker.include(tasks)\n",
    "on one line": HEAD + WORKER[:-1] + "; again = worker\n@again.task\n" + TASK,
    "later, perhaps": HEAD + WORKER + "@worker.task(timeout=(lambda: LIMIT) and 1)\n" + TASK + "LIMIT = 1\n",
    "after a definition of many lines": HEAD + TASK + WORKER + "worker.register_async(send)\n",
}  # fmt: skip


@pytest.mark.parametrize(("source", "name", "line"), TOO_EARLY.values(), ids=TOO_EARLY)
def test_what_is_bound_further_down_is_refused_as_python_would(
    project: WriteProject, source: str, name: str, line: int
) -> None:
    """With the line where it is bound, and no other error."""
    path = project(service=source)
    with pytest.raises(GenerationError) as caught:
        scan(load(path))
    [problem] = caught.value.problems
    assert "NAME_UNKNOWN" == problem.id
    assert problem.message.startswith(
        f"`{name}` is not defined when Python gets here: it is defined below, in line {line};"
    )
    with importable(path.parent / "src"), pytest.raises((NameError, ImportError)) as raised:
        _import(path)
    assert f"'{name}'" in str(raised.value) or "partially initialized" in str(raised.value)


@pytest.mark.parametrize("source", IN_TIME.values(), ids=IN_TIME)
def test_what_is_bound_above_or_needed_later_is_fine(project: WriteProject, source: str) -> None:
    """In functions, in lambdas, and on one line."""
    path = project(service=source)
    assert ["send"] == [task.name for task in scan(load(path)).contract.tasks]
    with importable(path.parent / "src"):
        _import(path)


def _import(path: Path) -> None:
    assert path.is_file()
    __import__("service")
