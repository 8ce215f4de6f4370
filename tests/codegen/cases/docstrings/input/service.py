import msgspec

from boilermaker import Boilermaker, InMemoryServiceBus



class Nothing(msgspec.Struct):
    """Holds nothing."""


worker = Boilermaker(object(), InMemoryServiceBus(), queue="docstrings")


@worker.task
async def long(state, x: int) -> None:
    """A summary on one line.

        An indented block,
    and another paragraph   
    with trailing spaces.
    """


@worker.task
async def escapes(state) -> None:
    r"""A pattern like \d+ and a path C:\new."""


@worker.task
async def quotes(state) -> None:
    '''"Quoted" with """three""" and ends with "quotes"'''


@worker.task
async def backslash(state) -> None:
    """Ends with a backslash \\"""


@worker.task
async def none(state) -> Nothing:
    pass


@worker.task
async def empty(state) -> None:
    """ """


@worker.task
async def unicode(state) -> None:
    """Grüße, 世界 ✅"""
