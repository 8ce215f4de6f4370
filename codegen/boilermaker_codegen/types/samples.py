"""Stand-ins for defaults, with which Python and msgspec check whether these may be shared."""

import collections
from collections.abc import Callable
from typing import Any

import libcst as cst

from boilermaker.contract import ByWorker
from boilermaker_codegen.source.meanings import External, Found, Scope
from boilermaker_codegen.source.resolve import Resolver
from boilermaker_codegen.source.symbols import ClassSymbol, dotted
from boilermaker_codegen.types.literals import Value
from boilermaker_codegen.types.made import Made

_SHARED: tuple[type, ...] = (list, dict, set, bytearray)
_FULL: dict[str, Callable[[], Any]] = {
    "builtins.list": lambda: [None], "builtins.set": lambda: {None}, "builtins.dict": lambda: {None: None},
    "builtins.bytearray": lambda: bytearray(1),
}  # fmt: skip
_MUTABLE: dict[str, Callable[[], Any]] = {
    "builtins.bytearray": bytearray, "collections.deque": collections.deque, "collections.Counter": collections.Counter,
    "collections.OrderedDict": collections.OrderedDict, "collections.defaultdict": collections.defaultdict,
}  # fmt: skip
_COMPREHENDED: dict[type[cst.CSTNode], str] = {
    cst.ListComp: "builtins.list", cst.List: "builtins.list", cst.SetComp: "builtins.set", cst.Set: "builtins.set",
    cst.DictComp: "builtins.dict", cst.Dict: "builtins.dict",
}  # fmt: skip


class Samples:
    """Finds an object that is as mutable as a default.

    Args:
        resolver: resolves names.
        instance: called with a class of the service, or the id of a record; gives an object of the re-created class.
    """

    def __init__(self, resolver: Resolver, instance: Callable[[Found | str], Any]) -> None:
        self._resolver = resolver
        self._instance = instance

    def of(self, default: Value | ByWorker | None, node: cst.BaseExpression, scope: Scope) -> Any:
        """The object; None if the default is accepted anyway.

        Args:
            default: the default, as far as known.
            node: where it is written.
            scope: the scope of that.
        """
        if isinstance(default, Value):
            if isinstance(default.raw, Made):
                return self._instance(default.raw.id)
            return default.raw if type(default.raw) in _SHARED else None
        return self._unknown(node, scope)

    def _unknown(self, node: cst.BaseExpression, scope: Scope) -> Any:
        if type(node) in _COMPREHENDED:
            return _FULL[_COMPREHENDED[type(node)]]()
        if not isinstance(node, cst.Call) or not dotted(node.func):
            return None
        match self._resolver.resolve(node.func, scope):
            case External(name=name):
                made = (_FULL if node.args else _MUTABLE).get(name) or _MUTABLE.get(name)
                return made() if made is not None else None
            case Found(symbol=ClassSymbol()) as found:
                return self._instance(found)
            case _:
                return None
