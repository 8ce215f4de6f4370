"""Names the worker alone: nothing else here tells of Boilermaker."""

from service import worker


def far(state: None) -> None: ...


worker.register(far)
