"""Fields where they are declared, before inheritance."""

from dataclasses import dataclass

from boilermaker.contract import Field


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A field where it is declared.

    Attributes:
        is_made: whether its default is made anew for each object.
        is_optional: whether a key of a TypedDict may be missing.
        is_by_name: whether it is given by name alone; None where its class decides.
    """

    field: Field
    is_made: bool = False
    is_optional: bool = False
    is_by_name: bool | None = None
