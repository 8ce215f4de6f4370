"""Which expressions are workers: objects whose `task` and `register_async` are Boilermaker's."""

from dataclasses import dataclass, replace
from typing import Literal

import libcst as cst

from boilermaker_codegen.problems import Refused
from boilermaker_codegen.registrations.bodies import local_value, returned_by
from boilermaker_codegen.registrations.find import root_of
from boilermaker_codegen.source.identifiers import expression
from boilermaker_codegen.source.meanings import External, Found, Meaning, Package, Scope, code
from boilermaker_codegen.source.resolve import Resolver
from boilermaker_codegen.source.symbols import ClassSymbol, FunctionSymbol, ValueSymbol, dotted
from boilermaker_codegen.source.vocabulary import COLLECTIONS, WORKERS

Kind = Literal["worker", "foreign", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """The kind of object that an expression evaluates to.

    Attributes:
        kind: `foreign` is certainly not a worker; `unknown` may be one.
        reason: why it is unknown.
        is_collection: it is a `Tasks`, whose tasks belong to a worker only once a worker includes it.
        name: for a collection, `module.name`; empty if it has none.
    """

    kind: Kind
    reason: str = ""
    is_collection: bool = False
    name: str = ""


WORKER = Verdict("worker")
COLLECTION = Verdict("worker", is_collection=True)
FOREIGN = Verdict("foreign")


class Workers:
    """Distinguishes workers from other objects.

    Args:
        resolver: resolves names.
        factory: a function that returns a worker, as `module:function`.
    """

    def __init__(self, resolver: Resolver, factory: str | None = None) -> None:
        self._resolver = resolver
        self._aliases: dict[tuple[str, str], Verdict] = {}
        self._factory_module, _, self._factory_name = (factory or "").partition(":")

    def judge(
        self, node: cst.BaseExpression, scope: Scope, functions: tuple[cst.FunctionDef, ...] = ()
    ) -> Verdict:
        """The kind of an expression, as seen from inside the given functions."""
        node = root_of(node)
        if isinstance(node, cst.Call):
            return self._made(node, scope)
        if not isinstance(node, cst.Name | cst.Attribute):
            return Verdict(
                "unknown",
                f"what `{code(node)}` is cannot be known without running the code; give it a name at module level",
            )
        local = self._local(node, scope, functions)
        if local is not None:
            return local
        try:
            meaning = self._resolver.resolve(node, scope)
        except Refused as refused:
            return Verdict("unknown", "; ".join(problem.message for problem in refused.problems))
        return self._meaning(meaning, node)

    def aliased(self, node: cst.BaseExpression, scope: Scope) -> Verdict:
        """The kind of the worker if a name is bound to `worker.task`; `foreign` if it is not."""
        if not isinstance(node, cst.Name) or scope.classes:
            return self._aliased(node, scope)
        if not scope.module.binds(node.value) and not scope.module.stars:
            return FOREIGN  # no error is built here, which would take as long as parsing
        key = (scope.module.name, node.value)  # the same few names decorate function after function
        if key not in self._aliases:
            self._aliases[key] = self._aliased(node, scope)
        return self._aliases[key]

    def _aliased(self, node: cst.BaseExpression, scope: Scope) -> Verdict:
        try:
            meaning = self._resolver.resolve(node, scope)
        except Refused:
            return FOREIGN
        match meaning:
            case Found(symbol=ValueSymbol(value=cst.Attribute(attr=cst.Name(value="task")) as value)):
                return self.judge(value.value, meaning.scope)
            case Found(symbol=ValueSymbol(value=cst.Name() as value)) if value is not node:
                return self.aliased(value, meaning.scope)
            case _:
                return FOREIGN

    def is_factory(self, function: cst.FunctionDef, scope: Scope) -> bool:
        """Whether a function at module level is the configured factory."""
        return scope.module.name == self._factory_module and function.name.value == self._factory_name

    def _meaning(self, meaning: Meaning, node: cst.BaseExpression) -> Verdict:
        match meaning:
            case External(name=name) if (
                isinstance(node, cst.Name) and "." in name and not name.startswith("builtins.")
            ):
                return Verdict(
                    "unknown",
                    f"`{name}` is not under the source folders; if it is a worker, add its folder to "
                    "`source`",
                )
            case External() | Package():
                return FOREIGN
            case Found(symbol=ValueSymbol() as symbol):
                return self._value(symbol, meaning)
            case Found(symbol=ClassSymbol() | FunctionSymbol()):
                return FOREIGN
            case _:
                return FOREIGN

    def _value(self, symbol: ValueSymbol, found: Found) -> Verdict:
        if symbol.annotation is not None:
            annotated = self._annotation(symbol.annotation, found.scope)
            if annotated is not None:
                return _named(annotated, found)
        if symbol.value is None:
            return Verdict(
                "unknown", f"what `{found.name}` is bound to cannot be known without running the code"
            )
        return _named(self.judge(symbol.value, found.scope), found)

    def _made(self, call: cst.Call, scope: Scope) -> Verdict:
        made = call.func.value if isinstance(call.func, cst.Subscript) else call.func
        try:
            meaning = self._resolver.resolve(made, scope)
        except Refused as refused:
            return Verdict("unknown", "; ".join(problem.message for problem in refused.problems))
        if self._is_made_by_factory(meaning, made, scope):
            return WORKER
        match meaning:
            case External(name=name):
                if name in COLLECTIONS:
                    return replace(COLLECTION, name=_bound_name(call, scope))
                return WORKER if name in WORKERS else FOREIGN
            case Found(symbol=ClassSymbol(node=node)):
                if any(self._is_worker_class(argument.value, meaning.scope) for argument in node.bases):
                    return WORKER
                return FOREIGN
            case Found(symbol=FunctionSymbol(node=node)):
                return self._factory(node, meaning)
            case _:
                return Verdict(
                    "unknown",
                    f"what `{code(made)}` returns cannot be known without running it; annotate the name "
                    "with `Boilermaker[...]` if it is a worker",
                )

    def _is_made_by_factory(self, meaning: Meaning, node: cst.CSTNode, scope: Scope) -> bool:
        """Whether a name is the configured factory's name in the configuration."""
        name = f"{self._factory_module}.{self._factory_name}"
        if not self._factory_name or isinstance(meaning, Package):
            return False
        if isinstance(meaning, External) or "." in self._factory_name:
            return name == (meaning.name if isinstance(meaning, External) else meaning.id)
        try:
            factory = self._resolver.member(self._factory_module, self._factory_name, node, scope)
        except Refused:
            return False
        return isinstance(factory, Found) and factory.symbol is meaning.symbol

    def _factory(self, node: cst.FunctionDef, found: Found) -> Verdict:
        if node.returns is not None:
            annotated = self._annotation(node.returns.annotation, found.scope)
            if annotated is not None:
                return annotated
        returned = list(returned_by(node))
        if returned and all(self._is_foreign(value, node, found.scope) for value in returned):
            return FOREIGN
        return Verdict(
            "unknown",
            f"`{found.name}` has no return annotation; write `-> Boilermaker[...]` if it returns a worker",
        )

    def _is_foreign(self, node: cst.BaseExpression, function: cst.FunctionDef, scope: Scope) -> bool:
        """Whether a function that returns this certainly does not return a worker."""
        try:
            return self.judge(node, scope, (function,)).kind == "foreign"
        except RecursionError:  # functions that return each other's results
            return False

    def _annotation(self, node: cst.BaseExpression, scope: Scope) -> Verdict | None:
        """The kind that an annotation gives a name; None if it is not certain."""
        if isinstance(node, cst.SimpleString):
            try:
                node = expression(str(node.evaluated_value))
            except (cst.ParserSyntaxError, ValueError):
                return None
        if self._is_worker_class(node, scope):
            return WORKER
        if self._is_worker_class(node, scope, COLLECTIONS):
            return COLLECTION
        if "Boilermaker" in code(node):
            return Verdict(
                "unknown",
                f"`{code(node)}` may or may not be a worker; annotate it with `Boilermaker[...]` only",
            )
        return FOREIGN if not code(node).endswith(("Any", "Final", "object")) else None

    def _is_worker_class(
        self, node: cst.BaseExpression, scope: Scope, names: frozenset[str] = WORKERS
    ) -> bool:
        outer = node.value if isinstance(node, cst.Subscript) else node
        if not isinstance(outer, cst.Name | cst.Attribute):
            return False
        try:
            meaning = self._resolver.resolve(outer, scope)
        except Refused:
            return False
        if (
            isinstance(node, cst.Subscript)
            and isinstance(meaning, External)
            and meaning.name == "typing.Final"
        ):
            index = node.slice[0].slice
            return isinstance(index, cst.Index) and self._is_worker_class(index.value, scope, names)
        return isinstance(meaning, External) and meaning.name in names

    # ---- names that functions bind

    def _local(
        self, node: cst.BaseExpression, scope: Scope, functions: tuple[cst.FunctionDef, ...]
    ) -> Verdict | None:
        """The kind of a name that one of the enclosing functions binds; None if none does."""
        while isinstance(node, cst.Attribute):
            node = node.value
        if not isinstance(node, cst.Name):
            return None
        for function in reversed(functions):
            verdict = self._local_in(node.value, function, scope)
            if verdict is not None:
                return verdict
        return None

    def _local_in(self, name: str, function: cst.FunctionDef, scope: Scope) -> Verdict | None:
        given = function.params
        for parameter in (*given.posonly_params, *given.params, *given.kwonly_params):
            if parameter.name.value == name:
                annotated = (
                    self._annotation(parameter.annotation.annotation, scope) if parameter.annotation else None
                )
                return annotated or Verdict(
                    "unknown", f"what the parameter `{name}` is cannot be known; register at module level"
                )
        if self.is_factory(function, scope) and name in (dotted(value) for value in returned_by(function)):
            return WORKER
        is_bound, value = local_value(name, function)
        if value is not None:
            return self.judge(value, scope)
        return (
            Verdict("unknown", f"what `{name}` is cannot be known; register at module level")
            if is_bound
            else None
        )


def _named(verdict: Verdict, found: Found) -> Verdict:
    """Name a collection after the variable that it was assigned to on creation."""
    is_unnamed = verdict.is_collection and not verdict.name
    return replace(verdict, name=found.id) if is_unnamed else verdict


def _bound_name(call: cst.Call, scope: Scope) -> str:
    """The name at module level that a call's result, or a fluent chain that starts from it, is bound to."""
    for name, symbol in scope.module.symbols.items():
        value = symbol.value if isinstance(symbol, ValueSymbol) else None
        if value is not None and root_of(value) is call:
            return f"{scope.module.name}.{name}"
    return ""
