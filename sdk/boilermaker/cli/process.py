"""The process of `boilermaker worker`: its event loop, what may not end it, and how it ends where handlers do not."""

import asyncio
import logging
import os
from collections.abc import Coroutine, Mapping
from typing import Any

from boilermaker.worker.ending import Ending

log = logging.getLogger("boilermaker.app")

UNFINISHED = 3
"""The exit status of a worker that was told to stop, and did not finish everything."""


def run(running: Coroutine[Any, Any, Ending]) -> Ending:
    """Run a worker to its end, in an event loop of its own.

    SystemExit in a handler is an outcome of that handler. In a task that a handler began, asyncio would end the loop with
    it: whoever awaits that task gets it, and the worker goes on.
    """
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        loop.set_exception_handler(_tell)
        main = loop.create_task(running)
        while not main.done():
            try:
                loop.run_until_complete(main)
            except SystemExit:
                if not main.done():
                    log.exception("A task that a handler began raised SystemExit; the worker goes on")
        ending = main.result()
        if ending.stuck:  # asyncio would wait for them
            logging.shutdown()
            os._exit(UNFINISHED)
    return ending


def _tell(_loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """What asyncio tells by itself prints exceptions and results, which may quote a payload: let the log's format decide."""
    task = context.get("task") or context.get("future")
    coroutine: Any = task.get_coro() if isinstance(task, asyncio.Task) else None
    name = getattr(coroutine, "__qualname__", None)
    where = "" if name is None else f" in `{name}`"
    logging.getLogger("asyncio").error(
        "%s%s", context.get("message"), where, exc_info=context.get("exception")
    )
