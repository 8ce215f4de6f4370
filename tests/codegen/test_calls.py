"""What is accepted can run: a task is built by its generated function, published, and its handler gets what was passed."""

import importlib
import inspect
import re
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, note
from hypothesis import strategies as st

from boilermaker import Boilermaker, InMemoryServiceBus
from boilermaker.errors import TaskBuildError
from boilermaker.testing import on_bus
from boilermaker_codegen.config import load
from boilermaker_codegen.package.render import render
from boilermaker_codegen.scan import scan
from codegen.conftest import PYPROJECT
from codegen.live import importable

_SERVICE = """\
from boilermaker import Boilermaker, InMemoryServiceBus

seen = []
worker = Boilermaker(seen, InMemoryServiceBus(), queue="accounts")


@worker.task{options}
async def {function}({signature}) -> int:
    {state}.append({given})
    return 0
"""

# What the state, the worker's own code and the generated code call things; what classes have; builtins; other alphabets.
_NAMES = (
    "self", "cls", "state", "func", "function", "args", "kwargs", "keywords", "arguments", "task", "worker", "payload", "payloads",
    "models", "tasks", "name", "queue", "digest", "message", "result", "target", "Task", "Arg", "TaskStub", "Final", "Payload",
    "msgspec", "typing", "builtins", "deprecated", "int", "str", "list", "type", "print", "mro", "match", "case", "_", "_x", "_send",
    "_send_", "send", "Send", "é", "变量", "copy", "default", "field", "UNSET", "UnsetType",
)  # fmt: skip
_FUNCTIONS = (
    "send",
    "Arg",
    "Task",
    "payloads",
    "Payload",
    "list",
    "int",
    "deprecated",
    "models",
    "_send",
    "msgspec",
    "Final",
    "é",
)
_KINDS = ("positional-only", "either", "keyword-only")

Parameters = list[tuple[str, str, bool]]


@st.composite
def _parameters(draw: st.DrawFn) -> Parameters:
    """Names, each with its kind and whether it has a default, in an order that Python takes."""
    names = draw(st.lists(st.sampled_from(_NAMES), unique=True, max_size=5))
    kinds = sorted((draw(st.sampled_from(_KINDS)) for _ in names), key=_KINDS.index)
    required = draw(st.integers(0, len(names)))
    return [
        (name, kind, draw(st.booleans()) if kind == "keyword-only" else at >= required)
        for at, (name, kind) in enumerate(zip(names, kinds, strict=True))
    ]


def _source(parameters: Parameters, function: str, state: str, options: str) -> str:
    rows = [state]
    for at, (name, kind, has_default) in enumerate(parameters):
        if kind != "positional-only" and at and parameters[at - 1][1] == "positional-only":
            rows.append("/")
        if kind == "keyword-only" and "*" not in rows:
            rows.append("*")
        annotation = "list[int]" if at % 2 else "int"
        default = f" = {[at] if at % 2 else at}" if has_default else ""
        rows.append(f"{name}: {annotation}{default}")
    if parameters and parameters[-1][1] == "positional-only":
        rows.append("/")
    given_ = f"({''.join(f'{name}, ' for name, _, _ in parameters)})"
    return _SERVICE.format(
        function=function, signature=", ".join(rows), state=state, given=given_, options=options
    )


async def _run(source: str, parameters: Parameters, *, by_position: bool, leave_out: bool) -> tuple[Any, Any]:
    """What the handler got, and what was passed."""
    values = [[100 + at] if at % 2 else 100 + at for at in range(len(parameters))]
    expected = tuple(
        ([at] if at % 2 else at) if leave_out and has_default else value
        for at, ((_, _, has_default), value) in enumerate(zip(parameters, values, strict=True))
    )
    given_ = [(p, value) for p, value in zip(parameters, values, strict=True) if not (leave_out and p[2])]
    positional = [value for (_, kind, _), value in given_ if by_position and kind != "keyword-only"]
    named = {name: value for (name, kind, _), value in given_ if not by_position or kind == "keyword-only"}
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "pyproject.toml"
        config.write_text(PYPROJECT)
        (Path(folder) / "src").mkdir()
        (Path(folder) / "src" / "service.py").write_text(source, encoding="utf-8")
        package = Path(folder) / "stubs" / "accounts_stubs"
        package.mkdir(parents=True)
        for name, data in render(scan(load(config)).contract, width=88).items():
            (package / name).write_bytes(data)
        with importable(Path(folder) / "src", package.parent):
            service, tasks = (
                importlib.import_module("service"),
                importlib.import_module("accounts_stubs.tasks"),
            )
            [build] = (
                [getattr(tasks, name) for name in tasks.__all__]
                if hasattr(tasks, "__all__")
                else _built(tasks)
            )
            bus = InMemoryServiceBus()
            worker: Boilermaker[Any] = service.worker
            with on_bus(worker, bus), warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                await worker.publish_task(build(*positional, **named))
                await worker.drain()
            assert not bus.dead_letters("accounts")
            [got] = service.seen
    return got, expected


def _built(tasks: Any) -> list[Any]:
    return [
        value
        for value in vars(tasks).values()
        if callable(value)
        and getattr(value, "__module__", "") == tasks.__name__
        and not isinstance(value, type)
    ]


@given(
    _parameters(),
    st.sampled_from(_FUNCTIONS),
    st.sampled_from(("state", "self", "s")),
    st.booleans(),
    st.booleans(),
)
@example([("x", "positional-only", False)], "send", "state", True, False)
@example([("x", "positional-only", True), ("y", "either", True)], "send", "self", False, True)
async def test_a_handler_of_any_signature_gets_what_is_passed(
    parameters: Parameters, function: str, state: str, by_position: bool, leave_out: bool
) -> None:
    """Positional-only, keyword-only or either, whatever the parameters and the function are called."""
    parameters = [each for each in parameters if each[0] != state]
    source = _source(parameters, function, state, '(deprecated="x")' if leave_out else "")
    note(source)
    got, expected = await _run(source, parameters, by_position=by_position, leave_out=leave_out)
    assert expected == got


async def test_a_positional_only_parameter_is_passed_by_position_to_create_task_too() -> None:
    """As Python itself would have it of the function."""
    seen: list[object] = []
    worker = Boilermaker(seen, InMemoryServiceBus(), queue="q")

    @worker.task
    async def take(state: list[object], number: int, /, text: str = "") -> None:
        state.append((number, text))

    await worker.apply_async(take, 1, text="one")
    await worker.drain()

    assert [(1, "one")] == seen
    with pytest.raises(TypeError) as told:
        inspect.signature(take).bind(seen, number=1)
    with pytest.raises(TaskBuildError, match=re.escape(str(told.value))):
        worker.create_task(take, number=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_a_package_is_imported_from_its_own_folder(tmp_path: Path) -> None:
    """Although one of that name, this repository's own, is imported already; it is back afterwards."""
    own = importlib.import_module("accounts_stubs.payloads")
    package = tmp_path / "accounts_stubs"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "payloads.py").touch()
    with importable(tmp_path):
        assert importlib.import_module("accounts_stubs.payloads").__file__ == str(package / "payloads.py")
    assert sys.modules["accounts_stubs.payloads"] is own
