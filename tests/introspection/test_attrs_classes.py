"""attrs classes in handlers: what msgspec makes of them, and what registration refuses because msgspec would lose it."""

from typing import Any

import attr
import attrs
import pytest

from boilermaker import Boilermaker, InMemoryServiceBus
from boilermaker.errors import RegistrationError
from boilermaker.introspection.signature import read
from boilermaker.retries import NoRetry


@attrs.define
class Secret:
    _token: str


@attrs.define
class Computed:
    x: int
    double: int = attrs.field(init=False, default=0)


@attrs.define
class FromItself:
    x: int
    double: int = attrs.Factory(lambda self: 2 * self.x, takes_self=True)


@attr.s
class Unannotated:
    x = attr.ib()


async def take_secret(state: None, secret: Secret) -> None: ...
async def take_computed(state: None, computed: list[Computed]) -> None: ...
async def give_from_itself(state: None) -> FromItself: ...
async def take_unannotated(state: None, bare: Unannotated | None) -> None: ...


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (take_secret, r"field `_token` of `Secret`: msgspec omits fields that begin with an underscore"),
        (
            take_computed,
            (
                r"field `double` of `Computed`: msgspec encodes and decodes it although `__init__` does not "
                r"take it"
            ),
        ),
        (
            give_from_itself,
            r"the result: .* field `double` of `FromItself`: msgspec does not support defaults",
        ),
        (take_unannotated, r"field `x` of `Unannotated` has no annotation; add one"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_msgspec_would_lose_or_cannot_fill_in_is_refused(function: Any, told: str) -> None:
    """Else it would be gone on the way, or the worker would fail with words of msgspec's own."""
    with pytest.raises(RegistrationError, match=told):
        read(function)


@attrs.frozen
class Discount:
    percent: int = attrs.field(validator=attrs.validators.le(100), alias="off")
    codes: list[str] = attrs.field(factory=list, converter=sorted)


async def test_validators_run_in_the_worker_and_converters_do_not() -> None:
    """Msgspec sets fields by their own names; a refusal tells the path, and not the value."""
    bus = InMemoryServiceBus()
    worker = Boilermaker([], bus, queue="shop")
    published = Boilermaker(None, bus, queue="shop")

    @worker.task(policy=NoRetry())
    async def apply(state: list[Discount], discounts: list[Discount]) -> Discount:
        state += discounts
        return discounts[0]

    async def plain(state: None, discounts: Any) -> None: ...

    published.register_async(plain, name="apply")
    await published.apply_async(plain, [{"percent": 5, "codes": ["b", "a"]}])
    await published.apply_async(plain, [{"percent": 5}, {"percent": 12345}])
    await worker.drain()

    assert [(d.percent, d.codes) for d in worker.state] == [(5, ["b", "a"])]
    (letter,) = bus.dead_letters("shop")
    assert letter.dead_letter_reason == "InvalidPayload"
    assert str(letter.dead_letter_description).startswith("discounts[1]: rejected by the type's own check")
    assert "12345" not in str(letter.dead_letter_description)
