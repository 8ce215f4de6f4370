"""Decorated handlers: the generator takes what the worker takes, and refuses what the worker refuses."""

import runpy
from pathlib import Path

import pytest

from boilermaker.errors import RegistrationError
from boilermaker_codegen.config import load
from boilermaker_codegen.problems import GenerationError
from boilermaker_codegen.scan import scan
from codegen.conftest import WriteProject

HEAD = """\
import asyncio
import functools
import inspect

import typing_extensions

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="q")


def plainly(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def asynchronously(function):
    @functools.wraps(function)
    async def wrapper(*args, **kwargs):
        return await function(*args, **kwargs)

    return wrapper


def with_options(option):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs)

        return wrapper

    return decorate


def either(function):
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def async_wrapper(*args, **kwargs):
            return await function(*args, **kwargs)

        return async_wrapper

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def marked(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    if hasattr(inspect, "markcoroutinefunction"):
        return inspect.markcoroutinefunction(wrapper)
    wrapper._is_coroutine = asyncio.coroutines._is_coroutine  # before Python 3.12
    return wrapper


"""
ASYNC = "async def f(state: object, x: int) -> None: ...\n"
PLAIN = "def f(state: object, x: int) -> None: ...\n"

TAKEN = {
    "async under async": f"@worker.task\n@asynchronously\n{ASYNC}",
    "plain under plain": f"@worker.task\n@plainly\n{PLAIN}",
    "plain under async": f"@worker.task\n@asynchronously\n{PLAIN}",
    "async under one for both": f"@worker.task\n@either\n{ASYNC}",
    "plain under one for both": f"@worker.task\n@either\n{PLAIN}",
    "async under plain under async": f"@worker.task\n@asynchronously\n@plainly\n{ASYNC}",
    "async under what is marked": f"@worker.task\n@marked\n{ASYNC}",
    "plain above what registers": f"@plainly\n@worker.task\n{ASYNC}",
    "deprecated": f'@worker.task\n@typing_extensions.deprecated("no")\n{ASYNC}',
    "deprecated, async only": f'@typing_extensions.deprecated("no")\n{ASYNC}worker.register_async(f)\n',
    "plain under async, async only": f"@asynchronously\n{PLAIN}worker.register_async(f)\n",
}
REFUSED = {
    "async under plain": f"@worker.task\n@plainly\n{ASYNC}",
    "async under plain with options": f"@worker.task\n@with_options(1)\n{ASYNC}",
    "async under plain above async": f"@worker.task\n@plainly\n@asynchronously\n{ASYNC}",
    "async under plain, by call": f"@plainly\n{ASYNC}worker.register(f)\n",
    "async under plain, by a call for async functions": f"@plainly\n{ASYNC}worker.register_async(f)\n",
    "async under plain, in a list": f"@plainly\n{ASYNC}worker.register_many_async([f])\n",
}
HIDDEN = "is wrapped by a function that is not async; make the decorator's wrapper an `async def`"


def live(config: Path) -> None:
    """Register for real."""
    runpy.run_path(str(config.parent / "src" / "service.py"))


@pytest.mark.parametrize("source", TAKEN.values(), ids=TAKEN)
def test_handlers_that_the_worker_takes_are_in_the_contract(project: WriteProject, source: str) -> None:
    """Whatever wraps them."""
    config = project(service=HEAD + source)
    live(config)
    assert [task.name for task in scan(load(config)).contract.tasks] == ["f"]


@pytest.mark.parametrize("source", REFUSED.values(), ids=REFUSED)
def test_an_async_function_under_a_plain_wrapper_is_refused_by_both(
    project: WriteProject, source: str
) -> None:
    """What the wrapper does around the call would be over before the function begins."""
    config = project(service=HEAD + source)
    with pytest.raises(RegistrationError, match=HIDDEN):
        live(config)
    with pytest.raises(GenerationError, match=f"HANDLER_NOT_ASYNC: `f` {HIDDEN}"):
        scan(load(config))
