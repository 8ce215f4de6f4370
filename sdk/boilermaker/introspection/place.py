"""The place of a function in the source, for errors."""

import inspect
from collections.abc import Callable
from typing import Any


def location_of(function: Callable[..., Any]) -> tuple[str, int]:
    """File and line of a function, or of the function that it wraps; line 0 if unknown."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return (code.co_filename, code.co_firstlineno) if code else ("unknown place", 0)


def place_of(function: Callable[..., Any]) -> str:
    """`file:line`, as far as it is known."""
    file, line = location_of(function)
    return f"{file}:{line}" if line else file
