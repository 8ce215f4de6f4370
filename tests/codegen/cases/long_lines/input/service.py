from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="long-lines")


@dataclass
class AVeryLongNameForAClassThatHoldsAddresses:
    street_and_number_and_everything_else: dict[str, list[tuple[int, str, float, bool, bytes]]]
    choices_that_somebody_has: Literal["one", "two", "three", "four", "five", "six", "seven"]
    many_choices_that_somebody_has: Literal["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    a_union_of_some_length_without_any_default: int | float | bool | list[int] | dict[str, int]
    a_union_of_some_length_with_a_default: int | float | bool | list[int] | dict[str, int] | None = None
    a_constrained_text: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern="^[a-z]+$")] = "abcdefghijk"


class AMemberOfAVeryLongNameForARecordThatHoldsWhatAClassThatHoldsAddressesHolds(msgspec.Struct):
    what_is_held_for_whoever_asks: AVeryLongNameForAClassThatHoldsAddresses
    what_is_held_for_others_who_have_asked_before: AVeryLongNameForAClassThatHoldsAddresses


@worker.task
async def a_function_with_a_long_name_and_a_long_result(
    state, x: int
) -> dict[str, list[AVeryLongNameForAClassThatHoldsAddresses]]: ...


@worker.task
async def long_parameters(
    state,
    first: dict[str, list[tuple[AVeryLongNameForAClassThatHoldsAddresses, AVeryLongNameForAClassThatHoldsAddresses]]],
    second: list[str] = ["some", "default", "values", "that", "take", "more", "than", "one", "line"],
    third: str = "a default text that is so long that it does not fit into the line of the parameter at all",
    fourth: AVeryLongNameForAClassThatHoldsAddresses | list[AVeryLongNameForAClassThatHoldsAddresses] | None = None,
    fifth: Literal["one", "two", "three", "four", "five", "six", "seven", "eight"] = "seven",
) -> tuple[AVeryLongNameForAClassThatHoldsAddresses, AVeryLongNameForAClassThatHoldsAddresses, int]: ...


@worker.task
async def held(state, record: AMemberOfAVeryLongNameForARecordThatHoldsWhatAClassThatHoldsAddressesHolds) -> None: ...


@worker.task
async def just_over_a_line_long(state, one: int, two: int, three: int, four_: int) -> None: ...
