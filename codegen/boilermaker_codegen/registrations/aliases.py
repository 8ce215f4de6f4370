"""Names at module level that other modules may register by, because they are aliases of `worker.task`."""

from collections.abc import Iterator

import libcst as cst

from boilermaker_codegen.registrations.workers import Workers
from boilermaker_codegen.source.meanings import Scope
from boilermaker_codegen.source.parse import Module
from boilermaker_codegen.source.symbols import Imported, ValueSymbol


def aliases(module: Module, workers: Workers) -> Iterator[str]:
    """Names at module level that are aliases of `worker.task`; other modules may import and use them."""
    for name, symbol in module.symbols.items():
        match symbol:
            case ValueSymbol(value=cst.Attribute(value=owner, attr=cst.Name(value="task"))):
                if workers.judge(owner, Scope(module)).kind == "worker":
                    yield name
            case _:
                pass


def renames(module: Module) -> Iterator[tuple[str, str]]:
    """Names at module level that are aliases of another name, each with that name: `from app import task as job`."""
    for name, symbol in module.symbols.items():
        match symbol:
            case (
                Imported(name=str(other))
                | ValueSymbol(value=cst.Name(value=other) | cst.Attribute(attr=cst.Name(value=other)))
            ) if other != name:
                yield name, other
            case _:
                pass
