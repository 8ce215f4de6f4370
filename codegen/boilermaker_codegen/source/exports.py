"""What `from module import *` gives."""

import functools
import importlib

import libcst as cst

from boilermaker_codegen.source.parse import Module
from boilermaker_codegen.source.symbols import ValueSymbol

# Modules outside the service that are surely there, and that may be imported to be looked at.
KNOWN = frozenset({
    "boilermaker", "boilermaker.failure", "collections", "collections.abc", "dataclasses", "datetime", "decimal", "enum",
    "functools", "msgspec", "types", "typing", "uuid", "zoneinfo",
})  # fmt: skip


@functools.cache
def known_names(module: str) -> frozenset[str]:
    """The public names of a module among `KNOWN`."""
    found = importlib.import_module(module)
    return frozenset(getattr(found, "__all__", None) or (n for n in dir(found) if not n.startswith("_")))


def is_exported(module: Module, name: str) -> bool | None:
    """Whether a name that a module binds goes with `*`; None where its `__all__` cannot be read."""
    symbol = module.symbol("__all__")
    if symbol is None:
        return not name.startswith("_")
    value = symbol.value if isinstance(symbol, ValueSymbol) else None
    listed = _listed(value) if value is not None else None
    return None if listed is None else name in listed


def _listed(node: cst.BaseExpression) -> list[str] | None:
    match node:
        case cst.List(elements=elements) | cst.Tuple(elements=elements):
            texts = [
                e.value.evaluated_value
                if isinstance(e.value, cst.SimpleString | cst.ConcatenatedString)
                else None
                for e in elements
            ]
            return [text for text in texts if isinstance(text, str)] if None not in texts else None
        case cst.BinaryOperation(operator=cst.Add(), left=left, right=right):
            first, second = _listed(left), _listed(right)
            return None if first is None or second is None else [*first, *second]
        case _:
            return None
