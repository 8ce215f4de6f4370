"""How deeply types are nested.

Both sides reject types deeper than `MAX_DEPTH`, because reading and comparing types is recursive.
"""

from collections.abc import Mapping

from boilermaker.contract.definitions import Definition, EnumDefinition, NewTypeDefinition, RecordDefinition
from boilermaker.contract.types import Constrained, Named, Type, parts_of

MAX_DEPTH = 100
"""Records, collections and unions within each other. A record that holds itself counts once."""

TOO_DEEP = f"its types are nested more than {MAX_DEPTH} levels deep; flatten them"


class Depths:
    """Depths of the types in some definitions; each definition is measured once.

    Args:
        types: the definitions.
    """

    def __init__(self, types: Mapping[str, Definition]) -> None:
        self._types = types
        self._known: dict[str, int] = {}

    def fault(self, type_: Type) -> str | None:
        """Why a type is not supported; None if it is not too deep."""
        try:
            return TOO_DEEP if self.of(type_) > MAX_DEPTH else None
        except RecursionError:
            return TOO_DEEP

    def of(self, type_: Type) -> int:
        """How many levels a type has; 1 for one without parts."""
        if isinstance(type_, Constrained):
            return self.of(type_.type)
        parts = max((self.of(part) for part in parts_of(type_)), default=0)
        return self._definition(type_.id) + parts if isinstance(type_, Named) else 1 + parts

    def _definition(self, id_: str) -> int:
        if id_ in self._known:
            return self._known[id_]
        self._known[id_] = 0  # one that contains itself reaches itself here
        match self._types.get(id_):
            case RecordDefinition(fields=fields):
                depth = 1 + max((self.of(field.type) for field in fields), default=0)
            case NewTypeDefinition(type=inner):
                depth = self.of(inner)
            case EnumDefinition() | None:
                depth = 1
        self._known[id_] = depth
        return depth
