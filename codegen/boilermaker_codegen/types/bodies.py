"""The bodies of classes whose annotations are fields."""

import functools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from boilermaker_codegen.source.meanings import Scope
from boilermaker_codegen.types.classes import Style


@dataclass(frozen=True, kw_only=True)
class Body:
    """The body of a class whose annotations are fields.

    Attributes:
        node: the class.
        style: its kind.
        scope: the scope of its body.
        is_total: for a TypedDict, whether keys are required unless marked.
        has_slots: for a dataclass, whether the class has a slot for each field.
    """

    node: cst.ClassDef
    style: Style
    scope: Scope
    is_total: bool = True
    has_slots: bool = False

    @functools.cached_property
    def names(self) -> Counter[str]:
        """The names that the class annotates, with the number of times."""
        targets = (statement.target for statement in annotated(self.node, self.scope))
        return Counter(target.value for target in targets if isinstance(target, cst.Name))

    @functools.cached_property
    def hiding(self) -> frozenset[str]:
        """Fields that are class attributes too, which take precedence over builtins in deferred annotations."""
        if self.style == "typeddict":
            return frozenset()
        return frozenset(
            statement.target.value
            for statement in annotated(self.node, self.scope)
            if isinstance(statement.target, cst.Name)
            and (statement.value is not None or self.style != "dataclass" or self.has_slots)
        )


def annotated(node: cst.ClassDef, scope: Scope) -> Iterator[cst.AnnAssign]:
    """The annotations in a class's body.

    Raises:
        Refused: some depend on a condition.
    """
    for statement in node.body.body:
        smalls = statement.body if isinstance(statement, cst.SimpleStatementLine) else (statement,)
        for small in smalls:
            if isinstance(small, cst.AnnAssign):
                yield small
            elif isinstance(small, cst.If | cst.For | cst.While | cst.Try | cst.With):
                raise scope.refuse(
                    small,
                    "FIELD_NOT_READ",
                    "fields that depend on a condition are not supported; define each one unconditionally",
                )
