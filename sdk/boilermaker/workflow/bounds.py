"""What one workflow may ask for: whoever may send to a queue writes workflows, so each number here is held at both ends."""

from collections.abc import Iterable

MAX_STEPS = 10_000
MAX_HANDLERS = 100
"""Of one step's failure: each is a message that holds what is left of the workflow."""
MAX_REFS = 100
"""Results that are handed to one step: each may be large."""
MAX_MESSAGES = 10_000
"""That one workflow may lead to, unless a worker's `Limits` say otherwise."""

DIGEST = r"[0-9a-f]{16}"
"""What the digest of a task's contract looks like."""

COUNTED = 10**9 + 1  # numbers of messages double with each step, and are of no interest beyond this


def most_messages(steps: Iterable[tuple[int, int | None, tuple[int, ...]]]) -> dict[int, int]:
    """By step, how many messages it may lead to at most, its own included and its tries counted as one.

    A step succeeds or fails; the messages of all its failure callbacks follow from a failure, and one more that stands for
    them where there are several.

    Args:
        steps: number, step after success and steps after failure of each, the last one first. Steps that lead to one that is
            not among them are left out.
    """
    most: dict[int, int] = {}
    after_failure: dict[int, int | None] = {}  # what many steps share is added up once
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
