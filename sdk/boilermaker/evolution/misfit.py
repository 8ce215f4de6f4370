"""Mismatches: places where the writer's type is not valid for the reader."""

from typing import Literal

import msgspec

from boilermaker.contract import Type

Kind = Literal[
    "type", "value", "limit", "member", "tag", "length", "missing", "unsure", "unknown", "dropped", "keys", "repeats", "moved", "retagged", "open"
]  # fmt: skip
HARMLESS: frozenset[Kind] = frozenset({"dropped", "keys", "repeats", "moved", "retagged", "open"})
"""What no message fails for: values are passed over, or taken for something else."""


class Misfit(msgspec.Struct, frozen=True, kw_only=True):
    """One place where the written type is not valid for the reader.

    Attributes:
        path: from the payload, or from `return` on: `user.address[...]`.
        kind: the kind of mismatch. `unsure`: a required field may be omitted. `moved`: items of a row are
            read as other fields. `keys`: keys of a mapping that no field of a record matches. `retagged`: a
            record is read as another one. `open`: an enum's `_missing_` decides on the value.
        detail: the value, constraint or field in question.
        type: the type of a field that only one side has.
        types: the written and the read type, if the whole type differs.
        is_sure: False if it cannot be decided and may be valid.
    """

    path: str
    kind: Kind
    detail: str = ""
    type: Type | None = None
    types: tuple[Type, Type] | None = None
    is_sure: bool = True
