"""Third-party types in contracts: their names, and their possible wire types.

A contract has such a type as a NewType of its wire type: a result of it fits a parameter of it, and type
checkers do not accept any plain str for it.
"""

from collections.abc import Mapping

from boilermaker.contract.definitions import Definition, NewTypeDefinition, RecordDefinition
from boilermaker.contract.types import Container, MappingOf, Named, Scalar, TupleOf, Type


def external_id(name: str) -> str:
    """The name of a type in contracts: its package and its own name.

    The module within the package is left out: users import the type from a public module, and its place may
    change between versions.

    Args:
        name: its full name in any of the modules that export it.
    """
    return f"{name.partition('.')[0]}.{name.rpartition('.')[2]}"


def unfit_wire(type_: Type, types: Mapping[str, Definition]) -> str | None:
    """Why a type cannot be the wire type of another: type checkers require a class that a NewType can be based on."""
    match type_:
        case Scalar(name="any" | "none" | "bool"):
            pass
        case Scalar() | Container() | TupleOf() | MappingOf():
            return None
        case Named(id=id_) if isinstance(record := types.get(id_), RecordDefinition):
            if record.style != "typeddict":
                return None
        case Named(id=id_) if isinstance(new := types.get(id_), NewTypeDefinition):
            return unfit_wire(new.type, types)
        case _:
            pass
    return (
        "type checkers do not allow a NewType of it; use a str, a number, a date or time, a collection, a "
        "dataclass or a Struct"
    )
