"""Live functions as tasks of the contract. The generator must derive the same from their source."""

from boilermaker.contract import BY_WORKER, AnyDefault, Contract, Parameter, TaskContract, task_digest
from boilermaker.errors import ConfigurationError
from boilermaker.introspection import annotations, defaults
from boilermaker.introspection.handler import HandlerParameter, HandlerSignature


def task_of(name: str, read: HandlerSignature, types: annotations.Types) -> TaskContract:
    """A task as described by its signature alone; definitions that it needs are added to `types`.

    Raises:
        ConfigurationError: a type that contracts do not support.
    """
    function = read.function.__name__
    return TaskContract(
        name=name,
        parameters=tuple(_parameter(p, types) for p in read.parameters),
        result=annotations.type_of(read.result_type, types),
        function=function if function != name else None,
    )


def digest_of(name: str, read: HandlerSignature) -> str | None:
    """The digest of a task's wire shape; None if contracts do not support its types."""
    types = annotations.Types(read.externals)
    try:
        described = task_of(name, read, types)
    except ConfigurationError:
        return None  # supported by msgspec but not by contracts: there is no digest to compare
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
