"""The possible meanings of names, and the scopes in which names are resolved."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import libcst as cst

from boilermaker_codegen.error_ids import ErrorId
from boilermaker_codegen.problems import Refused, Unknown
from boilermaker_codegen.source.parse import Module
from boilermaker_codegen.source.symbols import (
    ClassSymbol,
    FunctionSymbol,
    TypeParameter,
    TypeStatement,
    ValueSymbol,
)
from boilermaker_codegen.source.vocabulary import plain


@dataclass(frozen=True, eq=False)
class Scope:
    """The scope of an expression: a module, and the enclosing classes.

    Attributes:
        anchor: the node that errors point at, for expressions that are not part of the file's own tree
            (quoted annotations).
        parameters: those that the enclosing class or alias declares in brackets.
        variables: ids of the type variables created by `TypeVar` that it takes.
        moment: the name of the value or definition that contains it: the expression is evaluated when that is
            executed, and sees the names bound by then. None if it is evaluated when all names are bound.
        seen: how many statements of the class's body have been executed by then; None for all.
        is_deferred: it is an annotation that is evaluated when all names are bound: names of the module take
            precedence over those of the class.
    """

    module: Module
    classes: tuple[cst.ClassDef, ...] = ()
    anchor: cst.CSTNode | None = None
    parameters: cst.TypeParameters | None = None
    variables: frozenset[str] = frozenset()
    moment: cst.CSTNode | None = None
    seen: int | None = None
    is_deferred: bool = False

    def refuse(self, node: cst.CSTNode, id_: ErrorId, message: str) -> Refused:
        """An error at a node."""
        return self.module.refuse(self.anchor or node, id_, message)

    def unknown(self, node: cst.CSTNode, id_: ErrorId, message: str) -> Unknown:
        """The error that the meaning of a node cannot be known without running the code."""
        return Unknown(*self.refuse(node, id_, message).problems)

    def inside(self, node: cst.ClassDef) -> "Scope":
        """The scope of a class's body."""
        return replace(
            self,
            classes=(*self.classes, node),
            anchor=None,
            parameters=node.type_parameters,
            variables=frozenset(),
            moment=None if self.module.defers_annotations else node.name,
            seen=None,
            is_deferred=False,
        )

    def after(self, seen: int) -> "Scope":
        """The scope in the body of a class after some of its statements."""
        return replace(self, moment=self.classes[-1].name, seen=seen, is_deferred=False)

    def deferred(self) -> "Scope":
        """The scope of an annotation that is evaluated when all names are bound."""
        return replace(self, moment=None, seen=None, is_deferred=True)

    def generic(self, parameters: cst.TypeParameters | None, variables: Iterable[str]) -> "Scope":
        """The same scope, in a class or alias that takes these type variables."""
        return replace(self, anchor=None, parameters=parameters, variables=frozenset(variables))

    def quoted(self, node: cst.CSTNode) -> "Scope":
        """The scope of a quoted expression, which is evaluated when all names are bound."""
        return self if self.anchor else replace(self.deferred(), anchor=node)


@dataclass(frozen=True)
class External:
    """An object outside of the service: in the standard library, a third-party package, a builtin (`builtins.int`)."""

    name: str


@dataclass(frozen=True)
class Package:
    """A module of the service, or a folder of its modules."""

    name: str


@dataclass(frozen=True, eq=False)
class Found:
    """A definition in the service.

    Attributes:
        scope: the scope that contains it and in which its expressions are resolved.
        name: its qualified name in its module.
    """

    scope: Scope
    name: str
    symbol: ClassSymbol | FunctionSymbol | ValueSymbol | TypeStatement | TypeParameter

    @property
    def id(self) -> str:
        """`module.QualifiedName`, as in Python."""
        return f"{self.scope.module.name}.{self.name}"


Meaning = External | Package | Found


def is_same(one: Meaning, other: Meaning) -> bool:
    """Whether two meanings are the same."""
    match one, other:
        case External(name=first), External(name=second):
            return plain(first) == plain(second)
        case Found(symbol=first_symbol), Found(symbol=second_symbol):
            return first_symbol is second_symbol
        case _:
            return one == other


def code(node: cst.CSTNode) -> str:
    """A node as source text on one line, truncated if it is long."""
    text = " ".join(cst.Module(body=()).code_for_node(node).split())
    return text if len(text) <= 60 else text[:57] + "..."
