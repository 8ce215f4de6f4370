"""`boilermaker contract`: live functions beside the committed file."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Write = Callable[[str, str], Path]

SERVICE = """
from boilermaker.app import Boilermaker
from boilermaker.transport.memory.bus import InMemoryServiceBus

worker = Boilermaker(None, InMemoryServiceBus(), queue="accounts")


@worker.task
async def create_user(state, email: str, name: str = "nobody") -> int:
    "Create a user."
    return 1
"""

PYPROJECT = """
[tool.boilermaker]
service = "accounts"
queue = "accounts"
source = ["."]
package = "accounts_stubs"
output = "stubs"
"""


@pytest.fixture
def committed(run: Run, write: Write) -> Path:
    """A service whose contract is committed where its configuration says."""
    write("service.py", SERVICE)
    write("pyproject.toml", PYPROJECT)
    return write("stubs/accounts_stubs/contract.json", run("contract", "show", "service:worker").stdout)


def test_show_prints_the_canonical_form(run: Run, write: Write) -> None:
    """The bytes that the generator commits."""
    write("service.py", SERVICE)

    done = run("contract", "show", "service:worker")

    assert 0 == done.returncode, done.stderr
    assert ["create_user"] == [task["name"] for task in json.loads(done.stdout)["tasks"]]


def test_verify_needs_no_bus(run: Run, write: Write, committed: Path) -> None:
    """A runner of CI has none: the module is imported, and nothing connects."""
    on_azure = SERVICE.replace("InMemoryServiceBus()", "AzureServiceBus.from_env()").replace(
        "boilermaker.transport.memory.bus import InMemoryServiceBus",
        "boilermaker.transport.servicebus.bus import AzureServiceBus",
    )
    write("service.py", on_azure)
    nothing = dict.fromkeys(("SERVICE_BUS_CONNECTION_STRING", "SERVICE_BUS_NAMESPACE_URL"), "")

    verified = run("contract", "verify", "service:worker", **nothing)
    worked = run("worker", "service:worker", **nothing)

    assert 0 == verified.returncode, verified.stderr
    assert 1 == worked.returncode
    assert "no Service Bus is configured: set SERVICE_BUS_CONNECTION_STRING" in worked.stderr


def test_equal_contracts_are_told_in_a_sentence(run: Run, committed: Path) -> None:
    """Exit status 0; the file is found by the configuration."""
    done = run("contract", "verify", "service:worker")

    digest = json.loads(committed.read_text())["digest"]
    assert (0, "") == (done.returncode, done.stderr)
    assert (
        f"stubs/accounts_stubs/contract.json matches service:worker: 1 task, digest {digest}\n" == done.stdout
    )


SPELT_FIRST = """
from typing import List, Literal, NotRequired, Optional, Union

SPELT = (
    Optional[Literal["down", "up"]], Optional[str | int], List[Union[str, int]], NotRequired[Literal["down", "up"]],
    Optional[Union[List[Literal[2, 1]], str]],
)
"""
SPELT_LATER = """
import enum
from dataclasses import dataclass, field
from typing import Annotated, List, Literal, NewType, NotRequired, Optional, TypedDict, Union

import spelt
from boilermaker.app import Boilermaker
from boilermaker.transport.memory.bus import InMemoryServiceBus

worker = Boilermaker(None, InMemoryServiceBus(), queue="accounts")
Many = NewType("Many", List[Union[int, str]])


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"
    GREEN = "green"

    def __lt__(self, other):  # an order that is not that of the values
        return list(Colour).index(self) < list(Colour).index(other)


class Size(enum.Enum):
    SMALL = 1
    LARGE = 0


class Keys(TypedDict):
    way: NotRequired[Literal["up", "down"]]


@dataclass
class Row:
    one: Optional[Literal["up", "down"]] = None
    two: set[Size] = field(default_factory=lambda: {Size.SMALL, Size.LARGE})


@worker.task
async def move(
    state,
    way: Optional[Literal["up", "down"]],
    number: Optional[int | str],
    numbers: List[Union[int, str]],
    keys: Keys,
    row: Row,
    many: Many,
    deep: dict[str, tuple[Optional[Union[List[Literal[1, 2]], str]], int]],
    colours: set[Colour] = {Colour.RED, Colour.BLUE, Colour.GREEN},
    sizes: frozenset[Size] = frozenset({Size.SMALL, Size.LARGE}),
) -> Optional[Literal["up", "down"]]: ...
"""


def test_the_order_of_members_is_no_difference(run: Run, write: Write) -> None:
    """`typing` caches: who spells a type first decides on the order of its members. Sets of enum members have none at all."""
    write("spelt.py", SPELT_FIRST)
    write("service.py", SPELT_LATER)
    write("pyproject.toml", PYPROJECT)

    generated = run("stubs", "generate")
    done = run("contract", "verify", "service:worker")

    assert 0 == generated.returncode, generated.stderr
    assert (0, "") == (done.returncode, done.stderr), done.stdout


def test_another_member_is_a_difference(run: Run, write: Write) -> None:
    """Whatever the order."""
    write("spelt.py", SPELT_FIRST)
    write("service.py", SPELT_LATER)
    write("pyproject.toml", PYPROJECT)
    run("stubs", "generate")
    write("service.py", SPELT_LATER.replace('-> Optional[Literal["up", "down"]]', '-> Literal["up", "left"]'))

    done = run("contract", "verify", "service:worker")

    assert 1 == done.returncode
    assert '+          "left"' in done.stdout


def test_a_difference_is_shown_as_a_diff(run: Run, write: Write, committed: Path) -> None:
    """Exit status 1, with what to do."""
    write("service.py", SERVICE.replace("email: str", "email: int"))

    done = run("contract", "verify", "service:worker", "--contract", str(committed))

    assert 1 == done.returncode
    changes = ["".join(line.split()) for line in done.stdout.splitlines()]
    assert ['-"name":"str"', '+"name":"int"'] == [
        line for line in changes if '"name"' in line and line[0] in "+-"
    ]
    assert "--- stubs/accounts_stubs/contract.json\n+++ service:worker (live)\n" in done.stdout
    assert "boilermaker stubs generate" in done.stderr


def test_a_contract_that_is_not_there_is_asked_for(run: Run, write: Write) -> None:
    """With the command that writes it."""
    write("service.py", SERVICE)
    write("pyproject.toml", PYPROJECT)

    done = run("contract", "verify", "service:worker")

    assert 1 == done.returncode
    assert "boilermaker stubs generate" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_configuration_the_file_must_be_named(run: Run, write: Write) -> None:
    """Nothing is guessed."""
    write("service.py", SERVICE)

    done = run("contract", "verify", "service:worker")

    assert 1 == done.returncode
    assert "--contract PATH" in done.stderr


def test_a_file_that_is_no_contract_is_told_as_such(run: Run, write: Write, committed: Path) -> None:
    """A merge conflict left in it, say."""
    committed.write_text("<<<<<<< ours\n")

    done = run("contract", "verify", "service:worker")

    assert 1 == done.returncode
    assert "contract.json is not a contract" in done.stderr
    assert "Traceback" not in done.stderr


LATE = SERVICE.replace('name: str = "nobody"', 'name: str = "".join(("no", "body"))')


def test_a_default_that_the_worker_decides_may_be_any(run: Run, write: Write, committed: Path) -> None:
    """The generator leaves it open; each process has its own."""
    write("service.py", LATE)
    generated = run("stubs", "generate")
    assert '"default": "worker"' in committed.read_text(), generated.stderr

    done = run("contract", "verify", "service:worker")

    assert (0, "") == (done.returncode, done.stderr)


def test_a_default_that_the_stubs_write_out_must_be_the_workers(
    run: Run, write: Write, committed: Path
) -> None:
    """The other way round there is no agreement: stubs from before would write out another one."""
    write("service.py", SERVICE.replace('"nobody"', "object()"))

    done = run("contract", "verify", "service:worker")

    assert 1 == done.returncode
    changes = ["".join(line.split()) for line in done.stdout.splitlines() if '"default"' in line]
    assert ['-"default":{', '+"default":"worker",'] == changes
