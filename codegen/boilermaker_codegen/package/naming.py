"""The names of a contract's package, or why there are none."""

from boilermaker.contract import Contract, naming
from boilermaker_codegen.problems import GenerationError, Problem


def names_of(contract: Contract) -> naming.Names:
    """Names for everything that is generated.

    Raises:
        GenerationError: two tasks would have the same function name.
    """
    if clashes := naming.clashes_of(contract):
        raise GenerationError(
            Problem(path=contract.service, id="NAMES_CLASH", message=str(clash)) for clash in clashes
        )
    return naming.names_of(contract)
