"""The rules, as data: what each change is, what it breaks, in which order to deploy, and how to make it safely.

Ids are stable, because users' source and CI contain them. Add rules, never rename one.
"""

from difflib import get_close_matches
from typing import Literal

import msgspec

Category = Literal["QUEUE", "ROLLOUT", "SOURCE", "MEANING"]
Order = Literal["worker first", "producers first", "two steps", "any order"]

CATEGORIES: dict[Category, str] = {
    "QUEUE": "messages published before the change reach the new worker: queued, scheduled, retried, "
    "replayed from the dead letters, or later steps of running workflows",
    "ROLLOUT": "messages of new producers reach the old worker, during a rollout or after a rollback",
    "SOURCE": "producers' code no longer type-checks or imports with the new stubs",
    "MEANING": "nothing fails, but the behaviour changes silently",
}


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of change.

    Attributes:
        categories: what it may break; a finding says which of them it does break.
        text: the change, in a few words.
        text_unsure: the same if it cannot be decided.
        explanation: why it is breaking.
        order: in which order to deploy if the change is made.
        instead: how to make the change safely.
    """

    id: str
    categories: tuple[Category, ...]
    text: str
    explanation: str
    order: Order
    instead: str
    text_unsure: str = ""


def _rule(
    id_: str, categories: str, text: str, explanation: str, order: Order, instead: str, *, unsure: str = ""
) -> Rule:
    names: list[Category] = [name for name in CATEGORIES if name in categories.split()]
    return Rule(
        id=id_,
        categories=tuple(names),
        text=text,
        explanation=explanation,
        order=order,
        instead=instead,
        text_unsure=unsure or text,
    )


_TABLE = (
    # tasks
    _rule("TASK_REMOVED", "QUEUE SOURCE", "a task was removed",
          "Messages for it are dead-lettered as UnknownTask, and code that calls its stub no longer works.",
          "producers first", "If it was renamed, keep the old name: `aliases=[...]`. Otherwise deprecate it (`deprecated=`), wait until nothing publishes it and the queue is drained, then remove it."),
    _rule("TASK_ADDED", "ROLLOUT", "a task is new",
          "A worker without it postpones its messages for some minutes, then dead-letters them as "
          "UnknownTask.",
          "worker first", "Deploy the worker first, then the producers that call it."),
    _rule("TASK_RENAMED", "ROLLOUT", "a task has a new name and keeps the old one as an alias",
          "The new worker knows both names; the old worker does not know the new one.",
          "worker first", "Deploy the worker first, or add the new name to it as an alias before. Or rename only the function: `name='old_name'` on the registration."),
    _rule("FUNCTION_RENAMED", "SOURCE", "the stub of a task has a new name",
          "The name on the wire is unchanged, but producers import a function that no longer exists.",
          "any order", "Change the producers together with their stubs."),
    _rule("QUEUE_CHANGED", "QUEUE ROLLOUT", "a task is published to another queue",
          "No worker for the task receives from the old queue any more, and the old worker does not "
          "receive from the new one.",
          "two steps", "Run a worker for each queue (`boilermaker worker TARGET --queue OLD` in addition to the new one); move the producers; stop the worker of the old queue once it is drained."),
    # fields: a parameter of a task, or a field of a type
    _rule("FIELD_ADDED_REQUIRED", "QUEUE SOURCE MEANING", "a parameter or field is new and has no default",
          "Messages published before do not have it and are dead-lettered as InvalidPayload; calls without "
          "it do not type-check. An old worker ignores the value, so it is lost if producers are deployed "
          "first.",
          "two steps", "Give it a default and deploy the worker, then the producers that pass it. Remove the default once no message without the value is left."),
    _rule("FIELD_ADDED", "MEANING", "a parameter or field is new and has a default",
          "An old worker silently ignores the value; a new worker uses the default for old messages.",
          "worker first", "Deploy the worker before any producer that passes it."),
    _rule("FIELD_REMOVED_REQUIRED", "ROLLOUT SOURCE MEANING", "a parameter or field without a default was removed",
          "New messages do not contain it, and an old worker dead-letters them; a new worker ignores it in "
          "old messages.",
          "worker first", "Give it a default first, deploy the worker, then remove it."),
    _rule("FIELD_REMOVED", "SOURCE MEANING", "a parameter or field with a default was removed",
          "A new worker silently ignores the value in old messages, and steps that take a result without "
          "it use their default; code that passes or reads it does not type-check.",
          "producers first", "Stop passing and reading it, drain the queue, then remove it."),
    _rule("FIELD_RENAMED", "QUEUE ROLLOUT SOURCE MEANING", "a parameter or field seems to be renamed",
          "Neither side finds the value under its name: if it is required, the message is dead-lettered; "
          "if it has a default, the value is silently lost.",
          "two steps", "Keep the name on the wire of a Struct's field: `msgspec.field(name='old')`. Accept a parameter under both names: `parameter_aliases={'new': ['old']}`, and deploy the worker first."),
    _rule("FIELD_MADE_REQUIRED", "QUEUE SOURCE", "a parameter or field lost its default, or is now required",
          "Messages that omit it are no longer valid. If defaults are written to messages, old messages "
          "contain it, and only code that omits it breaks.",
          "producers first", "Keep the default until nothing relies on it."),
    _rule("FIELD_MADE_OPTIONAL", "ROLLOUT SOURCE", "a parameter or field is now optional",
          "An old worker requires it and dead-letters messages without it. Producers always write a "
          "default that is in the stubs; they omit one that the worker decides.",
          "worker first", "Deploy the worker first."),
    _rule("ALIAS_REMOVED", "QUEUE MEANING", "a parameter is no longer accepted under an old name",
          "Messages that still use the old name are dead-lettered; if the parameter has a default, their "
          "value is silently lost. If another parameter has the name now, it receives the value.",
          "producers first", "Keep the alias until no message with the old name is left: in the queue, scheduled, or among the dead letters."),
    _rule("FIELD_REFUSED", "QUEUE ROLLOUT", "a field is written that the reading side rejects",
          "A type with `forbid_unknown_fields` (or a named tuple) rejects unknown fields.",
          "two steps", "Remove `forbid_unknown_fields` and deploy that everywhere, then change the fields."),
    # types
    _rule("TYPE_NARROWED", "QUEUE SOURCE", "a type accepts fewer values",
          "Old messages may contain values that the new worker rejects.",
          "producers first", "Stop sending the other values, drain the queue, then narrow the type."),
    _rule("TYPE_WIDENED", "ROLLOUT SOURCE", "a type accepts more values",
          "New messages may contain values that the old worker rejects. Inside a list, a set or a dict, "
          "type checkers report it too: a `list[int]` is not a `list[float]`, to which a float may be "
          "added.",
          "worker first", "Deploy the worker first. For code: declare the parameter as a `Sequence` or a `Mapping`."),
    _rule("TYPE_CHANGED", "QUEUE ROLLOUT SOURCE", "a type was replaced by another",
          "Neither side can decode what the other writes.",
          "two steps", "Add a parameter of the new type with a default next to the old one; move producers; remove the old one. Or accept a union of both for a while."),
    _rule("VALUE_REMOVED", "QUEUE SOURCE MEANING", "a value of an enum or Literal was removed",
          "Old messages that contain it are dead-lettered as InvalidPayload, unless the enum's `_missing_` "
          "accepts it.",
          "producers first", "Stop sending it, drain the queue, then remove it."),
    _rule("VALUE_ADDED", "ROLLOUT SOURCE MEANING", "an enum or Literal has a new value",
          "An old worker dead-letters messages that contain it, unless the enum's `_missing_` accepts it. "
          "Code breaks where the Literal is inside a list, a set or a dict.",
          "worker first", "Deploy the worker before any producer that sends it."),
    _rule("LIMIT_TIGHTENED", "QUEUE", "a constraint accepts fewer values",
          "Old messages may violate it. Patterns are not compared by the strings that they match: a "
          "changed pattern is reported as both tightened and loosened, and may be one of them or neither.",
          "producers first", "Tighten it in the producers, drain the queue, then tighten it in the worker.",
          unsure="a constraint may accept fewer values; patterns are compared as text"),
    _rule("LIMIT_LOOSENED", "ROLLOUT", "a constraint accepts more values",
          "An old worker rejects values that it now accepts. Patterns are not compared by the strings that "
          "they match: a changed pattern is reported as both tightened and loosened, and may be one of "
          "them or neither.",
          "worker first", "Deploy the worker first.",
          unsure="a constraint may accept more values; patterns are compared as text"),
    _rule("MEMBER_REMOVED", "QUEUE SOURCE", "a union lost a member",
          "Old messages may contain a value of that type.",
          "producers first", "Stop sending it, drain the queue, then remove it."),
    _rule("MEMBER_ADDED", "ROLLOUT SOURCE", "a union has a new member",
          "An old worker rejects it. Code breaks where the union is inside a list, a set or a dict.",
          "worker first", "Deploy the worker first."),
    _rule("TAG_CHANGED", "QUEUE ROLLOUT MEANING", "the tag of a record changed",
          "The tag distinguishes the records of a union; a message with the old tag is decoded as another "
          "record, or rejected. If two records have the same fields, one is silently taken for the other.",
          "two steps", "Keep the tag (`tag='old'`). Or add a record with the new tag to the union, move producers, then remove the old one."),
    _rule("LENGTH_CHANGED", "QUEUE ROLLOUT SOURCE", "a tuple or row has a different number of items",
          "Items are identified by position; too few or too many are rejected.",
          "two steps", "Make it a record with named fields, or add items with defaults at the end."),
    # results
    _rule("RESULT_NARROWED", "ROLLOUT SOURCE", "a result allows fewer values",
          "New producers may rely on the narrower result while the old worker still returns the wider one. "
          "Inside a list, a set or a dict, type checkers report it too: a `list[int]` is not a `list[int | "
          "None]`.",
          "worker first", "Deploy the worker first.",
          unsure="a result may allow fewer values; patterns are compared as text"),
    _rule("RESULT_WIDENED", "QUEUE SOURCE", "a result allows more values",
          "Running workflows pass it to steps that were type-checked with the narrower one.",
          "producers first", "Change the steps that refer to it to accept the wider result first.",
          unsure="a result may allow more values; patterns are compared as text"),
    _rule("RESULT_CHANGED", "QUEUE ROLLOUT SOURCE", "a result has a different type",
          "Running workflows pass it to steps that were type-checked with the old one.",
          "two steps", "Register a task with the new result under a new name, move producers, then remove the old one.",
          unsure="a result may allow other values; patterns are compared as text"),
    # source only
    _rule("ANNOTATION_CHANGED", "SOURCE", "a type with the same JSON form is a different one to type checkers",
          "Values that producers pass, or pass on as a result, no longer have the type in the stubs: a "
          "plain str for a NewType, a list for a set, one class for another.",
          "any order", "Change the producers together with their stubs. A parameter that accepts more (a `Sequence` for a `list`) breaks no code."),
    _rule("PARAMETER_MOVED", "SOURCE MEANING", "positional parameters have a different order",
          "Positional calls pass their arguments to other parameters. Type checkers report it only if the "
          "types differ.",
          "any order", "Keep the order; add parameters at the end or keyword-only."),
    _rule("PARAMETER_KEYWORD_ONLY", "SOURCE", "a parameter can no longer be passed by position",
          "Positional calls do not type-check.",
          "any order", "Change the calls to pass it by keyword first."),
    _rule("ATTRIBUTE_RENAMED", "SOURCE", "a field has a new name in code, and the old one on the wire",
          "Code that uses the old name does not type-check; messages are unchanged.",
          "any order", "Change the producers together with their stubs."),
    _rule("FIELD_MOVED", "SOURCE MEANING", "fields of a type have a different order, or swapped names",
          "Code that creates it by position assigns its values to other fields; so do messages, if the "
          "type is encoded as an array or fields have swapped their names on the wire. Type checkers and "
          "workers report it only if the types differ.",
          "two steps", "Keep the order; add fields at the end. Or use keyword-only fields (`kw_only=True`, and no `array_like`)."),
    _rule("FIELD_KEYWORD_ONLY", "SOURCE", "a field can no longer be passed by position",
          "Code that creates the type by position does not type-check.",
          "any order", "Change the code to pass fields by name first."),
    _rule("CLASS_REMOVED", "SOURCE", "a class of the stubs was removed or renamed",
          "Producers import a name that no longer exists; messages are unchanged.",
          "any order", "Keep the name of the class, or change the producers together with their stubs."),
    _rule("MEMBER_NAME_REMOVED", "SOURCE", "a member of an enum was removed or renamed",
          "Producers' code uses a member that no longer exists. Its value, if it still exists, is sent as "
          "before.",
          "any order", "Keep the old name next to the new one: a second name for a value is an alias."),
    _rule("CLASS_CHANGED", "SOURCE", "a class of the stubs is of a different kind",
          "Struct, dataclass, TypedDict and named tuple look alike and are used differently; NewTypes are "
          "called, and members of enums are named. Fields of a frozen class cannot be assigned, and a "
          "class that is no longer frozen has no hash. Flags can be combined, other enums cannot, and "
          "members of an enum that is no longer a StrEnum are not strings.",
          "any order", "Change the producers together with their stubs."),
    # meaning only
    _rule("DEFAULT_CHANGED", "SOURCE MEANING", "a default changed, or the other side decides it",
          "Defaults are written when a task is built: old producers keep writing the old one. If they are "
          "omitted (`omit_defaults`, or because the worker decides), the meaning of old messages changes. "
          "Once the worker no longer decides the default, code that passes `UNSET` does not type-check.",
          "any order", "Pass the value explicitly where it matters, or add a new parameter."),
    _rule("VALUE_REASSIGNED", "MEANING", "a value of an enum belongs to another member",
          "Old messages contain the value and now refer to the other member.",
          "two steps", "Give the new meaning a value that was never used."),
    _rule("REPEATS_DROPPED", "MEANING", "a list became a set, or a set a list",
          "If one side reads a set, items that the other side repeats are silently dropped.",
          "any order", "Make sure that nothing depends on repeats."),
    _rule("KEYS_DROPPED", "MEANING", "a mapping became a record, or a record a mapping",
          "A record uses the keys that it has fields for and silently ignores the others: a mapping with "
          "other keys is decoded with all fields at their defaults.",
          "two steps", "Keep the mapping, or add a parameter of the record's type next to it and move producers. A record with `forbid_unknown_fields` rejects other keys instead."),
    _rule("TEXT_REINTERPRETED", "MEANING", "a value that is written as text is now read as plain text",
          "Bytes are received as base64, dates and ids in their ISO form.",
          "any order", "Convert in the handler, or keep the type."),
)  # fmt: skip

RULES: dict[str, Rule] = {rule.id: rule for rule in _TABLE}


def hint(wrong: str) -> str:
    """A suggestion for an unknown rule id."""
    close = get_close_matches(wrong.upper(), RULES, n=1)
    return f"did you mean {close[0]}?" if close else "`boilermaker contract explain` lists them"
