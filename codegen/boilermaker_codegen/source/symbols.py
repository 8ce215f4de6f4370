"""The names that a block of statements binds, and their bindings.

One walk over the block; nothing is resolved here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import libcst as cst

from boilermaker_codegen.source.conditions import branches, is_import_fallback


@dataclass(frozen=True)
class Imported:
    """Bound by an import: a module, or a name in one."""

    module: str
    name: str | None = None


@dataclass(frozen=True, eq=False)
class ClassSymbol:
    """Bound by a class statement."""

    node: cst.ClassDef


@dataclass(frozen=True, eq=False)
class FunctionSymbol:
    """Bound by a function definition."""

    node: cst.FunctionDef


@dataclass(frozen=True, eq=False)
class ValueSymbol:
    """Bound by an assignment. `value` is None if the name is part of another target: unpacking, `+=`, a loop."""

    node: cst.CSTNode
    value: cst.BaseExpression | None
    annotation: cst.BaseExpression | None = None


@dataclass(frozen=True, eq=False)
class TypeStatement:
    """Bound by `type X = ...`."""

    node: cst.TypeAlias


@dataclass(frozen=True)
class TypeParameter:
    """Bound by the brackets of a generic class or alias: `class Page[T]`, `type Pair[T] = ...`."""

    node: cst.TypeParam


@dataclass(frozen=True, eq=False)
class Rebound:
    """Bound more than once, so its meaning depends on a condition or on the order of execution.

    Attributes:
        bindings: in source order.
        is_tried: the first is imported in a `try`; the others apply if that import fails.
    """

    bindings: "tuple[Binding, ...]"
    is_tried: bool = False


Binding = Imported | ClassSymbol | FunctionSymbol | ValueSymbol | TypeStatement
Symbol = Binding | Rebound
Statements = Sequence[cst.BaseStatement | cst.BaseSmallStatement]
When = Literal["running", "checking", "fallback"]  # at run time; for type checkers only; if an import fails


def symbols_of(body: Statements, package: str) -> dict[str, Symbol]:
    """The names that a module's or class's body binds.

    Args:
        body: its statements.
        package: what relative imports start from.
    """
    found: dict[str, list[tuple[Binding, When]]] = {}
    for name, binding, when in _bindings(body, package, "running"):
        found.setdefault(name, []).append((binding, when))
    return {name: _symbol(bound) for name, bound in found.items()}


class ClassBody:
    """The names that a class's body binds, in order.

    Args:
        node: the class.
        package: what relative imports start from.
    """

    def __init__(self, node: cst.ClassDef, package: str) -> None:
        self._bound: dict[str, list[tuple[int, Binding, When]]] = {}
        self._places: dict[cst.CSTNode, int] = {}
        self._statements = list(flat(node.body.body))
        for place, statement in enumerate(self._statements):
            self._places[statement] = place
            if isinstance(statement, cst.Assign | cst.AnnAssign) and statement.value is not None:
                self._places[statement.value] = place
            for name, binding, when in _bindings([statement], package, "running"):
                self._bound.setdefault(name, []).append((place, binding, when))

    def place(self, node: cst.CSTNode) -> int:
        """The number of statements executed before one of them, or before the value that it assigns is evaluated."""
        return self._places[node]

    def symbol(self, name: str, seen: int | None = None) -> Symbol | None:
        """The binding of a name; None if it is not bound.

        Args:
            name: the name.
            seen: the number of executed statements; all of them by default.
        """
        bound = self._bound.get(name, [])
        if seen is not None:
            bound = [each for each in bound if each[0] < seen]
            if bound and isinstance(
                self._statements[bound[-1][0]], cst.BaseSmallStatement | cst.FunctionDef | cst.ClassDef
            ):
                bound = bound[-1:]
        return _symbol([(binding, when) for _, binding, when in bound]) if bound else None

    def bindings(self, name: str) -> int:
        """How many times a name is bound."""
        return len(self._bound.get(name, ()))


def flat(body: Statements) -> Iterator[cst.BaseStatement | cst.BaseSmallStatement]:
    """Single statements, also of those that share a line."""
    for statement in body:
        if isinstance(statement, cst.SimpleStatementLine):
            yield from statement.body
        else:
            yield statement


def _symbol(bound: list[tuple[Binding, When]]) -> Symbol:
    """The binding of a name at run time; if there is none, the one that type checkers see."""
    running = [pair for pair in bound if pair[1] != "checking"] or bound
    bindings = list(dict.fromkeys(binding for binding, _ in running))
    if len(bindings) == 1:
        return bindings[0]
    first, *others = [when for _, when in running]
    return Rebound(tuple(bindings), is_tried=first != "fallback" and set(others) == {"fallback"})


def star_imports(body: Statements, package: str) -> Iterator[str]:
    """Modules that the body imports with `*`."""
    for statement in body:
        if isinstance(statement, cst.SimpleStatementLine):
            for small in statement.body:
                if isinstance(small, cst.ImportFrom) and isinstance(small.names, cst.ImportStar):
                    yield imported_module(small, package)


def later_stars(body: Statements, package: str) -> dict[str, tuple[str, ...]]:
    """The names that a body binds, each with the modules imported with `*` after that."""
    found: dict[str, tuple[str, ...]] = {}
    for statement in body:
        found.update(dict.fromkeys((name for name, _, _ in _bindings([statement], package, "running")), ()))
        for star in star_imports([statement], package):
            found = {name: (*stars, star) for name, stars in found.items()}
    return found


def dotted(node: cst.BaseExpression | None) -> str:
    """`a.b.c` as text; empty for anything else."""
    match node:
        case cst.Name(value=value):
            return value
        case cst.Attribute(value=inner, attr=cst.Name(value=attr)):
            return f"{base}.{attr}" if (base := dotted(inner)) else ""
        case _:
            return ""


def imported_module(node: cst.ImportFrom, package: str) -> str:
    """The module that a `from` import names, relative ones made absolute."""
    name = dotted(node.module)
    if not node.relative:
        return name
    parts = package.split(".") if package else []
    parts = parts[: len(parts) - (len(node.relative) - 1)]
    return ".".join([*parts, name] if name else parts)


def _bindings(body: Statements, package: str, when: When) -> Iterator[tuple[str, Binding, When]]:
    for statement in body:
        match statement:
            case cst.If():
                yield from _conditional(statement, package, when)
            case cst.Try():
                yield from _tried(statement, package, when)
            case cst.FunctionDef() | cst.ClassDef() | cst.SimpleStatementLine():
                for name, binding in _plain(statement, package):
                    yield name, binding, when
            case cst.BaseCompoundStatement():
                if isinstance(statement, cst.For):
                    for name, binding in _target(statement.target, None):
                        yield name, binding, when
                for block in blocks_of(statement):
                    yield from _bindings(block, package, when)
            case _:
                for name, binding in _small(statement, package):
                    yield name, binding, when


def _plain(
    statement: cst.FunctionDef | cst.ClassDef | cst.SimpleStatementLine, package: str
) -> Iterator[tuple[str, Binding]]:
    match statement:
        case cst.FunctionDef():
            yield statement.name.value, FunctionSymbol(statement)
        case cst.ClassDef():
            yield statement.name.value, ClassSymbol(statement)
        case _:
            for small in statement.body:
                yield from _small(small, package)


def _conditional(statement: cst.If, package: str, when: When) -> Iterator[tuple[str, Binding, When]]:
    for branch, is_for_checkers in branches(statement):
        inside: When = "checking" if is_for_checkers else when
        if isinstance(branch, cst.If):
            yield from _conditional(branch, package, inside)
        else:
            yield from _bindings(branch.body, package, inside)


def _tried(statement: cst.Try, package: str, when: When) -> Iterator[tuple[str, Binding, When]]:
    yield from _bindings(statement.body.body, package, when)
    for handler in statement.handlers:
        inside: When = "fallback" if when == "running" and is_import_fallback(handler) else when
        yield from _bindings(handler.body.body, package, inside)
    for block in (statement.orelse, statement.finalbody):
        if block is not None:
            yield from _bindings(block.body.body, package, when)


def blocks_of(statement: cst.CSTNode) -> Iterator[Statements]:
    """The blocks of a compound statement: body, `else`, handlers, `finally`, cases."""
    for child in statement.children:
        if isinstance(child, cst.BaseSuite):
            yield child.body
        elif isinstance(
            child, cst.If | cst.Else | cst.Finally | cst.ExceptHandler | cst.ExceptStarHandler | cst.MatchCase
        ):
            yield from blocks_of(child)


def _small(statement: cst.CSTNode, package: str) -> Iterator[tuple[str, Binding]]:
    match statement:
        case cst.Import() | cst.ImportFrom():
            yield from _imports(statement, package)
        case cst.Assign(targets=targets, value=value):
            for target in targets:
                yield from _target(target.target, value)
        case cst.AnnAssign(target=target, value=value, annotation=annotation) if value is not None:
            if isinstance(target, cst.Name):
                yield target.value, ValueSymbol(target, value, annotation.annotation)
        case cst.AugAssign(target=cst.Name(value=name) as target):
            yield name, ValueSymbol(target, None)
        case cst.TypeAlias(name=cst.Name(value=name)):
            yield name, TypeStatement(statement)
        case _:
            pass


def _imports(statement: cst.Import | cst.ImportFrom, package: str) -> Iterator[tuple[str, Binding]]:
    if isinstance(statement, cst.Import):
        for alias in statement.names:
            full = dotted(alias.name)
            bound = full if alias.asname else full.partition(".")[0]  # `import a.b` binds `a`
            yield (dotted(_as_expression(alias.asname)) if alias.asname else bound), Imported(bound)
    elif not isinstance(statement.names, cst.ImportStar):
        module = imported_module(statement, package)
        for alias in statement.names:
            local = _as_expression(alias.asname) if alias.asname else alias.name
            yield dotted(local), Imported(module, dotted(alias.name))


def _as_expression(asname: cst.AsName) -> cst.BaseExpression:
    return asname.name if isinstance(asname.name, cst.Name) else cst.Name("")


def _target(target: cst.BaseExpression, value: cst.BaseExpression | None) -> Iterator[tuple[str, Binding]]:
    match target:
        case cst.Name(value=name):
            yield name, ValueSymbol(target, value)
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            for element in elements:
                yield from _target(element.value, None)
        case cst.StarredElement(value=inner):
            yield from _target(inner, None)
        case _:
            pass
