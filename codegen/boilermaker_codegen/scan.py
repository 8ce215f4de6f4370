"""The scan: from a configuration to the contract of its service. The pipeline of this package, less writing."""

import gc
import sys
from dataclasses import dataclass

import msgspec

from boilermaker.contract import Contract, Definition, Parameter, TaskContract, named_in
from boilermaker_codegen import lint
from boilermaker_codegen.collect import Collector, Registration
from boilermaker_codegen.config import Config, Project
from boilermaker_codegen.definitions import Definitions
from boilermaker_codegen.discover import SourceFile, is_candidate, walk
from boilermaker_codegen.handlers import Handlers
from boilermaker_codegen.ordering import needs
from boilermaker_codegen.parse import Library, read_bytes
from boilermaker_codegen.problems import GenerationError, Problem, Refused, too_deep
from boilermaker_codegen.resolve import Resolver

_DEPTH = 10_000  # frames; source that Python compiles may be nested deeper than Python's default for us


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What a scan found.

    Attributes:
        registrations: what its tasks were made of.
    """

    contract: Contract
    registrations: tuple[Registration, ...]

    @property
    def modules(self) -> frozenset[str]:
        """Names of the modules that register tasks."""
        return frozenset(registration.module.name for registration in self.registrations)

    def places(self) -> dict[str, str]:
        """Where each task's handler is defined, as `path:line`, by the task's name. Takes as long as parsing."""
        return {
            r.name: f"{r.home.module.file.shown}:{r.home.module.place(r.function.name)[0]}"
            for r in self.registrations
        }


def scan(project: Project) -> Scan:
    """Read a worker service's source.

    Raises:
        GenerationError: something in it is not understood; all of it is named.
    """
    limit = sys.getrecursionlimit()
    was_collecting = gc.isenabled()
    sys.setrecursionlimit(max(limit, _DEPTH))
    gc.disable()  # syntax trees are millions of objects without cycles: looking for some doubles the time
    try:
        return _scan(project)
    finally:
        sys.setrecursionlimit(limit)
        if was_collecting:
            gc.enable()


def _scan(project: Project) -> Scan:
    files = walk(project)
    library = Library(files)
    resolver = Resolver(library)
    definitions = Definitions(resolver)
    collector = Collector(resolver, definitions.literals)
    problems: list[Problem] = []
    registrations = _collect(files, library, collector, problems)
    problems.extend(collector.problems)
    if not registrations and not problems:
        problems.append(_nothing(project))
    problems.extend(_taken(registrations))
    tasks = _tasks(registrations, definitions, resolver, project.config, problems)
    problems.extend(definitions.problems)
    problems.extend(lint.check(definitions.sites, definitions.found))
    if problems:
        raise GenerationError(problems)
    config = project.config
    contract = Contract(
        service=config.service,
        queue=config.queue,
        tasks=tuple(sorted(tasks, key=lambda task: task.name)),
        types=_needed(tasks, definitions.found),
    )
    return Scan(contract=contract, registrations=tuple(registrations))


def _collect(
    files: tuple[SourceFile, ...], library: Library, collector: Collector, problems: list[Problem]
) -> list[Registration]:
    """Registrations of all candidates. A module may bind `task = worker.task`: files that name it become candidates too."""
    registrations: list[Registration] = []
    waiting = {file.module: file for file in files if not file.is_excluded}
    aliases: set[str] = set()
    while True:
        known = frozenset(aliases)
        chosen = [file for file in waiting.values() if _chosen(file, known, problems)]
        for file in chosen:
            del waiting[file.module]
            try:
                module = library.module(file.module)
                if module is not None:
                    registrations.extend(collector.collect(module))
                    aliases.update(collector.aliases(module))
            except Refused as refused:
                problems.extend(refused.problems)
            except RecursionError:
                problems.append(too_deep(file.shown))
        if not aliases - known:
            return registrations


def _chosen(file: SourceFile, aliases: frozenset[str], problems: list[Problem]) -> bool:
    try:
        return is_candidate(read_bytes(file), aliases)
    except Refused as refused:
        problems.extend(refused.problems)
        return False


def _nothing(project: Project) -> Problem:
    folders = ", ".join(f"`{root}`" for root in project.config.source)
    return Problem(
        path=folders.replace("`", "").replace(", ", " "),
        message=f"no task is registered under {folders}; use `@worker.task` or `worker.register_async(...)` at module level",
    )


def _taken(registrations: list[Registration]) -> list[Problem]:
    problems: list[Problem] = []
    first: dict[str, Registration] = {}
    claims = [(name, r) for r in registrations for name in (r.name, *r.options.aliases)]
    for name, registration in claims:
        known = first.setdefault(name, registration)
        if known is not registration:
            place = f"{known.module.file.shown}:{known.module.place(known.node)[0]}"
            text = f"the task `{name}` is registered already, in {place}; give one of them another `name`"
            problems.extend(registration.module.refuse(registration.node, text).problems)
    return problems


def _tasks(
    registrations: list[Registration],
    definitions: Definitions,
    resolver: Resolver,
    config: Config,
    problems: list[Problem],
) -> list[TaskContract]:
    handlers = Handlers(resolver, definitions, allow_untyped=config.allow_untyped)
    tasks: list[TaskContract] = []
    for registration in registrations:
        own = [d for r in registrations if r.function is registration.function for d in r.decorators]
        try:
            handler = handlers.read(registration.function, registration.home, own)
        except Refused as refused:
            problems.extend(refused.problems)
            continue
        except RecursionError:
            problems.append(too_deep(registration.home.module.file.shown, f"in `{registration.name}`, "))
            continue
        tasks.append(
            TaskContract(
                name=registration.name,
                function=handler.name if handler.name != registration.name else None,
                parameters=_with_aliases(handler.parameters, registration, problems),
                result=handler.result,
                queue=registration.options.queue if registration.options.queue != config.queue else None,
                doc=handler.doc,
                deprecated=registration.options.deprecated,
                aliases=registration.options.aliases,
                allow=registration.options.allow,
            )
        )
    return tasks


def _with_aliases(
    parameters: tuple[Parameter, ...], registration: Registration, problems: list[Problem]
) -> tuple[Parameter, ...]:
    aliases = registration.options.parameter_aliases
    for name in sorted(aliases.keys() - {parameter.name for parameter in parameters}):
        text = f"`parameter_aliases` names `{name}`, which is no parameter of `{registration.function.name.value}`"
        problems.extend(registration.module.refuse(registration.node, text).problems)
    return tuple(msgspec.structs.replace(p, aliases=aliases.get(p.name, ())) for p in parameters)


def _needed(tasks: list[TaskContract], found: dict[str, Definition]) -> dict[str, Definition]:
    """The definitions that tasks need; those read on the way (the enum of a constant, say) are left out."""
    needed: set[str] = set()
    waiting = [
        id_
        for task in tasks
        for type_ in (task.result, *(parameter.type for parameter in task.parameters))
        for id_ in named_in(type_)
    ]
    while waiting:
        id_ = waiting.pop()
        if id_ not in needed:
            needed.add(id_)
            waiting.extend(needs(found[id_]))
    return {id_: found[id_] for id_ in sorted(needed)}
