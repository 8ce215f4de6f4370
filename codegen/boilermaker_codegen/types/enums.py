"""Enums read from source text."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import libcst as cst

from boilermaker.contract import EnumDefinition, Member
from boilermaker_codegen.problems import Refused
from boilermaker_codegen.source.docs import doc_of
from boilermaker_codegen.source.meanings import External, Scope, code
from boilermaker_codegen.source.resolve import Resolver
from boilermaker_codegen.source.symbols import dotted
from boilermaker_codegen.types.enum_bases import EnumKind
from boilermaker_codegen.types.enum_rules import Decorator, check_made, is_no_member
from boilermaker_codegen.types.literals import Literals
from boilermaker_codegen.types.made import Made

_UNREAD = frozenset({"__new__", "__init__", "__set_name__", "__setattr__", "__init_subclass__"})
_SETTINGS = frozenset({"_ignore_", "_order_"})
# Bound by assignment, these are neither members nor errors.
_RESERVED = frozenset({
    "_missing_", "_numeric_repr_", "_value_repr_", "_use_args_", "_new_member_", "_generate_next_value_", "_add_alias_",
    "_add_value_alias_",
})  # fmt: skip
_OF_AUTO = "_generate_next_value_"  # Python asks it for the value of `auto()`, and for nothing else


def read_enum(
    node: cst.ClassDef,
    name: str,
    kind: EnumKind,
    tools: tuple[Resolver, Literals],
    scope: Scope,
    decorators: Sequence[Decorator] = (),
) -> EnumDefinition:
    """The definition of an enum.

    Args:
        node: the class.
        name: its qualified name.
        kind: its kind by its bases.
        tools: resolves names, and reads the members' values.
        scope: the scope of its body.
        decorators: its decorators.

    Raises:
        Refused: its members cannot be known without running the code, or msgspec does not support them.
    """
    resolver, literals = tools
    for keyword in node.keywords:
        raise scope.refuse(
            keyword,
            "ENUM_NOT_READ",
            f"what `{code(keyword)}` makes of `{name}` cannot be known; leave it out",
        )
    uses_auto = any(v is not None and _is_auto(v, resolver, scope) for _, v in _assignments(node, scope))
    _check_methods(node, name, kind, _UNREAD | {_OF_AUTO} if uses_auto else _UNREAD, scope)
    said = _said(node, kind, tools, scope)
    ignored = _ignored(node, literals, scope)
    members = tuple(
        Member(name=n, value=value) for n, value in said if not is_no_member(n) and n not in ignored
    )
    if not members:
        raise scope.refuse(node.name, "ENUM_NOT_READ", f"the enum `{name}` has no members; give it one")
    if len({isinstance(member.value, str) for member in members}) != 1:
        raise scope.refuse(
            node.name,
            "ENUM_VALUE",
            f"the enum `{name}` mixes str and int values; msgspec supports one or the other",
        )
    check_made(node, kind, said, scope, decorators)
    return EnumDefinition(
        name=name,
        members=members,
        base=kind.base,
        mixin=kind.mixin,
        doc=doc_of(node),
        is_open=any("_missing_" in _named(*each) for each in ((node, scope), *kind.inherited)),
    )


def _said(
    node: cst.ClassDef, kind: EnumKind, tools: tuple[Resolver, Literals], scope: Scope
) -> list[tuple[str, Any]]:
    """The assignments in source order: members with their values, ignored names, names such as `_order_`."""
    resolver, literals = tools
    ignored = _ignored(node, literals, scope)
    found: list[tuple[str, Any]] = []
    members: list[Member] = []
    body = resolver.body(node, scope)
    for target, value_node in _assignments(node, scope):
        if value_node is None:
            continue
        inside = scope.after(body.place(value_node))
        if target.startswith("__") or target in _RESERVED:
            literals.check_bound(value_node, inside)
            continue
        if target in _SETTINGS:
            found.append((target, literals.read(value_node, scope)))
        elif is_no_member(target) or target in ignored:
            found.append((target, None))
        else:
            if _is_auto(value_node, resolver, scope):
                value = _next(target, kind.base, kind.mixin, members, value_node, scope)
            else:
                value = _value(value_node, kind.base, kind.mixin, members, literals, inside)
            members.append(Member(name=target, value=value))
            found.append((target, value))
    return found


def _check_methods(
    node: cst.ClassDef, name: str, kind: EnumKind, unread: frozenset[str], scope: Scope
) -> None:
    """Check that no method determines the members, and that no base has members."""
    for owner, inside in ((node, scope), *kind.inherited):
        for method, place in _named(owner, inside).items():
            if method not in unread:
                continue
            shown = method if owner is node else f"{owner.name.value}.{method}"
            raise scope.refuse(
                place if owner is node else node.name,
                "ENUM_NOT_READ",
                f"`{shown}` determines the members of `{name}` at run time; give each member its value "
                "instead",
            )
    for owner, inside in kind.inherited:
        if values := [
            target for target, value in _assignments(owner, inside) if value and not is_no_member(target)
        ]:
            raise scope.refuse(
                node.name,
                "ENUM_NOT_READ",
                f"`{name}` inherits `{values[0]}` from `{owner.name.value}`; an enum must define its own "
                "members",
            )


def _ignored(node: cst.ClassDef, literals: Literals, scope: Scope) -> frozenset[str]:
    """Names that the enum excludes from its members."""
    for target, value_node in _assignments(node, scope):
        if target == "_ignore_" and value_node is not None:
            value = literals.read(value_node, scope)
            return frozenset(value.replace(",", " ").split() if isinstance(value, str) else value)
    return frozenset()


def _named(node: cst.ClassDef, scope: Scope) -> dict[str, cst.CSTNode]:
    """The names in a class's body, each with its node: methods and assignments."""
    functions = {s.name.value: s.name for s in _statements(node.body.body) if isinstance(s, cst.FunctionDef)}
    return {
        **{target: value for target, value in _assignments(node, scope) if value is not None},
        **functions,
    }


def _assignments(node: cst.ClassDef, scope: Scope) -> Iterator[tuple[str, cst.BaseExpression | None]]:
    for statement in _statements(node.body.body):
        match statement:
            case cst.Assign(targets=targets, value=value):
                for target in targets:
                    if not isinstance(target.target, cst.Name):
                        raise scope.refuse(
                            target,
                            "ENUM_NOT_READ",
                            "members must be assigned one by one; put each on its own line",
                        )
                    yield target.target.value, value
            case cst.AnnAssign(target=cst.Name(value=name), value=value):
                yield name, value
            case cst.BaseCompoundStatement() if not isinstance(statement, cst.FunctionDef):
                raise scope.refuse(
                    statement,
                    "ENUM_NOT_READ",
                    "an enum may contain only members and methods; write each member out",
                )
            case _:
                pass


def _statements(body: Iterable[cst.CSTNode]) -> Iterator[cst.CSTNode]:
    """The statements of an enum.

    A condition that contains only methods is replaced by these, because methods do not affect the members.
    """
    for statement in body:
        match statement:
            case cst.SimpleStatementLine(body=smalls):
                yield from smalls
            case cst.If(body=cst.IndentedBlock(body=inner), orelse=orelse):
                branches = [*_statements(inner), *(_statements((orelse,)) if orelse else ())]
                plain = (cst.FunctionDef, cst.Pass, cst.Expr)
                yield from branches if all(isinstance(b, plain) for b in branches) else (statement,)
            case cst.Else(body=cst.IndentedBlock(body=inner)):
                yield from _statements(inner)
            case _:
                yield statement


def _is_auto(node: cst.BaseExpression, resolver: Resolver, scope: Scope) -> bool:
    if not (isinstance(node, cst.Call) and dotted(node.func) and not node.args):
        return False
    return resolver.resolve(node.func, scope) == External("enum.auto")


def _next(
    target: str, base: str, mixin: str | None, members: list[Member], node: cst.CSTNode, scope: Scope
) -> str | int:
    """The value of `auto()`: see `Enum._generate_next_value_` of the standard library."""
    if base == "StrEnum":
        return target.lower()
    values: list[int] = [member.value for member in members if isinstance(member.value, int)]
    if mixin is None and len(values) == len(members):
        if not values:
            return 1
        if base in ("Flag", "IntFlag"):
            return 1 << max(values).bit_length()
        if max(values) == values[-1]:  # the last one counts up to Python 3.12, the highest one from 3.13
            return values[-1] + 1
    if mixin is not None:
        raise scope.refuse(
            node,
            "ENUM_VALUE",
            f"what `auto()` gives `{target}` with the mixin `{mixin}` is not supported; write the value",
        )
    raise scope.refuse(
        node, "ENUM_VALUE", f"what `auto()` gives `{target}` depends on the Python version; write the value"
    )


def _value(
    node: cst.BaseExpression,
    base: str,
    mixin: str | None,
    members: list[Member],
    literals: Literals,
    scope: Scope,
) -> str | int:
    known = {member.name: member.value for member in members}
    value: Any
    if isinstance(node, cst.Name) and node.value in known:
        value = known[node.value]
    else:
        written: Any = node.visit(_Members(known)) if isinstance(node, cst.BinaryOperation) else node
        value = literals.read(written, replace(scope, anchor=node) if written is not node else scope)
    wanted: type[Any] | tuple[type[Any], ...] = (str, int)
    if base == "StrEnum" or mixin == "str":
        wanted = str
    elif base in ("IntEnum", "Flag", "IntFlag") or mixin == "int":
        wanted = int
    if isinstance(value, str | int) and isinstance(value, wanted) and not isinstance(value, bool):
        return value
    raise _unfit(node, value, wanted, scope)


class _Members(cst.CSTTransformer):
    """Replaces names of earlier members by their values: `READ | WRITE`."""

    def __init__(self, known: dict[str, Any]) -> None:
        super().__init__()
        self._known = known

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:  # noqa: N802 - libcst's name
        value = self._known.get(original_node.value)
        return updated_node if value is None else cst.parse_expression(f"({value!r})")


def _shown(value: Any) -> str:
    return "a record" if isinstance(value, Made) else f"of type `{type(value).__name__}`"


def _unfit(node: cst.CSTNode, value: Any, wanted: Any, scope: Scope) -> Refused:
    carried = wanted.__name__ if isinstance(wanted, type) else "str or int"
    return scope.refuse(
        node,
        "ENUM_VALUE",
        f"`{code(node)}` is {_shown(value)}; this enum's values must be {carried}",
    )
