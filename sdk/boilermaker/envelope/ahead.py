"""The steps after a step: which can still run, which cannot be read, and how many messages they may lead to.

Edges point forward only, so one traversal of the lines and one pass from the last to the first are enough: the work is
linear in the number of lines, even if a stranger wrote them.
"""

from collections.abc import Iterable, Iterator

from boilermaker.envelope.lines import Leads, Lines
from boilermaker.errors import EnvelopeError
from boilermaker.workflow.bounds import most_messages


def reachable(lines: Lines, start: int) -> list[int]:
    """The steps that can run from this one on, in order.

    Raises:
        EnvelopeError: the line of one of them is malformed.
    """
    return sorted(number for number, _ in _walk(lines, (start,)))


def messages(lines: Lines, starts: Iterable[int]) -> dict[int, int]:
    """The maximum number of messages that each of these steps and their successors may lead to, its own included.

    Steps that cannot be read, and steps that lead to one that cannot be read, are left out.
    """
    found = dict(_walk(lines, starts, passes_over=True))
    last_first = sorted(found.items(), reverse=True)
    return most_messages((number, leads.then, leads.otherwise) for number, leads in last_first)


def _walk(lines: Lines, starts: Iterable[int], *, passes_over: bool = False) -> Iterator[tuple[int, Leads]]:
    """Each reachable step, once; handlers that most steps share are followed only once as well."""
    waiting = list(starts)
    seen = set(waiting)
    shared = lines.usual
    is_shared_followed = False
    while waiting:
        number = waiting.pop()
        try:
            leads = lines.leads(number)
        except EnvelopeError:
            if passes_over:
                continue
            raise
        yield number, leads
        then, handlers = leads
        if handlers is shared:
            handlers, is_shared_followed = () if is_shared_followed else handlers, True
        for target in handlers if then is None else (then, *handlers):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
