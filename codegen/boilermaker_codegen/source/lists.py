"""List displays, and the code that modifies them."""

from collections.abc import Iterator, Sequence

import libcst as cst

from boilermaker_codegen.source.walking import descendants

_CHANGING = frozenset({"append", "extend", "insert", "remove", "pop", "clear", "add", "update", "discard"})


def elements_of(node: cst.BaseExpression) -> Sequence[cst.BaseElement] | None:
    """The elements of a list, tuple or set display; None for anything else."""
    return node.elements if isinstance(node, cst.List | cst.Tuple | cst.Set) else None


def changes(tree: cst.Module, name: str) -> Iterator[cst.CSTNode]:
    """The places where a module modifies the list that a name is bound to."""
    for node in descendants(tree):
        match node:
            case cst.Call(func=cst.Attribute(value=cst.Name(value=changed), attr=cst.Name(value=how))):
                if changed == name and how in _CHANGING:
                    yield node
            case cst.AssignTarget(target=cst.Subscript(value=cst.Name(value=changed))) if changed == name:
                yield node
            case _:
                pass
