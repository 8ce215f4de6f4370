"""Methods accessed by name in a string: `getattr(worker, "task")`, `methodcaller("register", f)(worker)`."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

import libcst as cst

from boilermaker_codegen.source.parse import Module
from boilermaker_codegen.source.symbols import Imported, dotted

_LOOKUPS = frozenset({"__getattribute__", "__getattr__"})
_CALLER = "methodcaller"
_GETTERS = frozenset({_CALLER, "attrgetter"})


@dataclass(frozen=True, kw_only=True, eq=False)
class ByName:
    """A method accessed by its name in a string.

    Attributes:
        whole: the expression shown in errors.
        method: its name.
        owner: the object; None if it is passed elsewhere, if at all.
        getter: the function that creates a getter, such as `operator.methodcaller`, if it may be one.
        beside: its other arguments.
        called: the call's arguments; None if the method is not called here.
        inner: the calls that are part of it.
    """

    whole: cst.Call
    method: str
    owner: cst.BaseExpression | None = None
    getter: cst.BaseExpression | None = None
    beside: Sequence[cst.Arg] = ()
    called: Sequence[cst.Arg] | None = None
    inner: tuple[cst.Call, ...] = ()

    def is_certain(self, module: Module) -> bool:
        """Whether the expression can only access a method, as seen from a module."""
        return self.getter is None or bool(_getter(self.getter, module))

    def arguments(self, module: Module) -> Sequence[cst.Arg] | None:
        """The arguments that the method is called with; None if unknown."""
        is_caller = self.getter is not None and _getter(self.getter, module) == _CALLER
        return self.beside if is_caller else self.called

    def then(self, call: cst.Call) -> "ByName":
        """The same access after a call of the expression."""
        inner = (*self.inner, call.func) if isinstance(call.func, cst.Call) else self.inner
        if self.owner is None and len(call.args) == 1:
            return replace(self, whole=call, owner=call.args[0].value, inner=inner)
        return replace(self, called=call.args, inner=inner)


def reached(node: cst.Call, methods: AbstractSet[str]) -> ByName | None:
    """The method that a call may access by name; None if it does not."""
    found: ByName | None = None
    text: cst.BaseExpression | None = None
    match node:
        case cst.Call(func=cst.Call() as getter):
            return known.then(node) if (known := reached(getter, methods)) else None
        case cst.Call(func=cst.Name(value="getattr"), args=[given, name, *_]):
            found, text = ByName(whole=node, method="", owner=given.value), name.value
        case cst.Call(
            func=cst.Attribute(value=before, attr=cst.Name(value=lookup)), args=[*owners, name]
        ) if lookup in _LOOKUPS:  # `object.__getattribute__(worker, ...)` too
            owner = owners[0].value if owners else before
            found, text = ByName(whole=node, method="", owner=owner), name.value
        case cst.Call(func=cst.Name() | cst.Attribute() as maker, args=[name, *beside]):
            found, text = ByName(whole=node, method="", getter=maker, beside=beside), name.value
        case _:
            pass
    method = text.evaluated_value if isinstance(text, cst.SimpleString) else None
    return replace(found, method=method) if found and isinstance(method, str) and method in methods else None


def _getter(node: cst.BaseExpression, module: Module) -> str:
    """The `operator` function that an expression names for certain; empty if it is not one that accesses by name."""
    root, _, last = dotted(node).rpartition(".")
    symbol = None if root else module.symbol(last)
    if isinstance(symbol, Imported) and symbol.module == "operator":
        last = symbol.name or ""
    return last if last in _GETTERS else ""
