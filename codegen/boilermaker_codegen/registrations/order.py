"""The order of execution in a module: a registration can use only names that are bound above it."""

from collections.abc import Iterable

import libcst as cst

from boilermaker_codegen.registrations.find import Use
from boilermaker_codegen.source.free import free_names
from boilermaker_codegen.source.meanings import Scope
from boilermaker_codegen.source.walking import descendants


def check_bound(use: Use, scope: Scope) -> None:
    """Check that all names in a registration at module level are bound when it runs.

    Raises:
        Refused: one is bound only below; importing the module would raise NameError.
    """
    if use.context.functions or use.context.reason:
        return
    parts = [use.attribute, *(argument.value for argument in (use.call.args if use.call else ()))]
    if use.context.loop is not None:
        parts.append(use.context.loop.iter)
    _check(parts, use.context.statement, scope)


def check_list_bound(name: str, value: cst.BaseExpression, scope: Scope) -> None:
    """The same check for a list of functions that a name at module level is bound to.

    Raises:
        Refused: as `check_bound`.
    """
    _check([value], name, scope)


def _check(parts: Iterable[cst.BaseExpression], statement: int | str, scope: Scope) -> None:
    module = scope.module
    if module.stars:  # a name that is bound below may have been imported by it before
        return
    for part in parts:
        if any(isinstance(node, cst.Lambda) for node in (part, *descendants(part))):
            continue  # may run later
        for root in map(_root, free_names(part)):
            line = module.bound_after(root.value, statement)
            if line is not None:
                raise scope.refuse(
                    root,
                    "NAME_UNKNOWN",
                    f"`{root.value}` is not defined when Python gets here: it is defined below, in line "
                    f"{line}; move this code below it",
                )


def _root(node: cst.Name | cst.Attribute) -> cst.Name:
    """The first of dotted names."""
    inner = node.value
    return _root(inner) if isinstance(inner, cst.Name | cst.Attribute) else cst.ensure_type(node, cst.Name)
