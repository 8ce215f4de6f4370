"""The names that `from module import *` imports."""

import functools
import importlib
import importlib.util
from collections.abc import Callable, Sequence

import libcst as cst

from boilermaker_codegen.source.listing import UNKNOWN, Listing, ListingReader, text_of
from boilermaker_codegen.source.lists import changes, elements_of
from boilermaker_codegen.source.parse import Module, Reading
from boilermaker_codegen.source.symbols import Imported, ValueSymbol, imported_module

# Modules outside of the service that are always installed, and that may be imported for inspection.
KNOWN = frozenset({
    "boilermaker", "boilermaker.failure", "collections", "collections.abc", "dataclasses", "datetime", "decimal", "enum",
    "functools", "msgspec", "types", "typing", "uuid", "zoneinfo",
})  # fmt: skip
OWN = ("boilermaker", "boilermaker.failure")
"""Modules of Boilermaker whose names services import."""
_COPYING = frozenset({"list", "tuple", "sorted"})


@functools.cache
def known_names(module: str) -> frozenset[str]:
    """The public names of a module among `KNOWN`."""
    found = importlib.import_module(module)
    return frozenset(getattr(found, "__all__", None) or (n for n in dir(found) if not n.startswith("_")))


@functools.cache
def has_own(module: str, name: str) -> bool:
    """Whether a module in `OWN` has an attribute or a submodule of a name."""
    if hasattr(importlib.import_module(module), name):
        return True
    return module == "boilermaker" and importlib.util.find_spec(f"{module}.{name}") is not None


class Exports:
    """Finds which names of a module `*` imports.

    Args:
        library: the modules of the service.
        named: the name of the module that an expression refers to; empty if it refers to none.
    """

    def __init__(self, library: Reading, named: Callable[[cst.BaseExpression, Module], str]) -> None:
        self._library = library
        self._named = named
        self._known: dict[str, Listing] = {}
        self._open: set[str] = set()
        self._cut: set[str] = set()

    def gives(self, module: Module, name: str) -> bool | None:
        """Whether `*` imports a name that a module binds; None if its `__all__` cannot be determined."""
        if not module.binds("__all__"):
            return not name.startswith("_")
        return self._listing(module).holds(name)

    def _listing(self, module: Module) -> Listing:
        """The `__all__` of a module of the service."""
        if module.name in self._known:
            return self._known[module.name]
        if module.name in self._open:  # two modules that list each other's names
            self._cut.add(module.name)
            return UNKNOWN
        self._open.add(module.name)
        reader = ListingReader(
            functools.partial(self._listed, module=module), functools.partial(self._imported, module=module)
        )
        found = reader.read(module.tree.body) or UNKNOWN
        self._open.remove(module.name)
        self._cut.discard(module.name)
        if not self._cut:  # otherwise the result would depend on which module is asked for first
            self._known[module.name] = found
        return found

    def _of(self, name: str) -> Listing:
        """The `__all__` of any module."""
        if name in KNOWN:
            return Listing(tuple(sorted(known_names(name))))
        module = self._library.module(name) if self._library.has(name) else None
        return self._listing(module) if module is not None and module.binds("__all__") else UNKNOWN

    def _imported(self, node: cst.ImportFrom, module: Module) -> Listing:
        return self._of(imported_module(node, module.package))

    def _listed(self, node: cst.BaseExpression, module: Module) -> Listing:
        """The names that an expression evaluates to."""
        match node:
            case cst.List(elements=elements) | cst.Tuple(elements=elements):
                return self._elements(elements, module)
            case cst.BinaryOperation(operator=cst.Add(), left=left, right=right):
                return self._listed(left, module).plus(self._listed(right, module))
            case cst.Attribute(value=owner, attr=cst.Name(value="__all__")):
                return self._of(self._named(owner, module))
            case cst.Call(func=cst.Name(value=made), args=[cst.Arg(value=inner, star="", keyword=None)]):
                is_copy = made in _COPYING and not module.binds(made)
                return self._listed(inner, module) if is_copy else UNKNOWN
            case cst.Call(func=cst.Attribute(value=inner, attr=cst.Name(value="copy")), args=[]):
                return self._listed(inner, module)
            case cst.Call(func=cst.Attribute(value=inner, attr=cst.Name(value="split")), args=[]):
                text = text_of(inner)
                return UNKNOWN if text is None else Listing(tuple(text.split()))
            case cst.Name(value=name):
                return self._bound(name, module)
            case _:
                return UNKNOWN

    def _elements(self, elements: Sequence[cst.BaseElement], module: Module) -> Listing:
        found = Listing()
        for element in elements:
            text = text_of(element.value)
            if isinstance(element, cst.StarredElement):
                found = found.plus(self._listed(element.value, module))
            else:
                found = found.opened() if text is None else found.plus(Listing((text,)))
        return found

    def _bound(self, name: str, module: Module) -> Listing:
        """The names in a list that is assigned to a name at module level and never rebound."""
        match module.symbol(name):
            case Imported(module=other, name="__all__"):
                return self._of(other)
            case ValueSymbol(value=value) if value is not None and elements_of(value) is not None:
                is_changed = next(changes(module.tree, name), None) is not None
                return UNKNOWN if is_changed else self._listed(value, module)
            case _:
                return UNKNOWN
