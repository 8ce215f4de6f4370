"""Aliases of types are for people: stubs have the service's own names, and the contract says the same without them."""

import subprocess
import sys
from pathlib import Path

import pytest

from boilermaker.contract import Contract
from boilermaker_codegen.config import load
from boilermaker_codegen.package.render import render
from boilermaker_codegen.scan import scan
from codegen.conftest import WriteProject

SERVICE = """\
from typing import Annotated

import msgspec

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="accounts")
{name} = Annotated[str, msgspec.Meta(pattern="@")]


class User(msgspec.Struct):
    email: {name}


@worker.task
async def create_user(state, user: User, copy: {name} | None = None) -> {name}: ...
"""


def generated(config: Path) -> tuple[Contract, dict[str, str]]:
    found = scan(load(config))
    files = render(found.contract, found.presentation, width=88)
    return found.contract, {name: data.decode() for name, data in files.items()}


def test_the_name_of_an_alias_is_in_the_stubs_and_not_in_the_contract(project: WriteProject) -> None:
    """Another name changes no byte of `contract.json`, and no digest in the stubs."""
    contract, files = generated(project(service=SERVICE.format(name="Email")))
    renamed_contract, renamed = generated(project(service=SERVICE.format(name="Address")))

    assert contract == renamed_contract
    assert files["contract.json"] == renamed["contract.json"]
    assert (
        "def create_user(user: Arg[User], copy: Arg[Email | None] = None) -> Task[Email]:"
        in files["tasks.py"]
    )
    for name in ("__init__.py", "models.py", "payloads.py", "tasks.py"):
        assert files[name] != renamed[name]
        assert sorted(files[name].replace("Email", "Address")) == sorted(renamed[name])


@pytest.mark.parametrize("name", ["User", "create_user", "_User", "payloads", "email", "str", "match"])
def test_an_alias_changes_no_name_of_a_class_or_a_function(project: WriteProject, name: str) -> None:
    """Where a name is taken the alias is called after its module."""
    service = f"from kinds import {name} as Kind\n" + SERVICE.format(name="Email")
    config = project(service=service.replace("Email | None", "Kind"), kinds=f"{name} = list[int]\n")

    _, files = generated(config)

    assert "class User(msgspec.Struct):" in files["models.py"]
    assert "def create_user(" in files["tasks.py"]
    assert ": TypeAlias = list[int]" in files["models.py"]
    compile(files["models.py"], "models.py", "exec")


def test_stubs_from_the_cache_have_the_names_that_aliases_have_now(project: WriteProject) -> None:
    """A renamed alias is another package, though the contract is the same."""
    command = [sys.executable, "-m", "boilermaker.cli", "stubs", "generate", "--config"]
    for name in ("Email", "Address", "Email"):
        config = project(service=SERVICE.format(name=name))
        subprocess.run([*command, str(config)], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([*command, str(config)], check=True, stdout=subprocess.DEVNULL)
        models = (config.parent / "stubs" / "accounts_stubs" / "models.py").read_text()
        assert f"{name}: TypeAlias = Annotated" in models


def test_a_worker_with_aliases_agrees_with_the_stubs(project: WriteProject, tmp_path: Path) -> None:
    """`contract verify` compares live functions, which do not know aliases, with what the source gave."""
    config = project(service=SERVICE.format(name="Email"))
    run = [sys.executable, "-m", "boilermaker.cli"]
    subprocess.run(
        [*run, "stubs", "generate", "--config", str(config)], check=True, stdout=subprocess.DEVNULL
    )
    committed = tmp_path / "stubs" / "accounts_stubs" / "contract.json"

    verified = subprocess.run(
        [*run, "contract", "verify", "service:worker", "--contract", str(committed)],
        cwd=tmp_path / "src", capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert 0 == verified.returncode, verified.stderr
