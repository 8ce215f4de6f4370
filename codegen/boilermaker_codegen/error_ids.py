"""The ids of the generator's errors, as data: what each means and how to fix it.

Ids are stable, because CI logs, searches and the reference contain them. Add ids, never rename one.
"""

from typing import Literal

import msgspec

ErrorId = Literal[
    "CLASS_NOT_READ", "CLASS_REFUSED", "CONFIG_INVALID", "DEFAULT_UNFIT", "ENUM_NOT_READ", "ENUM_VALUE", "FIELD_NOT_READ",
    "FILE_NOT_PYTHON", "FILE_UNREADABLE", "HANDLER_DECORATED", "HANDLER_GENERATOR", "HANDLER_GENERIC", "HANDLER_NOT_ASYNC",
    "HANDLER_UNKNOWN", "HANDLER_WITHOUT_STATE", "LITERAL_INVALID", "META_INVALID", "NAME_AMBIGUOUS", "NAME_UNKNOWN",
    "NAME_UNREADABLE", "NAMES_CLASH", "NEWTYPE_INVALID", "NOTHING_REGISTERED", "PACKAGE_NOT_GENERATED", "PACKAGE_NOT_WRITTEN",
    "PARAMETER_NAME", "PARAMETER_UNANNOTATED", "PARAMETER_VARIADIC", "REGISTRATION_INVALID", "REGISTRATION_OPTION",
    "REGISTRATION_UNFOLLOWED", "TASK_TWICE", "TASKS_NOT_INCLUDED", "TOO_DEEP", "TYPE_ARGUMENTS", "TYPE_INVALID",
    "TYPE_NOT_CARRIED", "TYPE_NOT_READ", "TYPE_REFUSED", "VALUE_INVALID", "VALUE_UNREADABLE",
]  # fmt: skip


class Explanation(msgspec.Struct, frozen=True):
    """What an id means.

    Attributes:
        text: what is wrong, in a few words.
        why: why no stub can be generated.
        instead: what to write.
    """

    text: str
    why: str
    instead: str


EXPLANATIONS: dict[ErrorId, Explanation] = {
    # the configuration, the files, the package
    "CONFIG_INVALID": Explanation(
        "the configuration has an unknown key or an invalid value",
        "`[tool.boilermaker]` is validated strictly: a misspelled key would otherwise be ignored silently.",
        "Correct the key or value named in the message; the configuration reference lists all keys."),
    "FILE_UNREADABLE": Explanation(
        "a file cannot be read, or is not in the encoding that it declares",
        "It may register tasks, and silently leaving a task out would be worse than an error.",
        "Save it as UTF-8 and make it readable, or list it under `exclude` if no worker needs it."),
    "FILE_NOT_PYTHON": Explanation(
        "a file that may register tasks is not valid Python",
        "The file cannot be parsed beyond the position in the message.",
        "Correct it, or list it under `exclude` if no worker needs it."),
    "TOO_DEEP": Explanation(
        "something is nested too deeply to be parsed",
        "Python itself rejects source that is nested this deeply, and the worker rejects types nested more "
        "than 100 levels deep.",
        "Simplify it, or list the file under `exclude`."),
    "NOTHING_REGISTERED": Explanation(
        "no task is registered",
        "A package without tasks has no use: most likely `source` does not name the worker's folder.",
        "Register functions at module level with `@worker.task` or `worker.register_async(...)`, and "
        "check that `source` contains them."),
    "PACKAGE_NOT_GENERATED": Explanation(
        "a file of the package was written by hand",
        "The generator overwrites only files that it generated.",
        "Choose another `package` or `output`, or delete the file."),
    "PACKAGE_NOT_WRITTEN": Explanation(
        "the package cannot be written or compared",
        "The file system returned an error; nothing was changed.",
        "Check the permissions and the free space of the folder named in the message."),
    # names
    "NAME_UNKNOWN": Explanation(
        "a name is not defined where it is used",
        "It is a typo, or it is defined by code that runs only in the worker.",
        "Define it or import it at module level."),
    "NAME_AMBIGUOUS": Explanation(
        "a name may refer to several things",
        "Which one it refers to depends on a condition, on the order of imports, or on a module outside of "
        "the source folders.",
        "Bind it once, or import it by name."),
    "NAME_UNREADABLE": Explanation(
        "the value of a name cannot be determined from the source",
        "The generator parses source and never runs it.",
        "Define it directly: by a class, an import, or the assignment of a name."),
    # types
    "TYPE_INVALID": Explanation(
        "an annotation is not a type",
        "A function, a module, a value or a type variable does not describe what a message contains.",
        "Name a type."),
    "TYPE_ARGUMENTS": Explanation(
        "a type has the wrong number of type arguments",
        "Without them, the type of the value is unknown.",
        "Pass as many type arguments as the type takes."),
    "TYPE_NOT_CARRIED": Explanation(
        "a type has no JSON representation",
        "msgspec cannot encode or decode it, or decoding does not return the value that was encoded.",
        "Use the type named in the message, or one from the table of types."),
    "TYPE_NOT_READ": Explanation(
        "a type is defined in a way that the generator does not support",
        "It is the result of a call, so the source does not say what it is; or it is an alias that contains "
        "itself (a `type` statement too), for which msgspec cannot build a decoder.",
        "Write it as a class or as a plain alias. In an alias for arbitrary JSON, write `Any` where it "
        "contains itself (`dict[str, Any] | list[Any] | str | None`); for a tree, write a class: a class "
        "may contain itself."),
    "TYPE_REFUSED": Explanation(
        "msgspec cannot distinguish the values of this type, or cannot decode them",
        "The worker could not start: msgspec cannot build a decoder for the type, or builds one that "
        "rejects valid values.",
        "Change the type as the message says; unions of Structs need a `tag`."),
    "LITERAL_INVALID": Explanation(
        "a value is not allowed in `Literal[...]`",
        "In JSON, a literal is a string, an integer, a bool or null.",
        "Write the value itself, or use an enum."),
    "META_INVALID": Explanation(
        "a constraint of `Meta(...)` is not supported",
        "If the constraint were silently left out, the stubs would accept values that the worker rejects.",
        "Use only constraints that msgspec checks, each once, with literal values."),
    "NEWTYPE_INVALID": Explanation(
        "a `NewType` is not written in the form that type checkers support",
        "mypy and pyright support no other form.",
        'Write `Name = NewType("Name", type)`.'),
    "CLASS_NOT_READ": Explanation(
        "a class is of a kind that the generator does not support",
        "Its fields depend on code, on a base class or on an option that the generator does not evaluate.",
        "Write it as a dataclass, msgspec.Struct, NamedTuple or TypedDict with plain fields."),
    "CLASS_REFUSED": Explanation(
        "Python, msgspec or attrs rejects a class with these bases, options or fields",
        "The worker would raise the same error when it defines the class.",
        "Correct it as the quoted error says."),
    "FIELD_NOT_READ": Explanation(
        "a field of a class is not supported",
        "Its type or its name on the wire depends on code or on a condition.",
        "Write `name: type` or `name: type = default`."),
    "ENUM_NOT_READ": Explanation(
        "the members of an enum cannot be determined",
        "They depend on its bases, its decorators, its keywords or its own code.",
        "Define each member on its own line, with a literal value."),
    "ENUM_VALUE": Explanation(
        "an enum's value is of an unsupported type, or cannot be determined",
        "msgspec supports enums of strings and enums of integers, but not both in one enum.",
        "Write the value as a literal of the enum's type."),
    # values
    "VALUE_UNREADABLE": Explanation(
        "a value cannot be determined from the source",
        "It is computed by code, which the generator does not run.",
        "Write a literal, a constant, an enum's member, or a record of these."),
    "VALUE_INVALID": Explanation(
        "a value has no JSON representation, or Python rejects it",
        "NaN, infinities, numbers out of range and calls that raise cannot be written to a stub.",
        "Correct it; use None for a missing value."),
    "DEFAULT_UNFIT": Explanation(
        "a default does not have the type of its parameter or field",
        "The worker would reject a message that contains it.",
        "Change the default or the type; a default of `None` needs `| None`."),
    # handlers
    "HANDLER_UNKNOWN": Explanation(
        "a registered object is not a function of the service",
        "Its signature is unknown: it is a method, a lambda, or defined outside of the source folders.",
        "Register a function that is defined at module level, and make sure that its folder is in `source`."),
    "HANDLER_NOT_ASYNC": Explanation(
        "a function registered by `register_async` or `register_many_async` is not async, or is wrapped by "
        "a function that is not",
        "These methods take async functions only; without this check, a forgotten `async` would silently "
        "move the function to a thread. Code in a plain wrapper finishes before the async function that it "
        "wraps starts.",
        "Write `async def`, in the decorator too; or use `register` or `@worker.task`, which run a plain "
        "function in a thread. Mark a wrapper that only returns the coroutine with "
        "`inspect.markcoroutinefunction`."),
    "HANDLER_GENERATOR": Explanation(
        "the registered function yields",
        "A task has one result, which exists when the function returns.",
        "Return a value; to process many parts, publish one task for each."),
    "HANDLER_GENERIC": Explanation(
        "the registered function has type parameters",
        "The types of a message must be known before it arrives.",
        "Write concrete types; use a union for several."),
    "HANDLER_DECORATED": Explanation(
        "a decorator may change the signature",
        "The signature that it returns is known only at run time.",
        "Use `functools.wraps` in the decorator, or call it inside the function."),
    "HANDLER_WITHOUT_STATE": Explanation(
        "the function takes no state",
        "The worker passes its state as the first argument.",
        "Add a first parameter for it, `state`."),
    "PARAMETER_VARIADIC": Explanation(
        "the function takes `*args` or `**kwargs`",
        "A payload has a field for each parameter, by name.",
        "Name each parameter; use a list or a dict for a varying number of values."),
    "PARAMETER_NAME": Explanation(
        "a parameter's name cannot be the name of a field",
        "Python mangles names with two leading underscores in classes, and a payload is a class.",
        "Rename it; with `parameter_aliases` the worker still accepts the old name."),
    "PARAMETER_UNANNOTATED": Explanation(
        "a parameter has no annotation",
        "Calls would not be type-checked, and the worker could not validate the arguments.",
        "Annotate it, with `Any` if it may be anything; `allow_untyped = true` takes it as `Any`."),
    # registrations
    "REGISTRATION_UNFOLLOWED": Explanation(
        "code may register a task that cannot be determined from the source",
        "It depends on code that the generator does not run: a condition, a call, or a loop over computed "
        "values.",
        "Register at module level, or declare the task in `[[tool.boilermaker.tasks]]` as shown in the "
        "message."),
    "REGISTRATION_INVALID": Explanation(
        "a registration would fail when the worker starts, or contradicts itself",
        "The message shows the argument or name in question.",
        "Write it as `@worker.task`, `@worker.task(...)` or `worker.register(function, ...)`."),
    "REGISTRATION_OPTION": Explanation(
        "an option of a registration is unknown, or its value is not a literal",
        "It may change the task's name or queue, which are part of the contract.",
        "Write each option as a literal of its type."),
    "TASK_TWICE": Explanation(
        "two registrations use the same name",
        "A message identifies its task by name, so a name must belong to one function.",
        "Give one of them a different `name`."),
    "TASKS_NOT_INCLUDED": Explanation(
        "no worker includes a `Tasks`",
        "Its tasks would be in the contract, but no worker would run them.",
        "Call `worker.include(...)` where the worker is created."),
    "NAMES_CLASH": Explanation(
        "two tasks would have the same function name in the stubs",
        "Different names on the wire can map to the same name in Python.",
        "Rename one of the functions; keep its name on the wire with `name=`."),
}  # fmt: skip
