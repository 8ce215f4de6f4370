"""Whether calling a function gives a coroutine, as far as the function says so itself."""

import inspect
from collections.abc import Callable
from typing import Any


def is_async(function: Callable[..., Any]) -> bool:
    """Whether it is an `async def`, or is marked as giving a coroutine: `inspect.markcoroutinefunction`.

    Before Python 3.12 that mark was asyncio's alone; `typing_extensions.deprecated` sets it on what it wraps.
    """
    return inspect.iscoroutinefunction(function) or (
        inspect.isfunction(function) and getattr(function, "_is_coroutine", None) is not None
    )


def hides_async(function: Callable[..., Any]) -> bool:
    """Whether an async function is wrapped by one that is not, and does not say so."""
    return not is_async(function) and is_async(inspect.unwrap(function))
