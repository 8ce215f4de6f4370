"""Type variables of live classes and aliases, and their bindings in base classes."""

import inspect
import sys
import typing
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from boilermaker.contract import Type, substituted
from boilermaker.errors import ConfigurationError

Read = Callable[[Any], Type]


class Hint(NamedTuple):
    """The annotation of a field, and the types bound to its variables in the class that declares the field."""

    annotation: Any
    bindings: Mapping[str, Type]


def parameters_of(generic: Any) -> tuple[str, ...]:
    """Names of the type variables that a class or an alias takes, in order.

    Raises:
        ConfigurationError: it takes parameters other than types, or two of the same name.
    """
    variables: tuple[Any, ...] = getattr(
        generic, "__type_params__" if is_alias(generic) else "__parameters__", ()
    )
    names = tuple(variable.__name__ for variable in variables)
    if len(set(names)) < len(names) or not all(isinstance(v, typing.TypeVar) for v in variables):
        raise ConfigurationError(f"`{generic.__name__}` must take plain type variables with different names")
    return names


def arguments_of(generic: Any, args: tuple[Any, ...], read: Read) -> tuple[Type, ...]:
    """The arguments that a class or an alias is written with.

    Raises:
        ConfigurationError: there are too few, or too many.
    """
    wanted, given = len(parameters_of(generic)), len(args)
    if given == wanted:
        return tuple(read(arg) for arg in args)
    name, plural = generic.__name__, "s" if wanted != 1 else ""
    remedy = f"write `{name}[...]`" if wanted and not given else f"it has {given}"
    raise ConfigurationError(f"`{name}` takes {wanted} type argument{plural}; {remedy}")


def is_alias(annotation: Any) -> bool:
    """Whether it is created by a `type` statement (PEP 695, Python 3.12)."""
    return type(annotation).__name__ == "TypeAliasType"


def alias_value(alias: Any) -> Any:
    """The type of an alias, with its type variables.

    Raises:
        ConfigurationError: msgspec assigns the arguments to different type variables than the alias does.
    """
    value = alias.__value__
    if alias.__type_params__ and alias.__type_params__ != getattr(value, "__parameters__", ()):
        raise ConfigurationError(
            f"`{alias.__name__}` does not use its type variables in the order in which it declares them, as "
            f"msgspec assumes; change their order"
        )
    return value


def hints_of(cls: Any, read: Read) -> dict[str, Hint]:
    """The annotations of a class and of those that it inherits from, by field.

    Raises:
        ConfigurationError: it inherits from a generic class without type arguments.
    """
    owners: dict[Any, Mapping[str, Type]] = {cls: {}}
    _add_bases(cls, {}, owners, read)
    found: dict[str, Hint] = {}
    for owner in reversed(cls.__mro__):
        names = inspect.get_annotations(owner)
        hints = typing.get_type_hints(owner, localns=_names_in(owner), include_extras=True) if names else {}
        found.update({name: Hint(hints[name], owners.get(owner, {})) for name in names})
    return found


def _names_in(owner: Any) -> dict[str, Any]:
    """The namespace of a class's annotations; module names take precedence over class names, as in msgspec."""
    module = vars(sys.modules[owner.__module__]) if owner.__module__ in sys.modules else {}
    variables = {v.__name__: v for v in getattr(owner, "__type_params__", ())}
    return {**vars(owner), **module, **variables}


def _add_bases(
    cls: Any, bindings: Mapping[str, Type], owners: dict[Any, Mapping[str, Type]], read: Read
) -> None:
    bases: tuple[Any, ...] = cls.__dict__.get("__orig_bases__", cls.__bases__)
    for base in bases:
        owner: Any = typing.get_origin(base) or base
        if not isinstance(owner, type) or owner is typing.Generic or owner in owners:
            continue
        arguments = arguments_of(owner, typing.get_args(base), read)
        if arguments and hasattr(owner, "__total__"):
            raise ConfigurationError(
                f"`{cls.__name__}` inherits from the generic TypedDict `{owner.__name__}`, whose type "
                f"arguments msgspec ignores; write its keys out"
            )
        own = tuple(substituted(argument, bindings) for argument in arguments)
        owners[owner] = dict(zip(parameters_of(owner), own, strict=True))
        _add_bases(owner, owners[owner], owners, read)
