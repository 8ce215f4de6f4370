"""The process of `boilermaker worker`: its event loop, and its exit when handlers do not end."""

import asyncio
import logging
import os
from collections.abc import Coroutine, Mapping
from typing import Any

from boilermaker.worker.ending import Ending

log = logging.getLogger("boilermaker.app")

UNFINISHED = 3
"""The exit status of a worker that stopped on a signal before everything had finished."""


def run(running: Coroutine[Any, Any, Ending]) -> Ending:
    """Run a worker to its end in a new event loop.

    SystemExit in a handler is an outcome of that handler. In an asyncio task that a handler started, SystemExit would end
    the event loop. Here, code that awaits the task receives the exception, and the worker continues.
    """
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        loop.set_exception_handler(_log)
        main = loop.create_task(running)
        while not main.done():
            try:
                loop.run_until_complete(main)
            except SystemExit:
                if not main.done():
                    log.exception(
                        "An asyncio task that a handler started raised SystemExit; the worker continues"
                    )
        ending = main.result()
        if ending.stuck:  # asyncio would wait for them
            logging.shutdown()
            os._exit(UNFINISHED)
    return ending


def _log(_loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """Log asyncio's reports. Its own handler prints exceptions and results, which may quote a payload; our log format decides."""
    task: asyncio.Future[Any] | None = context.get("task") or context.get("future")
    coroutine: Any = task.get_coro() if isinstance(task, asyncio.Task) else None
    name = getattr(coroutine, "__qualname__", None)
    where = "" if name is None else f" in `{name}`"
    logging.getLogger("asyncio").error(
        "%s%s", context.get("message"), where, exc_info=context.get("exception")
    )
