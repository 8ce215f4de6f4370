"""From uses to registrations: which function is registered, under which name, for which queue."""

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from boilermaker_codegen.literals import Literals
from boilermaker_codegen.options import Options, read_options
from boilermaker_codegen.parse import Module
from boilermaker_codegen.problems import Problem, Refused
from boilermaker_codegen.registrations import (
    REGISTER,
    REGISTER_MANY,
    TASK,
    Use,
    changes,
    elements_of,
    uses,
)
from boilermaker_codegen.resolve import External, Found, Resolver, Scope, code
from boilermaker_codegen.symbols import FunctionSymbol, Imported, ValueSymbol
from boilermaker_codegen.workers import Verdict, Workers

_AT_MODULE_LEVEL = "register at module level"


@dataclass(frozen=True, kw_only=True, eq=False)
class Registration:
    """One function registered once.

    Attributes:
        function: the handler.
        home: where it is defined.
        module: where it is registered.
        node: what to name in errors.
        options: what the registration says beside the function.
        decorators: those of the handler's decorators that register it.
    """

    function: cst.FunctionDef
    home: Scope
    module: Module
    node: cst.CSTNode
    options: Options
    decorators: tuple[cst.Decorator, ...] = ()

    @property
    def name(self) -> str:
        """The task's name."""
        return self.options.name or self.function.name.value

    @property
    def names(self) -> tuple[str, ...]:
        """The task's name and those that it had before."""
        return (self.name, *self.options.aliases)


class Collector:
    """Collects the registrations of modules; what cannot be followed lands in `problems`."""

    def __init__(self, resolver: Resolver, literals: Literals) -> None:
        self._resolver = resolver
        self._literals = literals
        self._workers = Workers(resolver)
        self.problems: list[Problem] = []

    def collect(self, module: Module) -> list[Registration]:
        """The registrations in a module, in source order."""
        scope = Scope(module)
        found: list[Registration] = []
        for use in uses(module.tree):
            try:
                found.extend(self._follow(use, scope))
            except Refused as refused:
                self.problems.extend(refused.problems)
        return found

    def aliases(self, module: Module) -> Iterator[str]:
        """Names at module level that stand for `worker.task`; other modules may import and use them."""
        for name, symbol in module.symbols.items():
            match symbol:
                case ValueSymbol(value=cst.Attribute(value=owner, attr=cst.Name(value="task"))):
                    if self._workers.judge(owner, Scope(module)).kind == "worker":
                        yield name
                case _:
                    pass

    def renames(self, module: Module) -> Iterator[tuple[str, str]]:
        """Names at module level that stand for another name, each with that name: `from app import task as job`."""
        for name, symbol in module.symbols.items():
            match symbol:
                case (
                    Imported(name=str(other))
                    | ValueSymbol(value=cst.Name(value=other) | cst.Attribute(attr=cst.Name(value=other)))
                ) if other != name:
                    yield name, other
                case _:
                    pass

    def _follow(self, use: Use, scope: Scope) -> Iterator[Registration]:
        if isinstance(use.attribute, cst.Name):
            if use.function is None or not self._workers.is_alias(use.attribute, scope):
                return
            verdict = Verdict("worker")
            method = TASK
        else:
            verdict = self._workers.judge(use.attribute.value, scope, use.context.functions)
            method = use.attribute.attr.value
        if verdict.kind == "foreign" or (verdict.kind == "unknown" and not _may_register(use, method)):
            return
        if verdict.kind == "unknown":
            raise scope.refuse(
                use.attribute, f"`{code(use.attribute)}` may register a task, but {verdict.reason}"
            )
        if use.bound and method == TASK and not use.context.reason:
            return
        self._check_place(use, method, scope)
        yield from self._registrations(use, method, scope)

    def _check_place(self, use: Use, method: str, scope: Scope) -> None:
        if use.context.reason:
            raise scope.refuse(
                use.attribute, f"a registration {use.context.reason} cannot be followed; {_AT_MODULE_LEVEL}"
            )
        if use.context.loop is not None and method != REGISTER:
            raise scope.refuse(
                use.attribute,
                f"a registration in a loop is read as `register_async` only; {_AT_MODULE_LEVEL}",
            )
        if method == TASK and use.function is None:
            raise scope.refuse(
                use.attribute,
                f"`{code(use.attribute)}` is read as a decorator only; use `register_async` to call it",
            )
        if method != TASK and use.call is None:
            raise scope.refuse(
                use.attribute, f"`{code(use.attribute)}` is passed on, which cannot be followed; call it here"
            )

    def _registrations(self, use: Use, method: str, scope: Scope) -> Iterator[Registration]:
        if use.function is not None and use.decorator is not None:
            options = read_options(use.call.args if use.call else (), self._literals, scope)
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
        subject, rest = self._subject(use.call, method, scope)
        options = read_options(rest, self._literals, scope)
        for node, place in self._subjects(subject, use, method, options, scope):
            function, home = self._function(node, place)
            where: cst.CSTNode = node if place.module is scope.module else use.attribute
            yield Registration(function=function, home=home, module=scope.module, node=where, options=options)

    def _subjects(
        self, subject: cst.BaseExpression, use: Use, method: str, options: Options, scope: Scope
    ) -> Iterator[tuple[cst.BaseExpression, Scope]]:
        """The expressions that name the functions to register, each with the scope to read it in."""
        is_single = method == REGISTER and use.context.loop is None
        if (options.name is not None or options.aliases) and not is_single:
            raise scope.refuse(subject, "one `name` cannot serve several functions; register them one by one")
        if is_single:
            yield subject, scope
        elif use.context.loop is not None:
            yield from self._looped(subject, use.context.loop, scope)
        else:
            yield from self._functions(subject, scope)

    # ---- what is registered

    def _subject(self, call: cst.Call, method: str, scope: Scope) -> tuple[cst.BaseExpression, list[cst.Arg]]:
        """What is registered, and the arguments beside it."""
        keyword = "fns" if method == REGISTER_MANY else "fn"
        plain = [
            argument
            for argument in call.args
            if not argument.star and (argument.keyword is None or argument.keyword.value == keyword)
        ]
        if len(plain) != 1:
            what = "functions" if method == REGISTER_MANY else "function"
            raise scope.refuse(call, f"`{method}` takes the {what} as its one argument beside options")
        return plain[0].value, [argument for argument in call.args if argument is not plain[0]]

    def _functions(
        self, node: cst.BaseExpression, scope: Scope
    ) -> Iterator[tuple[cst.BaseExpression, Scope]]:
        """The functions in a list that is written out, here or under a name at module level."""
        for element in elements_of(node) or ():
            if isinstance(element, cst.StarredElement):
                yield from self._functions(element.value, scope)
            else:
                yield element.value, scope
        if elements_of(node) is None:
            value, home = self._list(node, scope)
            yield from self._functions(value, home)

    def _list(self, node: cst.BaseExpression, scope: Scope) -> tuple[cst.BaseExpression, Scope]:
        """The list that a name at module level is bound to, for good."""
        found = self._resolver.resolve(node, scope) if isinstance(node, cst.Name | cst.Attribute) else None
        value = (
            found.symbol.value if isinstance(found, Found) and isinstance(found.symbol, ValueSymbol) else None
        )
        if not isinstance(found, Found) or value is None or elements_of(value) is None:
            raise scope.refuse(
                node,
                f"what is in `{code(node)}` cannot be known without running the code; write the list out",
            )
        for module in (found.scope.module, scope.module):
            for change in changes(module.tree, found.name):
                raise Scope(module).refuse(
                    change,
                    f"`{found.name}` is changed after it was made, which cannot be followed; write the list out",
                )
        return value, found.scope

    def _looped(
        self, subject: cst.BaseExpression, loop: cst.For, scope: Scope
    ) -> Iterator[tuple[cst.BaseExpression, Scope]]:
        if not isinstance(loop.target, cst.Name):
            raise scope.refuse(
                subject,
                "this loop cannot be followed: it must give one function at a time; write `for task in tasks:`",
            )
        if not (isinstance(subject, cst.Name) and subject.value == loop.target.value):
            raise scope.refuse(
                subject,
                f"this loop cannot be followed: it registers something else than `{loop.target.value}`; {_AT_MODULE_LEVEL}",
            )
        yield from self._functions(loop.iter, scope)

    def _function(self, node: cst.BaseExpression, scope: Scope) -> tuple[cst.FunctionDef, Scope]:
        """The function that an expression names, and the scope that it is defined in."""
        if not isinstance(node, cst.Name | cst.Attribute):
            raise scope.refuse(
                node,
                f"`{code(node)}` is not the name of a function; define one with `async def` and register it",
            )
        match self._resolver.resolve(node, scope):
            case Found(symbol=FunctionSymbol(node=function), name=name, scope=home):
                if home.classes:
                    raise scope.refuse(node, f"`{name}` is a method; register a function at module level")
                return function, home
            case Found(symbol=ValueSymbol(value=cst.Name() | cst.Attribute() as value), scope=home):
                return self._function(value, home)
            case External(name=name):
                raise scope.refuse(
                    node,
                    f"`{name}` is not under the source folders; add its folder to `source`, or wrap it in a function",
                )
            case _:
                raise scope.refuse(
                    node,
                    f"`{code(node)}` is not a function defined with `async def`; define one and register it",
                )


def _may_register(use: Use, method: str) -> bool:
    """Whether a use of something unknown must be told: other libraries have a `task`, none has `register_async`."""
    if method != TASK:
        return True
    return use.function is not None and use.function.asynchronous is not None
