"""Encodes what is sent: the payload of a call, built from its arguments, and results. Each is decoded again as a check."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET

from boilermaker.errors import InvalidArgumentsError
from boilermaker.payload import finite, untyped
from boilermaker.payload.encoding import encode, unencodable
from boilermaker.payload.externals import NONE, Externals
from boilermaker.payload.unfit import UnfitValue, decoder, problems_of, refusal, sentence
from boilermaker.workflow.ref import AnyRef, Ref


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of one call. Generated payload structs derive from it; so do those made from signatures."""


def build(
    task: str,
    payload_type: type[msgspec.Struct],
    arguments: Mapping[str, object],
    externals: Externals = NONE,
) -> msgspec.Struct:
    """The checked payload of one call, without arguments that are references or `msgspec.UNSET`.

    Raises:
        InvalidArgumentsError: the worker would reject it. All invalid arguments are listed.
    """
    referred = frozenset(name for name, value in arguments.items() if isinstance(value, Ref))
    given = {name: value for name, value in arguments.items() if name not in referred and value is not UNSET}
    partial = _without(payload_type, referred) if referred else payload_type
    try:
        return _round_trip(given, partial, externals)
    except UnfitValue as unfit:
        raise InvalidArgumentsError(task, unfit.problems) from None


def encoded(built: msgspec.Struct | msgspec.Raw, externals: Externals) -> msgspec.Raw:
    """A payload as JSON.

    Raises:
        UnfitValue: an argument was modified after it was checked, and no longer has a JSON form.
    """
    return msgspec.Raw(encode(built, externals))


def references(arguments: Mapping[str, object]) -> dict[str, AnyRef]:
    """The arguments that are references."""
    return {name: value for name, value in arguments.items() if isinstance(value, Ref)}


@lru_cache(maxsize=4096)
def _without(payload_type: type[msgspec.Struct], names: frozenset[str]) -> type[msgspec.Struct]:
    """The payload type without the named fields, whose values are not known yet."""
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


def seal(value: object, type_: Any, externals: Externals = NONE) -> msgspec.Raw:
    """Encode a result as JSON, and check that it decodes as the declared type.

    Raises:
        UnfitValue: it is not of that type, or cannot be encoded.
    """
    try:
        data = encode(value, externals)
    except UnfitValue:
        raise
    except (msgspec.MsgspecError, RecursionError, ValueError, TypeError) as error:
        raise UnfitValue((sentence("the result", error, type_),)) from None
    try:
        decoder(type_, externals.decode_hook).decode(data)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - as in `inbound.decode`
        raise UnfitValue((refusal("the result", error, type_),)) from None
    if (unfit := finite.unfit_result(value, type_)) is not None:
        raise UnfitValue((f"the result: {unfit}",))
    if (unfit := untyped.change_of_result(value, type_)) is not None:
        raise UnfitValue((unfit,))
    return msgspec.Raw(data)


def _round_trip(
    given: dict[str, object], payload_type: type[msgspec.Struct], externals: Externals
) -> msgspec.Struct:
    try:
        data = encode(given, externals)
    except (UnfitValue, TypeError, ValueError, RecursionError, msgspec.MsgspecError):
        raise UnfitValue(unencodable(given, externals)) from None
    try:
        payload: msgspec.Struct = decoder(payload_type, externals.decode_hook).decode(data)
    except Exception as error:  # noqa: BLE001 - as in `inbound.decode`
        problems = finite.find_all(given) or problems_of(data, payload_type, error, externals.decode_hook)
        raise UnfitValue(problems) from None
    if finite.may_hide(payload_type) and (problems := finite.find_all(given)):
        raise UnfitValue(problems)
    problems = (
        finite.huge(payload)
        or finite.odd_offsets(payload_type, given)
        or untyped.changes(payload_type, given)
    )
    if problems:
        raise UnfitValue(problems)
    return payload
