"""Where the contract of live functions says more than that of their source: what a default came to in this process."""

from collections.abc import Mapping
from typing import TypeVar

from msgspec.structs import replace

from boilermaker.contract.definitions import BY_WORKER, Definition, Field, RecordDefinition
from boilermaker.contract.tasks import Contract, Parameter, TaskContract

_Item = TypeVar("_Item", Parameter, Field)


def agreed(live: Contract, source: Contract) -> Contract:
    """The live contract, its defaults left to the worker where the source leaves them to it: any default will do there.

    The other way round there is no agreement: what the source knows the worker must know too.
    """
    tasks = {task.name: task for task in source.tasks}
    return replace(
        live,
        tasks=tuple(_task(task, tasks.get(task.name)) for task in live.tasks),
        types={id_: _definition(definition, source.types.get(id_)) for id_, definition in live.types.items()},
    )


def _task(live: TaskContract, source: TaskContract | None) -> TaskContract:
    if source is None:
        return live
    return replace(live, parameters=_left_to_worker(live.parameters, {p.name: p for p in source.parameters}))


def _definition(live: Definition, source: Definition | None) -> Definition:
    if not isinstance(live, RecordDefinition) or not isinstance(source, RecordDefinition):
        return live
    return replace(live, fields=_left_to_worker(live.fields, {f.name: f for f in source.fields}))


def _left_to_worker(live: tuple[_Item, ...], source: Mapping[str, _Item]) -> tuple[_Item, ...]:
    return tuple(
        replace(item, default=BY_WORKER)
        if item.default is not None and item.name in source and source[item.name].default == BY_WORKER
        else item
        for item in live
    )
