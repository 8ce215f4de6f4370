"""The contents of `Literal[...]` and `Annotated[...]`: values and constraints instead of types."""

from collections.abc import Callable, Sequence
from typing import Any

import libcst as cst
import msgspec

from boilermaker.contract import Constrained, LiteralOf, Type
from boilermaker_codegen.source.meanings import External, Found, Scope, code
from boilermaker_codegen.source.resolve import Resolver
from boilermaker_codegen.source.symbols import ValueSymbol, dotted
from boilermaker_codegen.types.literals import Literals
from boilermaker_codegen.types.made import Made
from boilermaker_codegen.types.results import Results

Read = Callable[[cst.BaseExpression, Scope], Type]
LiteralValue = str | int | bool | None

_LIMITS = ("gt", "ge", "lt", "le", "multiple_of", "pattern", "min_length", "max_length", "tz")
_SAYINGS = ("title", "description", "examples", "extra_json_schema", "extra")
_CONSTANTS = ("None", "True", "False")
_META = "msgspec.Meta"
# Packages whose metadata is not for msgspec.
_OTHERS = frozenset({
    "annotated_doc", "annotated_types", "attr", "attrs", "boilermaker", "fastapi", "pydantic", "pydantic_core", "starlette",
    "sqlalchemy", "strawberry", "typer", "typing_extensions",
})  # fmt: skip


class Metadata:
    """Reads `Literal` and `Annotated`.

    Args:
        resolver: resolves names.
        literals: reads values.
        read: reads an annotation inside.
    """

    def __init__(self, resolver: Resolver, literals: Literals, read: Read) -> None:
        self._resolver = resolver
        self._literals = literals
        self._read = read
        self._results = Results(resolver, frozenset({_META}), _OTHERS)

    # ---- Literal

    def literal(self, parts: Sequence[cst.BaseExpression], scope: Scope) -> LiteralOf:
        """`Literal[...]`: values in source order, without repeats.

        Raises:
            Refused: a value that a literal type cannot have, or that msgspec does not support.
        """
        values = (value for part in parts for value in self._literal_values(part, scope))
        once = dict.fromkeys((type(value), value) for value in values)  # 1 and True are different values
        return LiteralOf(values=tuple(value for _, value in once))

    def _literal_values(self, part: cst.BaseExpression, scope: Scope) -> tuple[LiteralValue, ...]:
        if isinstance(part, cst.Attribute):
            raise scope.refuse(
                part,
                "LITERAL_INVALID",
                f"`Literal[{code(part)}]`: an enum member is not allowed in a Literal; write the value, or "
                "use the enum",
            )
        if isinstance(part, cst.Subscript) or (isinstance(part, cst.Name) and part.value not in _CONSTANTS):
            inner = self._read(part, scope)
            if isinstance(inner, LiteralOf):
                return inner.values
        else:
            value: Any = self._literals.read(part, scope)
            if value is None or isinstance(value, str | int):
                return (value,)
        raise scope.refuse(
            part, "LITERAL_INVALID", f"`{code(part)}` is not allowed in a Literal; use str, int, bool or None"
        )

    # ---- Annotated

    def annotated(self, parts: Sequence[cst.BaseExpression], scope: Scope) -> Type:
        """`Annotated[type, ...]`: constraints of `msgspec.Meta`; other metadata is ignored.

        Raises:
            Refused: constraints that are not supported, contradict each other or are set twice.
        """
        whole = inner = self._read(parts[0], scope)
        own: dict[str, Any] = {}
        if isinstance(inner, Constrained):
            own = {name: value for name in _LIMITS if (value := getattr(inner, name)) is not None}
            inner = inner.type
        limits = {**own}
        for part in parts[1:]:
            for name, value in self._meta(part, scope).items():
                if name in limits:
                    raise scope.refuse(part, "META_INVALID", f"`{name}` is set twice; keep one of them")
                limits[name] = value
        return whole if limits == own else Constrained(type=inner, **limits)

    def _meta(self, node: cst.BaseExpression, scope: Scope) -> dict[str, Any]:
        call, inside = self._meta_call(node, scope)
        if call is None:
            return {}
        limits: dict[str, Any] = {}
        for argument in call.args:
            name = argument.keyword.value if argument.keyword else ""
            if name in _SAYINGS:
                continue
            if name not in _LIMITS:
                raise scope.refuse(
                    node,
                    "META_INVALID",
                    f"`{code(argument)}` in `Meta(...)` is not supported; use {', '.join(_LIMITS)}",
                )
            limits[name] = self._literals.read(argument.value, inside)
            if isinstance(limits[name], Made):
                text = f"`{code(argument)}` in `Meta(...)` is a record; write a number, a string or a bool"
                raise scope.refuse(node, "META_INVALID", text)
        try:
            msgspec.Meta(**limits)
        except Exception as error:  # noqa: BLE001 - `re.error` for a pattern, TypeError and ValueError for the rest
            raise scope.refuse(node, "META_INVALID", f"`{code(call)}`: {error}; correct it") from None
        return {name: value for name, value in limits.items() if value is not None}

    def _meta_call(self, node: cst.BaseExpression, scope: Scope) -> tuple[cst.Call | None, Scope]:
        """The call of `msgspec.Meta` in a piece of metadata, direct or by name; None for other metadata.

        Raises:
            Refused: it may be one, and cannot be read.
        """
        if isinstance(node, cst.Name | cst.Attribute) and code(node) not in _CONSTANTS:
            found = self._resolver.resolve(node, scope)
            if (
                isinstance(found, Found)
                and isinstance(found.symbol, ValueSymbol)
                and found.symbol.value is not None
            ):
                return self._meta_call(found.symbol.value, found.scope)
        elif isinstance(node, cst.Call) and dotted(node.func):
            maker = self._resolver.resolve(node.func, scope)
            if isinstance(maker, External) and maker.name == _META:
                return node, scope
        if code(node) not in _CONSTANTS and self._results.may_be(node, scope):
            raise scope.refuse(
                node,
                "META_INVALID",
                f"what `{code(node)}` is cannot be known without running the code, and it may be a constraint; write "
                f"`msgspec.Meta(...)` in its place, or leave it out",
            )
        return None, scope
