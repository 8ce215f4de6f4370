"""What registration refuses: each refusal names the function, the parameter, the file and the line."""

# Functions without annotations are under test.
# pyright: reportUnknownParameterType=false, reportMissingParameterType=false, reportUnknownArgumentType=false

import os
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, TypedDict

import msgspec
import pytest

from boilermaker import Boilermaker, InMemoryServiceBus, Limits
from boilermaker.errors import ConfigurationError, RegistrationError, UntypedParameterWarning
from boilermaker.introspection.signature import read
from boilermaker.retries import NoRetry


class Unknown:
    """A class that msgspec knows nothing of."""


@dataclass
class Holder:
    """Carries what cannot be carried."""

    inner: Unknown


async def plain(state: None) -> None: ...


def not_async(state: None, email: str) -> None: ...


async def stars(state: None, *args: str) -> None: ...


async def only_stars(*args: str, **kwargs: str) -> None: ...


async def only_keywords(**kwargs: str) -> None: ...


async def keyed_by_pairs(state: None, sizes: dict[tuple[int, int], int]) -> None: ...


async def set_of_mutables(state: None, holders: set[tuple[bytearray, int]]) -> None: ...


async def double_underscore(state: None, __email: str) -> None: ...


async def double_stars(state: None, **kwargs: str) -> None: ...


async def no_state() -> None: ...


async def unknown_type(state: None, odd: Unknown) -> None: ...


async def unknown_inside(state: None, holder: list[Holder]) -> None: ...


async def two_texts(state: None, either: str | bytes) -> None: ...


Short = Annotated[str, msgspec.Meta(pattern="^a")]


class Crashing(msgspec.Struct):
    either: Short | list[int]


async def crashing(state: None, either: tuple[int, int] | Short): ...


async def crashing_inside(state: None, held: list[Crashing]): ...


async def unknown_result(state: None) -> Unknown: ...  # type: ignore[empty-body]


async def unresolved(state: None, later: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable, reportUnknownParameterType]


class Later(TypedDict):
    when: "Nowhere"  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable]


class Holding(msgspec.Struct):
    later: Later


async def unresolved_inside(state: None, holding: Holding) -> None: ...


async def generator(state: None, email: str):  # type: ignore[no-untyped-def]
    yield email


Json = dict[str, "Json"] | list["Json"] | str | None  # type: ignore[misc]


async def any_json(state: None, document: Json) -> None: ...  # type: ignore[valid-type]


UNSET_REGION = os.environ.get("BOILERMAKER_TESTS_SET_NO_SUCH_VARIABLE")


async def from_environment(
    state: None,
    *,
    region: str = os.environ.get("BOILERMAKER_TESTS_SET_NO_SUCH_VARIABLE"),  # type: ignore[assignment]  # pyright: ignore[reportArgumentType]
) -> None: ...


async def from_constant(state: None, region: str = UNSET_REGION) -> None: ...  # type: ignore[assignment]  # pyright: ignore[reportArgumentType]


@pytest.fixture
def worker() -> Boilermaker[None]:
    return Boilermaker(None, InMemoryServiceBus())


def _place(function: Callable[..., Any]) -> str:
    return f"{__file__}:{function.__code__.co_firstlineno}: "


@pytest.mark.parametrize(
    ("function", "named"),
    [
        (not_async, "is not async; write `async def`"),
        (stars, "has `*args`"),
        (double_stars, "has `**kwargs`"),
        (no_state, "takes no state"),
        (only_stars, "has `*args`"),
        (only_keywords, "takes no state"),
        (keyed_by_pairs, "the keys of a JSON object must be strings or numbers"),
        (set_of_mutables, "the items of a set must be frozen in all their parts"),
        (double_underscore, "its parameter `__email` starts with two underscores"),
        (unknown_type, "parameter `odd`: `Unknown` cannot be sent in a message"),
        (unknown_inside, "parameter `holder`: "),
        (two_texts, "parameter `either`: "),
        (crashing, "a collection; put one of the two into a Struct"),
        (crashing_inside, "a collection; put one of the two into a Struct"),
        (unknown_result, "the result: `Unknown` cannot be sent in a message"),
        (
            any_json,
            "contains itself, which msgspec supports in classes only; write `Any` in the alias instead",
        ),
        (from_environment, "the default of its parameter `region` was None"),
        (from_constant, "declare it with `| None`"),
        (unresolved, "has an annotation that does not resolve"),
        (
            unresolved_inside,
            "parameter `holding`: `Holding` has a field whose type does not resolve (name 'Nowhere'",
        ),
        (generator, "is not async; write `async def`"),
    ],
)
def test_a_function_that_cannot_be_a_task_is_refused(
    worker: Boilermaker[None], function: Callable[..., Any], named: str
) -> None:
    """Before the worker starts, in words that say what to change and where."""
    with pytest.raises(RegistrationError) as caught:
        worker.register_async(function)

    assert str(caught.value).startswith(_place(function) + f"`{function.__name__}` cannot be a task: ")
    assert named in str(caught.value)


def test_a_name_registered_twice_names_both_places(worker: Boilermaker[None]) -> None:
    """Two functions under one name: the message shows either."""

    async def mail(state: None) -> None: ...

    async def other(state: None) -> None: ...

    worker.register_async(mail)
    with pytest.raises(RegistrationError) as caught:
        worker.register_async(other, name="mail")

    message = str(caught.value)
    assert message.startswith(_place(other))
    assert "the task `mail` is already registered" in message
    assert _place(mail).removesuffix(": ") in message


@pytest.mark.parametrize("name", ["", " ", "x" * 129, "line\nbreak"])
def test_a_name_that_no_message_could_show_is_refused(worker: Boilermaker[None], name: str) -> None:
    """The name is the subject of its messages."""

    async def mail(state: None) -> None: ...

    with pytest.raises(
        RegistrationError, match=r"`name` of `.*mail` must have 1 to 128 printable characters"
    ):
        worker.register_async(mail, name=name)


def test_one_name_for_several_functions_is_refused(worker: Boilermaker[None]) -> None:
    """`register_many_async` gives all the same options; a name cannot be one of them."""

    async def mail(state: None) -> None: ...

    async def other(state: None) -> None: ...

    with pytest.raises(RegistrationError, match="register these functions one by one"):
        worker.register_many_async([mail, other], name="mail")


def test_a_parameter_with_none_as_default_takes_none(worker: Boilermaker[None]) -> None:
    """`user_id: str = None` is read as `str | None`."""

    async def mail(state: None, user_id: str = None) -> None: ...  # type: ignore[assignment]  # noqa: RUF013  # pyright: ignore[reportArgumentType]

    worker.register_async(mail)
    assert str | None == read(mail).parameters[0].annotation


def test_a_parameter_without_annotation_is_accepted_with_a_warning(worker: Boilermaker[None]) -> None:
    """Anything passes, and the warning says which parameter of which function, and where."""

    async def mail(state: None, data) -> None: ...  # type: ignore[no-untyped-def]

    with pytest.warns(UntypedParameterWarning) as caught:
        worker.register_async(mail)

    [warning] = caught
    assert str(warning.message).startswith("parameter `data` of `")
    assert (
        _place(mail) == f"{warning.filename}:{warning.lineno}: "
    )  # told once: Python prints it before the message
    assert Any is read(mail).parameters[0].annotation


def test_a_deque_is_refused_for_it_can_be_decoded_and_not_encoded(worker: Boilermaker[None]) -> None:
    """What a producer could never send is no parameter."""

    async def mail(state: None, items: deque[int]) -> None: ...

    with pytest.raises(RegistrationError, match="parameter `items`: "):
        worker.register_async(mail)


def test_limits_of_a_decimal_are_refused_in_the_words_of_the_generator(worker: Boilermaker[None]) -> None:
    """Msgspec says that they fit numeric types, and a Decimal is a number."""

    async def mail(state: None, price: Annotated[Decimal, msgspec.Meta(ge=0)]) -> None: ...

    told = "constraints such as `ge` for `int` and `float` only; check a `Decimal` in the function"
    with pytest.raises(RegistrationError, match=re.escape(told)):
        worker.register_async(mail)


def test_a_worker_without_a_queue_is_refused() -> None:
    """Neither the worker nor its bus names one."""
    bus = InMemoryServiceBus()
    bus.default_queue = None
    with pytest.raises(ConfigurationError, match="no queue to receive from"):
        Boilermaker(None, bus)


async def test_tasks_without_a_queue_of_their_own_follow_their_worker() -> None:
    """`boilermaker worker --queue` sets it after registration: publishing, callbacks and the contract go with it."""
    seen: list[str] = []
    bus = InMemoryServiceBus("day", "night", "elsewhere", create_queues=False)
    worker = Boilermaker(seen, bus, queue="day")

    @worker.task
    async def follow(state: list[str], text: str) -> None:
        state.append(text)

    @worker.task(queue="elsewhere")
    async def stay(state: list[str]) -> None: ...

    worker.queue = "night"
    await worker.publish_task(worker.create_task(follow, "a") >> worker.create_task(follow, "b"))
    await worker.drain()
    await worker.apply_async(stay)

    assert ["a", "b"] == seen
    assert 1 == len(bus.messages("elsewhere"))
    contract = worker.contract()
    assert "night" == contract.queue
    assert {"follow": None, "stay": "elsewhere"} == {task.name: task.queue for task in contract.tasks}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {"polciy": NoRetry()},
            "`polciy` of `plain` is not an option of a registration; did you mean `policy`?",
        ),
        (
            {"policy": NoRetry},
            "`policy` of `plain` must be a RetryPolicy, such as `retries.NoRetry()`, not a function; call it",
        ),
        ({"should_dead_letter": "no"}, "`should_dead_letter` of `plain` must be True or False, not a str"),
        ({"aliases": "old_name"}, "`aliases` of `plain` must be a list or tuple of names, not a str"),
        ({"timeout": -1}, "`timeout` of `plain` must be more than 0 and at most 3,153,600,000 seconds"),
        (
            {"max_lock_renewal": 0},
            "`max_lock_renewal` of `plain` is 0 seconds; leave it out for the worker's own",
        ),
        ({"queue": ""}, "`queue` of `plain` must have 1 to 260 printable characters"),
        ({"deprecated": ""}, "`deprecated` of `plain` is empty; say what to use instead, or why"),
        (
            {"parameter_aliases": {"a": [""]}},
            "`parameter_aliases` of `plain` holds '' for 'a', which is not a name",
        ),
        (
            {"allow": {"FIELD_REMOVD x": "y"}},
            "`allow` of `plain` names no rule: 'FIELD_REMOVD'; did you mean ",
        ),
        ({"allow": {"FIELD_REMOVED x": " "}}, "`allow` of `plain` gives no reason for 'FIELD_REMOVED x'"),
        ({"timeout": 0}, "`timeout` of `plain` is 0 seconds; leave it out for no limit"),
    ],
)
def test_an_option_that_is_none_or_of_another_type_is_refused(
    worker: Boilermaker[None], options: dict[str, Any], told: str
) -> None:
    """Without a type checker a misspelt policy would do nothing, without a word."""
    with pytest.raises(RegistrationError, match=re.escape(_place(plain) + told)):
        worker.register_async(plain, **options)


def test_one_text_for_the_queues_to_forward_to_is_refused() -> None:
    """It would name a queue for each of its letters."""
    with pytest.raises(ConfigurationError, match=re.escape('pass ["emails"]')):
        Boilermaker(None, InMemoryServiceBus(), forwards_to="emails")


def test_what_is_no_bus_is_refused() -> None:
    """A connection string is none."""
    text: Any = "Endpoint=sb://..."
    with pytest.raises(
        TypeError, match="the bus must be an AzureServiceBus or an InMemoryServiceBus, not a str"
    ):
        Boilermaker(None, text, queue="jobs")


@pytest.mark.parametrize(
    ("limits", "error", "told"),
    [
        ({"max_tries": "3"}, TypeError, "Limits(max_tries=...) must be an integer, not a str"),
        ({"max_tries": True}, TypeError, "Limits(max_tries=...) must be an integer, not a bool"),
        ({"max_deliveries": 0}, ValueError, "Limits(max_deliveries=...) must be at least 1"),
        ({"max_delay": timedelta(hours=1)}, TypeError, "seconds, not a timedelta: pass .total_seconds()"),
        ({"max_delay": -1}, ValueError, "a delay must be from 0 to "),
        ({"max_delay": "1h"}, TypeError, "a delay must be a number of seconds"),
        (
            {"put_off_seconds": 15},
            TypeError,
            "Limits(put_off_seconds=...) must be a tuple of seconds, not a int",
        ),
        ({"put_off_seconds": (15, -1)}, ValueError, "a delay must be from 0 to "),
    ],
)
def test_limits_that_cannot_be_are_refused_where_they_are_written(
    limits: dict[str, Any], error: type[Exception], told: str
) -> None:
    """They would show when the first message is tried again, or bury every one."""
    with pytest.raises(error, match=re.escape(told)):
        Limits(**limits)


def test_several_functions_are_registered_or_none() -> None:
    """One that is refused leaves nothing behind."""
    worker = Boilermaker(None, InMemoryServiceBus())

    async def good(state: None) -> None: ...

    async def bad(state: None, *args: int) -> None: ...

    with pytest.raises(RegistrationError):
        worker.register_many_async([good, bad])
    assert not len(worker.registry)
    worker.register_many_async([good])
