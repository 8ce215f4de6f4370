"""Tasks that the configuration declares, for registrations that cannot be followed; and the entry to write for one."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from boilermaker_codegen.config import TABLE, DeclaredTask
from boilermaker_codegen.problems import Problem, Refused
from boilermaker_codegen.registrations.options import Options


class Unfollowed(Refused):
    """A registration that cannot be followed; an entry in the configuration may declare it."""


class Declarations:
    """The entries of `[[tool.boilermaker.tasks]]`."""

    def __init__(self, tasks: Iterable[DeclaredTask]) -> None:
        self._tasks = tuple(tasks)
        self._functions = frozenset(task.function.replace(":", ".") for task in self._tasks)
        self._places = frozenset(task.registered_in for task in self._tasks if task.registered_in)

    def of(self, module: str) -> list[DeclaredTask]:
        """The entries whose functions are accessed in a module."""
        return [task for task in self._tasks if task.module == module]

    def cover(self, module: str, functions: Iterable[str]) -> bool:
        """Whether entries declare a registration.

        Args:
            module: where the registration is.
            functions: ids of the functions that it registers; empty if unknown.
        """
        ids = frozenset(functions)
        return module in self._places or (bool(ids) and ids <= self._functions)


def options_of(task: DeclaredTask) -> Options:
    """An entry's options, in the form of a registration's options."""
    return Options(
        name=task.name,
        queue=task.queue,
        deprecated=task.deprecated,
        aliases=task.aliases,
        parameter_aliases=dict(task.parameter_aliases),
        allow=dict(task.allow),
    )


def with_entries(problem: Problem, module: str, functions: Mapping[str, Options]) -> Problem:
    """A problem with the entries that would declare the registration, ready to be pasted.

    Args:
        problem: what cannot be followed.
        module: where the registration is.
        functions: the functions that it registers, as `module:function`; empty if unknown.
    """
    entries = [_entry(function, options) for function, options in functions.items()]
    if not entries:
        entries = [[*_entry("package.module:function", Options()), f"registered_in = {_text(module)}"]]
    what = "declare it" if functions else "declare each of its functions"
    text = "".join(f"\n    {line}" for entry in entries for line in entry)
    return replace(problem, message=f"{problem.message}, or {what} in the configuration:{text}")


def _entry(function: str, options: Options) -> list[str]:
    said = {"name": options.name, "queue": options.queue, "deprecated": options.deprecated}
    return [
        f"[[{TABLE}.tasks]]",
        f"function = {_text(function)}",
        *(f"{key} = {_text(value)}" for key, value in said.items() if value is not None),
        *([f"aliases = {json.dumps(options.aliases, ensure_ascii=False)}"] if options.aliases else []),
    ]


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
