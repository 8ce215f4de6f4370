"""Whether an expression may evaluate to the result of one of some functions, as far as the source shows."""

import sys

import libcst as cst

from boilermaker_codegen.problems import Refused, Unknown
from boilermaker_codegen.source.meanings import External, Found, Meaning, Scope
from boilermaker_codegen.source.resolve import Resolver
from boilermaker_codegen.source.symbols import ClassSymbol, FunctionSymbol, ValueSymbol, dotted
from boilermaker_codegen.source.vocabulary import plain

_LITERALS = (cst.BaseNumber, cst.BaseString, cst.BaseList, cst.Tuple, cst.BaseSet, cst.BaseDict)
_STANDARD = sys.stdlib_module_names | {"builtins"}


class Results:
    """Finds expressions that certainly are not results of some functions.

    Args:
        resolver: resolves names.
        makers: full names of these functions.
        others: packages other than the standard library whose functions return nothing of that kind.
    """

    def __init__(self, resolver: Resolver, makers: frozenset[str], others: frozenset[str]) -> None:
        self._resolver = resolver
        self._makers = makers
        self._others = others
        self._open: set[cst.CSTNode] = set()  # functions in progress: they may call themselves

    def may_be(self, node: cst.BaseExpression, scope: Scope) -> bool:
        """Whether an expression may evaluate to a result of one of the functions.

        Raises:
            Refused: a name in it does not exist.
        """
        if node in self._open:
            return False
        self._open.add(node)
        try:
            return self._may_be(node, scope)
        finally:
            self._open.remove(node)

    def _may_be(self, node: cst.BaseExpression, scope: Scope) -> bool:
        match node:
            case cst.Call(func=func):
                return self._call(func, [argument.value for argument in node.args], scope)
            case cst.IfExp(body=one, orelse=other) | cst.BooleanOperation(left=one, right=other):
                return self.may_be(one, scope) or self.may_be(other, scope)
            case cst.NamedExpr(value=inner):
                return self.may_be(inner, scope)
            case cst.Subscript(value=inner):
                return self._may_hold(inner, scope)
            case cst.Name() | cst.Attribute() if dotted(node):
                return self._named(node, scope)
            case _:
                return False

    def _named(self, node: cst.BaseExpression, scope: Scope) -> bool:
        try:
            meaning = self._resolver.resolve(node, scope)
        except Unknown:
            return False  # what an object has: a value
        match meaning:
            case Found(symbol=ValueSymbol(value=cst.BaseExpression() as value), scope=scope):
                return self.may_be(value, scope)
            case Found(symbol=ValueSymbol()):
                return True
            case External(name=name):
                return not self._is_known(name)
            case _:
                return False

    def _may_hold(self, node: cst.BaseExpression, scope: Scope) -> bool:
        """Whether what is in a container may be one."""
        match node:
            case cst.Name() | cst.Attribute() if dotted(node):
                match self._resolver.resolve(node, scope):
                    case Found(symbol=ValueSymbol(value=cst.BaseExpression() as value), scope=home):
                        return self._may_hold(value, home)
                    case External(name=name):
                        return not self._is_known(name)
                    case _:
                        return True
            case cst.List(elements=elements) | cst.Tuple(elements=elements) | cst.Dict(elements=elements):
                return any(self.may_be(element.value, scope) for element in elements)
            case _:
                return self.may_be(node, scope)

    def _call(self, func: cst.BaseExpression, args: list[cst.BaseExpression], scope: Scope) -> bool:
        match func:
            case cst.Lambda(body=body):
                return any(self._known_or_true(part, scope) for part in (body, *args))
            case cst.Attribute(value=owner) if not dotted(func):
                return not self._is_plain(owner, scope)
            case cst.Name() | cst.Attribute():
                return self._called(self._resolver.resolve(func, scope), args, scope)
            case _:
                return True

    def _known_or_true(self, node: cst.BaseExpression, scope: Scope) -> bool:
        """The same for an expression that may contain local names."""
        if isinstance(node, cst.Name):
            return False  # a parameter: its argument is checked itself
        try:
            return self.may_be(node, scope)
        except Refused:
            return True

    def _is_plain(self, node: cst.BaseExpression, scope: Scope) -> bool:
        """Whether the methods of an expression's value are those of the standard library."""
        match node:
            case cst.Attribute(value=inner) if not dotted(node):
                return self._is_plain(inner, scope)
            case cst.Call(func=cst.Attribute(value=inner)) if not dotted(node.func):
                return self._is_plain(inner, scope)
            case cst.BinaryOperation(left=left, right=right):
                return self._is_plain(left, scope) or self._is_plain(right, scope)
            case cst.Call(func=func) if dotted(func):
                meaning = self._resolver.resolve(func, scope)
                return isinstance(meaning, External) and self._is_known(meaning.name)
            case _:
                return isinstance(node, _LITERALS)

    def _called(self, meaning: Meaning, args: list[cst.BaseExpression], scope: Scope) -> bool:
        match meaning:
            case External(name=name):
                return not self._is_known(name)
            case Found(symbol=FunctionSymbol(node=node), scope=home):
                return self._function(node, home)
            case Found(symbol=ValueSymbol(value=cst.Lambda(body=body)), scope=home):
                return any(self._known_or_true(part, home) for part in (body, *args))
            case Found(symbol=ValueSymbol(value=cst.Call(func=func)), scope=home) if dotted(func):
                maker = self._resolver.resolve(func, home)  # a NewType returns its argument
                is_newtype = isinstance(maker, External) and plain(maker.name) == "typing.NewType"
                return not is_newtype or any(self.may_be(part, scope) for part in args)
            case Found(symbol=ClassSymbol()):
                return False
            case _:
                return True

    def _function(self, node: cst.FunctionDef, home: Scope) -> bool:
        """Whether a function of the service may return one.

        The source of longer bodies is not kept (see `trimming`).
        """
        returned = _returned(node)
        if returned is None or node.decorators:
            return True
        try:
            return self.may_be(returned, home)
        except Refused:  # its own parameter
            return True

    def _is_known(self, name: str) -> bool:
        """Whether an object outside of the service is none of the functions, and returns none of their results."""
        root = name.partition(".")[0]
        return name not in self._makers and (root in _STANDARD or root in self._others)


def _returned(node: cst.FunctionDef) -> cst.BaseExpression | None:
    """The result of a function whose body is a single `return`, apart from a docstring; None for others."""
    *_, last = node.body.body
    match last:
        case cst.SimpleStatementLine(body=[cst.Return(value=value)]) | cst.Return(value=value):
            return value
        case _:
            return None
