"""Right programs pass mypy and pyright; wrong ones get the message that sends their author the right way."""

import re
from pathlib import Path

import pytest

from type_checkers import CHECKERS

RIGHT = """
from typing import NewType, assert_type

from boilermaker import Arg, Boilermaker, Client, InMemoryServiceBus, Ref, Task, Tasks, chain, failure, retries
from boilermaker.failure import FailureInfo, TaskFailureResult

UserId = NewType("UserId", int)
worker = Boilermaker("state", InMemoryServiceBus())


@worker.task(policy=retries.NoRetry())
async def create_user(state: str, email: str) -> UserId:
    if not email:
        return TaskFailureResult
    return UserId(7)


@worker.task
async def send(state: str, user_id: UserId, template: str = "hi") -> None: ...


async def told(state: str, cause: FailureInfo) -> None: ...


tasks = Tasks()


@tasks.task(timeout=3)
async def collected(state: str, x: int) -> int:
    return x


assert_type(worker.include(tasks), Boilermaker[str])
assert_type(worker.create_task(collected, 1), Task[int])


@worker.task
def resize(state: str, width: int) -> bytes:
    return b""


def render(state: str, page: bytes) -> None: ...


picture = worker.register(render).create_task(resize, 7)
assert_type(picture, Task[bytes])
assert_type(Task.si(render, picture.result.placeholder()), Task[None])


def stub(user_id: Arg[UserId]) -> Task[None]:
    raise NotImplementedError


user = worker.create_task(create_user, "a@b.org")
assert_type(user, Task[UserId])
assert_type(user.result, Ref[UserId])
assert_type(user.result.or_none(), Ref[UserId | None])
assert_type(user.result.placeholder(), UserId)
mail = worker.create_task(send, user.result.placeholder(), template="x")
user.on_failure = Task.si(told, failure.cause.placeholder())
assert_type(chain(user, mail), Task[UserId])
assert_type((user >> mail).result, Ref[None])
stub(user_id=user.result)
stub(user_id=UserId(7))


async def publish(client: Client) -> str:
    assert_type(await worker.apply_async(resize, 7), Task[bytes])
    assert_type(await worker.apply_async(create_user, "a@b.org"), Task[UserId])
    await worker.register_async(told).publish_task(user >> mail, delay=3)
    return await client.publish(user >> mail)
"""

WRONG = """
from typing import NewType

from boilermaker import Arg, Boilermaker, InMemoryServiceBus, Task

UserId = NewType("UserId", int)
worker = Boilermaker("state", InMemoryServiceBus())


async def create_user(state: str, email: str) -> UserId:
    return UserId(7)


def numbered() -> Task[int]:
    raise NotImplementedError


async def send(state: str, user_id: UserId) -> None: ...


def stub(user_id: Arg[UserId]) -> Task[None]:
    raise NotImplementedError


user = worker.create_task(create_user, "a@b.org")
stub(user_id=numbered().result)  # ref
stub(user_id=user)  # task
stub(user=user.result)  # name
worker.create_task(create_user, 7)  # argument
worker.create_task(create_user)  # missing
Task.si(send, user.result)  # bare
worker.register_async(stub)  # sync
user.on_success = send  # function
"""

# By marker: what mypy says, what pyright says.
EXPECTED = {
    "ref": (
        'Argument "user_id" to "stub" has incompatible type "Ref[int]"; expected "UserId | Ref[UserId]"',
        '"Ref[int]" is not assignable to "Ref[UserId]"',
    ),
    "task": (
        'Argument "user_id" to "stub" has incompatible type "Task[UserId]"; expected "UserId | Ref[UserId]"',
        '"Task[UserId]" is not assignable to "Ref[UserId]"',
    ),
    "name": ('Unexpected keyword argument "user" for "stub"', 'No parameter named "user"'),
    "argument": (
        (
            'No overload variant of "create_task" of "Boilermaker" matches argument types '
            '"Callable[[str, str], Coroutine[Any, Any, UserId]]", "int"'
        ),
        '"Literal[7]" is not assignable to "str"',
    ),
    "missing": (
        (
            'No overload variant of "create_task" of "Boilermaker" matches argument type '
            '"Callable[[str, str], Coroutine[Any, Any, UserId]]"'
        ),
        'Argument missing for parameter "email"',
    ),
    "bare": (
        (
            'No overload variant of "si" of "Task" matches argument types '
            '"Callable[[str, UserId], Coroutine[Any, Any, None]]", "Ref[UserId]"'
        ),
        '"Ref[UserId]" is not assignable to "UserId"',
    ),
    "sync": (
        'Argument 1 to "register_async" of "Registrar" has incompatible type',
        '"Task[None]" is not assignable to "Coroutine[Any, Any, Any]"',
    ),
    "function": ("Incompatible types in assignment", 'to attribute "on_success" for class "Task[UserId]"'),
}


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_right_program_passes(tmp_path: Path, checker: str) -> None:
    """References, placeholders, `TaskFailureResult` in `-> UserId`, chains: exact types under strict checking."""
    path = tmp_path / "right.py"
    path.write_text(RIGHT)

    output = CHECKERS[checker](path)

    assert "error" not in output.replace("0 errors", "").replace("import errors", ""), output


@pytest.mark.parametrize(("checker", "column"), [("mypy", 0), ("pyright", 1)])
def test_each_mistake_gets_its_message(tmp_path: Path, checker: str, column: int) -> None:
    """One mistake a line; each line that is not one passes."""
    path = tmp_path / "wrong.py"
    path.write_text(WRONG)
    marked = {
        found.group(1): number
        for number, line in enumerate(WRONG.splitlines(), start=1)
        if (found := re.search(r"# (\w+)$", line))
    }

    output = CHECKERS[checker](path)

    told: dict[int, str] = {}
    for part in re.split(r"(?m)^(?=.*wrong\.py:\d+)", output):
        if found := re.search(r"wrong\.py:(\d+)(?::\d+ -|:) error", part):
            told[int(found.group(1))] = told.get(int(found.group(1)), "") + " ".join(part.split())
    assert set(marked.values()) == set(told), output
    for marker, line in marked.items():
        assert EXPECTED[marker][column] in told[line], output
