"""The contract as canonical JSON, the form that is committed."""

from typing import Any

import msgspec

from boilermaker.contract.definitions import EnumDefinition, NewTypeDefinition, RecordDefinition
from boilermaker.contract.digests import contract_digest, task_digests
from boilermaker.contract.tasks import Contract
from boilermaker.contract.types import named_in


def to_json(contract: Contract) -> bytes:
    """The committed form: sorted keys, two spaces, a newline at the end; the digests stand in it for readers."""
    tree: dict[str, Any] = msgspec.to_builtins(contract)
    digests = task_digests(contract)
    for task in tree["tasks"]:
        task["digest"] = digests[task["name"]]
    tree["digest"] = contract_digest(contract, digests)
    return msgspec.json.format(msgspec.json.encode(tree, order="sorted"), indent=2) + b"\n"


def from_json(data: bytes) -> Contract:
    """Read the committed form.

    Raises:
        msgspec.DecodeError: not JSON, not a contract of this format, or a type is named and not defined.
    """
    tree: Any = msgspec.json.decode(data)
    if isinstance(tree, dict):  # digests are derived: written for readers, computed when needed
        members: dict[str, Any] = {key: value for key, value in tree.items() if key != "digest"}  # pyright: ignore[reportUnknownVariableType]
        tasks = members.get("tasks")
        if isinstance(tasks, list):
            members["tasks"] = [_without_digest(task) for task in tasks]  # pyright: ignore[reportUnknownVariableType]
        tree = members
    contract = msgspec.convert(tree, Contract)
    if missing := sorted(_named(contract) - contract.types.keys()):
        raise msgspec.ValidationError(f"the type `{missing[0]}` is named and not defined")
    return contract


def _named(contract: Contract) -> set[str]:
    """Ids of all definitions that tasks and definitions name."""
    types = [type_ for task in contract.tasks for type_ in (task.result, *(p.type for p in task.parameters))]
    for definition in contract.types.values():
        match definition:
            case RecordDefinition(fields=fields):
                types.extend(field.type for field in fields)
            case NewTypeDefinition(type=inner):
                types.append(inner)
            case EnumDefinition():
                pass
    return {id_ for type_ in types for id_ in named_in(type_)}


def _without_digest(task: Any) -> Any:
    if not isinstance(task, dict):
        return task
    return {key: value for key, value in task.items() if key != "digest"}  # pyright: ignore[reportUnknownVariableType]
