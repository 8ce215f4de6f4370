"""Enums re-created, so that errors are Python's own."""

import enum
import functools
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import libcst as cst

from boilermaker_codegen.problems import Refused
from boilermaker_codegen.source.meanings import External, Scope, code
from boilermaker_codegen.source.resolve import Resolver
from boilermaker_codegen.source.symbols import flat
from boilermaker_codegen.types.enum_bases import EnumKind

Decorator = Callable[[Any], Any]

_MIXINS: dict[str, type[Any]] = {"str": str, "int": int}
_DECORATORS: dict[str, Decorator] = {
    "enum.unique": enum.unique, "functools.total_ordering": functools.total_ordering, "typing.final": lambda made: made,
}  # fmt: skip
_ORDERING = frozenset({"__lt__", "__le__", "__gt__", "__ge__"})
_CHECKS = {f"enum.{check.name}": check for check in enum.EnumCheck}


def check_made(
    node: cst.ClassDef,
    kind: EnumKind,
    said: Sequence[tuple[str, Any]],
    scope: Scope,
    decorators: Sequence[Decorator],
) -> None:
    """Check that Python accepts an enum with these members.

    Args:
        node: the class.
        kind: its kind by its bases.
        said: members and names such as `_ignore_`, each with its value, in source order.
        scope: the scope of its body.
        decorators: its decorators, the first one first.

    Raises:
        Refused: Python rejects it; its error is quoted.
    """

    def body(space: Any) -> None:
        for name, value in said:
            space[name] = value
        for name in _methods(node, said):
            space[name] = _method

    parents = [
        type(parent.name.value, (), dict.fromkeys(_methods(parent, ()), _method))
        for parent, _ in kind.inherited
    ]
    bases = (*parents, *([_MIXINS[kind.mixin]] if kind.mixin else ()), getattr(enum, kind.base))
    try:
        made: Any = types.new_class(node.name.value, bases, exec_body=body)
        for decorator in reversed(decorators):
            made = decorator(made)
    except (TypeError, ValueError) as error:
        told = " ".join(str(error.__cause__ or error).split())
        raise scope.refuse(
            node.name, "CLASS_REFUSED", f"Python rejects the enum `{node.name.value}`: {told}"
        ) from None


def decorator_of(node: cst.BaseExpression, name: str, resolver: Resolver, scope: Scope) -> Decorator | None:
    """The effect of a decorator on an enum; None if it cannot be known.

    Args:
        node: the decorator.
        name: its full name.
        resolver: resolves names.
        scope: the scope of the class.
    """
    if not isinstance(node, cst.Call):
        return _DECORATORS.get(name)
    if name != "enum.verify":
        return None
    checks: list[enum.EnumCheck] = []
    for argument in node.args:
        try:
            meaning = resolver.resolve(argument.value, scope)
        except Refused:
            return None
        if not isinstance(meaning, External) or meaning.name not in _CHECKS:
            return None
        checks.append(_CHECKS[meaning.name])
    return enum.verify(*checks)


def undecorated(node: cst.ClassDef, decorator: cst.BaseExpression, scope: Scope) -> Refused:
    """The error of an unsupported decorator."""
    return scope.refuse(
        decorator,
        "ENUM_NOT_READ",
        f"what `@{code(decorator)}` makes of `{node.name.value}` cannot be known; leave it out",
    )


def is_no_member(name: str) -> bool:
    """Whether a name is not a member by its form: `_ignore_`, or `__private`."""
    return name.startswith("__") or (name.startswith("_") and name.endswith("_"))


def _methods(node: cst.ClassDef, said: Sequence[tuple[str, Any]]) -> Iterator[str]:
    """Methods whose names may not be member names, and those that `total_ordering` looks for; others are left out."""
    named = {name for name, _ in said} | _ORDERING
    for statement in flat(node.body.body):
        if isinstance(statement, cst.FunctionDef) and statement.name.value in named:
            yield statement.name.value


def _method(*_: Any, **__: Any) -> None:
    """A stand-in for each method."""
