"""Two contracts in, findings out."""

from collections.abc import Iterator

from boilermaker.contract import Contract, TaskContract
from boilermaker.evolution import source, transit
from boilermaker.evolution.findings import Finding, merged


def compare(old: Contract, new: Contract) -> list[Finding]:
    """Everything that changing one contract into the other breaks, sorted by task and place."""
    return merged(_findings(old, new))


def _findings(old: Contract, new: Contract) -> Iterator[Finding]:
    after = {task.name: task for task in new.tasks}
    met: set[str] = set()
    for task in old.tasks:
        if task.name not in after:
            yield Finding(rule="TASK_REMOVED", task=task.name, path="", categories=("QUEUE", "SOURCE"))
            continue
        met.add(task.name)
        yield from _task(old, new, task, after[task.name])
    for name in after.keys() - met:
        yield Finding(rule="TASK_ADDED", task=name, path="", categories=("ROLLOUT",))
    yield from source.classes(old, new)


def _task(old: Contract, new: Contract, before: TaskContract, after: TaskContract) -> Iterator[Finding]:
    queues = before.queue or old.queue, after.queue or new.queue
    if queues[0] != queues[1]:
        detail = f"`{queues[0]}` to `{queues[1]}`"
        yield Finding(
            rule="QUEUE_CHANGED", task=after.name, path="", categories=("QUEUE", "ROLLOUT"), detail=detail
        )
    functions = before.function or before.name, after.function or after.name
    if functions[0] != functions[1]:
        detail = f"`{functions[0]}` to `{functions[1]}`"
        yield Finding(
            rule="FUNCTION_RENAMED", task=after.name, path="", categories=("SOURCE",), detail=detail
        )
    yield from transit.payloads(old, new, before, after)
    yield from transit.results(old, new, before, after)
    yield from source.signatures(before, after)
    twins = source.Twins(old, new, after.name)
    known = {parameter.name: parameter for parameter in before.parameters}
    for parameter in after.parameters:
        if parameter.name in known:
            yield from twins.compare(known[parameter.name].type, parameter.type, parameter.name)
