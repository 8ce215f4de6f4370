"""The effect of the service's decorators on a handler: whether its signature is kept, and whether it is still async."""

from collections.abc import Iterator
from typing import Literal

import libcst as cst

from boilermaker_codegen.problems import Refused
from boilermaker_codegen.source.meanings import External, Found, Scope
from boilermaker_codegen.source.resolve import Resolver
from boilermaker_codegen.source.symbols import FunctionSymbol, dotted
from boilermaker_codegen.source.vocabulary import plain
from boilermaker_codegen.source.walking import descendants

Kind = Literal["async", "plain", "hidden"]
"""What calls of a function give: a coroutine, a result, or a coroutine though nothing says so."""

_TRANSPARENT = frozenset({"typing.deprecated", "warnings.deprecated", "typing.override", "typing.final"})
_MARK = "markcoroutinefunction"


class Wrappers:
    """Reads decorators.

    Args:
        resolver: resolves names.
    """

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    def keeps_signature(self, decorator: cst.Decorator, scope: Scope) -> bool:
        """Whether Python shows the wrapped signature: it uses `functools.wraps`, or wraps nothing.

        Raises:
            Refused: the decorator cannot be resolved.
        """
        named = decorator.decorator
        named = named.func if isinstance(named, cst.Call) else named
        meaning = self._resolver.resolve(named, scope)
        if isinstance(meaning, External):
            return plain(meaning.name) in _TRANSPARENT
        return any(True for _ in self._wrappers(decorator, scope))

    def wrapped(self, kind: Kind, decorator: cst.Decorator, scope: Scope) -> Kind:
        """What a decorator turns a function into; if it has wrappers of both kinds, the one that matches the function."""
        wrappers = {wrapper.asynchronous is not None for wrapper in self._wrappers(decorator, scope)}
        if wrappers == {True}:
            return "async"
        if wrappers == {False} and kind == "async" and not self._marks(decorator, scope):
            return "hidden"
        return kind

    def _wrappers(self, decorator: cst.Decorator, scope: Scope) -> Iterator[cst.FunctionDef]:
        """The functions in a decorator of the service that take the place of the wrapped one."""
        for node, home in self._body(decorator, scope):
            if isinstance(node, cst.FunctionDef) and any(self._is_wraps(d, home) for d in node.decorators):
                yield node

    def _marks(self, decorator: cst.Decorator, scope: Scope) -> bool:
        """Whether it marks its wrapper as async: `inspect.markcoroutinefunction`."""
        return any(
            dotted(named).rpartition(".")[2] == _MARK
            for node, _ in self._body(decorator, scope)
            for named in (
                node.func if isinstance(node, cst.Call) else None,
                node.decorator if isinstance(node, cst.Decorator) else None,
            )
        )

    def _body(self, decorator: cst.Decorator, scope: Scope) -> Iterator[tuple[cst.CSTNode, Scope]]:
        named = decorator.decorator
        named = named.func if isinstance(named, cst.Call) else named
        meaning = self._resolver.resolve(named, scope)
        if isinstance(meaning, Found) and isinstance(meaning.symbol, FunctionSymbol):
            for node in descendants(meaning.symbol.node.body):
                yield node, meaning.scope

    def _is_wraps(self, decorator: cst.Decorator, scope: Scope) -> bool:
        match decorator.decorator:
            case cst.Call(func=cst.Name() | cst.Attribute() as func):
                try:
                    return self._resolver.resolve(func, scope) == External("functools.wraps")
                except Refused:
                    return False
            case _:
                return False
