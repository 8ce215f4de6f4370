"""The rules, as data: what each change is, whom it breaks, in which order to deploy, and how to do it without breaking.

Ids are stable: they stand in users' source and in their CI. Add rules, never rename one.
"""

from difflib import get_close_matches
from typing import Literal

import msgspec

Category = Literal["QUEUE", "ROLLOUT", "SOURCE", "MEANING"]
Order = Literal["worker first", "producers first", "two steps", "any order"]

CATEGORIES: dict[Category, str] = {
    "QUEUE": "messages published before the change meet the new worker: waiting, scheduled, retried, replayed from "
    "the dead letters, or later steps of workflows under way",
    "ROLLOUT": "new producers meet the old worker, during a rollout or after a rollback",
    "SOURCE": "producers' code no longer type-checks, or fails when it is imported, with the new stubs",
    "MEANING": "nothing fails, and something changes without a word",
}


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of change.

    Attributes:
        categories: what it may break; a finding says which of them it does.
        text: what happened, in a few words.
        text_unsure: the same where it cannot be decided.
        explanation: why that breaks.
        order: in which order to deploy if it must be.
        instead: how to get there without breaking.
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
    _rule("TASK_REMOVED", "QUEUE SOURCE", "a task is gone",
          "Messages that name it are dead-lettered as UnknownTask, and code that calls its stub no longer works.",
          "producers first", "Renamed? Keep the old name: `aliases=[...]`. Else deprecate it (`deprecated=`), wait until nobody publishes it and the queue is drained, then remove it."),
    _rule("TASK_ADDED", "ROLLOUT", "a task is new",
          "A worker without it puts its messages off for some minutes, then dead-letters them as UnknownTask.",
          "worker first", "Deploy the worker first, and the producers that call it afterwards."),
    _rule("TASK_RENAMED", "ROLLOUT", "a task has a new name and keeps the old one as an alias",
          "The new worker knows both names; the old worker does not know the new one.",
          "worker first", "Deploy the worker first, or teach it the new name as an alias before. Or rename the function alone: `name='old_name'` on the registration."),
    _rule("FUNCTION_RENAMED", "SOURCE", "the stub of a task has a new name",
          "The name on the wire is the same; producers import a function that is no longer there.",
          "any order", "Change the producers together with their stubs."),
    _rule("QUEUE_CHANGED", "QUEUE ROLLOUT", "a task is published to another queue",
          "Messages in the old queue are read by nobody who knows the task, and the old worker does not listen on the new one.",
          "two steps", "Run a worker for each queue (`boilermaker worker TARGET --queue OLD` beside the usual one); move the producers; stop the worker of the old queue once that is drained."),
    # fields: a parameter of a task, or a field of a type
    _rule("FIELD_ADDED_REQUIRED", "QUEUE SOURCE MEANING", "a parameter or field is new and has no default",
          "Messages published before do not have it and are dead-lettered as InvalidPayload; calls without it do not type-check. An old worker drops the value without an error, so deploying producers first loses it.",
          "two steps", "Give it a default and deploy the worker, then the producers that pass it. Once no message without it is left, remove the default."),
    _rule("FIELD_ADDED", "MEANING", "a parameter or field is new and has a default",
          "An old worker drops the value without a word; a new worker takes the default for old messages.",
          "worker first", "Deploy the worker before any producer that passes it."),
    _rule("FIELD_REMOVED_REQUIRED", "ROLLOUT SOURCE MEANING", "a parameter or field that had no default is gone",
          "New messages do not have it, and an old worker dead-letters them; a new worker drops it from old messages.",
          "worker first", "Give it a default first, deploy the worker, then remove it."),
    _rule("FIELD_REMOVED", "SOURCE MEANING", "a parameter or field that had a default is gone",
          "A new worker drops the value from old messages without a word, and steps that take a result without it fill in their default; code that passes or reads it does not type-check.",
          "producers first", "Stop passing and reading it, drain the queue, then remove it."),
    _rule("FIELD_RENAMED", "QUEUE ROLLOUT SOURCE MEANING", "a parameter or field seems to have a new name",
          "Neither side finds the value under its name: required, the message is dead-lettered; with a default, the value is lost without a word.",
          "two steps", "Keep the name on the wire of a Struct's field: `msgspec.field(name='old')`. Let a parameter be read under both names: `parameter_aliases={'new': ['old']}`, and deploy the worker first."),
    _rule("FIELD_MADE_REQUIRED", "QUEUE SOURCE", "a parameter or field lost its default, or must now be there",
          "Messages that leave it out no longer fit. Where defaults are written out old messages have it, and only code that leaves it out is broken.",
          "producers first", "Keep the default until nobody relies on it."),
    _rule("FIELD_MADE_OPTIONAL", "ROLLOUT SOURCE", "a parameter or field may now be left out",
          "An old worker needs it and dead-letters messages without it. A default that is written out is never left out; one that the worker decides is.",
          "worker first", "Deploy the worker first."),
    _rule("ALIAS_REMOVED", "QUEUE MEANING", "a parameter is no longer read under an old name",
          "Messages that still have the old name are dead-lettered; where the parameter has a default their value is lost without a word. Where another parameter has the name now, that one takes it.",
          "producers first", "Keep the alias until no message of that time is left: in the queue, scheduled, or among the dead letters."),
    _rule("FIELD_REFUSED", "QUEUE ROLLOUT", "a field is written that the reading side forbids",
          "A type with `forbid_unknown_fields` (and a named tuple) takes no field that it does not know.",
          "two steps", "Drop `forbid_unknown_fields` and deploy that everywhere, then change the fields."),
    # types
    _rule("TYPE_NARROWED", "QUEUE SOURCE", "a type takes fewer values",
          "Old messages may hold what the new worker refuses.",
          "producers first", "Stop sending the other values, drain the queue, then narrow the type."),
    _rule("TYPE_WIDENED", "ROLLOUT SOURCE", "a type takes more values",
          "New messages may hold what the old worker refuses. Inside a list, a set or a dict checkers refuse it too: a `list[int]` is no `list[float]`, to which a float may be added.",
          "worker first", "Deploy the worker first. For code: let the parameter be a `Sequence` or a `Mapping`."),
    _rule("TYPE_CHANGED", "QUEUE ROLLOUT SOURCE", "a type is another one",
          "Neither side reads what the other writes.",
          "two steps", "Add a parameter of the new type with a default beside the old one; move producers; remove the old one. Or take a union of both for a while."),
    _rule("VALUE_REMOVED", "QUEUE SOURCE MEANING", "a value of an enum or Literal is gone",
          "Old messages that hold it are dead-lettered as InvalidPayload; where the enum has a `_missing_`, that decides what becomes of them.",
          "producers first", "Stop sending it, drain the queue, then remove it."),
    _rule("VALUE_ADDED", "ROLLOUT SOURCE MEANING", "an enum or Literal has a new value",
          "An old worker dead-letters messages that hold it; where the enum has a `_missing_`, that decides what becomes of them. Code is broken where the Literal stands inside a list, a set or a dict.",
          "worker first", "Deploy the worker before any producer that sends it."),
    _rule("LIMIT_TIGHTENED", "QUEUE", "a constraint takes fewer values",
          "Old messages may break it. What texts two patterns have in common is not decided: a changed pattern is told as both tightened and loosened, and may be one of them or neither.",
          "producers first", "Tighten it where messages are made, drain the queue, then tighten it in the worker.",
          unsure="a constraint may take fewer values; patterns are compared as text"),
    _rule("LIMIT_LOOSENED", "ROLLOUT", "a constraint takes more values",
          "An old worker refuses what it now lets pass. What texts two patterns have in common is not decided: a changed pattern is told as both tightened and loosened, and may be one of them or neither.",
          "worker first", "Deploy the worker first.",
          unsure="a constraint may take more values; patterns are compared as text"),
    _rule("MEMBER_REMOVED", "QUEUE SOURCE", "a union lost a member",
          "Old messages may hold one of that type.",
          "producers first", "Stop sending it, drain the queue, then remove it."),
    _rule("MEMBER_ADDED", "ROLLOUT SOURCE", "a union has a new member",
          "An old worker refuses it. Code is broken where the union stands inside a list, a set or a dict.",
          "worker first", "Deploy the worker first."),
    _rule("TAG_CHANGED", "QUEUE ROLLOUT MEANING", "the tag of a record is another one",
          "The tag tells records of a union apart; under another one it is another record, or none. Where two records are alike, one is taken for the other without a word.",
          "two steps", "Keep the tag (`tag='old'`). Or add a record with the new tag to the union, move producers, then remove the old one."),
    _rule("LENGTH_CHANGED", "QUEUE ROLLOUT SOURCE", "a tuple or row has another number of items",
          "Items are told apart by position; too few or too many are refused.",
          "two steps", "Make it a record with named fields, or add items with defaults at the end."),
    # results
    _rule("RESULT_NARROWED", "ROLLOUT SOURCE", "a result takes fewer values",
          "New producers may plan with the narrower result; the old worker still gives the wider one. Inside a list, a set or a dict checkers refuse it too: a `list[int]` is no `list[int | None]`.",
          "worker first", "Deploy the worker first.",
          unsure="a result may take fewer values; patterns are compared as text"),
    _rule("RESULT_WIDENED", "QUEUE SOURCE", "a result takes more values",
          "Workflows under way hand it to steps that were checked against the narrower one.",
          "producers first", "Let the steps that refer to it take the wider result first.",
          unsure="a result may take more values; patterns are compared as text"),
    _rule("RESULT_CHANGED", "QUEUE ROLLOUT SOURCE", "a result is of another type",
          "Workflows under way hand it to steps that were checked against the other one.",
          "two steps", "Register a task with the new result under a new name, move producers, then remove the old one.",
          unsure="a result may take other values; patterns are compared as text"),
    # source only
    _rule("ANNOTATION_CHANGED", "SOURCE", "a type that travels alike is another one to type checkers",
          "What producers pass, or hand on as a result, no longer is what the stubs ask for: a plain text for a NewType, a list for a set, one class for another.",
          "any order", "Change the producers together with their stubs. A parameter that takes more (a `Sequence` for a `list`) breaks nobody."),
    _rule("PARAMETER_MOVED", "SOURCE MEANING", "positional parameters have another order",
          "Calls by position pass their arguments to other parameters. Checkers see it where the types differ, and nobody does where they are alike.",
          "any order", "Keep the order; add parameters at the end or keyword-only."),
    _rule("PARAMETER_KEYWORD_ONLY", "SOURCE", "a parameter can no longer be passed by position",
          "Calls by position do not type-check.",
          "any order", "Call by keyword first."),
    _rule("ATTRIBUTE_RENAMED", "SOURCE", "a field has a new name in code, and its old one on the wire",
          "Code that makes or reads the type by that name does not type-check; messages are as before.",
          "any order", "Change the producers together with their stubs."),
    _rule("FIELD_MOVED", "SOURCE MEANING", "fields of a type have another order, or each other's names",
          "Code that makes it by position gives its values to other fields; so do messages, where the type travels as an array or fields have got each other's names on the wire. Checkers and workers see it where the types differ, and nobody does where they are alike.",
          "two steps", "Keep the order; add fields at the end. Or make the type with named fields alone (`kw_only=True`, and no `array_like`)."),
    _rule("FIELD_KEYWORD_ONLY", "SOURCE", "a field can no longer be given by position",
          "Code that makes the type by position does not type-check.",
          "any order", "Give fields by name first."),
    _rule("CLASS_REMOVED", "SOURCE", "a class of the stubs is gone or has a new name",
          "Producers import a name that is no longer there; what travels is the same.",
          "any order", "Keep the name of the class, or change the producers together with their stubs."),
    _rule("MEMBER_NAME_REMOVED", "SOURCE", "a member of an enum is gone, or has a new name",
          "Producers' code names a member that is no longer there. Its value, if it is still there, travels as before.",
          "any order", "Keep the old name beside the new one: a second name for a value is an alias."),
    _rule("CLASS_CHANGED", "SOURCE", "a class of the stubs is built in another way",
          "Struct, dataclass, TypedDict and named tuple look alike and are used differently; NewTypes are called, and members of enums are named. A frozen class takes no assignments, and one that is no longer frozen has no hash. Flags can be combined, other enums cannot, and members of an enum that is no longer a StrEnum are not texts.",
          "any order", "Change the producers together with their stubs."),
    # meaning only
    _rule("DEFAULT_CHANGED", "SOURCE MEANING", "a default is another one, or the other side decides it",
          "Defaults are written out when a task is built: old producers go on writing the old one. Where they are left out (`omit_defaults`, or because the worker decides) old messages change their meaning. Once the worker no longer decides the default, code that passes `UNSET` does not type-check.",
          "any order", "Pass the value where it matters, or add a new parameter."),
    _rule("VALUE_REASSIGNED", "MEANING", "a value of an enum belongs to another member",
          "Old messages hold the value and now mean the other member.",
          "two steps", "Give the new meaning a value that was never used."),
    _rule("REPEATS_DROPPED", "MEANING", "a list became a set, or a set a list",
          "Where one side reads a set, items that the other repeats are dropped without a word.",
          "any order", "Make sure that nothing depends on repeats."),
    _rule("KEYS_DROPPED", "MEANING", "a mapping became a record, or a record a mapping",
          "A record takes the keys that it has fields for and drops the others without an error: a mapping of other keys arrives with all its fields at their defaults.",
          "two steps", "Keep the mapping, or add a parameter of the record's type beside it and move producers. A record with `forbid_unknown_fields` refuses other keys instead."),
    _rule("TEXT_REINTERPRETED", "MEANING", "a value that is written as text is now read as plain text",
          "Bytes arrive as base64, dates and ids in their ISO form.",
          "any order", "Convert in the handler, or keep the type."),
)  # fmt: skip

RULES: dict[str, Rule] = {rule.id: rule for rule in _TABLE}


def hint(wrong: str) -> str:
    """Which rule was meant, most likely, where there is none of that name."""
    close = get_close_matches(wrong.upper(), RULES, n=1)
    return f"did you mean {close[0]}?" if close else "`boilermaker contract explain` lists them"
