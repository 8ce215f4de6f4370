"""A worker's contract from its live functions: the source that the generator's reading of their text must agree with."""

import msgspec

from boilermaker.contract import BY_WORKER, AnyDefault, Contract, Parameter, TaskContract, task_digest
from boilermaker.errors import ConfigurationError
from boilermaker.introspection import annotations, classes, defaults
from boilermaker.introspection.signature import HandlerParameter, HandlerSignature
from boilermaker.registry import Registration, Registry


def contract(registry: Registry, service: str) -> Contract:
    """The contract of all that is registered.

    Raises:
        ConfigurationError: a type that the contract has no words for.
    """
    types = annotations.Types(registry.externals)
    tasks = [_task_contract(registration, registry.queue, types) for registration in registry]
    return Contract(
        service=service,
        queue=registry.queue,
        tasks=tuple(sorted(tasks, key=lambda t: t.name)),
        types=dict(types),
    )


def digest(name: str, read: HandlerSignature) -> str | None:
    """Names the wire shape of one task; None where contracts have no words for it."""
    types = annotations.Types(read.externals)
    try:
        described = _described(name, read, types)
    except ConfigurationError:
        return None  # carried by msgspec, yet without a place in contracts: no digest to compare
    return task_digest(Contract(service="", queue="", tasks=(described,), types=types), name)


def _task_contract(registration: Registration, queue: str, types: annotations.Types) -> TaskContract:
    described = _described(registration.name, registration.signature, types)
    aliases = registration.parameter_aliases
    return TaskContract(
        name=described.name,
        parameters=tuple(
            msgspec.structs.replace(p, aliases=aliases.get(p.name, ())) for p in described.parameters
        ),
        result=described.result,
        function=described.function,
        queue=registration.queue if registration.queue != queue else None,
        doc=classes.doc_of(registration.function),
        deprecated=registration.deprecated,
        aliases=registration.aliases,
        allow=registration.allow,
    )


def _described(name: str, read: HandlerSignature, types: annotations.Types) -> TaskContract:
    function = read.function.__name__
    return TaskContract(
        name=name,
        parameters=tuple(_parameter(p, types) for p in read.parameters),
        result=annotations.type_of(read.result_type, types),
        function=function if function != name else None,
    )


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
