"""Where a function stands in the source, for errors."""

import inspect
from collections.abc import Callable
from typing import Any


def place_of(function: Callable[..., Any]) -> str:
    """`file:line`, of what a decorator wraps where it says so."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else "unknown place"
