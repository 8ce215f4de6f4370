"""The content of a module's `__all__` after the module has run, as far as the source shows it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import libcst as cst

from boilermaker_codegen.source.conditions import branches, is_taken
from boilermaker_codegen.source.symbols import Statements, blocks_of, dotted
from boilermaker_codegen.source.walking import descendants

_ALL = "__all__"
_GROWING = frozenset({"append", "extend", "insert"})
_HARMLESS = frozenset({"copy", "count", "index", "reverse", "sort"})
# Functions that do not modify a list passed to them.
_READING = frozenset({
    "all", "any", "dict", "enumerate", "filter", "frozenset", "iter", "len", "list", "map", "print", "repr", "reversed", "set",
    "sorted", "str", "tuple", "zip",
})  # fmt: skip


@dataclass(frozen=True)
class Listing:
    """The names in a list.

    Attributes:
        sure: names that are in it, with repeats.
        perhaps: names that may be in it.
        is_open: it may contain other names too.
    """

    sure: tuple[str, ...] = ()
    perhaps: frozenset[str] = frozenset()
    is_open: bool = False

    def holds(self, name: str) -> bool | None:
        """Whether a name is in it; None if unknown."""
        if name in self.sure:
            return True
        return None if self.is_open or name in self.perhaps else False

    def plus(self, other: "Listing") -> "Listing":
        """Both lists, concatenated."""
        return Listing(
            (*self.sure, *other.sure), self.perhaps | other.perhaps, is_open=self.is_open or other.is_open
        )

    def without(self, name: str) -> "Listing":
        """The list without the first occurrence of a name."""
        at = self.sure.index(name) if name in self.sure else len(self.sure)
        return replace(self, sure=(*self.sure[:at], *self.sure[at + 1 :]))

    def unsure(self) -> "Listing":
        """The list with all its names uncertain."""
        return replace(self, sure=(), perhaps=self.perhaps | frozenset(self.sure))

    def opened(self) -> "Listing":
        """The list, possibly with other names added."""
        return replace(self, is_open=True)


UNKNOWN = Listing(is_open=True)


class ListingReader:
    """Follows `__all__` through the statements of a module.

    Args:
        listed: evaluates an expression to a list of names.
        imported: gives the `__all__` of the module that an import takes it from.
    """

    def __init__(
        self,
        listed: Callable[[cst.BaseExpression], Listing],
        imported: Callable[[cst.ImportFrom], Listing],
    ) -> None:
        self._listed = listed
        self._imported = imported

    def read(self, body: Statements, before: Listing | None = None) -> Listing | None:
        """What is in it after some statements; None where nothing has bound it.

        Args:
            body: the statements.
            before: what was in it before them.
        """
        now = before
        for statement in body:
            match statement:
                case cst.SimpleStatementLine(body=smalls):
                    now = self.read(smalls, now)
                case cst.If():
                    now = self._after_if(statement, now)
                case cst.FunctionDef() | cst.ClassDef():
                    now = _disturbed(statement, now)
                case cst.BaseCompoundStatement():
                    for block in blocks_of(statement):
                        now = _either([now, self.read(block, now)])
                case _:
                    now = self._after(statement, now)
        return now

    def _after_if(self, statement: cst.If, before: Listing | None) -> Listing | None:
        ends = [
            self.read([branch] if isinstance(branch, cst.If) else branch.body, before)
            for branch, is_for_checkers in branches(statement)
            if not is_for_checkers
        ]
        if not ends or (statement.orelse is None and not is_taken(statement.test)):
            ends.append(before)
        return _either(ends)

    def _after(self, small: cst.CSTNode, before: Listing | None) -> Listing | None:
        match small:
            case cst.Assign(targets=targets, value=value):
                if any(_is_all(target.target) for target in targets):
                    listed = self._listed(value)
                    return listed if len(targets) == 1 else listed.opened()  # possibly through an alias
            case cst.AnnAssign(target=target, value=value) if value is not None and _is_all(target):
                return self._listed(value)
            case cst.AugAssign(target=target, operator=cst.AddAssign(), value=value) if _is_all(target):
                return (before or UNKNOWN).plus(self._listed(value))
            case cst.Del(target=target) if _is_all(target):
                return None
            case cst.Expr(value=cst.Call(func=cst.Attribute(value=owner, attr=method)) as call):
                if _is_all(owner):
                    return self._called(method.value, call, before or UNKNOWN)
            case cst.ImportFrom() if (alias := _imported_all(small)) is not None:
                return self._imported(small) if _is_all(alias.name) else UNKNOWN
            case _:
                pass
        return _disturbed(small, before)

    def _called(self, method: str, call: cst.Call, before: Listing) -> Listing:
        values = [argument.value for argument in call.args if not argument.star and argument.keyword is None]
        match method, values:
            case "append", [value]:
                text = text_of(value)
                return before.opened() if text is None else before.plus(Listing((text,)))
            case "insert", [_, value]:
                text = text_of(value)
                return before.opened() if text is None else before.plus(Listing((text,)))
            case "extend", [value]:
                return before.plus(self._listed(value))
            case "remove", [value]:
                text = text_of(value)
                return before.unsure() if text is None else before.without(text)
            case "clear", []:
                return Listing()
            case _:
                return _disturbed(call, before) or UNKNOWN


def text_of(node: cst.BaseExpression) -> str | None:
    """The value of a string literal; None for anything else."""
    value = node.evaluated_value if isinstance(node, cst.SimpleString | cst.ConcatenatedString) else None
    return value if isinstance(value, str) else None


def _is_all(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Name) and node.value == _ALL


def _imported_all(node: cst.ImportFrom) -> cst.ImportAlias | None:
    """The part of an import that binds it."""
    for alias in () if isinstance(node.names, cst.ImportStar) else node.names:
        if _is_all(alias.asname.name if alias.asname else alias.name):
            return alias
    return None


def _parts(target: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    """The targets within a target: those of an unpacking, and the object of a subscript."""
    match target:
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            for element in elements:
                yield element.value
                yield from _parts(element.value)
        case cst.StarredElement(value=inner) | cst.Subscript(value=inner):
            yield inner
        case _:
            pass


def _either(ends: Iterable[Listing | None]) -> Listing | None:
    """Its content after one of several branches. If it may be unbound, `*` imports all public names."""
    ends = list(ends)
    found = [end for end in ends if end is not None]
    if not found:
        return None
    first, *others = found
    if len(found) == len(ends) and all(end == first for end in others):
        return first
    sure = tuple(name for name in dict.fromkeys(first.sure) if all(name in other.sure for other in others))
    named = frozenset(name for end in found for name in (*end.sure, *end.perhaps))
    is_open = len(found) < len(ends) or any(end.is_open for end in found)
    return Listing(sure if len(found) == len(ends) else (), named - frozenset(sure), is_open=is_open)


def _disturbed(node: cst.CSTNode, before: Listing | None) -> Listing | None:
    """Its content after code that is not followed: functions that may run, expressions."""
    nodes = [node, *descendants(node)]
    is_local = isinstance(node, cst.FunctionDef | cst.ClassDef) and not any(
        isinstance(inner, cst.NameItem) and _is_all(inner.name) for inner in nodes
    )
    effects = {_effect(inner, is_local=is_local) for inner in nodes} - {None}
    if not effects:
        return before
    now = (before or UNKNOWN).opened()
    return now.unsure() if "loses" in effects else now


def _effect(node: cst.CSTNode, *, is_local: bool) -> Literal["grows", "loses"] | None:
    """The effect of a node on it, if any. Binding a local name does not affect the module's."""
    match node:
        case cst.Call(func=cst.Attribute(value=owner, attr=method)) if _is_all(owner):
            name = method.value
            return "grows" if name in _GROWING else None if name in _HARMLESS else "loses"
        case cst.Call(func=func, args=args) if any(_is_all(argument.value) for argument in args):
            return None if dotted(func) in _READING else "grows"
        case cst.Assign(value=value) | cst.AnnAssign(value=value) if value is not None and _is_all(value):
            return "grows"  # possibly through an alias
        case cst.AugAssign(target=target, operator=cst.AddAssign()) if _is_all(target) and not is_local:
            return "grows"
        case cst.AssignTarget(target=target) | cst.AugAssign(target=target) | cst.Del(target=target):
            is_bound = _is_all(target) and not is_local
            return "loses" if is_bound or any(_is_all(part) for part in _parts(target)) else None
        case _:
            return None
