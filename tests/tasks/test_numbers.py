"""Numbers of public options: each is refused where it is written, before anything is published or run with it."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy

from boilermaker import Boilermaker, InMemoryServiceBus, Limits, retries
from boilermaker.errors import ConfigurationError, RegistrationError
from boilermaker.store.sql import SqlOutcomeStore

HUGE = 10**400
REFUSED = (TypeError, ValueError, ConfigurationError, RegistrationError)
BAD: list[Any] = [
    float("nan"),
    float("inf"),
    float("-inf"),
    HUGE,
    -HUGE,
    10**5000,
    -(10**5000),
    1e300,
    -1,
    -0.5,
    True,
    Decimal(1),
    "1",
]


async def task(state: None) -> None: ...


def _task() -> Any:
    return Boilermaker(None, InMemoryServiceBus()).register_async(task).create_task(task)


async def _publish(**options: Any) -> None:
    worker = Boilermaker(None, InMemoryServiceBus()).register_async(task)
    await worker.publish_task(worker.create_task(task), **options)


async def _run(**options: Any) -> None:
    await Boilermaker(None, InMemoryServiceBus()).run(**options)


TAKERS: dict[str, Callable[[Any], Any]] = {
    "RetryPolicy(max_tries)": lambda number: retries.RetryPolicy(max_tries=number),
    "RetryPolicy(delay)": lambda number: retries.RetryPolicy(delay=number),
    "RetryPolicy(delay_max)": lambda number: retries.RetryPolicy(delay_max=number),
    "RetryException(delay)": lambda number: retries.RetryException(delay=number),
    "Limits(max_tries)": lambda number: Limits(max_tries=number),
    "Limits(max_deliveries)": lambda number: Limits(max_deliveries=number),
    "Limits(max_delay)": lambda number: Limits(max_delay=number),
    "Limits(put_off_seconds)": lambda number: Limits(put_off_seconds=(number,)),
    "options(delay)": lambda number: _task().options(delay=number),
    "Boilermaker(max_lock_renewal)": lambda number: Boilermaker(
        None, InMemoryServiceBus(), max_lock_renewal=number
    ),
    "register(timeout)": lambda number: Boilermaker(None, InMemoryServiceBus()).register_async(
        task, timeout=number
    ),
    "register(max_lock_renewal)": lambda number: Boilermaker(None, InMemoryServiceBus()).register_async(
        task, max_lock_renewal=number
    ),
    "publish(delay)": lambda number: _publish(delay=number),
    "run(concurrency)": lambda number: _run(concurrency=number),
    "run(threads)": lambda number: _run(threads=number),
    "run(grace_seconds)": lambda number: _run(grace_seconds=number),
    "SqlOutcomeStore(keep)": lambda number: SqlOutcomeStore(
        sqlalchemy.create_engine("sqlite://"), keep=timedelta(seconds=number) if number == -1 else number
    ),
}


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize(
    "number",
    BAD,
    ids=lambda number: (
        f"{number!r:.12}"
        if abs(float("nan") if isinstance(number, str) else number) != 10**5000
        else "5,001 digits"
    ),
)
async def test_a_number_that_cannot_be_is_refused_where_it_is_written(taker: str, number: Any) -> None:
    """An OverflowError, or a message that no worker can read, would come later."""
    with pytest.raises(REFUSED) as refused:
        await _given(TAKERS[taker], number)
    assert "Exceeds the limit" not in str(refused.value)  # Python's own words on digits


async def _given(taker: Callable[[Any], Any], number: Any) -> None:
    given = taker(number)
    if hasattr(given, "__await__"):
        await given


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ({"delay": HUGE}, "delay must be from 0 to 3,153,600,000 seconds (100 years)"),
        ({"delay_max": float("nan")}, "delay_max must be from 0 to 3,153,600,000 seconds (100 years)"),
        ({"max_tries": HUGE}, "max_tries must be at most 2,147,483,647"),
        ({"max_tries": 0}, "max_tries must be at least 1"),
    ],
)
def test_a_policy_says_which_of_its_numbers_is_wrong(policy: dict[str, Any], told: str) -> None:
    """And what it may be."""
    with pytest.raises(ValueError, match=re.escape(told)):
        retries.RetryPolicy(**policy)


async def test_the_largest_policy_travels_and_runs() -> None:
    """What is accepted works: it is capped by the worker's limits."""
    bus = InMemoryServiceBus()
    worker: Boilermaker[list[int]] = Boilermaker([], bus, limits=Limits(max_tries=3))

    async def failing(state: list[int]) -> None:
        state.append(1)
        raise OSError

    worker.register_async(failing)
    largest = retries.RetryPolicy(retries.MOST_TRIES, retries.LONGEST_SECONDS, retries.LONGEST_SECONDS)
    await worker.publish_task(worker.create_task(failing).options(policy=largest))
    await worker.drain()

    (letter,) = bus.dead_letters("tasks")
    assert worker.state == [1, 1, 1]
    assert letter.dead_letter_description == (
        "gave up after 3 tries (this worker's `Limits.max_tries`; the policy has 2,147,483,647): OSError raised"
    )


async def test_a_policy_that_ends_by_itself_does_not_name_the_limit() -> None:
    """Three of three tries are the policy's own."""
    bus = InMemoryServiceBus()
    worker: Boilermaker[list[int]] = Boilermaker([], bus, limits=Limits(max_tries=3))

    async def failing(state: list[int]) -> None:
        raise OSError

    worker.register_async(failing, policy=retries.RetryPolicy(3, 0, 0))
    await worker.publish_task(worker.create_task(failing))
    await worker.drain()

    (letter,) = bus.dead_letters("tasks")
    assert letter.dead_letter_description == "gave up after 3 tries: OSError raised"
