"""Limits of one workflow. Anyone who may send to a queue can write workflows, so publishers and workers both enforce them."""

from collections.abc import Iterable

MAX_STEPS = 10_000
MAX_HANDLERS = 100
"""Failure callbacks of one step: each is a message that contains the rest of the workflow."""
MAX_REFS = 100
"""Results that one step may refer to: each may be large."""
MAX_ARGS = 10_000
"""Given by position, in a message of boilermaker-servicebus 1.x."""
MAX_MESSAGES = 10_000
"""Messages that one workflow may lead to, unless a worker's `Limits` set another number."""

DIGEST = r"[0-9a-f]{16}"
"""The pattern of a task contract's digest."""

COUNTED = 10**9 + 1  # counts are capped here: they can double with each step


def most_messages(steps: Iterable[tuple[int, int | None, tuple[int, ...]]]) -> dict[int, int]:
    """The maximum number of messages that each step may lead to, its own included; all tries of a step count as one.

    A step succeeds or fails. A failure leads to the messages of all its failure callbacks, and to one more that represents
    them if there are several.

    Args:
        steps: number, step after success and steps after failure of each step, the last one first. A step that leads to a
            step not among these is left out of the result.
    """
    most: dict[int, int] = {}
    after_failure: dict[int, int | None] = {}  # handlers that many steps share are added up once
    for number, then, handlers in steps:
        if id(handlers) not in after_failure:
            counts = [most.get(handler) for handler in handlers]
            known = [count for count in counts if count is not None]
            fork = 1 if len(handlers) > 1 else 0
            after_failure[id(handlers)] = fork + sum(known) if len(known) == len(counts) else None
        failed = after_failure[id(handlers)]
        succeeded = 0 if then is None else most.get(then)
        if failed is not None and succeeded is not None:
            most[number] = min(1 + max(succeeded, failed), COUNTED)
    return most
