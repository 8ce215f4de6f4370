"""Whether calling a function returns a coroutine, as far as the function declares it."""

import inspect
from collections.abc import Callable
from typing import Any


def is_async(function: Callable[..., Any]) -> bool:
    """Whether it is an `async def`, or is marked as returning a coroutine: `inspect.markcoroutinefunction`.

    Before Python 3.12 only asyncio had that mark; `typing_extensions.deprecated` sets it on the functions that it wraps.
    """
    return inspect.iscoroutinefunction(function) or (
        inspect.isfunction(function) and getattr(function, "_is_coroutine", None) is not None
    )


def hides_async(function: Callable[..., Any]) -> bool:
    """Whether an async function is wrapped by one that is not async and not marked as such."""
    return not is_async(function) and is_async(inspect.unwrap(function))
