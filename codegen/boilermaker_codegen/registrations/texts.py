"""Texts that cannot be written to a stub: lone surrogates cannot be encoded in UTF-8, and field names must be identifiers."""

import keyword
from collections.abc import Iterator

import msgspec

from boilermaker.contract import Definition, RecordDefinition, TaskContract
from boilermaker.contract.types import Value
from boilermaker.tasks.rules import NO_TEXT
from boilermaker_codegen.error_ids import ErrorId

Fault = tuple[ErrorId, str]


def of_task(task: TaskContract) -> Iterator[Fault]:
    """The errors in a task's texts, without those of its types; each with its id."""
    if not _is_encodable(task.doc):
        yield "VALUE_INVALID", f"the docstring {NO_TEXT}"
    for parameter in task.parameters:
        if not _is_encodable(parameter):
            yield "VALUE_INVALID", f"a text of the parameter `{parameter.name}` {NO_TEXT}"
    if not _is_encodable(task.result):
        yield "VALUE_INVALID", f"a text of the result {NO_TEXT}"


def of_type(definition: Definition) -> Iterator[Fault]:
    """The errors in a type's texts."""
    if not _is_encodable(definition):
        yield "VALUE_INVALID", f"a text of `{definition.name}` {NO_TEXT}"
    if isinstance(definition, RecordDefinition):
        if definition.tag_field == "" or any(field.wire == "" for field in definition.fields):
            yield "FIELD_NOT_READ", f"`{definition.name}` has a field without a name on the wire; give it one"
        for field in definition.fields:
            if not field.name.isidentifier() or keyword.iskeyword(field.name):
                text = f"`{definition.name}` has a field that is given as {field.name!r}, which is not an identifier"
                yield "FIELD_NOT_READ", f"{text}; give it another name"


def _is_encodable(part: Value | str | None) -> bool:
    try:
        msgspec.json.encode(part)
    except UnicodeEncodeError:
        return False
    return True
