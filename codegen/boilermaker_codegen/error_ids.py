"""The ids of what the generator refuses, as data: what each means and what to do about it.

Ids are stable: they stand in CI logs, in searches and in the reference. Add ids, never rename one.
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
        why: why it cannot be generated from.
        instead: what to write.
    """

    text: str
    why: str
    instead: str


EXPLANATIONS: dict[ErrorId, Explanation] = {
    # the configuration, the files, the package
    "CONFIG_INVALID": Explanation(
        "the configuration says something that cannot be",
        "`[tool.boilermaker]` is read strictly: a misspelled key would leave something out without a word.",
        "Correct the key or value that the message names; the reference of the configuration lists all."),
    "FILE_UNREADABLE": Explanation(
        "a file cannot be read, or is not in the encoding that it declares",
        "It may register tasks, and a task that is missing in silence would be worse than an error.",
        "Save it as UTF-8 and readable, or list it under `exclude` if it belongs to no worker."),
    "FILE_NOT_PYTHON": Explanation(
        "a file that may register tasks is no Python",
        "From the place on that the message names, no parser knows what the file means.",
        "Correct it, or list it under `exclude` if it belongs to no worker."),
    "TOO_DEEP": Explanation(
        "something is nested so deeply that it cannot be followed",
        "Python itself gives up on such source, and the worker refuses types that are nested more than 100 levels deep.",
        "Simplify it, or list the file under `exclude`."),
    "NOTHING_REGISTERED": Explanation(
        "no task is registered",
        "A package without tasks helps nobody: most likely `source` names another folder than the worker's.",
        "Register functions at module level with `@worker.task` or `worker.register_async(...)`, and see that `source` holds them."),
    "PACKAGE_NOT_GENERATED": Explanation(
        "a file of the package was written by hand",
        "What was not generated is never overwritten.",
        "Choose another `package` or `output`, or delete the file."),
    "PACKAGE_NOT_WRITTEN": Explanation(
        "the package cannot be written or compared",
        "The file system refused; nothing was changed.",
        "See to the rights and the space of the folder that the message names."),
    # names
    "NAME_UNKNOWN": Explanation(
        "a name is not bound where it is looked up",
        "What it means cannot be known: it is a typo, or bound by code that is not run here.",
        "Define it or import it at module level."),
    "NAME_AMBIGUOUS": Explanation(
        "a name may mean several things",
        "Which one holds depends on a condition, on the order of imports, or on a module that is not read.",
        "Bind it once, or import it by name."),
    "NAME_UNREADABLE": Explanation(
        "what a name is bound to cannot be known from the text",
        "The generator reads source and never runs it.",
        "Bind it plainly: by a class, an import, or an assignment of a name."),
    # types
    "TYPE_INVALID": Explanation(
        "an annotation is no type",
        "A function, a module, a value or a type variable says nothing of what travels.",
        "Name a type."),
    "TYPE_ARGUMENTS": Explanation(
        "a type has arguments that it does not take, or lacks those it needs",
        "What travels in their place cannot be known.",
        "Give as many as the type takes."),
    "TYPE_NOT_CARRIED": Explanation(
        "a type has no form on the wire",
        "msgspec neither encodes nor decodes it, or the two do not give back what was sent.",
        "Use the type that the message names, or one of the table of types."),
    "TYPE_NOT_READ": Explanation(
        "a type is made in a way that is not read",
        "It comes from a call, and what it is stands nowhere in the source; or it is an alias that contains itself, also by a `type` "
        "statement: msgspec makes no decoder for such.",
        "Write it as a class or as a plain alias. In an alias for any JSON, write `Any` where it contains itself "
        "(`dict[str, Any] | list[Any] | str | None`); for a tree of your own, write a class: its fields may hold it."),
    "TYPE_REFUSED": Explanation(
        "msgspec cannot tell values of this type apart, or cannot carry them",
        "The worker could not even start: msgspec makes no decoder for it, or one that fails on its own values.",
        "Change the type as the message says; unions of Structs need a `tag`."),
    "LITERAL_INVALID": Explanation(
        "a value cannot stand in `Literal[...]`",
        "On the wire a literal is text, a whole number, a bool or null.",
        "Write the value itself, or use an enum."),
    "META_INVALID": Explanation(
        "a constraint of `Meta(...)` is not understood",
        "A constraint that is left out in silence would let through what the worker refuses.",
        "Use the constraints that msgspec checks, each once, with literal values."),
    "NEWTYPE_INVALID": Explanation(
        "a `NewType` is not made as type checkers want it",
        "mypy and pyright read nothing else.",
        'Write `Name = NewType("Name", type)`.'),
    "CLASS_NOT_READ": Explanation(
        "a class is none of those whose fields can be read",
        "Its fields depend on code, on a base or on an option that the generator does not follow.",
        "Write it as a dataclass, msgspec.Struct, NamedTuple or TypedDict with plain fields."),
    "CLASS_REFUSED": Explanation(
        "Python, msgspec or attrs refuses a class with these bases, options or fields",
        "The same error would be raised when the class is made.",
        "Correct it as the quoted words say."),
    "FIELD_NOT_READ": Explanation(
        "a field of a class is not read",
        "What it holds or what it is called on the wire depends on code or on a condition.",
        "Write `name: type` or `name: type = default`."),
    "ENUM_NOT_READ": Explanation(
        "the members of an enum cannot be read",
        "Bases, decorators, keywords or its own code decide what they are.",
        "Give each member a line and a literal value."),
    "ENUM_VALUE": Explanation(
        "an enum's value cannot travel, or cannot be known",
        "msgspec carries text or whole numbers, one of the two in one enum.",
        "Write the value as a literal of the enum's kind."),
    # values
    "VALUE_UNREADABLE": Explanation(
        "a value cannot be known from the text",
        "It is made by code, and the generator runs none.",
        "Write a literal, a constant, an enum's member, or a record made of such."),
    "VALUE_INVALID": Explanation(
        "a value has no JSON form, or Python refuses it",
        "NaN, infinities, numbers beyond limits and calls that would raise cannot be written out.",
        "Correct it; use None for what is not there."),
    "DEFAULT_UNFIT": Explanation(
        "a default is not of the parameter's or field's type",
        "The worker would refuse a message in which it is written out.",
        "Change the default or the type; `None` wants `| None`."),
    # handlers
    "HANDLER_UNKNOWN": Explanation(
        "what is registered is no function of the service",
        "Its signature cannot be read: it is a method, a lambda, or lives outside of the source folders.",
        "Register a function that is defined at module level; add its folder to `source`."),
    "HANDLER_NOT_ASYNC": Explanation(
        "a function registered by `register_async` or `register_many_async` is not async, or one that is async is wrapped by one that is not",
        "These methods say that it is; a forgotten `async` would otherwise move it to a thread without a word. What a plain wrapper "
        "does around the call is over before an async function begins.",
        "Write `async def`, also in the decorator; or use `register` or `@worker.task`, and a plain function runs in a thread. A "
        "wrapper that only passes the coroutine on may say so by `inspect.markcoroutinefunction`."),
    "HANDLER_GENERATOR": Explanation(
        "the registered function yields",
        "A task has one result, which is there when it ends.",
        "Return a value; publish one task for each part if there are many."),
    "HANDLER_GENERIC": Explanation(
        "the registered function has type parameters",
        "What a message holds must be known before it arrives.",
        "Name the types that it takes, in a union if there are several."),
    "HANDLER_DECORATED": Explanation(
        "a decorator may change the signature",
        "What it makes of the function is known only when it runs.",
        "Let it use `functools.wraps`, or call it inside the function."),
    "HANDLER_WITHOUT_STATE": Explanation(
        "the function takes no state",
        "The worker passes its state as the first argument.",
        "Add a first parameter for it, `state`."),
    "PARAMETER_VARIADIC": Explanation(
        "the function takes `*args` or `**kwargs`",
        "A payload has a field for each parameter, by name.",
        "Name each parameter; take a list or a dict for what varies."),
    "PARAMETER_NAME": Explanation(
        "a parameter's name cannot be a field",
        "Python changes names with two leading underscores in classes, and a payload is a class.",
        "Rename it; `parameter_aliases` keeps reading the old name."),
    "PARAMETER_UNANNOTATED": Explanation(
        "a parameter has no annotation",
        "Producers would not be checked, and the worker could not validate what arrives.",
        "Annotate it, with `Any` if it may be anything; `allow_untyped = true` takes it as `Any`."),
    # registrations
    "REGISTRATION_UNFOLLOWED": Explanation(
        "something may register a task, and what it registers cannot be followed",
        "It depends on code that runs: a condition, a call, a loop over what is not written out.",
        "Register at module level, or declare the task in `[[tool.boilermaker.tasks]]` as the message shows."),
    "REGISTRATION_INVALID": Explanation(
        "a registration would fail when the worker starts, or contradicts itself",
        "The message names the argument or the name.",
        "Write it as `@worker.task`, `@worker.task(...)` or `worker.register(function, ...)`."),
    "REGISTRATION_OPTION": Explanation(
        "an option of a registration is unknown or not written out",
        "It may change the task's name or queue, which stand in the contract.",
        "Write each option as a literal of its kind."),
    "TASK_TWICE": Explanation(
        "two registrations claim one name",
        "A message names its task by it; only one function can be meant.",
        "Give one of them another `name`."),
    "TASKS_NOT_INCLUDED": Explanation(
        "a `Tasks` is included by no worker",
        "Its tasks would be in the contract, and no worker would know them.",
        "Write `worker.include(...)` where the worker is made."),
    "NAMES_CLASH": Explanation(
        "two tasks would be one function in the stubs",
        "Names on the wire that differ may become the same name in Python.",
        "Rename one of the functions; `name=` keeps the name on the wire."),
}  # fmt: skip
