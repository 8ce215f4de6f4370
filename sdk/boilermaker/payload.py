"""Payloads and results as JSON: arguments in, checked bytes out, and back. With `codec`, the only room with bytes.

A payload is what comes back: arguments are encoded and decoded again as the payload type, on the very path the worker
takes, so that nothing can be published that the worker would refuse.
"""

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar, cast

import msgspec
from msgspec import inspect as shapes

from boilermaker.errors import InvalidArgumentsError
from boilermaker.ref import AnyRef, Ref

_V = TypeVar("_V")


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of one call. Generated payload structs derive from it; so do those made from signatures."""


class UnfitValue(Exception):  # noqa: N818 - caught and told by whoever knows whose value it was
    """A value does not fit its type. `problems` are sentences with a path and what was expected, without values."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def build(task: str, payload_type: type[msgspec.Struct], arguments: Mapping[str, object]) -> msgspec.Struct:
    """The checked payload of one call; arguments that are references are left out of it.

    Raises:
        InvalidArgumentsError: the worker would refuse it. All arguments at fault are named at once.
    """
    given = {name: value for name, value in arguments.items() if not isinstance(value, Ref)}
    partial = payload_type
    if len(given) != len(arguments):
        partial = without(payload_type, frozenset(arguments.keys() - given.keys()))
    try:
        return _through_the_door(given, partial)
    except UnfitValue as unfit:
        raise InvalidArgumentsError(task, unfit.problems) from None


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
    raw: msgspec.Raw, payload_type: type[msgspec.Struct], results: Mapping[str, msgspec.Raw]
) -> msgspec.Struct:
    """A received payload, results put in the places of the references to them.

    Raises:
        UnfitValue: it does not fit; every field at fault is named.
    """
    data = bytes(raw)
    if results:
        data = msgspec.json.encode({**_members(data), **results})
    try:
        decoded: msgspec.Struct = _decoder(payload_type).decode(data)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise UnfitValue(_problems(data, payload_type, error)) from None
    return decoded


def renamed(raw: msgspec.Raw, aliases: Mapping[str, Sequence[str]]) -> msgspec.Raw:
    """A payload with what stands under an alias moved to the parameter's own name, unless there is something already.

    Raises:
        UnfitValue: it is no JSON object.
    """
    return msgspec.Raw(msgspec.json.encode(moved(_members(bytes(raw)), aliases)))


def moved(members: Mapping[str, _V], aliases: Mapping[str, Sequence[str]]) -> dict[str, _V]:
    """Values by parameter, those under an alias moved to the parameter's own name."""
    own = {alias: name for name, others in aliases.items() for alias in others if name not in members}
    return {own.get(name, name): value for name, value in members.items()}


def plain(raw: msgspec.Raw, results: Mapping[str, msgspec.Raw]) -> dict[str, Any]:
    """A received payload as plain JSON values, results put in the places of the references to them.

    Raises:
        UnfitValue: it is no JSON object.
    """
    members = {**_members(bytes(raw)), **results}
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
        return msgspec.Raw(_encode(values))
    except (UnfitValue, TypeError, ValueError, RecursionError, msgspec.MsgspecError):
        raise UnfitValue(_unencodable(values)) from None


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
    members = _members(bytes(raw))
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


def seal(value: object, type_: Any) -> msgspec.Raw:
    """A result as JSON that the declared type reads back.

    Raises:
        UnfitValue: it is not of that type, or cannot be encoded.
    """
    try:
        data = _encode(value)
        _decoder(type_).decode(data)
    except UnfitValue:
        raise
    except (msgspec.MsgspecError, RecursionError, ValueError, TypeError) as error:
        raise UnfitValue((_sentence("the result", error),)) from None
    if (path := _non_finite(value)) is not None:
        raise UnfitValue((f"the result: NaN and infinities have no JSON form (at `{path}`)",))
    return msgspec.Raw(data)


# ---- the door -------------------------------------------------------------------------------------------


def _through_the_door(given: dict[str, object], payload_type: type[msgspec.Struct]) -> msgspec.Struct:
    try:
        data = _encode(given)
    except (UnfitValue, TypeError, ValueError, RecursionError, msgspec.MsgspecError):
        raise UnfitValue(_unencodable(given)) from None
    try:
        payload: msgspec.Struct = _decoder(payload_type).decode(data)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise UnfitValue(_non_finites(given) or _problems(data, payload_type, error)) from None
    if _may_hide_floats(payload_type) and (problems := _non_finites(given)):
        raise UnfitValue(problems)
    return payload


def _encode(value: object) -> bytes:
    return _ENCODER.encode(value)


def _stranger(value: object) -> object:
    if isinstance(value, Ref):
        raise UnfitValue(("a reference must be an argument itself, not a part of one",))
    if isinstance(getattr(value, "result", None), Ref):
        raise UnfitValue(("a task is not a value; did you mean `.result`?",))
    raise UnfitValue((f"`{type(value).__qualname__}` has no JSON form",))


_ENCODER = msgspec.json.Encoder(enc_hook=_stranger)


def _unencodable(given: Mapping[str, object]) -> tuple[str, ...]:
    problems: list[str] = []
    for name, value in given.items():
        try:
            _encode(value)
        except UnfitValue as unfit:
            problems.extend(f"{name}: {problem}" for problem in unfit.problems)
        except RecursionError:
            problems.append(f"{name}: nested too deeply, or in itself")
        except UnicodeEncodeError:
            problems.append(f"{name}: text with a lone surrogate has no UTF-8 form")
        except (TypeError, ValueError, msgspec.MsgspecError) as error:
            problems.append(f"{name}: has no JSON form ({type(error).__name__})")
    return tuple(problems)


@lru_cache(maxsize=4096)
def _decoder(type_: Any) -> Any:
    return msgspec.json.Decoder(type_)


def _members(data: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _MEMBERS.decode(data)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise UnfitValue(("the payload is not a JSON object",)) from None


_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


# ---- non-finite floats ----------------------------------------------------------------------------------
# msgspec encodes NaN and infinities as null, which a `float | None` then takes for None.


def _non_finites(given: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(
        f"{name}: NaN and infinities have no JSON form (at `{path}`)"
        for name, value in given.items()
        if (path := _non_finite(value)) is not None
    )


def _non_finite(value: object) -> str | None:
    """Where a float that is not finite hides, or None. Without recursion: msgspec encodes deeper nesting than Python calls."""
    waiting = [("$", value)]
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, float):
            if not math.isfinite(item):
                return path
        elif item is not None and not isinstance(item, str | int | bytes):
            waiting.extend(reversed(list(_parts(path, item))))
    return None


def _parts(path: str, value: object) -> Iterable[tuple[str, object]]:
    """What a value holds as msgspec encodes it, each with its path."""
    if isinstance(value, list | tuple | set | frozenset):
        items = cast("Collection[object]", value)
        return ((f"{path}[{index}]", item) for index, item in enumerate(items))
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value)
        return ((f"{path}[...]", item) for entry in entries.items() for item in entry)
    return ((f"{path}.{name}", getattr(value, name, None)) for name in _field_names(type(value)))  # type: ignore[arg-type]  # mypy takes an object's `__hash__` for its class's


@lru_cache(maxsize=4096)
def _field_names(cls: type[Any]) -> tuple[str, ...]:
    """Fields of a Struct, a dataclass or an attrs class; nothing else has parts that travel, enum members least."""
    attributes: tuple[Any, ...] = getattr(cls, "__attrs_attrs__", ())
    return tuple(
        getattr(cls, "__struct_fields__", None)
        or getattr(cls, "__dataclass_fields__", None)
        or (attribute.name for attribute in attributes)
    )


@lru_cache(maxsize=4096)
def _may_hide_floats(payload_type: type[msgspec.Struct]) -> bool:
    """False where no part of the type takes null, so that msgspec refuses such a float: most payloads skip the search."""
    return any(_may_take_null(shapes.type_info(field.type)) for field in msgspec.structs.fields(payload_type))


_NULLLESS: tuple[type, ...] = (
    shapes.StrType, shapes.IntType, shapes.FloatType, shapes.BoolType, shapes.BytesType, shapes.ByteArrayType,
    shapes.DateTimeType, shapes.DateType, shapes.TimeType, shapes.TimeDeltaType, shapes.UUIDType, shapes.DecimalType,
    shapes.EnumType,
)  # fmt: skip


def _may_take_null(info: shapes.Type) -> bool:
    if isinstance(info, _NULLLESS):
        return False
    if isinstance(info, shapes.LiteralType):
        return None in info.values
    if isinstance(info, shapes.UnionType):
        return any(_may_take_null(member) for member in info.types)
    if isinstance(info, shapes.ListType | shapes.SetType | shapes.FrozenSetType | shapes.VarTupleType):
        return _may_take_null(info.item_type)
    if isinstance(info, shapes.Metadata):
        return _may_take_null(info.type)
    return True


# ---- what was wrong, without the values -----------------------------------------------------------------


def _problems(data: bytes, payload_type: type[msgspec.Struct], error: Exception) -> tuple[str, ...]:
    """Every field at fault: msgspec stops at the first, so each is tried by itself."""
    if isinstance(error, msgspec.DecodeError) and not isinstance(error, msgspec.ValidationError):
        return ("the payload is not JSON",)
    try:
        members = _MEMBERS.decode(data)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return ("the payload is not a JSON object",)
    problems: list[str] = []
    for field in msgspec.structs.fields(payload_type):
        if field.encode_name in members:
            problems.extend(_field_problem(field.encode_name, field.type, members[field.encode_name]))
        elif field.required:
            problems.append(f"{field.encode_name}: missing")
    return tuple(problems) or (_sentence("the payload", error),)


def _field_problem(name: str, type_: Any, raw: msgspec.Raw) -> list[str]:
    try:
        _decoder(type_).decode(raw)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        return [_sentence(name, error)]
    return []


_PATH = re.compile(r" - at `(?:key in )?(\$[^`]*)`")
_QUOTE = re.compile(r"['`]")


def _sentence(name: str, error: Exception) -> str:
    """The text of msgspec less what it quotes of the value, under the name of the argument."""
    text = str(error)
    found = _PATH.search(text)
    path = found.group(1).removeprefix("$") if found else ""
    return f"{name}{path}: {_expectation(error, text.partition(' - at `')[0])}"


def _expectation(error: Exception, text: str) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, UnicodeEncodeError):
        return "text with a lone surrogate has no UTF-8 form"
    if not isinstance(error, msgspec.MsgspecError):
        return f"has no JSON form ({type(error).__name__})"
    if (
        error.__cause__ is not None
    ):  # raised by the type itself (`__post_init__`, `_missing_`), in words that may hold values
        return "refused by the type's own check"
    if text.startswith(("Expected", "Object missing")):  # these quote types and field names only
        return text[0].lower() + text[1:]
    shown = _QUOTE.split(text)[0].strip()
    return (
        "expected one of the enum's or Literal's values"
        if shown == "Invalid enum value"
        else shown[0].lower() + shown[1:]
    )
