"""Types of third parties in contracts: what they are called, and what may travel in their place.

A contract has such a type as a new type of what travels: a result that is one fits a parameter that is one, and checkers
do not take any text for it.
"""

from collections.abc import Mapping

from boilermaker.contract.definitions import Definition, NewTypeDefinition, RecordDefinition
from boilermaker.contract.types import Container, MappingOf, Named, Scalar, TupleOf, Type


def external_id(name: str) -> str:
    """What contracts call a type: its package and its own name.

    Where in a package a class is defined is the package's own matter: users import it from where it is shown, and it moves
    between versions.

    Args:
        name: its full name, by any of the modules that have it.
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
