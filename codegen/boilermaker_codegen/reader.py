"""Reads what one module registers. All lookups are recorded, so that a later run knows which results it can reuse."""

from collections.abc import Iterable, Mapping

import msgspec

from boilermaker.contract import Definition, Depths, Parameter, TaskContract
from boilermaker.contract.naming import Clash
from boilermaker.tasks import rules
from boilermaker_codegen.config import Config
from boilermaker_codegen.problems import Problem, Refused, too_deep
from boilermaker_codegen.registrations.aliases import aliases, renames
from boilermaker_codegen.registrations.collect import Collector
from boilermaker_codegen.registrations.handlers import Handler, Handlers
from boilermaker_codegen.registrations.registration import Registration
from boilermaker_codegen.registrations.texts import of_task, of_type
from boilermaker_codegen.source.discover import Index, SourceFile
from boilermaker_codegen.source.parse import Library, Module, Reading
from boilermaker_codegen.source.resolve import Resolver
from boilermaker_codegen.source.symbols import FunctionSymbol, Rebound
from boilermaker_codegen.types import lint
from boilermaker_codegen.types.definitions import Definitions
from boilermaker_codegen.units import Dependencies, Home, Outcome, ReadUnit, Unit, needed


class TreeReader:
    """Reads modules one by one; parsed ones are shared between them."""

    def __init__(self, config: Config, index: Index) -> None:
        self._config = config
        self._library = Library(index)

    def read(self, file: SourceFile) -> Outcome:
        """What a module registers."""
        reader = _UnitReader(self._config, self._library)
        found = reader.read(file)
        return Outcome(
            found=found,
            names=tuple(name for r in reader.registrations for name in r.names),
            problems=reader.problems,
        )

    def place(self, home: Home) -> str:
        """Where a handler is defined, as `path:line`."""
        module = self._library.module(home.module)
        if module is None:
            return home.module
        symbol = module.symbol(home.function)
        for binding in reversed(symbol.bindings if isinstance(symbol, Rebound) else (symbol,)):
            if isinstance(binding, FunctionSymbol):
                return f"{module.file.shown}:{module.place(binding.node.name)[0]}"
        return module.file.shown

    def taken(self, files: Iterable[SourceFile]) -> list[Problem]:
        """The errors of registrations in these modules whose task name is already used."""
        problems: list[Problem] = []
        first: dict[str, Registration] = {}
        claims = [(name, r) for file in files for r in self._registrations(file) for name in r.names]
        for name, registration in claims:
            known = first.setdefault(name, registration)
            if known is not registration:
                place = f"{known.module.file.shown}:{known.module.place(known.node)[0]}"
                text = (
                    f"the task `{name}` is already registered in {place}; give one of them a different `name`"
                )
                problems.extend(registration.module.refuse(registration.node, "TASK_TWICE", text).problems)
        return problems

    def alike(self, files: Iterable[SourceFile], clash: Clash) -> list[Problem]:
        """The errors of tasks in these modules that would share a function name in the package."""
        found = {r.name: r for file in files for r in self._registrations(file)}
        other, later = found[clash.other], found[clash.task]
        place = f"{other.module.file.shown}:{other.module.place(other.node)[0]}"
        text = f"{clash}; `{clash.other}` is registered in {place}"
        return list(later.module.refuse(later.node, "NAMES_CLASH", text).problems)

    def left_out(self, file: SourceFile, collections: Iterable[str]) -> list[Problem]:
        """The errors of collections that no worker includes: their tasks would be in the contract, but no worker would run them."""
        reader = _UnitReader(self._config, self._library)
        reader.read(file)
        return [problem for name in collections for problem in reader.left_out(file, name).problems]

    def _registrations(self, file: SourceFile) -> list[Registration]:
        reader = _UnitReader(self._config, self._library)
        reader.read(file)
        return reader.registrations


class _UnitReader:
    """Reads one module, once."""

    def __init__(self, config: Config, library: Library) -> None:
        self._config = config
        self._reading = Reading(library)
        self._resolver = Resolver(self._reading)
        self._definitions = Definitions(self._resolver, config.external)
        self._collector = Collector(self._resolver, self._definitions.literals, config)
        self._problems: list[Problem] = []
        self._is_whole = True
        self.registrations: list[Registration] = []

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems found."""
        return (*self._problems, *self._collector.problems, *self._definitions.problems)

    def read(self, file: SourceFile) -> ReadUnit | None:
        """What a module registers; None if there were problems."""
        unit: Unit | None = None
        try:
            module = self._reading.module(file.module)
            if module is not None:
                self.registrations = self._collector.collect(module)
                unit = self._unit(module, self.registrations)
        except Refused as refused:
            self._refuse(refused)
        except RecursionError:
            self._problems.append(too_deep(file.shown))
        if unit is None or self.problems or not self._is_whole:
            return None
        return ReadUnit(unit=unit, dependencies=self._dependencies())

    def left_out(self, file: SourceFile, collection: str) -> Refused:
        """The error that no worker includes a collection; call it after reading."""
        module = self._reading.module(file.module)
        if module is None:
            return Refused()
        text = (
            f"no worker includes `{collection}`; write `worker.include({collection.rpartition('.')[2]})` "
            "where the worker is created"
        )
        return module.refuse(self._collector.collections[collection], "TASKS_NOT_INCLUDED", text)

    def _unit(self, module: Module, registrations: list[Registration]) -> Unit:
        tasks = list(self._tasks(registrations))
        definitions = self._definitions
        self._problems.extend(
            lint.check(definitions.sites, definitions.found, definitions.annotations.externals.ids)
        )
        if self.problems:
            return Unit()
        types = needed(tasks, definitions.found)
        self._check_texts(tasks, types, registrations)
        self._check_depths(tasks, Depths(types), registrations)
        return Unit(
            presentation=definitions.annotations.aliases.presentation(tasks, types),
            tasks=tuple(tasks),
            types=types,
            homes={
                r.name: Home(module=r.home.module.name, function=r.function.name.value) for r in registrations
            },
            included=tuple(sorted(self._collector.included)),
            collections=tuple(self._collector.collections),
            aliases=tuple(aliases(module, self._collector.workers)),
            renames=tuple(renames(module)),
        )

    def _check_texts(
        self,
        tasks: Iterable[TaskContract],
        types: Mapping[str, Definition],
        registrations: list[Registration],
    ) -> None:
        """Report texts that cannot be written to a file, at the registration; each type with the first task that uses it."""
        left = {
            id_: definition for id_, definition in types.items() if any(True for _ in of_type(definition))
        }
        for task, registration in zip(tasks, registrations, strict=True):
            own = [left.pop(id_) for id_ in needed([task], types) if id_ in left] if left else []
            for id_, text in (*of_task(task), *(fault for each in own for fault in of_type(each))):
                self._problems.extend(registration.module.refuse(registration.node, id_, text).problems)

    def _check_depths(
        self, tasks: Iterable[TaskContract], depths: Depths, registrations: list[Registration]
    ) -> None:
        for task, registration in zip(tasks, registrations, strict=True):
            named = {f"parameter `{p.name}`": p.type for p in task.parameters} | {"the result": task.result}
            for what, type_ in named.items():
                if (fault := depths.fault(type_)) is not None:
                    text = f"{what}: {fault}"
                    self._problems.extend(
                        registration.module.refuse(registration.node, "TOO_DEEP", text).problems
                    )

    def _tasks(self, registrations: list[Registration]) -> Iterable[TaskContract]:
        handlers = Handlers(self._resolver, self._definitions, allow_untyped=self._config.allow_untyped)
        every = [*registrations, *self._elsewhere(registrations)]
        for registration in registrations:
            own = [d for r in every if r.function is registration.function for d in r.decorators]
            try:
                handler = handlers.read(
                    registration.function, registration.home, own, is_async_only=registration.is_async_only
                )
            except Refused as refused:
                self._refuse(refused)
                continue
            except RecursionError:
                shown = registration.home.module.file.shown
                self._problems.append(too_deep(shown, f"in `{registration.name}`, "))
                continue
            fault = rules.fault_of("name", registration.name)
            if fault is not None:  # the function's name; `name=` was checked where it is passed
                self._problems.extend(_refused(registration, "name", fault).problems)
            parameters = self._with_aliases(handler.parameters, registration)
            yield _task(registration, handler, parameters, self._config.queue)

    def _with_aliases(
        self, parameters: tuple[Parameter, ...], registration: Registration
    ) -> tuple[Parameter, ...]:
        aliases = registration.options.parameter_aliases
        fault = rules.parameters_fault(aliases, [parameter.name for parameter in parameters])
        if fault is not None:
            self._problems.extend(_refused(registration, "parameter_aliases", fault).problems)
        return tuple(msgspec.structs.replace(p, aliases=aliases.get(p.name, ())) for p in parameters)

    def _elsewhere(self, registrations: list[Registration]) -> Iterable[Registration]:
        """Registrations by decorator, by handler: such a decorator does not change the signature."""
        homes = {r.home.module.name: r.home.module for r in registrations if r.home.module is not r.module}
        for module in homes.values():
            if not module.file.is_excluded:
                # its errors are reported when it is read itself
                yield from Collector(self._resolver, self._definitions.literals, self._config).collect(module)

    def _refuse(self, refused: Refused) -> None:
        self._is_whole = False
        self._problems.extend(refused.problems)

    def _dependencies(self) -> Dependencies:
        return Dependencies(
            asked=self._reading.asked,
            read=self._reading.read,
            lacking={module: tuple(sorted(names)) for module, names in self._reading.lacking.items()},
        )


def _refused(registration: Registration, option: str, fault: str) -> Refused:
    text = f"`{option}` of `{registration.function.name.value}` {fault}"
    return registration.module.refuse(registration.node, "REGISTRATION_INVALID", text)


def _task(
    registration: Registration, handler: Handler, parameters: tuple[Parameter, ...], queue: str
) -> TaskContract:
    options = registration.options
    return TaskContract(
        name=registration.name,
        function=handler.name if handler.name != registration.name else None,
        parameters=parameters,
        result=handler.result,
        queue=options.queue if options.queue != queue else None,
        doc=handler.doc,
        deprecated=options.deprecated,
        aliases=options.aliases,
        allow=options.allow,
    )
