"""One place where what one side writes is not what the other side reads."""

from typing import Literal

import msgspec

from boilermaker.contract import Type

Kind = Literal[
    "type", "value", "limit", "member", "tag", "length", "missing", "unsure", "unknown", "dropped", "keys", "repeats", "moved", "retagged", "open"
]  # fmt: skip
HARMLESS: frozenset[Kind] = frozenset({"dropped", "keys", "repeats", "moved", "retagged", "open"})
"""What no message fails for: values are passed over, or taken for something else."""


class Misfit(msgspec.Struct, frozen=True, kw_only=True):
    """One place where what is written does not fit what is read.

    Attributes:
        path: from the payload, or from `return` on: `user.address[...]`.
        kind: what is wrong. `unsure`: a field may be left out that is needed. `moved`: items of a row are taken for other
            fields. `keys`: keys of a mapping that no field of a record takes. `retagged`: a record is taken for another
            one. `open`: an enum's `_missing_` decides on the value.
        detail: the value, limit or field that it is about.
        type: of a field that only one side has.
        types: what is written and what is read, where all of it is another type.
        is_sure: False where it cannot be decided, and may fit.
    """

    path: str
    kind: Kind
    detail: str = ""
    type: Type | None = None
    types: tuple[Type, Type] | None = None
    is_sure: bool = True
