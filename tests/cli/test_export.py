"""`boilermaker contract export`: JSON Schema of payloads, which says what the worker says."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Write = Callable[[str, str], Path]

SERVICE = """
from typing import Annotated, Literal

import msgspec

from boilermaker.app import Boilermaker
from boilermaker.transport.memory.bus import InMemoryServiceBus

worker = Boilermaker(None, InMemoryServiceBus(), queue="accounts")


class Address(msgspec.Struct):
    city: str
    lines: list[str] = []


@worker.task
async def create_user(state, email: Annotated[str, msgspec.Meta(max_length=254)], home: Address | None = None) -> int:
    return 1


@worker.task(name="users/forget")
async def forget_user(state, how: Literal["soft", "hard"] = "soft") -> None: ...
"""


def test_a_file_for_each_task(run: Run, write: Write) -> None:
    """Named after it, quoted as in an address where a file's name could not hold it."""
    folder = write("service.py", SERVICE).parent

    done = run("contract", "export", "service:worker", "--output", "schemas")

    assert (0, "schemas: 2 schemas\n") == (done.returncode, done.stdout), done.stderr
    assert ["create_user.json", "users%2Fforget.json"] == sorted(
        p.name for p in (folder / "schemas").iterdir()
    )


def test_the_schema_says_what_a_payload_is(run: Run, write: Write) -> None:
    """Required fields, limits, defaults, and the definitions that it needs."""
    write("service.py", SERVICE)

    schemas = json.loads(run("contract", "export", "service:worker").stdout)

    user, forget = schemas["create_user"], schemas["users/forget"]
    assert "https://json-schema.org/draft/2020-12/schema" == user["$schema"]
    assert ["email"] == user["required"]
    assert {"type": "string", "maxLength": 254} == user["properties"]["email"]
    assert {"type": "array", "items": {"type": "string"}, "default": []} == user["$defs"]["Address"][
        "properties"
    ]["lines"]
    assert "soft" == forget["properties"]["how"]["default"]


def test_a_folder_that_cannot_be_written_is_told(run: Run, write: Write) -> None:
    """Without a traceback."""
    write("service.py", SERVICE)
    write("schemas", "a file")

    done = run("contract", "export", "service:worker", "--output", "schemas/here")

    assert 1 == done.returncode
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


GENERIC = """
from dataclasses import dataclass
from enum import Flag
from typing import Generic, NewType, TypeVar

from boilermaker.app import Boilermaker
from boilermaker.transport.memory.bus import InMemoryServiceBus

T = TypeVar("T")
UserId = NewType("UserId", int)
worker = Boilermaker(None, InMemoryServiceBus(), queue="accounts")


class Rights(Flag):
    READ = 1
    WRITE = 2
    BOTH = 3


@dataclass
class Box(Generic[T]):
    held: T


@worker.task
async def work(state, one: Box[UserId], other: Box[list[str]], rights: Rights) -> None: ...
"""


def test_generics_have_a_definition_for_each_of_their_arguments(run: Run, write: Write) -> None:
    """New types are what they are made of, and flags may be put together."""
    write("service.py", GENERIC)

    done = run("contract", "export", "service:worker")

    definitions = json.loads(done.stdout)["work"]["$defs"]
    assert ["Box_UserId", "Box_container_str", "Rights"] == list(definitions), done.stderr
    assert {"type": "integer"} == definitions["Box_UserId"]["properties"]["held"]
    assert (0, 3) == (definitions["Rights"]["minimum"], definitions["Rights"]["maximum"])


def test_the_committed_contract_is_enough(run: Run, write: Write) -> None:
    """Nothing of the worker is imported; the schemas are the same."""
    write("service.py", SERVICE)
    live = run("contract", "export", "service:worker").stdout
    write("contract.json", run("contract", "show", "service:worker").stdout)

    done = run("contract", "export", "--contract", "contract.json")

    assert (live, "") == (done.stdout, done.stderr)
    assert 2 == run("contract", "export", "service:worker", "--contract", "contract.json").returncode
