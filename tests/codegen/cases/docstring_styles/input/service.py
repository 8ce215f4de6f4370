from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="docstring_styles")


@worker.task
async def google(state, email: str, count: int = 1) -> int:
    """Send a mail.

    Args:
        state: the worker's state,
            on two lines.

            And a paragraph.
        email: the address: it is not checked.
        count (int): how often,
            at least once.

    Returns:
        state: what `state` is called in here stays, for it is no parameter's entry.
    """


@worker.task
async def google_last(ctx, email: str) -> int:
    """Send a mail.

    Arguments:
        email: the address.
        ctx (State): the worker's state.

    Raises:
        ValueError: the address is none.
    """


@worker.task
async def google_alone(state) -> int:
    """Clean up.

    Args:
        state: the worker's state.

    Returns:
        How much.
    """


@worker.task
async def numpy(state, email: str, count: int = 1, copy: str = "") -> int:
    """Send a mail.

    Parameters
    ----------
    state : State
        The worker's state.

    email, copy : str
        The addresses.
    state, count : int, optional
        How often.

    Returns
    -------
    int
        How much.
    """


@worker.task
async def numpy_alone(state) -> int:
    """Clean up.

    Parameters
    ----------
    state
        The worker's state.
    """


@worker.task
async def sphinx(state, email: str, count: int = 1) -> int:
    """Send a mail.

    :param State state: the worker's state,
        on two lines.
    :type state: State
    :param email: the address.
    :param int count: how often.
    :raises ValueError: the address is none.
    """


@worker.task
async def prose(state, email: str) -> int:
    """What state: it is in.

    Some args: of no section.
    state: in no section.

    Its parameters
        are described elsewhere.
    """


@worker.task
async def only_state(state) -> int:
    """:param state: the worker's state."""
