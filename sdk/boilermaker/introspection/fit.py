"""Whether every value of one type is valid for another on the wire: a result, and the parameter that it is passed to.

Type checkers report most mismatches earlier; they accept some (a `Ref[bool]` for an `int`), and not every
producer runs one. If a type is unknown (`Any`), the worker validates the value.
"""

from functools import lru_cache
from typing import Any

from boilermaker.contract import (
    Constrained,
    Container,
    EnumDefinition,
    LiteralOf,
    MappingOf,
    Named,
    NewTypeDefinition,
    RecordDefinition,
    Scalar,
    ScalarName,
    TupleOf,
    Type,
    UnionOf,
    definition_of,
)
from boilermaker.errors import ConfigurationError
from boilermaker.introspection import annotations
from boilermaker.payload.externals import NONE, Externals

_SETS = {"set", "MutableSet", "frozenset", "Set"}
_PYTHON_TYPES: dict[type, ScalarName] = {
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    type(None): "none",
}


@lru_cache(maxsize=4096)
def misfit(
    result: Any, parameter: Any, known: Externals = NONE, wanted_known: Externals = NONE
) -> str | None:
    """Why a result type does not fit a parameter's type; None if it does, or if that is unknown.

    Args:
        result: the type of the result.
        parameter: the type of the parameter.
        known: third-party types in the result.
        wanted_known: third-party types in the parameter.
    """
    types, others = annotations.Types(known), annotations.Types(wanted_known)
    parameter = annotations.carried(parameter)
    try:
        given, wanted = annotations.type_of(result, types), annotations.type_of(parameter, others)
    except ConfigurationError:
        return None
    types.update(others)
    if _Fit(types).fits(given, wanted):
        return None
    return f"it is `{_shown(result)}`, expected `{_shown(parameter)}`"


def _shown(annotation: Any) -> str:
    return annotation.__qualname__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")


class _Fit:
    """One comparison. A pair of definitions that is reached again counts as a match: the first comparison decides."""

    def __init__(self, types: annotations.Types) -> None:
        self._types = types
        self._assumed: set[tuple[Named, Named]] = set()

    def fits(self, given: Type, wanted: Type) -> bool:
        given, wanted = self._bare(given), self._bare(wanted)
        if given == wanted or Scalar(name="any") in (given, wanted):
            return True
        if isinstance(given, UnionOf):
            return all(self.fits(member, wanted) for member in given.members)
        if isinstance(wanted, UnionOf):
            return any(self.fits(given, member) for member in wanted.members)
        if isinstance(given, Named) and isinstance(wanted, Named):
            return self._definitions(given, wanted)
        return self._scalars(given, wanted) or self._parts(given, wanted)

    def _bare(self, type_: Type) -> Type:
        """A type without constraints and NewTypes: the worker checks constraints."""
        if isinstance(type_, Constrained):
            return self._bare(type_.type)
        if isinstance(type_, Named):
            definition = self._types[type_.id]
            return self._bare(definition.type) if isinstance(definition, NewTypeDefinition) else type_
        return type_

    def _scalars(self, given: Type, wanted: Type) -> bool:
        match given, wanted:
            case Scalar(name="int"), Scalar(name="float"):
                return True
            case Scalar(name="bytes" | "bytearray"), Scalar(name="bytes" | "bytearray"):
                return True
            case LiteralOf(values=some), LiteralOf(values=others):
                return all(any(v == o and type(v) is type(o) for o in others) for v in some)
            case LiteralOf(values=some), _:
                return all(self.fits(Scalar(name=_PYTHON_TYPES[type(v)]), wanted) for v in some)
            case Named(id=id_), Scalar(name=name):
                definition = self._types[id_]
                if not isinstance(definition, EnumDefinition):
                    return False
                is_text = definition.base == "StrEnum" or definition.mixin == "str"
                is_number = definition.base in ("IntEnum", "IntFlag") or definition.mixin == "int"
                return (is_text and name == "str") or (is_number and name in ("int", "float"))
            case _:
                return False

    def _parts(self, given: Type, wanted: Type) -> bool:
        match given, wanted:
            case Container(container=one, item=item), Container(container=other, item=wanted_item):
                return (other not in _SETS or one in _SETS) and self.fits(item, wanted_item)
            case TupleOf(items=items), Container(container=other, item=wanted_item):
                return other not in _SETS and all(self.fits(item, wanted_item) for item in items)
            case TupleOf(items=items), TupleOf(items=others):
                return len(items) == len(others) and all(map(self.fits, items, others))
            case MappingOf(key=key, value=value), MappingOf(key=wanted_key, value=wanted_value):
                return self.fits(key, wanted_key) and self.fits(value, wanted_value)
            case Named(), MappingOf(value=wanted_value):
                record = definition_of(given, self._types)
                return (
                    isinstance(record, RecordDefinition)
                    and record.style == "typeddict"
                    and all(self.fits(f.type, wanted_value) for f in record.fields)
                )
            case _:
                return False

    def _definitions(self, one: Named, other: Named) -> bool:
        if (one, other) in self._assumed:
            return True
        self._assumed.add((one, other))
        given, wanted = definition_of(one, self._types), definition_of(other, self._types)
        match given, wanted:
            case EnumDefinition(members=some), EnumDefinition(members=others):
                return {m.value for m in some} <= {m.value for m in others}
            case RecordDefinition(), RecordDefinition():
                return self._records(given, wanted)
            case _:
                return False

    def _records(self, given: RecordDefinition, wanted: RecordDefinition) -> bool:
        is_row = given.array_like or given.style == "namedtuple"
        if is_row != (wanted.array_like or wanted.style == "namedtuple") or given.tag != wanted.tag:
            return False
        if is_row:
            return len(given.fields) >= len(wanted.fields) and all(
                self.fits(f.type, w.type) for f, w in zip(given.fields, wanted.fields, strict=False)
            )
        fields = {f.wire or f.name: f for f in given.fields}
        names = {f.wire or f.name for f in wanted.fields}
        if wanted.forbid_unknown_fields and not fields.keys() <= names:
            return False
        for want in wanted.fields:
            have = fields.get(want.wire or want.name)
            if have is None or have.name in given.optional:
                if want.default is None and want.name not in wanted.optional:
                    return False
            elif not self.fits(have.type, want.type):
                return False
        return True
