"""What lies ahead of a step: which steps can still run, which cannot be read, how many messages they may lead to.

Edges point forward only. So one walk over the lines, and one look at each from the last to the first, tell it: the work is
linear in the lines, whatever they say.
"""

from collections.abc import Iterable, Iterator

from boilermaker.envelope.lines import Leads, Lines
from boilermaker.errors import EnvelopeError
from boilermaker.workflow.bounds import most_messages


def reachable(lines: Lines, start: int) -> list[int]:
    """The steps that can run from this one on, in order.

    Raises:
        EnvelopeError: a line on the way is malformed.
    """
    return sorted(number for number, _ in _walk(lines, (start,)))


def messages(lines: Lines, starts: Iterable[int]) -> dict[int, int]:
    """By step, for these and all behind them, how many messages it may lead to at most, its own included.

    What cannot be read, and what leads to something that cannot be read, is left out.
    """
    found = dict(_walk(lines, starts, passes_over=True))
    last_first = sorted(found.items(), reverse=True)
    return most_messages((number, leads.then, leads.otherwise) for number, leads in last_first)


def _walk(lines: Lines, starts: Iterable[int], *, passes_over: bool = False) -> Iterator[tuple[int, Leads]]:
    """Each step that can be reached, once; what most steps share is followed once, too."""
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
