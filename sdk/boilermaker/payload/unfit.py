"""Explains why a value does not match its type, in sentences without the value, because they leave the process."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from boilermaker.payload.allowed import allowed


class UnfitValue(Exception):  # noqa: N818 - always caught, and reported as an error that names the task
    """A value does not match its type. `problems` are sentences with a path and what was expected, without values."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class SafeWordsError(ValueError):
    """An error whose message contains no value, so that it may be quoted."""


DecodeHook = Callable[[Any, Any], Any]


@lru_cache(maxsize=4096)
def decoder(type_: Any, hook: DecodeHook | None = None) -> Any:
    """The decoder of a type, cached.

    Args:
        type_: the type to decode.
        hook: converts to classes that msgspec does not support.
    """
    return msgspec.json.Decoder(type_, dec_hook=hook)


def members_of(data: bytes) -> dict[str, msgspec.Raw]:
    """The members of a JSON object, undecoded.

    Raises:
        UnfitValue: it is not a JSON object.
    """
    try:
        return _MEMBERS.decode(data)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise UnfitValue(("the payload is not a JSON object",)) from None


_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def problems_of(
    data: bytes, payload_type: type[msgspec.Struct], error: BaseException, hook: DecodeHook | None = None
) -> tuple[str, ...]:
    """Every field at fault: msgspec stops at the first, so each is tried by itself."""
    if isinstance(error, msgspec.DecodeError) and not isinstance(error, msgspec.ValidationError):
        return ("the payload is not JSON",)
    try:
        found = members_of(data)
    except UnfitValue as unfit:
        return unfit.problems
    problems: list[str] = []
    for field in msgspec.structs.fields(payload_type):
        if field.encode_name in found:
            problems.extend(_field_problem(field.encode_name, field.type, found[field.encode_name], hook))
        elif field.required:
            problems.append(f"{field.encode_name}: missing")
    return tuple(problems) or (refusal("the payload", error),)


def _field_problem(name: str, type_: Any, raw: msgspec.Raw, hook: DecodeHook | None) -> list[str]:
    try:
        decoder(type_, hook).decode(raw)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - types run users' code
        return [refusal(name, error, type_)]
    return []


def refusal(name: str, error: BaseException, type_: Any = None) -> str:
    """Why a value was not decoded: msgspec's message, or only that the type's own code raised, as its message may hold values."""
    if isinstance(error, msgspec.MsgspecError | RecursionError | UnicodeError):
        return sentence(name, error, type_)
    return f"{name}: rejected by the type's own check ({type(error).__qualname__})"


_PATH = re.compile(r" - at `(?:key in )?(\$[^`]*)`")
# Messages of msgspec that do not quote the value, and the beginnings of those that do. Any other message, such as one of a
# later version, is not passed on.
_ONE_OF = "expected one of the enum's or Literal's values"
_OF_TYPES = ("Expected ", "Object missing ")  # types, limits and field names
_SAID: dict[str, str] = {
    "Invalid enum value": _ONE_OF,
    "Only units": "only the units D, H, M and S are supported in a duration",
}
_WITHOUT_VALUES = (
    "Invalid value", "Object contains unknown field", "Invalid RFC3339 encoded datetime", "Invalid RFC3339 encoded date",
    "Invalid RFC3339 encoded time", "Invalid ISO8601 duration", "Invalid UUID", "Invalid base64 encoded string",
    "Invalid decimal string", "Invalid epoch timestamp", "Timestamp is out of range", "Duration is out of range",
    "Integer value out of range", "Number out of range", "Input data was truncated", "JSON is malformed",
)  # fmt: skip
_UNKNOWN = "does not fit its type"


def sentence(name: str, error: BaseException, type_: Any = None) -> str:
    """The message of msgspec for an argument, without quotes of the value; `type_` is used to list allowed values."""
    text = str(error)
    found = _PATH.search(text)
    path = found.group(1).removeprefix("$") if found else ""
    expectation = _expectation(error, text.partition(" - at `")[0])
    if expectation == _ONE_OF and (values := allowed(type_, path)) is not None:
        expectation = f"expected one of {values}"
    return f"{name}{path}: {expectation}"


def _expectation(error: BaseException, text: str) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, UnicodeEncodeError):
        return "text with a lone surrogate has no UTF-8 form"
    if not isinstance(error, msgspec.MsgspecError):
        return f"has no JSON form ({type(error).__name__})"
    if isinstance(error.__cause__, SafeWordsError):
        return str(error.__cause__)
    if (
        error.__cause__ is not None
    ):  # raised by the type itself (`__post_init__`, `_missing_`); its message may hold values
        return "rejected by the type's own check"
    if text.startswith(_OF_TYPES):
        return text[0].lower() + text[1:]
    for start, said in _SAID.items():
        if text.startswith(start):
            return said
    known = next((start for start in _WITHOUT_VALUES if text.startswith(start)), _UNKNOWN)
    return known[0].lower() + known[1:]
