"""Tasks, and the contract that holds them all."""

from typing import Literal

from boilermaker.contract.definitions import AnyDefault, Definition
from boilermaker.contract.types import Type, Value


class Parameter(Value, frozen=True):
    """One parameter of a task, the state left out.

    Attributes:
        default: None where it must be given.
        aliases: other names under which the worker reads it.
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
        function: the handler's name in Python, where that is another one.
        queue: the queue it is published to, where that is not the contract's.
        result: what the handler returns; `none` for a handler that returns nothing.
        deprecated: what to use instead, or why.
        aliases: other names under which the worker takes its messages.
        allow: reasons for changes that break somebody all the same, by rule, or by rule and path (`"FIELD_REMOVED email"`).
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
        imported: modules that producers import types from, by id: types of a shared package or of another service's stubs,
            which are one and the same class for everybody. The others are defined in the stubs.
    """

    service: str
    queue: str
    tasks: tuple[TaskContract, ...]
    types: dict[str, Definition] = {}  # noqa: RUF012 - a struct copies it
    imported: dict[str, str] = {}  # noqa: RUF012 - a struct copies it
    format: Literal[1] = 1
