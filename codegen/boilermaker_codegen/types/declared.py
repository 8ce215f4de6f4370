"""The declarations of a class itself, before inheritance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from boilermaker.contract import Field


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A field as declared.

    Attributes:
        is_made: whether its default is created anew for each object.
        is_optional: whether a key of a TypedDict may be missing.
        is_by_name: whether it is keyword-only; None if its class decides.
        sample: an object as mutable as its default; None if the default may be shared.
        has_hook: whether attrs runs code when it is set.
    """

    field: Field
    sample: Any = None
    has_hook: bool = False
    is_made: bool = False
    is_optional: bool = False
    is_by_name: bool | None = None


class Shell(NamedTuple):
    """The parts of a class other than its fields and bases.

    Attributes:
        options: of the class or its decorator.
        space: methods and assigned values, by name.
        class_variables: names that it annotates as `ClassVar`.
        keywords: keywords of a class whose options are in its decorator.
    """

    options: Mapping[str, Any]
    space: Mapping[str, Any]
    class_variables: Sequence[str] = ()
    keywords: Mapping[str, Any] = MappingProxyType({})
