"""From uses to registrations: which function is registered, under which name, for which queue."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from boilermaker_codegen.literals import Literals
from boilermaker_codegen.parse import Module
from boilermaker_codegen.problems import Problem, Refused
from boilermaker_codegen.registrations import (
    REGISTER,
    REGISTER_MANY,
    TASK,
    Context,
    Use,
    changes,
    elements_of,
    uses,
)
from boilermaker_codegen.resolve import External, Found, Resolver, Scope, code
from boilermaker_codegen.symbols import FunctionSymbol, ValueSymbol
from boilermaker_codegen.workers import Verdict, Workers

_TEXTS = ("name", "queue", "deprecated")
_OPTIONS = (*_TEXTS, "policy", "should_dead_letter", "acks_late", "timeout")
_AT_MODULE_LEVEL = "register at module level"


@dataclass(frozen=True, kw_only=True, eq=False)
class Registration:
    """One function registered once.

    Attributes:
        function: the handler.
        home: where it is defined.
        module: where it is registered.
        node: what to name in errors.
        name: the task's name.
        decorators: those of the handler's decorators that register it.
    """

    function: cst.FunctionDef
    home: Scope
    module: Module
    node: cst.CSTNode
    name: str
    queue: str | None = None
    deprecated: str | None = None
    decorators: tuple[cst.Decorator, ...] = ()


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
            value = symbol.value if isinstance(symbol, ValueSymbol) else None
            if isinstance(value, cst.Attribute) and value.attr.value == TASK:
                if self._workers.judge(value.value, Scope(module)).kind == "worker":
                    yield name

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
        if method == TASK and use.function is not None and use.decorator is not None:
            options = self._options(use.call, [], scope)
            yield Registration(
                function=use.function,
                home=scope,
                module=scope.module,
                node=use.function.name,
                name=options.pop("name", None) or use.function.name.value,
                decorators=(use.decorator,),
                **options,
            )
            return
        if use.call is None:
            return
        subject, rest = self._subject(use.call, method, scope)
        options = self._options(use.call, rest, scope)
        if method == REGISTER_MANY:
            if "name" in options:
                raise scope.refuse(
                    use.call, "one `name` cannot serve several functions; register them one by one"
                )
            functions = self._functions(subject, scope)
        elif use.context.loop is not None:
            functions = self._looped(subject, use.context, options, scope)
        else:
            functions = iter([(subject, scope)])
        for node, place in functions:
            yield self._registered(node, place, use, dict(options), scope)

    def _registered(
        self, node: cst.BaseExpression, place: Scope, use: Use, options: dict[str, str], scope: Scope
    ) -> Registration:
        function = self._function(node, place)
        symbol = function.symbol
        if not isinstance(symbol, FunctionSymbol):
            raise TypeError(symbol)  # `_function` gives functions only
        where: cst.CSTNode = node if place.module is scope.module else use.attribute
        return Registration(
            function=symbol.node,
            home=function.scope,
            module=scope.module,
            node=where,
            name=options.pop("name", None) or symbol.node.name.value,
            **options,
        )

    # ---- what is registered

    def _subject(self, call: cst.Call, method: str, scope: Scope) -> tuple[cst.BaseExpression, list[cst.Arg]]:
        arguments = [argument for argument in call.args if argument.keyword is None and not argument.star]
        if len(arguments) != 1:
            raise scope.refuse(
                call,
                f"`{method}` takes the {'functions' if method == REGISTER_MANY else 'function'} as its one positional argument",
            )
        return arguments[0].value, arguments

    def _functions(
        self, node: cst.BaseExpression, scope: Scope
    ) -> Iterator[tuple[cst.BaseExpression, Scope]]:
        """The functions in a list that is written out, here or under a name at module level."""
        elements = elements_of(node)
        if elements is None:
            if not isinstance(node, cst.Name | cst.Attribute):
                raise scope.refuse(
                    node,
                    f"what is in `{code(node)}` cannot be known without running the code; write the list out",
                )
            found = self._resolver.resolve(node, scope)
            value = (
                found.symbol.value
                if isinstance(found, Found) and isinstance(found.symbol, ValueSymbol)
                else None
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
            yield from self._functions(value, found.scope)
            return
        for element in elements:
            if isinstance(element, cst.StarredElement):
                yield from self._functions(element.value, scope)
            else:
                yield element.value, scope

    def _looped(
        self, subject: cst.BaseExpression, context: Context, options: dict[str, str], scope: Scope
    ) -> Iterator[tuple[cst.BaseExpression, Scope]]:
        loop = context.loop
        if loop is None or not isinstance(loop.target, cst.Name):
            raise scope.refuse(
                subject,
                "this loop cannot be followed: it must give one function at a time; write `for task in tasks:`",
            )
        if not (isinstance(subject, cst.Name) and subject.value == loop.target.value):
            raise scope.refuse(
                subject,
                f"this loop cannot be followed: it registers something else than `{loop.target.value}`; {_AT_MODULE_LEVEL}",
            )
        if "name" in options:
            raise scope.refuse(subject, "one `name` cannot serve several functions; register them one by one")
        yield from self._functions(loop.iter, scope)

    def _function(self, node: cst.BaseExpression, scope: Scope) -> Found:
        if not isinstance(node, cst.Name | cst.Attribute):
            raise scope.refuse(
                node,
                f"`{code(node)}` is not the name of a function; define one with `async def` and register it",
            )
        meaning = self._resolver.resolve(node, scope)
        match meaning:
            case Found(symbol=FunctionSymbol()) if "." not in meaning.name:
                return meaning
            case Found(symbol=FunctionSymbol()):
                raise scope.refuse(node, f"`{meaning.name}` is a method; register a function at module level")
            case Found(symbol=ValueSymbol(value=cst.Name() | cst.Attribute() as value)):
                return self._function(value, meaning.scope)
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

    # ---- options

    def _options(self, call: cst.Call | None, positional: list[cst.Arg], scope: Scope) -> dict[str, str]:
        options: dict[str, str] = {}
        for argument in call.args if call else ():
            if argument in positional:
                continue
            name = argument.keyword.value if argument.keyword else ""
            if argument.star or not name:
                raise scope.refuse(argument, f"`{code(argument)}` cannot be followed; write each option out")
            if name not in _OPTIONS:
                close = difflib.get_close_matches(name, _OPTIONS, n=1)
                hint = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(_OPTIONS)}"
                raise scope.refuse(argument, f"`{name}` is not an option of a registration; {hint}")
            if name in _TEXTS:
                value = self._literals.read(argument.value, scope)
                if value is not None and not (isinstance(value, str) and value.strip()):
                    raise scope.refuse(argument, f"`{name}` must be a text that is not empty")
                if value is not None:
                    options[name] = value
        return options


def _may_register(use: Use, method: str) -> bool:
    """Whether a use of something unknown must be told: other libraries have a `task`, none has `register_async`."""
    if method != TASK:
        return True
    return use.function is not None and use.function.asynchronous is not None
