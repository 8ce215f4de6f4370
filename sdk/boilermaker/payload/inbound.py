"""Decodes and checks received payloads, and adapts those of another contract or of boilermaker-servicebus 1.x before that."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from boilermaker.payload import finite, floods
from boilermaker.payload.encoding import encode, unencodable
from boilermaker.payload.externals import NONE, Externals
from boilermaker.payload.unfit import UnfitValue, decoder, members_of, problems_of

_V = TypeVar("_V")


def decode(
    raw: msgspec.Raw,
    payload_type: type[msgspec.Struct],
    results: Mapping[str, msgspec.Raw],
    externals: Externals = NONE,
) -> msgspec.Struct:
    """Decode a received payload, with results in place of the references to them.

    Raises:
        UnfitValue: it does not match the type; every invalid field is listed.
    """
    data = bytes(raw)
    if results:
        data = msgspec.json.encode({**members_of(data), **results})
    floods.check(data, payload_type, externals.decode_hook)
    try:
        decoded: msgspec.Struct = decoder(payload_type, externals.decode_hook).decode(data)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - types run users' code: `__post_init__`, validators, `_missing_`
        raise UnfitValue(problems_of(data, payload_type, error, externals.decode_hook)) from None
    if problems := finite.huge(decoded):
        raise UnfitValue(problems)
    return decoded


def renamed(raw: msgspec.Raw, aliases: Mapping[str, Sequence[str]]) -> msgspec.Raw:
    """A payload with values under an alias moved to the parameter's own name, unless that has a value already.

    Raises:
        UnfitValue: it is not a JSON object.
    """
    return msgspec.Raw(msgspec.json.encode(moved(members_of(bytes(raw)), aliases)))


def moved(members: Mapping[str, _V], aliases: Mapping[str, Sequence[str]]) -> dict[str, _V]:
    """Values by parameter, with those under an alias moved to the parameter's own name."""
    own = {alias: name for name, others in aliases.items() for alias in others if name not in members}
    return {own.get(name, name): value for name, value in members.items()}


def plain(raw: msgspec.Raw, results: Mapping[str, msgspec.Raw]) -> dict[str, Any]:
    """A received payload as plain JSON values, with results in place of the references to them.

    Raises:
        UnfitValue: it is not a JSON object.
    """
    members = {**members_of(bytes(raw)), **results}
    try:
        return {name: msgspec.json.decode(value) for name, value in members.items()}
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise UnfitValue(("the payload is not JSON",)) from None


def from_plain(values: Mapping[str, Any]) -> msgspec.Raw:
    """Encode plain values as a payload.

    Raises:
        UnfitValue: they have no JSON form; every invalid field is listed.
    """
    try:
        data = encode(values)
    except (UnfitValue, TypeError, ValueError, RecursionError, msgspec.MsgspecError):
        raise UnfitValue(unencodable(values)) from None
    if problems := finite.find_all(values):
        raise UnfitValue(problems)
    return msgspec.Raw(data)


def bind(raw: msgspec.Raw, args: int, names: Sequence[str], by_position: int) -> msgspec.Raw:
    """A payload with positional arguments, which it holds as "0", "1", ..., moved to their parameters' names.

    Args:
        raw: the payload.
        args: number of positional arguments.
        names: all parameters, in order.
        by_position: how many parameters accept a positional argument.

    Raises:
        UnfitValue: as a call in Python would fail: too many arguments, a parameter given twice, or an unknown parameter.
    """
    members = members_of(bytes(raw))
    if args > by_position:
        raise UnfitValue(
            (f"{args} arguments were given by position, the handler takes {by_position} by position",)
        )
    given = {name: members.pop(str(position), _NOTHING) for position, name in enumerate(names[:args])}
    problems = [f"{name}: given by position and by name" for name in given if name in members]
    if any(name not in names for name in members):  # the name is not quoted: it may contain anything
        problems.append("an argument was given by a name that no parameter has")
    if problems:
        raise UnfitValue(tuple(problems))
    return msgspec.Raw(msgspec.json.encode({**members, **given}))


_NOTHING = msgspec.Raw(b"null")
