"""Handlers: a function's signature as the contract describes it. The rules are those of `boilermaker.introspection.signature`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import libcst as cst

from boilermaker.contract import BY_WORKER, ByWorker, Parameter, Type
from boilermaker_codegen.problems import Problem, Refused
from boilermaker_codegen.registrations.wrappers import Kind, Wrappers
from boilermaker_codegen.source.docs import doc_of
from boilermaker_codegen.source.identifiers import is_mangled
from boilermaker_codegen.source.meanings import External, Found, Scope, code
from boilermaker_codegen.source.resolve import Resolver
from boilermaker_codegen.source.symbols import ValueSymbol
from boilermaker_codegen.source.vocabulary import plain
from boilermaker_codegen.source.walking import descendants
from boilermaker_codegen.types.annotations import ANY, NONE, takes_none
from boilermaker_codegen.types.definitions import Definitions
from boilermaker_codegen.types.literals import Value, contracted

_ENVIRONMENT = (External("os.environ.get"), External("os.getenv"))


@dataclass(frozen=True, kw_only=True)
class Handler:
    """A handler's parameters and result, without the state."""

    name: str
    parameters: tuple[Parameter, ...]
    result: Type
    doc: str | None


class Handlers:
    """Reads handlers.

    Args:
        resolver: resolves names.
        definitions: reads types and values, and collects the types.
        allow_untyped: accept parameters without annotation, as `Any`.
    """

    def __init__(self, resolver: Resolver, definitions: Definitions, *, allow_untyped: bool) -> None:
        self._resolver = resolver
        self._wrappers = Wrappers(resolver)
        self._definitions = definitions
        self._allow_untyped = allow_untyped

    def read(
        self,
        node: cst.FunctionDef,
        scope: Scope,
        own_decorators: Sequence[cst.Decorator] = (),
        *,
        is_async_only: bool = False,
    ) -> Handler:
        """The signature of a handler.

        Args:
            node: the function.
            scope: the scope that it is defined in.
            own_decorators: those of its decorators that register it.
            is_async_only: its registration method takes async functions only.

        Raises:
            Refused: it cannot be a task; the error names every reason.
        """
        if own_decorators or not scope.module.defers_annotations:
            scope = replace(scope, moment=node.name)  # registration reads its annotations at the latest
        problems: list[Problem] = []
        parameters: list[Parameter] = []
        result: Type = ANY
        try:
            self._check_kind(node, scope, own_decorators, is_async_only=is_async_only)
        except Refused as refused:
            problems.extend(refused.problems)
        for parameter, is_keyword_only in self._parameters(node, scope, problems):
            try:
                parameters.append(self._parameter(parameter, node, scope, is_keyword_only=is_keyword_only))
            except Refused as refused:
                problems.extend(refused.problems)
        try:
            result = self._result(node, scope)
        except Refused as refused:
            problems.extend(refused.problems)
        if problems:
            raise Refused(*problems)
        return Handler(name=node.name.value, parameters=tuple(parameters), result=result, doc=doc_of(node))

    # ---- kind of function

    def _check_kind(
        self, node: cst.FunctionDef, scope: Scope, own: Sequence[cst.Decorator], *, is_async_only: bool
    ) -> None:
        name = node.name.value
        if _yields(node):
            raise scope.refuse(
                node.name,
                "HANDLER_GENERATOR",
                f"`{name}` is a generator; return a value instead of yielding",
            )
        if node.type_parameters is not None:
            raise scope.refuse(node.name, "HANDLER_GENERIC", f"`{name}` is generic; write concrete types")
        for decorator in node.decorators:
            if decorator not in own and not self._wrappers.keeps_signature(decorator, scope):
                raise scope.refuse(
                    decorator,
                    "HANDLER_DECORATED",
                    f"how `@{code(decorator.decorator)}` changes the signature of `{name}` is unknown; use "
                    f"`functools.wraps` in it, or call it inside the function",
                )
        self._check_async(node, scope, own, is_async_only=is_async_only)

    def _check_async(
        self, node: cst.FunctionDef, scope: Scope, own: Sequence[cst.Decorator], *, is_async_only: bool
    ) -> None:
        name = node.name.value
        kind: Kind = "plain" if node.asynchronous is None else "async"
        registered = max((node.decorators.index(d) + 1 for d in own), default=0)
        for decorator in reversed(node.decorators[registered:]):
            kind = self._wrappers.wrapped(kind, decorator, scope)
        if kind == "hidden":
            raise scope.refuse(
                node.name,
                "HANDLER_NOT_ASYNC",
                f"`{name}` is wrapped by a function that is not async; make the decorator's wrapper an "
                "`async def`",
            )
        if is_async_only and kind == "plain":
            raise scope.refuse(
                node.name,
                "HANDLER_NOT_ASYNC",
                f"`{name}` is not async; write `async def`, or use `register` to run it in a thread",
            )

    # ---- parameters

    def _parameters(
        self, node: cst.FunctionDef, scope: Scope, problems: list[Problem]
    ) -> list[tuple[cst.Param, bool]]:
        """All parameters but the state, each with whether it is keyword-only; none if there is no state."""
        given = node.params
        positional = [*given.posonly_params, *given.params]
        variadic = [
            (f"{stars}{item.name.value}", item)
            for stars, item in (("*", given.star_arg), ("**", given.star_kwarg))
            if isinstance(item, cst.Param)
        ]
        if not positional and not isinstance(given.star_arg, cst.Param):
            refused = scope.refuse(
                node.name,
                "HANDLER_WITHOUT_STATE",
                f"`{node.name.value}` takes no state; add a first parameter for the worker's state",
            )
            problems.extend(refused.problems)
            return []
        for written, item in variadic:
            refused = scope.refuse(
                item,
                "PARAMETER_VARIADIC",
                f"`{node.name.value}` has `{written}`; name each parameter: its payload has a field for each",
            )
            problems.extend(refused.problems)
        named: set[str] = set()
        for item in (*positional, *given.kwonly_params):
            if item.name.value in named:
                text = (
                    f"`{node.name.value}` has two parameters `{item.name.value}`, which is a syntax error; "
                    "rename one of them"
                )
                problems.extend(scope.refuse(item, "PARAMETER_NAME", text).problems)
            named.add(item.name.value)
        return [*((p, False) for p in positional[1:]), *((p, True) for p in given.kwonly_params)]

    def _parameter(
        self, node: cst.Param, function: cst.FunctionDef, scope: Scope, *, is_keyword_only: bool
    ) -> Parameter:
        name = node.name.value
        if name.startswith("__"):
            changed = "Python mangles in classes" if is_mangled(name) else "Python reserves"
            raise scope.refuse(
                node,
                "PARAMETER_NAME",
                f"`{name}` starts with two underscores, which {changed}; rename it: its payload is a class",
            )
        type_: Type = ANY
        where: cst.CSTNode = node
        if node.annotation is not None:
            where = node.annotation.annotation
            type_ = self._definitions.annotations.read(node.annotation.annotation, scope)
        elif not self._allow_untyped:
            raise scope.refuse(
                node,
                "PARAMETER_UNANNOTATED",
                f"parameter `{name}` of `{function.name.value}` has no annotation; annotate it (`Any` if it may be "
                f"anything), or set `allow_untyped = true`",
            )
        default: Value | ByWorker | None = None
        if node.default is not None:
            default = self._definitions.literals.default(node.default, scope)
            if isinstance(node.default, cst.Name) and node.default.value == "None" and not takes_none(type_):
                type_ = self._definitions.annotations.aliases.union((type_, NONE))
            if default == BY_WORKER and not takes_none(type_) and self._may_be_unset(node.default, scope):
                raise scope.refuse(
                    node.default,
                    "DEFAULT_UNFIT",
                    f"the default `{code(node.default)}` does not fit: it is None if the variable is not "
                    f"set; declare `{code(where)} | None`, or pass the lookup a default",
                )
        self._definitions.note(type_, scope, where, default)
        return Parameter(name=name, type=type_, default=contracted(default), keyword_only=is_keyword_only)

    def _may_be_unset(self, node: cst.BaseExpression, scope: Scope) -> bool:
        """Whether a default is certainly read from the environment, and None if the variable is not set."""
        try:
            match node:
                case cst.Call(func=cst.Name() | cst.Attribute() as func, args=[cst.Arg(star="")]):
                    return self._resolver.resolve(func, scope) in _ENVIRONMENT
                case cst.Name() | cst.Attribute():
                    found = self._resolver.resolve(node, scope)
                case _:
                    return False
        except Refused:
            return False
        match found:
            case Found(symbol=ValueSymbol(value=value)) if value is not None:
                return self._may_be_unset(value, found.scope)
            case _:
                return False

    def _result(self, node: cst.FunctionDef, scope: Scope) -> Type:
        if node.returns is None:
            return ANY
        annotation = node.returns.annotation
        if isinstance(annotation, cst.Name | cst.Attribute) and not (
            isinstance(annotation, cst.Name) and annotation.value == "None"
        ):
            meaning = self._resolver.resolve(annotation, scope)
            if isinstance(meaning, External) and plain(meaning.name) in ("typing.Never", "typing.NoReturn"):
                return ANY
        type_ = self._definitions.annotations.read(annotation, scope)
        self._definitions.note(type_, scope, annotation, None)
        return type_


def _yields(node: cst.FunctionDef) -> bool:
    def enter(inner: cst.CSTNode) -> bool:
        return not isinstance(inner, cst.FunctionDef | cst.Lambda)

    return any(isinstance(inner, cst.Yield) for inner in descendants(node.body, enter=enter))
