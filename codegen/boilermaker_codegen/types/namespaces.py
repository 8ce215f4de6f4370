"""The contents of a class's body other than fields, as far as Python's rules for classes need them."""

from collections.abc import Iterator
from typing import Any

import libcst as cst

from boilermaker_codegen.problems import Refused
from boilermaker_codegen.source.identifiers import mangled
from boilermaker_codegen.source.meanings import Scope
from boilermaker_codegen.source.symbols import flat
from boilermaker_codegen.types.literals import Literals


def namespace(node: cst.ClassDef, literals: Literals, scope: Scope) -> dict[str, Any]:
    """Methods, nested classes and assigned values, by name; annotated names are left out.

    Args:
        node: the class.
        literals: reads values; an object stands in for one that cannot be known without running the code.
        scope: the scope of its body.
    """
    found: dict[str, Any] = {"__module__": scope.module.name, "__doc__": "re-created"}
    for statement in flat(node.body.body):
        match statement:
            case cst.FunctionDef(name=cst.Name(value=name)):
                found[name] = _method
            case cst.ClassDef(name=cst.Name(value=name)):
                found[name] = type(name, (), {})
            case cst.Assign(targets=targets, value=value):
                for name in _names(targets):
                    _assign(found, name, value, literals, scope)
            case _:
                pass
    return {mangled(name, node.name.value): value for name, value in found.items()}


def _assign(
    found: dict[str, Any], name: str, value: cst.BaseExpression, literals: Literals, scope: Scope
) -> None:
    try:
        found[name] = literals.read(value, scope)
    except Refused:  # it may still be a valid value; the error is reported where it is needed
        if name != "__slots__":
            found[name] = object()


def _names(targets: "list[cst.AssignTarget] | tuple[cst.AssignTarget, ...] | Any") -> Iterator[str]:
    for target in targets:
        if isinstance(target.target, cst.Name):
            yield target.target.value


def _method(*_: Any, **__: Any) -> None:
    """A stand-in for each method: it may be called while a class is created."""
