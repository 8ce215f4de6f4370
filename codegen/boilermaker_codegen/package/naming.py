"""The names in a contract's package, or the error that two of them clash."""

from collections.abc import Mapping
from types import MappingProxyType

from boilermaker.contract import Contract, naming
from boilermaker_codegen.problems import GenerationError, Problem
from boilermaker_codegen.types.presentation import Alias


def names_of(contract: Contract, aliases: Mapping[str, Alias] = MappingProxyType({})) -> naming.Names:
    """Names for everything that is generated.

    Raises:
        GenerationError: two tasks would have the same function name.
    """
    if clashes := naming.clashes_of(contract):
        raise GenerationError(
            Problem(path=contract.service, id="NAMES_CLASH", message=str(clash)) for clash in clashes
        )
    return naming.names_of(contract, {id_: alias.name for id_, alias in aliases.items()})
