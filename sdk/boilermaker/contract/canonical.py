"""The contract as canonical JSON, the form that is committed."""

from collections.abc import Iterator
from typing import Any

import msgspec

from boilermaker.contract.definitions import EnumDefinition, NewTypeDefinition, RecordDefinition
from boilermaker.contract.digests import contract_digest, task_digests
from boilermaker.contract.hazards import growth
from boilermaker.contract.tasks import Contract
from boilermaker.contract.texts import escaped_json
from boilermaker.contract.types import Named, Type, Variable, within

_FORMAT = Contract(service="", queue="", tasks=()).format


def to_json(contract: Contract) -> bytes:
    """The committed form: sorted keys, two spaces, a newline at the end; the digests are included for readers.

    Characters that hide or reorder the text around them are escaped, because people review this file.
    """
    tree: dict[str, Any] = msgspec.to_builtins(contract)
    digests = task_digests(contract)
    for task in tree["tasks"]:
        task["digest"] = digests[task["name"]]
    tree["digest"] = contract_digest(contract, digests)
    written = msgspec.json.format(msgspec.json.encode(tree, order="sorted"), indent=2)
    return escaped_json(written.decode()).encode() + b"\n"


def from_json(data: bytes) -> Contract:
    """Read the committed form.

    Raises:
        msgspec.DecodeError: not JSON, not a contract of this format, a type is used that is not defined
            accordingly, or two tasks or parameters have the same name.
    """
    try:
        return _contract(msgspec.json.decode(data))
    except RecursionError:
        raise msgspec.ValidationError("it is nested too deeply") from None


def _contract(tree: Any) -> Contract:
    if isinstance(tree, dict):  # digests are derived: written for readers, computed when needed
        members: dict[str, Any] = {key: value for key, value in tree.items() if key != "digest"}  # pyright: ignore[reportUnknownVariableType]
        tasks = members.get("tasks")
        if isinstance(tasks, list):
            members["tasks"] = [_without_digest(task) for task in tasks]  # pyright: ignore[reportUnknownVariableType]
        tree = members
        written: object = members.get("format", _FORMAT)
        if isinstance(written, int) and written > _FORMAT:
            raise msgspec.ValidationError(
                f"it has format {written}, this boilermaker reads {_FORMAT}; use the version that wrote it, or a later one"
            )
    contract = msgspec.convert(tree, Contract)
    if (name := _repeated(contract)) is not None:
        raise msgspec.ValidationError(f"`{name}` appears twice")
    for type_, parameters in _written(contract):
        for part in within(type_):
            if (why := _unsound(part, parameters, contract)) is not None:
                raise msgspec.ValidationError(why)
    if (grown := growth(contract.types)) is not None:
        raise msgspec.ValidationError(grown.text)
    return contract


def _repeated(contract: Contract) -> str | None:
    """A name that two tasks share, or two parameters of one task."""
    lists = [[task.name for task in contract.tasks]]
    lists += [[parameter.name for parameter in task.parameters] for task in contract.tasks]
    for names in lists:
        if len(names) > len(set(names)):
            return next(name for at, name in enumerate(names) if name in names[:at])
    return None


def _unsound(part: Type, parameters: tuple[str, ...], contract: Contract) -> str | None:
    match part:
        case Variable(name=name) if name not in parameters:
            return f"`{name}` is not a type parameter of the type that uses it"
        case Named(id=id_) if id_ not in contract.types:
            return f"the type `{id_}` is used but not defined"
        case Named(id=id_):
            wanted = getattr(contract.types[id_], "parameters", ())
            return (
                None
                if len(part.arguments) == len(wanted)
                else f"the type `{id_}` takes {len(wanted)} arguments"
            )
        case _:
            return None


def _written(contract: Contract) -> Iterator[tuple[Type, tuple[str, ...]]]:
    """All types that tasks and definitions use, each with the type parameters in its scope."""
    for task in contract.tasks:
        for type_ in (*(parameter.type for parameter in task.parameters), task.result):
            yield type_, ()
    for definition in contract.types.values():
        match definition:
            case RecordDefinition(fields=fields, parameters=parameters):
                yield from ((field.type, parameters) for field in fields)
            case NewTypeDefinition(type=inner):
                yield inner, ()
            case EnumDefinition():
                pass


def _without_digest(task: Any) -> Any:
    if not isinstance(task, dict):
        return task
    return {key: value for key, value in task.items() if key != "digest"}  # pyright: ignore[reportUnknownVariableType]
