"""What a class declares itself, before inheritance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from boilermaker.contract import Field


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A field where it is declared.

    Attributes:
        is_made: whether its default is made anew for each object.
        is_optional: whether a key of a TypedDict may be missing.
        is_by_name: whether it is given by name alone; None where its class decides.
        sample: an object as mutable as its default; None where it may surely be shared.
        has_hook: whether attrs runs something when it is set.
    """

    field: Field
    sample: Any = None
    has_hook: bool = False
    is_made: bool = False
    is_optional: bool = False
    is_by_name: bool | None = None


class Shell(NamedTuple):
    """What a class has beside its fields and bases.

    Attributes:
        options: of the class or its decorator.
        space: methods and what is assigned, by name.
        class_variables: names that it annotates as `ClassVar`.
        keywords: those of a class whose decorator has the options.
    """

    options: Mapping[str, Any]
    space: Mapping[str, Any]
    class_variables: Sequence[str] = ()
    keywords: Mapping[str, Any] = MappingProxyType({})
