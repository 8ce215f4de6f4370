"""Whether a type can be sent in messages; if not, why, and what to do instead."""

from typing import Any, NamedTuple, cast

import msgspec
from msgspec import inspect as shapes

from boilermaker.contract import Depths, hazards
from boilermaker.errors import ConfigurationError, UncarriedError
from boilermaker.introspection import annotations
from boilermaker.payload.externals import Externals, how_to_say


class Obstacle(NamedTuple):
    """Why a type cannot be sent in a message, and what to do instead."""

    why: str
    remedy: str


def obstacle_to(annotation: Any, externals: Externals) -> Obstacle | None:
    """Why a type cannot be sent in a message; None if it can.

    Args:
        annotation: the type.
        externals: the third-party types that may be in it.
    """
    if (why := _hazard(annotation, externals)) is not None:
        return Obstacle(f"`{annotation}` cannot be sent in a message", why)
    shown = annotation.__qualname__ if isinstance(annotation, type) else annotation
    try:
        msgspec.json.Decoder(annotation)
        stranger = _stranger(shapes.type_info(annotation), externals, set())
    except (TypeError, ValueError, RecursionError) as error:
        if isinstance(error, RecursionError) or "ForwardRef(" in str(error):  # a name that is left over
            return Obstacle(f"`{shown}` contains itself, which msgspec supports in classes only", _OWN_PART)
        return Obstacle(
            f"`{shown}` cannot be sent in a message ({error})", "use a type that msgspec can carry"
        )
    except (
        NameError,
        AttributeError,
    ) as error:  # in the annotations of a class, which are evaluated here for the first time
        remedy = "import what its fields name at module level, not only under `TYPE_CHECKING`"
        return Obstacle(f"`{shown}` has a field whose type does not resolve ({error})", remedy)
    if stranger is None:
        return None
    return Obstacle(
        f"`{shown}` cannot be sent in a message (`{stranger.__qualname__}` has no JSON form)",
        f"use a type that msgspec can carry, or {how_to_say(stranger)}",
    )


_OWN_PART = "write `Any` in the alias instead, or move it to a field of a class: a class may contain itself"


def _hazard(annotation: Any, externals: Externals) -> str | None:
    types_ = annotations.Types(externals)
    try:
        described = annotations.type_of(annotation, types_)
        return Depths(types_).fault(described) or hazards.hazard_within(described, types_)
    except UncarriedError as error:
        return str(error)
    except (ConfigurationError, NameError, TypeError, ValueError, RecursionError):
        return None  # contracts do not support it; msgspec may still encode it


def _stranger(part: object, externals: Externals, seen: set[int]) -> type | None:
    """The first class in a type that msgspec leaves to hooks, and for which there is no hook."""
    if isinstance(part, shapes.CustomType):
        return None if part.cls is object or externals.of(part.cls) is not None else part.cls
    if isinstance(part, tuple):
        parts = cast("tuple[object, ...]", part)
    elif isinstance(part, shapes.Type | shapes.Field) and id(part) not in seen:
        seen.add(id(part))  # types may be recursive
        parts = tuple(
            getattr(part, name)
            for name in part.__struct_fields__
            if name not in ("default", "default_factory")
        )
    else:
        return None
    return next((found for p in parts if (found := _stranger(p, externals, seen)) is not None), None)
