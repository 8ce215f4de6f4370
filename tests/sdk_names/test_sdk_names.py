"""Workers on an SDK in which a private name is gone: a few here, `make sdk-names` takes all of them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from boilermaker.transport import servicebus
from boilermaker.transport.servicebus.pyamqp import names
from sdk_names.trial import trial

# One of each kind: looked for while connecting, before anything is touched, with each frame, and with each message.
SAMPLE = ["_handler", "open_async", "_incoming_endpoints", "current_link_credit"]


@pytest.mark.parametrize("name", SAMPLE)
async def test_a_name_that_is_gone_costs_speed_and_nothing_else(name: str, tmp_path: Path) -> None:
    """Sixty workflows end though the connection is cut, and what has run when the worker stops is settled."""
    report = await trial(name, tmp_path)

    assert report.findings == (), report.said[-2000:]


def test_the_table_holds_every_private_name_that_is_used() -> None:
    """Those with an underscore, and those of the SDK's links, sessions and connections, which have none."""
    used = {name: where for file in _sources() for name, where in _used(file)}

    assert {name: where for name, where in used.items() if name not in names.every()} == {}
    sources = "\n".join(file.read_text() for file in _sources())
    assert [name for name in names.every() if not re.search(rf"\b{name}\b", sources)] == []


def _sources() -> Iterator[Path]:
    for folder in servicebus.__path__:
        yield from (file for file in sorted(Path(folder).rglob("*.py")) if file.name != "names.py")


_PARTS = {
    "link",
    "_link",
    "session",
    "_session",
    "connection",
    "_connection",
    "_transport",
    "handler",
    "_handler",
}
_OURS = {
    "_address",
    "_credential",
    "_replace",
    "close",
}  # of `AzureServiceBus`, of named tuples, of who reads or writes a link


def _used(file: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                continue
            case ast.Attribute(value=holder, attr=name) if name.startswith("_") or _last(holder) in _PARTS:
                found = name
            case ast.Call(
                func=ast.Name(id="getattr" | "hasattr"), args=[holder, ast.Constant(value=str(name)), *_]
            ) if name.startswith("_") or "handler" in ast.unparse(holder) or _last(holder) in _PARTS:
                found = name
            case ast.ImportFrom(module=str(module), names=[ast.alias(name=name)]) if (
                "azure.servicebus._" in module
            ):
                found = name
            case _:
                continue
        if found not in _OURS and not (found.startswith("__") and found.endswith("__")):
            yield found, f"{file.name}:{node.lineno}"


def _last(holder: ast.expr) -> str:
    return ast.unparse(holder).rpartition(".")[2]
