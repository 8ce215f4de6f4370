"""What the options of registrations are in Python: values as anywhere in the source, and retry policies."""

import ast
from types import FunctionType
from typing import Any, Final

import libcst as cst

from boilermaker import retries
from boilermaker_codegen.problems import Refused, Unknown
from boilermaker_codegen.source.meanings import External, Found, Meaning, Scope, code
from boilermaker_codegen.source.resolve import Resolver
from boilermaker_codegen.source.symbols import ClassSymbol, FunctionSymbol, ValueSymbol
from boilermaker_codegen.types.literals import Literals

UNREAD: Final = object()
"""A value that only the worker knows."""

_PUBLIC = ("NoRetry", "RetryMode", "RetryPolicy")
_MAKERS = (retries.NoRetry, retries.RetryPolicy, retries.RetryPolicy.default, retries.RetryPolicy.no_retry)


def _function() -> None:
    """Stands for functions of the service, which are not imported."""


class OptionValues:
    """Reads what options are.

    Args:
        resolver: finds what names mean.
        literals: reads values.
    """

    def __init__(self, resolver: Resolver, literals: Literals) -> None:
        self._resolver = resolver
        self._literals = literals

    def read(self, node: cst.BaseExpression, scope: Scope, *, is_needed: bool) -> Any:
        """The value of an option.

        Args:
            node: what is written.
            scope: where.
            is_needed: the contract needs it: it must be known.

        Returns:
            The value; `UNREAD` where it is not needed and cannot be known without running the code.

        Raises:
            Refused: Python would refuse it, or it is needed and cannot be known.
        """
        try:
            return self._literals.read(node, scope)
        except Unknown as unknown:
            value = self._other(node, scope)
            if value is UNREAD and is_needed:
                raise unknown from None
            return value
        except Refused:
            if is_needed:
                raise
            return UNREAD

    def _other(self, node: cst.BaseExpression, scope: Scope) -> Any:
        """What defaults and constants cannot be: literals without JSON form, policies, functions and classes."""
        try:
            return ast.literal_eval(code(node))
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            pass
        try:
            return self._object(node, scope)
        except RecursionError:
            return UNREAD

    def _object(self, node: cst.BaseExpression, scope: Scope) -> Any:
        match node:
            case cst.Call(func=cst.Name() | cst.Attribute() as func):
                made = self._object(func, scope)
                return self._made(node, made, scope) if made in _MAKERS else UNREAD
            case cst.Name() | cst.Attribute():
                pass
            case _:
                return UNREAD
        match self._meaning(node, scope):
            case External(name=name):
                return _policy_named(name)
            case Found(symbol=FunctionSymbol()):
                return _function
            case Found(symbol=ClassSymbol()):
                return FunctionType
            case Found(symbol=ValueSymbol(value=value), scope=home) if value is not None:
                return self._object(value, home)
            case _:
                return UNREAD

    def _meaning(self, node: cst.BaseExpression, scope: Scope) -> Meaning | None:
        try:
            return self._resolver.resolve(node, scope)
        except Refused:  # of a function around it, perhaps
            return None

    def _made(self, node: cst.Call, maker: Any, scope: Scope) -> Any:
        """What a call that makes a policy gives."""
        given = [(argument, self._argument(argument.value, scope)) for argument in node.args]
        if any(argument.star or value is UNREAD for argument, value in given):
            return UNREAD
        try:
            return maker(
                *(value for argument, value in given if argument.keyword is None),
                **{
                    argument.keyword.value: value for argument, value in given if argument.keyword is not None
                },
            )
        except (TypeError, ValueError) as error:
            raise scope.refuse(node, "VALUE_INVALID", f"`{code(node)}`: {error}; correct it") from None

    def _argument(self, node: cst.BaseExpression, scope: Scope) -> Any:
        return self.read(node, scope, is_needed=False)


def _policy_named(name: str) -> Any:
    """What a name of the runtime's module of policies stands for."""
    first, *rest = name.removeprefix("boilermaker.").removeprefix("retries.").split(".")
    if not name.startswith("boilermaker.") or first not in _PUBLIC:
        return UNREAD
    found: Any = getattr(retries, first)
    for part in rest:
        found = getattr(found, part, UNREAD)
    return found
