"""Live functions as tasks of the contract: the source that the generator's reading of their text must agree with."""

from boilermaker.contract import BY_WORKER, AnyDefault, Contract, Parameter, TaskContract, task_digest
from boilermaker.errors import ConfigurationError
from boilermaker.introspection import annotations, defaults
from boilermaker.introspection.handler import HandlerParameter, HandlerSignature


def task_of(name: str, read: HandlerSignature, types: annotations.Types) -> TaskContract:
    """What a signature alone says of a task; definitions that it needs are added to `types`.

    Raises:
        ConfigurationError: a type that the contract has no words for.
    """
    function = read.function.__name__
    return TaskContract(
        name=name,
        parameters=tuple(_parameter(p, types) for p in read.parameters),
        result=annotations.type_of(read.result_type, types),
        function=function if function != name else None,
    )


def digest_of(name: str, read: HandlerSignature) -> str | None:
    """Names the wire shape of one task; None where contracts have no words for it."""
    types = annotations.Types(read.externals)
    try:
        described = task_of(name, read, types)
    except ConfigurationError:
        return None  # carried by msgspec, yet without a place in contracts: no digest to compare
    return task_digest(Contract(service="", queue="", tasks=(described,), types=types), name)


def _parameter(read: HandlerParameter, types: annotations.Types) -> Parameter:
    default: AnyDefault | None = None
    if read.has_default:
        default = defaults.described(read.default) if read.is_carried else BY_WORKER
    return Parameter(
        name=read.name,
        type=annotations.type_of(read.annotation, types),
        default=default,
        keyword_only=read.keyword_only,
    )
