"""Payloads and results as JSON: arguments in, checked bytes out, and back. With `codec`, the only room with bytes.

A payload is what comes back: arguments are encoded and decoded again as the payload type, on the very path the worker
takes, so that nothing can be published that the worker would refuse.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET

from boilermaker import finite
from boilermaker.errors import InvalidArgumentsError
from boilermaker.externals import NONE, Externals
from boilermaker.ref import AnyRef, Ref
from boilermaker.unfit import UnfitValue, decoder, members_of, problems_of, refusal, sentence

_V = TypeVar("_V")


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of one call. Generated payload structs derive from it; so do those made from signatures."""


def build(
    task: str,
    payload_type: type[msgspec.Struct],
    arguments: Mapping[str, object],
    externals: Externals = NONE,
) -> msgspec.Struct:
    """The checked payload of one call; arguments that are references, or `msgspec.UNSET`, are left out of it.

    Raises:
        InvalidArgumentsError: the worker would refuse it. All arguments at fault are named at once.
    """
    referred = frozenset(name for name, value in arguments.items() if isinstance(value, Ref))
    given = {name: value for name, value in arguments.items() if name not in referred and value is not UNSET}
    partial = without(payload_type, referred) if referred else payload_type
    try:
        return _through_the_door(given, partial, externals)
    except UnfitValue as unfit:
        raise InvalidArgumentsError(task, unfit.problems) from None


def encoded(built: msgspec.Struct | msgspec.Raw, externals: Externals) -> msgspec.Raw:
    """A payload as JSON.

    Raises:
        UnfitValue: an argument was changed after it was checked, and has no JSON form now.
    """
    return msgspec.Raw(_encode(built, externals))


def references(arguments: Mapping[str, object]) -> dict[str, AnyRef]:
    """Those arguments that are references."""
    return {name: value for name, value in arguments.items() if isinstance(value, Ref)}


@lru_cache(maxsize=4096)
def without(payload_type: type[msgspec.Struct], names: frozenset[str]) -> type[msgspec.Struct]:
    """The payload type less the named fields, whose values come later."""
    fields: list[Any] = []
    for field in msgspec.structs.fields(payload_type):
        if field.name in names:
            continue
        options: dict[str, Any] = {}
        if field.default is not msgspec.NODEFAULT:
            options["default"] = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            options["default_factory"] = field.default_factory
        fields.append((field.name, field.type, msgspec.field(name=field.encode_name, **options)))
    return msgspec.defstruct(payload_type.__name__, fields, frozen=True, kw_only=True)


def decode(
    raw: msgspec.Raw,
    payload_type: type[msgspec.Struct],
    results: Mapping[str, msgspec.Raw],
    externals: Externals = NONE,
) -> msgspec.Struct:
    """A received payload, results put in the places of the references to them.

    Raises:
        UnfitValue: it does not fit; every field at fault is named.
    """
    data = bytes(raw)
    if results:
        data = msgspec.json.encode({**members_of(data), **results})
    try:
        decoded: msgspec.Struct = decoder(payload_type, externals.decode_hook).decode(data)
    except Exception as error:  # noqa: BLE001 - types run code of their users: `__post_init__`, validators, `_missing_`
        raise UnfitValue(problems_of(data, payload_type, error, externals.decode_hook)) from None
    if problems := finite.huge(decoded):
        raise UnfitValue(problems)
    return decoded


def renamed(raw: msgspec.Raw, aliases: Mapping[str, Sequence[str]]) -> msgspec.Raw:
    """A payload with what stands under an alias moved to the parameter's own name, unless there is something already.

    Raises:
        UnfitValue: it is no JSON object.
    """
    return msgspec.Raw(msgspec.json.encode(moved(members_of(bytes(raw)), aliases)))


def moved(members: Mapping[str, _V], aliases: Mapping[str, Sequence[str]]) -> dict[str, _V]:
    """Values by parameter, those under an alias moved to the parameter's own name."""
    own = {alias: name for name, others in aliases.items() for alias in others if name not in members}
    return {own.get(name, name): value for name, value in members.items()}


def plain(raw: msgspec.Raw, results: Mapping[str, msgspec.Raw]) -> dict[str, Any]:
    """A received payload as plain JSON values, results put in the places of the references to them.

    Raises:
        UnfitValue: it is no JSON object.
    """
    members = {**members_of(bytes(raw)), **results}
    try:
        return {name: msgspec.json.decode(value) for name, value in members.items()}
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise UnfitValue(("the payload is not JSON",)) from None


def from_plain(values: Mapping[str, Any]) -> msgspec.Raw:
    """Plain values as a payload.

    Raises:
        UnfitValue: they have no JSON form; every field at fault is named.
    """
    try:
        data = _encode(values)
    except (UnfitValue, TypeError, ValueError, RecursionError, msgspec.MsgspecError):
        raise UnfitValue(_unencodable(values)) from None
    if problems := finite.find_all(values):
        raise UnfitValue(problems)
    return msgspec.Raw(data)


def bind(raw: msgspec.Raw, args: int, names: Sequence[str], by_position: int) -> msgspec.Raw:
    """A payload whose first `args` arguments stand under "0", "1", ...: those moved to the parameters' names.

    Args:
        raw: the payload.
        args: how many were given by position.
        names: all parameters, in their order.
        by_position: how many of them may be given by position.

    Raises:
        UnfitValue: as Python's own call would fail: too many, given twice, or for no parameter.
    """
    members = members_of(bytes(raw))
    if args > by_position:
        raise UnfitValue((f"{args} arguments were given by position, the handler takes {by_position} so",))
    given = {name: members.pop(str(position), _NOTHING) for position, name in enumerate(names[:args])}
    problems = [f"{name}: given by position and by name" for name in given if name in members]
    if any(name not in names for name in members):  # in the publisher's words, which may hold anything
        problems.append("an argument was given by a name that no parameter has")
    if problems:
        raise UnfitValue(tuple(problems))
    return msgspec.Raw(msgspec.json.encode({**members, **given}))


_NOTHING = msgspec.Raw(b"null")


def seal(value: object, type_: Any, externals: Externals = NONE) -> msgspec.Raw:
    """A result as JSON that the declared type reads back.

    Raises:
        UnfitValue: it is not of that type, or cannot be encoded.
    """
    try:
        data = _encode(value, externals)
    except UnfitValue:
        raise
    except (msgspec.MsgspecError, RecursionError, ValueError, TypeError) as error:
        raise UnfitValue((sentence("the result", error),)) from None
    try:
        decoder(type_, externals.decode_hook).decode(data)
    except Exception as error:  # noqa: BLE001 - as in `decode`
        raise UnfitValue((refusal("the result", error),)) from None
    if (path := finite.find(value)) is not None:
        raise UnfitValue((f"the result: NaN and infinities have no JSON form (at `{path}`)",))
    if (unfit := finite.huge_result(value)) is not None:
        raise UnfitValue((f"the result: {unfit}",))
    return msgspec.Raw(data)


# ---- the door -------------------------------------------------------------------------------------------


def _through_the_door(
    given: dict[str, object], payload_type: type[msgspec.Struct], externals: Externals
) -> msgspec.Struct:
    try:
        data = _encode(given, externals)
    except (UnfitValue, TypeError, ValueError, RecursionError, msgspec.MsgspecError):
        raise UnfitValue(_unencodable(given, externals)) from None
    try:
        payload: msgspec.Struct = decoder(payload_type, externals.decode_hook).decode(data)
    except Exception as error:  # noqa: BLE001 - as in `decode`
        problems = finite.find_all(given) or problems_of(data, payload_type, error, externals.decode_hook)
        raise UnfitValue(problems) from None
    if finite.may_hide(payload_type) and (problems := finite.find_all(given)):
        raise UnfitValue(problems)
    if problems := finite.huge(payload):
        raise UnfitValue(problems)
    return payload


def _encode(value: object, externals: Externals = NONE) -> bytes:
    return _encoder(externals).encode(value)


@lru_cache(maxsize=256)
def _encoder(externals: Externals) -> msgspec.json.Encoder:
    def written(value: object) -> object:
        return _stranger(value) if externals.of(type(value)) is None else externals.encode(value)

    return msgspec.json.Encoder(enc_hook=written)


def _stranger(value: object) -> object:
    if isinstance(value, Ref):
        raise UnfitValue(("a reference must be an argument itself, not a part of one",))
    if isinstance(getattr(value, "result", None), Ref):
        raise UnfitValue(("a task is not a value; did you mean `.result`?",))
    raise UnfitValue((f"`{type(value).__qualname__}` has no JSON form",))


def _unencodable(given: Mapping[str, object], externals: Externals = NONE) -> tuple[str, ...]:
    problems: list[str] = []
    for name, value in given.items():
        try:
            _encode(value, externals)
        except UnfitValue as unfit:
            problems.extend(f"{name}: {problem}" for problem in unfit.problems)
        except RecursionError:
            problems.append(f"{name}: nested too deeply, or in itself")
        except UnicodeEncodeError:
            problems.append(f"{name}: text with a lone surrogate has no UTF-8 form")
        except (TypeError, ValueError, msgspec.MsgspecError) as error:
            problems.append(f"{name}: has no JSON form ({type(error).__name__})")
    return tuple(problems)
