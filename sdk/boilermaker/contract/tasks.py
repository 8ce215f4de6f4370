"""Tasks, and the contract that holds them all."""

from typing import Literal

from boilermaker.contract.definitions import AnyDefault, Definition
from boilermaker.contract.types import Type, Value


class Parameter(Value, frozen=True):
    """One parameter of a task, other than the state.

    Attributes:
        default: None if it is required.
        aliases: other names under which the worker accepts it.
    """

    name: str
    type: Type
    default: AnyDefault | None = None
    keyword_only: bool = False
    aliases: tuple[str, ...] = ()


class TaskContract(Value, frozen=True):
    """One task.

    Attributes:
        name: its name on the wire.
        function: the handler's name in Python, if it differs.
        queue: the queue it is published to, if it is not the contract's.
        result: what the handler returns; `none` for a handler that returns nothing.
        deprecated: what to use instead, or why.
        aliases: other names under which the worker accepts its messages.
        allow: reasons for breaking changes that are accepted, by rule, or by rule and path (`"FIELD_REMOVED
            email"`).
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: Type
    function: str | None = None
    queue: str | None = None
    doc: str | None = None
    deprecated: str | None = None
    aliases: tuple[str, ...] = ()
    allow: dict[str, str] = {}  # noqa: RUF012 - a struct copies it


class Contract(Value, frozen=True):
    """All tasks of one worker service.

    Attributes:
        tasks: sorted by name.
        types: definitions by id. An id is `module.QualifiedName` of the class, as Python imports it.
        imported: modules that producers import types from, by id: types of a shared package or of another
            service's stubs, which are the same class for all importers. The others are defined in the stubs.
    """

    service: str
    queue: str
    tasks: tuple[TaskContract, ...]
    types: dict[str, Definition] = {}  # noqa: RUF012 - a struct copies it
    imported: dict[str, str] = {}  # noqa: RUF012 - a struct copies it
    format: Literal[1] = 1
