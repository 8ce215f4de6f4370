"""Values that can be read from source: literals, constants, enum members, records of these, and arithmetic."""

import contextlib
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import libcst as cst

from boilermaker.contract import (
    BY_WORKER,
    AnyDefault,
    ByWorker,
    Default,
    RecordDefinition,
    Type,
    variables_in,
)
from boilermaker_codegen.problems import Refused, Unknown
from boilermaker_codegen.source.free import free_names
from boilermaker_codegen.source.meanings import External, Found, Scope, code
from boilermaker_codegen.source.resolve import Resolver
from boilermaker_codegen.source.symbols import ClassSymbol, ValueSymbol, dotted
from boilermaker_codegen.source.vocabulary import plain
from boilermaker_codegen.types import made, moments

_EMPTY: dict[str, Callable[..., Any]] = {
    "builtins.list": list, "builtins.dict": dict, "builtins.set": set, "builtins.frozenset": frozenset,
    "builtins.tuple": tuple, "builtins.str": str, "builtins.bytes": bytes, "builtins.int": int, "builtins.float": float,
    "builtins.bool": bool,
}  # fmt: skip
_ARITHMETIC: dict[type[cst.BaseBinaryOp], Callable[[Any, Any], Any]] = {
    cst.Add: lambda a, b: a + b,
    cst.Subtract: lambda a, b: a - b,
    cst.Multiply: lambda a, b: a * b,
    cst.Divide: lambda a, b: a / b,
    cst.FloorDivide: lambda a, b: a // b,
    cst.Power: lambda a, b: a**b,
}
_BITS: dict[type[cst.BaseBinaryOp], Callable[[Any, Any], Any]] = {
    cst.BitOr: lambda a, b: a | b,
    cst.BitAnd: lambda a, b: a & b,
    cst.BitXor: lambda a, b: a ^ b,
    cst.LeftShift: lambda a, b: a << b,
    cst.RightShift: lambda a, b: a >> b,
}
_MOST_SHIFTED = 64  # numbers with more bits cannot be sent
_MOST_RAISED = 2**64
_SIGNS: dict[type[cst.BaseUnaryOp], Callable[[Any], Any]] = {cst.Minus: operator.neg, cst.Plus: operator.pos}
_CONSTANTS: dict[str, Any] = {"None": None, "True": True, "False": False}


@dataclass(frozen=True, eq=False)
class Value:
    """A default: its node, its value in Python, and its JSON form."""

    node: cst.BaseExpression
    raw: Any
    json: Any


def contracted(default: "Value | ByWorker | None") -> AnyDefault | None:
    """A default as the contract represents it."""
    return Default(value=default.json) if isinstance(default, Value) else default


class Literals:
    """Reads values.

    Args:
        resolver: resolves names.
        member: called with an enum's member; gives its value.
        record: called with a class; gives its definition if it is a record whose creation runs no code.
        note: called with each field's type, its place and its value, which are checked after everything is
            read.
    """

    def __init__(
        self,
        resolver: Resolver,
        member: Callable[[Found, str, cst.CSTNode, Scope], Any],
        record: Callable[[Found], RecordDefinition | None],
        note: Callable[[Type, Scope, cst.CSTNode, Value | None], None],
    ) -> None:
        self._resolver = resolver
        self._member = member
        self._record = record
        self._note = note
        self._following: list[str] = []

    def read(self, node: cst.BaseExpression, scope: Scope) -> Any:
        """The value of an expression; members of enums give their values.

        Raises:
            Unknown: it cannot be known without running the code, or has no JSON representation.
            Refused: a name in it does not exist, or Python would reject it.
        """
        match node:
            case cst.Name(value=name) if name in _CONSTANTS:
                return _CONSTANTS[name]
            case cst.Integer() | cst.SimpleString():
                return node.evaluated_value
            case cst.Float():
                return self._finite(node.evaluated_value, node, scope)
            case cst.ConcatenatedString() if node.evaluated_value is not None:
                return node.evaluated_value
            case cst.UnaryOperation() | cst.BinaryOperation():
                return self._number(node, scope)
            case cst.List() | cst.Tuple() | cst.Set():
                return self._items(node, scope)
            case cst.Dict():
                return self._mapping(node, scope)
            case cst.Name() | cst.Attribute() if dotted(node):
                return self._named(node, scope)
            case cst.Call() if dotted(node.func):
                return self._call(node, scope)
            case _:
                raise self._unknown(node, scope)

    def value(self, node: cst.BaseExpression, scope: Scope) -> Value:
        """The value of an expression, and its JSON form as msgspec encodes it.

        Raises:
            Unknown: as `read`.
            Refused: as `read`.
        """
        value = self.read(node, scope)
        try:
            return Value(node, value, made.plain(value))
        except (TypeError, ValueError) as error:
            raise scope.unknown(
                node, "VALUE_INVALID", f"`{code(node)}` has no JSON representation ({error})"
            ) from None

    def default(self, node: cst.BaseExpression, scope: Scope) -> Value | ByWorker:
        """The value of a default; one that cannot be known here is decided by the worker.

        Raises:
            Refused: a name in it does not exist, or Python would reject it.
        """
        try:
            return self.value(node, scope)
        except Unknown:
            self.check_bound(node, scope)
            return BY_WORKER

    def check_bound(self, node: cst.BaseExpression, scope: Scope) -> None:
        """Check that all names in an expression exist.

        Raises:
            Refused: one is not.
        """
        for name in free_names(node):
            with contextlib.suppress(Unknown):
                self._resolver.resolve(name, scope)

    def _unknown(self, node: cst.CSTNode, scope: Scope) -> Unknown:
        return scope.unknown(
            node,
            "VALUE_UNREADABLE",
            f"the value of `{code(node)}` cannot be known without running the code; write a literal, a constant or an "
            f"enum's member",
        )

    def _number(self, node: cst.UnaryOperation | cst.BinaryOperation, scope: Scope) -> Any:
        if isinstance(node, cst.UnaryOperation):
            value, sign = self.read(node.expression, scope), _SIGNS.get(type(node.operator))
            if sign is None or isinstance(value, made.Made):
                raise self._unknown(node, scope)
            return self._computed(node, scope, sign, value)
        left, right = self.read(node.left, scope), self.read(node.right, scope)
        operation = _ARITHMETIC.get(type(node.operator))
        shifts = isinstance(node.operator, cst.LeftShift | cst.RightShift)
        if type(left) is int and type(right) is int and (not shifts or 0 <= right <= _MOST_SHIFTED):
            operation = operation or _BITS.get(type(node.operator))
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if isinstance(node.operator, cst.Power) and not (numbers and _is_small_power(left, right)):
            operation = None
        if operation is None or not (numbers or (isinstance(left, str) and isinstance(right, str))):
            raise self._unknown(node, scope)
        return self._computed(node, scope, operation, left, right)

    def _computed(
        self, node: cst.BaseExpression, scope: Scope, operation: Callable[..., Any], *values: Any
    ) -> Any:
        try:
            return self._finite(operation(*values), node, scope)
        except (ArithmeticError, TypeError) as error:
            raise scope.refuse(node, "VALUE_INVALID", f"`{code(node)}`: {error}; correct it") from None

    def _finite(self, value: Any, node: cst.BaseExpression, scope: Scope) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            raise scope.unknown(
                node,
                "VALUE_INVALID",
                f"`{code(node)}`: NaN and infinities have no JSON representation; use None",
            )
        return value

    def _items(self, node: cst.List | cst.Tuple | cst.Set, scope: Scope) -> Any:
        values: list[Any] = []
        for element in node.elements:
            if not isinstance(element, cst.Element):
                raise self._unknown(node, scope)
            values.append(self.read(element.value, scope))
        if isinstance(node, cst.List):
            return values
        try:
            return tuple(values) if isinstance(node, cst.Tuple) else set(values)
        except TypeError as error:
            raise scope.refuse(node, "VALUE_INVALID", f"`{code(node)}`: {error}; correct it") from None

    def _mapping(self, node: cst.Dict, scope: Scope) -> Any:
        pairs: list[tuple[Any, Any]] = []
        for element in node.elements:
            if not isinstance(element, cst.DictElement):
                raise self._unknown(node, scope)
            pairs.append((self.read(element.key, scope), self.read(element.value, scope)))
        try:
            return dict(pairs)
        except TypeError as error:
            raise scope.refuse(node, "VALUE_INVALID", f"`{code(node)}`: {error}; correct it") from None

    def _call(self, node: cst.Call, scope: Scope) -> Any:
        maker = self._resolver.resolve(node.func, scope)
        if isinstance(maker, External) and maker.name in _EMPTY and not node.args:
            return _EMPTY[maker.name]()
        if isinstance(maker, External) and plain(maker.name) in moments.MAKERS:
            return self._made(node, moments.MAKERS[plain(maker.name)], scope)
        inner = node.args[0].value if len(node.args) == 1 and not node.args[0].star else None
        if inner is not None and maker == External("builtins.frozenset"):
            value = self.read(inner, scope)
            if isinstance(value, list | tuple | set):
                return frozenset(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        if inner is not None and isinstance(maker, Found) and self._is_newtype(maker):
            return self.read(inner, scope)
        if isinstance(maker, Found) and isinstance(maker.symbol, ClassSymbol):
            definition = self._record(maker)
            if definition is not None and not any(argument.star for argument in node.args):
                return self._made_record(node, maker.id, definition, scope)
        raise self._unknown(node, scope)

    def _made_record(self, node: cst.Call, id_: str, definition: RecordDefinition, scope: Scope) -> Any:
        args = [argument.value for argument in node.args if argument.keyword is None]
        keywords = [(a.keyword.value, a.value) for a in node.args if a.keyword is not None]
        try:
            bound = made.bound(definition, args, keywords)
        except made.UnboundError as error:
            raise scope.refuse(node, "VALUE_INVALID", f"`{code(node)}`: {error}") from None
        given = {name: self.value(argument, scope) for name, argument in bound.items()}
        wire = made.wire_form(definition, {name: value.raw for name, value in given.items()})
        if wire is None:
            raise self._unknown(node, scope)
        types = {field.name: field.type for field in definition.fields}
        for name, value in given.items():
            if not variables_in(
                types[name]
            ):  # others are checked against the types bound to the variables, where it is a default
                self._note(types[name], scope, value.node, value)
        if definition.style == "typeddict":
            return wire
        return made.Made(id_, wire, {name: (value.raw, value.json) for name, value in given.items()})

    def _made(self, node: cst.Call, maker: Callable[..., Any], scope: Scope) -> Any:
        if any(argument.star for argument in node.args):
            raise self._unknown(node, scope)
        values = [(argument.keyword, self._argument(argument.value, scope)) for argument in node.args]
        try:
            return maker(
                *(value for keyword, value in values if keyword is None),
                **{keyword.value: value for keyword, value in values if keyword is not None},
            )
        except (TypeError, ValueError, ArithmeticError) as error:
            raise scope.refuse(node, "VALUE_INVALID", f"`{code(node)}`: {error}; correct it") from None

    def _argument(self, node: cst.BaseExpression, scope: Scope) -> Any:
        if isinstance(node, cst.Name | cst.Attribute):
            found = self._resolver.resolve(node, scope)
            if isinstance(found, External) and found.name in moments.CONSTANTS:
                return moments.CONSTANTS[found.name]
        return self.read(node, scope)

    def _is_newtype(self, found: Found) -> bool:
        match found.symbol:
            case ValueSymbol(value=cst.Call(func=cst.Name() | cst.Attribute() as func)):
                maker = self._resolver.resolve(func, found.scope)
                return isinstance(maker, External) and plain(maker.name) == "typing.NewType"
            case _:
                return False

    def _named(self, node: cst.Name | cst.Attribute, scope: Scope) -> Any:
        if isinstance(node, cst.Attribute):
            if node.attr.value == "value" and isinstance(node.value, cst.Attribute):
                member = self._enum_member(node.value, scope)
                if member is not None:
                    return member[0]
            member = self._enum_member(node, scope)
            if member is not None:
                return member[0]
        found = self._resolver.resolve(node, scope)
        value = (
            found.symbol.value if isinstance(found, Found) and isinstance(found.symbol, ValueSymbol) else None
        )
        if not isinstance(found, Found) or value is None or found.id in self._following:
            raise self._unknown(node, scope)
        self._following.append(found.id)
        try:
            return self.read(value, found.scope)
        except Refused:
            raise self._unknown(node, scope) from None
        finally:
            self._following.pop()

    def _enum_member(self, node: cst.Attribute, scope: Scope) -> tuple[Any] | None:
        """The value of `Plan.FREE`, in a tuple because it may be None; None if the owner is not a class."""
        owner = (
            self._resolver.resolve(node.value, scope)
            if isinstance(node.value, cst.Name | cst.Attribute)
            else None
        )
        if isinstance(owner, Found) and isinstance(owner.symbol, ClassSymbol):
            value = self._member(owner, node.attr.value, node, scope)
            return None if value is None else (value,)
        return None


def _is_small_power(base: float, exponent: float) -> bool:
    """Whether a power is cheap to compute: not a root of a negative number, not a number of a million digits."""
    return (
        abs(base) <= _MOST_RAISED and abs(exponent) <= _MOST_SHIFTED and (base >= 0 or type(exponent) is int)
    )
