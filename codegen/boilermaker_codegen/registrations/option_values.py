"""The Python values of registration options: ordinary values of the source, and retry policies."""

import ast
import builtins
from collections.abc import Iterator
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

_MIXED = frozenset({"enum.StrEnum", "enum.IntEnum", "enum.IntFlag"})
_PUBLIC = ("NoRetry", "RetryMode", "RetryPolicy")
_MAKERS = (retries.NoRetry, retries.RetryPolicy, retries.RetryPolicy.default, retries.RetryPolicy.no_retry)
_DISPLAYS: dict[type[cst.CSTNode], object] = {cst.List: [], cst.Dict: {}, cst.Set: set()}
"""Collections of what cannot be read: options that are not needed take none, whatever is in them."""


def _function() -> None:
    """A stand-in for functions of the service, which are not imported."""


class OptionValues:
    """Reads the values of options.

    Args:
        resolver: resolves names.
        literals: reads values.
    """

    def __init__(self, resolver: Resolver, literals: Literals) -> None:
        self._resolver = resolver
        self._literals = literals

    def read(self, node: cst.BaseExpression, scope: Scope, *, is_needed: bool) -> Any:
        """The value of an option.

        Args:
            node: its expression.
            scope: the scope of that.
            is_needed: the contract needs the value, so it must be known.

        Returns:
            The value; `UNREAD` if it is not needed and cannot be known without running the code.

        Raises:
            Refused: Python would reject it, or it is needed and cannot be known.
        """
        try:
            value = self._literals.read(node, scope)
            return self._with_members(value, node, scope)
        except Unknown as unknown:
            value = self._other(node, scope)
            if value is UNREAD and is_needed:
                raise unknown from None
            return _DISPLAYS.get(type(node), value) if value is UNREAD else value
        except Refused:
            if is_needed:
                raise
            return UNREAD

    def _with_members(self, value: Any, node: cst.BaseExpression, scope: Scope) -> Any:
        """A value with enum members as members: a default holds their values instead, but the worker sees members."""
        match node:
            case cst.List(elements=elements) | cst.Tuple(elements=elements):
                pairs = zip(value, elements, strict=True)
                items = [self._with_members(item, element.value, scope) for item, element in pairs]
                return items if isinstance(node, cst.List) else tuple(items)
            case cst.Dict(elements=elements) if len(elements) == len(value):
                rows = zip(value.items(), elements, strict=True)
                return {key: self._with_members(item, each.value, scope) for (key, item), each in rows}
            case cst.Name() | cst.Attribute():
                return self._with_named(value, node, scope)
            case _:
                return value

    def _with_named(self, value: Any, node: cst.Name | cst.Attribute, scope: Scope) -> Any:
        if isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name | cst.Attribute):
            owner = self._meaning(node.value, scope)
            if isinstance(owner, Found) and isinstance(owner.symbol, ClassSymbol):
                return self._member_of(owner, owner.symbol.node.name.value, value)
        found = self._meaning(node, scope)
        if (
            isinstance(found, Found)
            and isinstance(found.symbol, ValueSymbol)
            and found.symbol.value is not None
        ):
            return self._with_members(value, found.symbol.value, found.scope)
        return value

    def _member_of(self, owner: Found, name: str, value: Any) -> Any:
        """An attribute of a class: as a member, with the name of its class, if the class is an enum."""
        bases = frozenset(self._bases(owner))
        if bases & _MIXED or (
            bases & {"enum.Enum", "enum.Flag"} and bases & {"builtins.str", "builtins.int"}
        ):
            kind: Any = type(name, (str if isinstance(value, str) else int,), {})
            return kind(value)
        return type(name, (), {})() if bases & {"enum.Enum", "enum.Flag"} else value

    def _bases(self, owner: Found) -> Iterator[str]:
        """Names of the classes outside of the service that a class inherits from."""
        for base in owner.symbol.node.bases if isinstance(owner.symbol, ClassSymbol) else ():
            match self._meaning(base.value, owner.scope):
                case External(name=name):
                    yield name
                case Found() as found:
                    yield from self._bases(found)
                case _:
                    pass

    def _other(self, node: cst.BaseExpression, scope: Scope) -> Any:
        """Values that options allow and defaults do not: literals without a JSON representation, policies, functions and classes."""
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
                if isinstance(made, type) and issubclass(made, BaseException):
                    return made.__new__(made)  # an exception with any message
                return self._made(node, made, scope) if made in _MAKERS else UNREAD
            case cst.Tuple(elements=elements):
                items = tuple(self._argument(element.value, scope) for element in elements)
                return UNREAD if UNREAD in items else items
            case cst.Name() | cst.Attribute():
                pass
            case _:
                return UNREAD
        match self._meaning(node, scope):
            case External(name=name):
                return _named(name)
            case Found(symbol=FunctionSymbol()):
                return _function
            case Found(symbol=ClassSymbol()) as found:
                return self._class(found)
            case Found(symbol=ValueSymbol(value=value), scope=home) if value is not None:
                return self._object(value, home)
            case _:
                return UNREAD

    def _class(self, found: Found) -> Any:
        """A stand-in for a class of the service, as far as options need it: an exception or not."""
        nodes = found.symbol.node.bases if isinstance(found.symbol, ClassSymbol) else ()
        bases = [self._object(base.value, found.scope) for base in nodes]
        exceptions = tuple(
            base for base in bases if isinstance(base, type) and issubclass(base, BaseException)
        )
        if UNREAD in bases and not exceptions:
            return UNREAD
        return type(found.name.rpartition(".")[2], exceptions[:1], {})

    def _meaning(self, node: cst.BaseExpression, scope: Scope) -> Meaning | None:
        try:
            return self._resolver.resolve(node, scope)
        except Refused:  # of a function around it, perhaps
            return None

    def _made(self, node: cst.Call, maker: Any, scope: Scope) -> Any:
        """The policy that a call creates."""
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


def _named(name: str) -> Any:
    """A builtin class, or an object of the runtime's module of policies."""
    module, _, builtin = name.rpartition(".")
    if module == "builtins" and isinstance(getattr(builtins, builtin, None), type):
        return getattr(builtins, builtin)
    first, *rest = name.removeprefix("boilermaker.").removeprefix("retries.").split(".")
    if not name.startswith("boilermaker.") or first not in _PUBLIC:
        return UNREAD
    found: Any = getattr(retries, first)
    for part in rest:
        found = getattr(found, part, UNREAD)
    return found
