"""Turns uses into registrations: which function is registered, under which name, for which queue."""

from collections.abc import Iterator

import libcst as cst

from boilermaker.tasks import rules
from boilermaker_codegen.config import TABLE, Config, DeclaredTask
from boilermaker_codegen.problems import Problem, Refused
from boilermaker_codegen.registrations.bodies import local_value
from boilermaker_codegen.registrations.by_name import ByName
from boilermaker_codegen.registrations.declared import Declarations, Unfollowed, options_of, with_entries
from boilermaker_codegen.registrations.find import (
    ASYNC_ONLY,
    AT_MODULE_LEVEL,
    INCLUDE,
    ONE,
    TASK,
    Use,
    is_called_task,
    is_class_of,
    uses,
)
from boilermaker_codegen.registrations.option_values import OptionValues
from boilermaker_codegen.registrations.options import Options, read_options
from boilermaker_codegen.registrations.order import check_bound
from boilermaker_codegen.registrations.places import Places
from boilermaker_codegen.registrations.registration import Registration
from boilermaker_codegen.registrations.subjects import ONE_AT_A_TIME, Named, Subjects, argument_of, unfollowed
from boilermaker_codegen.registrations.workers import Verdict, Workers
from boilermaker_codegen.source.identifiers import expression
from boilermaker_codegen.source.meanings import Scope, code
from boilermaker_codegen.source.parse import Module
from boilermaker_codegen.source.resolve import Resolver
from boilermaker_codegen.source.symbols import Imported
from boilermaker_codegen.source.walking import descendants
from boilermaker_codegen.types.literals import Literals


class Collector:
    """Collects the registrations of modules.

    Args:
        resolver: resolves names.
        literals: reads options.
        config: names the worker factory, and declares tasks.

    Attributes:
        workers: tells workers from other things.
        problems: the registrations that cannot be followed.
        included: names of the collections (`boilermaker.Tasks`) that workers include.
        collections: names of the collections that tasks are registered in, each with its first registration.
    """

    def __init__(self, resolver: Resolver, literals: Literals, config: Config) -> None:
        self._resolver = resolver
        self.workers = Workers(resolver, config.factory)
        self._subjects = Subjects(resolver)
        self._values = OptionValues(resolver, literals)
        self._places = Places(self._subjects, self._values)
        self._declarations = Declarations(config.tasks)
        self.problems: list[Problem] = []
        self.included: set[str] = set()
        self.collections: dict[str, cst.CSTNode] = {}

    def collect(self, module: Module) -> list[Registration]:
        """The registrations in a module, in source order; then those that the configuration declares for it."""
        scope = Scope(module)
        found: list[Registration] = []
        for use in uses(module.tree):
            try:
                found.extend(self._follow(use, scope))
            except Unfollowed as unfollowed:
                self._unfollowed(unfollowed, use, scope)
            except Refused as refused:
                self.problems.extend(refused.problems)
        for task in self._declarations.of(module.name):
            try:
                found.append(self._declared(task, module))
            except Refused as refused:
                self.problems.extend(_of_entry(problem, task) for problem in refused.problems)
        return found

    # ---- one use

    def _follow(self, use: Use, scope: Scope) -> Iterator[Registration]:
        if use.by_name is not None:
            self._by_name(use, use.by_name, scope)
            return
        if isinstance(use.attribute, cst.Name):
            if use.function is None:
                return
            verdict = self.workers.aliased(use.attribute, scope)
            method = TASK
        else:
            verdict = self.workers.judge(use.attribute.value, scope, use.context.functions)
            method = use.attribute.attr.value
        if method == INCLUDE:
            self._include(use, verdict, scope)
            return
        if (
            method in ASYNC_ONLY
            and isinstance(use.attribute, cst.Attribute)
            and is_class_of(use.attribute.value)
        ):
            text = f"a registration by `{code(use.attribute)}` cannot be followed; write `worker.{method}` at module level"
            raise unfollowed(scope, use.attribute, text)
        if verdict.kind == "foreign" or (verdict.kind == "unknown" and not _may_register(use, method, scope)):
            return
        if verdict.kind == "unknown":
            raise unfollowed(
                scope, use.attribute, f"`{code(use.attribute)}` may register a task, but {verdict.reason}"
            )
        check_bound(use, scope)
        if use.bound and method == TASK and not use.context.reason:
            return
        self._check_place(use, method, scope)
        if verdict.is_collection:
            self._collect_in(verdict.name, use, scope)
        yield from self._registrations(use, method, scope)

    def _by_name(self, use: Use, by_name: ByName, scope: Scope) -> None:
        """Refuse a method accessed by name, if it is certainly a worker's or no other class has a method of that name."""
        if not by_name.is_certain(scope.module):
            return
        kind = "unknown"
        if by_name.owner is not None:
            kind = self.workers.judge(by_name.owner, scope, use.context.functions).kind
        if kind == "worker" or (kind == "unknown" and by_name.method in ASYNC_ONLY):
            text = f"a registration by `{code(by_name.whole)}` cannot be followed; write `{code(use.attribute)}` at module level"
            raise unfollowed(scope, by_name.whole, text)

    def _check_place(self, use: Use, method: str, scope: Scope) -> None:
        if use.context.reason and not self._is_in_factory(use, scope):
            raise unfollowed(
                scope,
                use.attribute,
                f"a registration {use.context.reason} cannot be followed; {AT_MODULE_LEVEL}",
            )
        if use.context.loop is not None and method not in ONE:
            raise unfollowed(
                scope,
                use.attribute,
                "a registration in a loop must be a call of `register` or `register_async`; "
                f"{AT_MODULE_LEVEL}",
            )
        if use.context.loop is not None and not isinstance(use.context.loop.target, cst.Name):
            raise unfollowed(scope, use.attribute, ONE_AT_A_TIME)
        if method == TASK and use.function is None:
            raise unfollowed(
                scope,
                use.attribute,
                f"`{code(use.attribute)}` is supported as a decorator only; call `register` instead",
            )
        if method != TASK and use.call is None:
            raise unfollowed(
                scope,
                use.attribute,
                f"`{code(use.attribute)}` is passed to other code, which cannot be followed; call it here",
            )

    def _is_in_factory(self, use: Use, scope: Scope) -> bool:
        """Whether a use is directly in the body of the configured factory, and registers names of the module."""
        functions, call = use.context.functions, use.call
        if len(functions) != 1 or use.context.condition or use.function is not None or call is None:
            return False
        return self.workers.is_factory(functions[0], scope) and not any(
            isinstance(node, cst.Name) and local_value(node.value, functions[0])[0]
            for argument in call.args
            for node in (argument.value, *descendants(argument.value))
        )

    def _collect_in(self, collection: str, use: Use, scope: Scope) -> None:
        if not collection:
            raise scope.refuse(
                use.attribute,
                "REGISTRATION_INVALID",
                f"`{code(use.attribute)}`: no worker can include a `Tasks` that has no name; assign it to a "
                "name at module level",
            )
        self.collections.setdefault(collection, use.attribute)

    def _include(self, use: Use, verdict: Verdict, scope: Scope) -> None:
        """Record that a worker includes a collection; other libraries have an `include` method too."""
        if verdict.kind == "foreign" or use.call is None or len(use.call.args) != 1:
            return
        subject = use.call.args[0].value
        given = self.workers.judge(subject, scope, use.context.functions)
        check_bound(use, scope)
        if not given.is_collection:
            if verdict.kind == "worker":
                raise scope.refuse(
                    subject,
                    "REGISTRATION_UNFOLLOWED",
                    f"what `{code(subject)}` includes cannot be known without running the code; name a `Tasks` at module level",
                )
            return
        self.included.add(given.name)
        where = use.context.condition or ("in a loop" if use.context.loop else "")
        if where:
            raise scope.refuse(
                use.attribute,
                "REGISTRATION_UNFOLLOWED",
                f"a worker that includes tasks {where} cannot be followed; include them at module level, or "
                f"directly in the function that creates the worker",
            )

    def _registrations(self, use: Use, method: str, scope: Scope) -> Iterator[Registration]:
        if use.function is not None and use.decorator is not None:
            options = read_options(use.call.args if use.call else (), self._values, scope)
            yield Registration(
                function=use.function,
                home=scope,
                module=scope.module,
                node=use.function.name,
                options=options,
                decorators=(use.decorator,),
            )
            return
        if use.call is None:
            return
        subject, rest = argument_of(use.call, method, scope)
        options = read_options(rest, self._values, scope)
        for node, place in self._named(subject, use, method, options, scope):
            function, home = self._subjects.function(node, place)
            where: cst.CSTNode = node if place.module is scope.module else use.attribute
            yield Registration(
                function=function,
                home=home,
                module=scope.module,
                node=where,
                options=options,
                is_async_only=method in ASYNC_ONLY,
            )

    def _named(
        self, subject: cst.BaseExpression, use: Use, method: str, options: Options, scope: Scope
    ) -> list[Named]:
        """The expressions that name the functions to register, each with the scope to read it in."""
        if use.context.loop is not None:
            named = list(self._subjects.looped(subject, use.context.loop, scope))
        elif method in ONE:
            named = [(subject, scope)]
        else:
            named = list(self._subjects.listed(subject, scope))
        if (fault := rules.shared_fault(options.given(), len(named))) is not None:
            raise scope.refuse(subject, "REGISTRATION_INVALID", fault)
        return named

    # ---- declared in the configuration

    def _declared(self, task: DeclaredTask, module: Module) -> Registration:
        named = expression(task.function.partition(":")[2])
        function, home = self._subjects.function(named, Scope(module, anchor=module.tree))
        return Registration(
            function=function,
            home=home,
            module=module,
            node=function.name if home.module is module else module.tree,
            options=options_of(task),
            decorators=tuple(d for d in function.decorators if is_called_task(d)),
        )

    def _unfollowed(self, unfollowed: Unfollowed, use: Use, scope: Scope) -> None:
        """Report a registration that cannot be followed, unless entries in the configuration declare it."""
        functions = self._places.of(use, scope)
        known = [] if functions is None else [place.replace(":", ".") for place in functions]
        if self._declarations.cover(scope.module.name, known):
            return
        if functions is None:
            self.problems.extend(unfollowed.problems)
            return
        self.problems.extend(
            with_entries(problem, scope.module.name, functions) for problem in unfollowed.problems
        )


def _of_entry(problem: Problem, task: DeclaredTask) -> Problem:
    return Problem(
        path=problem.path,
        id=problem.id,
        message=f"`{TABLE}.tasks` names `{task.function}`, but {problem.message}",
    )


def _may_register(use: Use, method: str, scope: Scope) -> bool:
    """Whether a use on an unknown object must be reported: other libraries have `task` and `register` methods too.

    An async function below `@x.task` is always reported. Plain functions and `x.register(...)` are common
    elsewhere: they are reported only if the module itself uses Boilermaker.
    """
    if method in ASYNC_ONLY or (
        method == TASK and use.function is not None and use.function.asynchronous is not None
    ):
        return True
    if method == TASK and use.function is None:
        return False
    return any(
        isinstance(symbol, Imported) and symbol.module.partition(".")[0] == "boilermaker"
        for symbol in scope.module.symbols.values()
    )
