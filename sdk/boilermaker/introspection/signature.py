"""A function's signature as a payload struct, at run time. The generator reads the same from source text.

Errors say why a function cannot be a task, and where it is defined.
"""

import functools
import inspect
import types
import typing
import warnings
import weakref
from collections.abc import Mapping
from typing import Any

import msgspec

from boilermaker.errors import RegistrationError, UntypedParameterWarning
from boilermaker.introspection import defaults
from boilermaker.introspection.asynchrony import hides_async, is_async
from boilermaker.introspection.carriage import obstacle_to
from boilermaker.introspection.handler import AnyHandler, HandlerParameter, HandlerSignature
from boilermaker.introspection.place import location_of, place_of
from boilermaker.introspection.written import is_none_written
from boilermaker.payload import Payload
from boilermaker.payload.externals import NONE, Externals
from boilermaker.workflow.ref import Ref


def read(function: AnyHandler, externals: Externals = NONE) -> HandlerSignature:
    """The signature of a function that is to be a task.

    Args:
        function: the function.
        externals: the third-party types that its worker declares.

    Raises:
        RegistrationError: it is not a function, takes no state, has `*args` or `**kwargs`, or a type that
            msgspec does not support.
    """
    return _read(function, externals)


@functools.lru_cache(maxsize=4096)
def _read(function: AnyHandler, externals: Externals) -> HandlerSignature:
    place = place_of(function)
    _check_kind(function, place)
    parameters = list(inspect.signature(function).parameters.values())
    first = parameters[0].kind if parameters else None
    if first in (None, inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD):
        raise _refused(function, place, "takes no state", "add a first parameter for the worker's state")
    hints = _hints(function, place)
    others = parameters if first is inspect.Parameter.VAR_POSITIONAL else parameters[1:]
    read_parameters = tuple(_parameter(function, place, p, hints) for p in others)
    return HandlerSignature(
        function=function,
        parameters=read_parameters,
        payload_type=_payload_type(function, place, read_parameters, externals),
        result_type=_result_type(function, place, hints, externals),
        place=place,
        is_async=is_async(function),
        externals=externals,
    )


def registered(function: AnyHandler, externals: Externals) -> HandlerSignature:
    """The signature of a function that is being registered; it is remembered from then on.

    Raises:
        RegistrationError: as `read`.
    """
    found = read(function, externals)
    _EXTERNALS[function] = externals
    return found


def known(function: AnyHandler) -> HandlerSignature:
    """The signature of a function as it was registered; if it was not, the signature is read now.

    Raises:
        RegistrationError: as `read`.
    """
    return read(function, _EXTERNALS.get(function, NONE))


# Signatures as read by the worker that registered the function: tasks are built from functions without access
# to a worker.
_EXTERNALS: "weakref.WeakKeyDictionary[AnyHandler, Externals]" = weakref.WeakKeyDictionary()


def _check_kind(function: AnyHandler, place: str) -> None:
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise _refused(function, place, "is a generator", "return a value instead of yielding")
    if is_async(function):
        return
    if not inspect.isroutine(function) or inspect.isbuiltin(function):
        raise _refused(function, place, "is not a function", "define one with `async def` or `def`")
    if hides_async(function):
        raise _refused(
            function,
            place,
            "is wrapped by a function that is not async",
            "make the decorator's wrapper an `async def`",
        )


def _hints(function: AnyHandler, place: str) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception as error:
        raise _refused(
            function,
            place,
            f"has an annotation that does not resolve ({error})",
            "import what it names at module level",
        ) from error


def _parameter(
    function: AnyHandler, place: str, parameter: inspect.Parameter, hints: Mapping[str, Any]
) -> HandlerParameter:
    name = parameter.name
    if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
        stars = "*" if parameter.kind is inspect.Parameter.VAR_POSITIONAL else "**"
        raise _refused(
            function, place, f"has `{stars}{name}`", "name each parameter: its payload has a field for each"
        )
    if name.startswith("__"):
        changed = "Python reserves" if name.endswith("__") else "Python mangles in classes"
        raise _refused(
            function,
            place,
            f"its parameter `{name}` starts with two underscores, which {changed}",
            "rename it: its payload is a class",
        )
    annotation = Any if hints.get(name) is object else hints.get(name, Any)
    if name not in hints:
        warnings.warn_explicit(
            f"parameter `{name}` of `{function.__qualname__}` has no annotation, so its values are not "
            "checked",
            UntypedParameterWarning,
            *location_of(function),
            function.__module__,
        )
    elif parameter.default is None and not _takes_none(annotation):
        if not is_none_written(function, name):
            raise _refused(
                function,
                place,
                f"the default of its parameter `{name}` was None, which its type does not allow",
                "declare it with `| None`, or use a default of its type",
            )
        annotation = annotation | None
    return HandlerParameter(
        name=name,
        annotation=annotation,
        default=parameter.default,
        keyword_only=parameter.kind is inspect.Parameter.KEYWORD_ONLY,
        positional_only=parameter.kind is inspect.Parameter.POSITIONAL_ONLY,
    )


def _takes_none(annotation: Any) -> bool:
    if annotation in (None, type(None), Any, object):
        return True
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _takes_none(typing.get_args(annotation)[0])
    if origin is typing.Literal:
        return None in typing.get_args(annotation)
    return origin in (typing.Union, types.UnionType) and any(
        _takes_none(a) for a in typing.get_args(annotation)
    )


def _payload_type(
    function: AnyHandler, place: str, parameters: tuple[HandlerParameter, ...], externals: Externals
) -> type[msgspec.Struct]:
    for parameter in parameters:
        _check_carried(function, place, f"parameter `{parameter.name}`", parameter.annotation, externals)
    name = "".join(part.title() for part in function.__name__.split("_"))
    return msgspec.defstruct(
        name, [_field(p) for p in parameters], bases=(Payload,), frozen=True, kw_only=True
    )


def _field(parameter: HandlerParameter) -> Any:
    if parameter.default is inspect.Parameter.empty:
        return (parameter.name, parameter.annotation)
    if not parameter.is_carried:
        members: Any = (parameter.annotation, msgspec.UnsetType)
        return (parameter.name, typing.Union[members], msgspec.UNSET)  # noqa: UP007 - either may be a string
    if defaults.may_change(parameter.default):
        return (parameter.name, parameter.annotation, msgspec.field(default_factory=parameter.fresh))
    return (parameter.name, parameter.annotation, msgspec.field(default=parameter.default))


def _result_type(function: AnyHandler, place: str, hints: Mapping[str, Any], externals: Externals) -> Any:
    declared = hints.get("return", Any)
    if declared is typing.Never or declared is typing.NoReturn:
        return Any
    _check_carried(function, place, "the result", declared, externals)
    return declared


def _check_carried(
    function: AnyHandler, place: str, what: str, annotation: Any, externals: Externals
) -> None:
    if annotation is object:
        return
    if typing.get_origin(annotation) is Ref or annotation is Ref:
        raise _refused(
            function,
            place,
            f"{what} is a `Ref`",
            "declare the type of the value; callers may still pass a reference",
        )
    if (variable := _open_variable(annotation)) is not None:
        raise _refused(
            function,
            place,
            f"{what}: `{variable}` is a type variable, so its values would not be checked",
            "name the type",
        )
    if (obstacle := obstacle_to(annotation, externals)) is not None:
        raise _refused(function, place, f"{what}: {obstacle.why}", obstacle.remedy)


def _open_variable(annotation: Any) -> object | None:
    """The first type variable in an annotation that is not bound to a type."""
    if isinstance(annotation, typing.TypeVar):
        return annotation.__name__
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return None  # a generic class without arguments, which is a different error
    variables: tuple[Any, ...] = getattr(annotation, "__parameters__", ())
    return variables[0].__name__ if variables else None


def _refused(function: AnyHandler, place: str, what: str, remedy: str) -> RegistrationError:
    name = getattr(function, "__qualname__", repr(function))
    return RegistrationError(f"{place}: `{name}` cannot be a task: {what}; {remedy}")
