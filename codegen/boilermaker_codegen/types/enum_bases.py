"""The kind of an enum, by its bases and theirs. Bases in the service may have methods but no members."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import libcst as cst

from boilermaker_codegen.problems import Refused
from boilermaker_codegen.source.meanings import Found, Meaning, Scope
from boilermaker_codegen.source.symbols import ClassSymbol
from boilermaker_codegen.source.vocabulary import ENUM_BASES, PLAIN_BASES, EnumBase, plain
from boilermaker_codegen.types.classes import Classes

Mixin = Literal["str", "int"]

_MIXINS: dict[str, Mixin] = {"builtins.str": "str", "builtins.int": "int"}


@dataclass(frozen=True, eq=False)
class EnumKind:
    """The kind of an enum.

    Attributes:
        base: the class of `enum` that it derives from.
        mixin: the data type mixed in: `class C(str, Enum)`.
        inherited: the service's classes that it inherits from, each with the scope of its body.
    """

    base: EnumBase
    mixin: Mixin | None
    inherited: tuple[tuple[cst.ClassDef, Scope], ...]


def is_enum(found: Found, classes: Classes) -> bool:
    """Whether a class is an enum, directly or by inheritance.

    Raises:
        Refused: a base cannot be resolved.
    """
    return any(name in ENUM_BASES for name in _ancestors(found, classes))


def enum_kind(found: Found, node: cst.ClassDef, classes: Classes) -> EnumKind:
    """The kind of an enum.

    Args:
        found: the enum.
        node: its class.
        classes: determines the kind of its bases.

    Raises:
        Refused: it is not supported.
    """
    bases: list[EnumBase] = []
    mixins: list[Mixin] = []
    inherited: dict[cst.ClassDef, Scope] = {}
    for base in classes.bases(node, found.scope):
        name = _name(base)
        if name in ENUM_BASES:
            bases.append(ENUM_BASES[name])
        elif name in _MIXINS:
            mixins.append(_MIXINS[name])
        elif isinstance(base, Found) and isinstance(base.symbol, ClassSymbol):
            inherited[base.symbol.node] = base.scope.inside(base.symbol.node)
            if is_enum(base, classes):
                kind = enum_kind(base, base.symbol.node, classes)
                bases.append(kind.base)
                if kind.mixin is not None:
                    mixins.append(kind.mixin)
                inherited |= dict(kind.inherited)
            elif _is_plain(base, classes):
                inherited |= dict(_bodies(base, classes))
            else:
                raise _unread(node, found.scope)
        elif name not in PLAIN_BASES:
            raise _unread(node, found.scope)
    mixin = mixins[0] if mixins else None
    if len(set(bases)) > 1 or len(set(mixins)) > 1 or (mixin and bases[0] != "Enum"):
        raise _unread(node, found.scope)
    return EnumKind(bases[0], mixin, tuple(inherited.items()))


def _ancestors(found: Found, classes: Classes) -> Iterator[str]:
    if isinstance(found.symbol, ClassSymbol):
        for base in classes.bases(found.symbol.node, found.scope):
            yield _name(base)
            if isinstance(base, Found):
                yield from _ancestors(base, classes)


def _bodies(found: Found, classes: Classes) -> Iterator[tuple[cst.ClassDef, Scope]]:
    if isinstance(found.symbol, ClassSymbol):
        yield found.symbol.node, found.scope.inside(found.symbol.node)
        for base in classes.bases(found.symbol.node, found.scope):
            if isinstance(base, Found):
                yield from _bodies(base, classes)


def _is_plain(found: Found, classes: Classes) -> bool:
    """Whether a class of the service, with its bases, has only methods."""
    if not isinstance(found.symbol, ClassSymbol) or classes.kind(found, found.symbol.node).style is not None:
        return False
    return all(
        _is_plain(base, classes) if isinstance(base, Found) else _name(base) in PLAIN_BASES
        for base in classes.bases(found.symbol.node, found.scope)
    )


def _name(meaning: Meaning) -> str:
    return meaning.id if isinstance(meaning, Found) else plain(meaning.name)


def _unread(node: cst.ClassDef, scope: Scope) -> Refused:
    return scope.refuse(
        node.name,
        "ENUM_NOT_READ",
        f"the bases of the enum `{node.name.value}` are not supported; use one of "
        f"{', '.join(ENUM_BASES.values())}, `(str, Enum)`, or a subclass of these that has only methods",
    )
