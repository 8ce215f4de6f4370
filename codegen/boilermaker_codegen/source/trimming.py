"""Removes source text that no part of this package needs.

libcst takes ten times as long as Python's own parser, and most of a module is function bodies and data. Two
things are left out: irrelevant function bodies, permanently; and whole statements, until the name that they
bind is looked up. Lines and columns of the remaining text do not change.
"""

import ast
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

# What the scanner looks for in a body: registrations (also under another name, as decorators), generators,
# creation of a worker, wrappers that keep a signature, and changes of module-level names.
_TOLD = re.compile(
    r"task|register_|\bregister\b|include|@|yield|oilermaker|wrap|__all__|\bglobal\b|\bdef\b|\bclass\b"
)
# The same around bodies: in a class, and among the decorators of a function. In a class, plain names may be
# aliases of `worker.task`.
_WORDS = re.compile(r"task|register_|\bregister\b|include|oilermaker|wrap|__all__|\bglobal\b")
_DECORATOR = re.compile(r"@(?!property\b|staticmethod\b|classmethod\b|\s*[\w.]+\.\w+)")
# A list that is registered may be changed in a function: `TASKS.append(...)`, `TASKS[0] = ...`, `TASKS += ...`.
_CHANGED = re.compile(r"\b(\w+)\s*\.\s*\w+\s*\(|^[ \t]*(\w+)\s*(?:\[|[-+*/|&^@%]+=)", re.MULTILINE)
_IDLE_LINE = re.compile(r"\s*(?:#|$)")
_LISTS = (ast.List, ast.Tuple, ast.Set, ast.ListComp)


class Part(NamedTuple):
    """A statement that is left out: its text, and the line that it starts at, counted from 1."""

    line: int
    text: str


class Trimmed(NamedTuple):
    """The remaining source of a module.

    Attributes:
        text: its source, with as many lines as before.
        parts: the statements that are left out, by the names that they alone bind.
        meaning: everything that can be looked up, without positions: blank lines, full-line comments and
            removed bodies do not change it.
    """

    text: str
    parts: dict[str, Part]
    meaning: str


def trimmed(text: str, tree: ast.Module) -> Trimmed:
    """Remove everything that can be removed; docstrings are kept.

    Args:
        text: source of a module.
        tree: its syntax tree by Python's own parser.
    """
    lines = list(io.StringIO(text, newline=""))
    lists = frozenset(_lists(tree))
    bodies = [
        found
        for body, is_method in _bodies(tree.body)
        if (found := _idle(lines, body, lists, is_method=is_method))
    ]
    meaning = _meaning(lines, tree, bodies)
    for body in bodies:
        _blank(lines, body.first, body.last, body.indent)
    parts = dict(_cut(lines, tree, lists))
    return Trimmed("".join(lines), parts, meaning)


def _bodies(
    statements: Sequence[ast.stmt], *, is_method: bool = False
) -> Iterator[tuple[list[ast.stmt], bool]]:
    """The bodies of functions at module level and of methods, each with whether it is a method's."""
    for statement in statements:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield statement.body, is_method
        elif isinstance(statement, ast.ClassDef):
            yield from _bodies(statement.body, is_method=True)


def _lists(tree: ast.Module) -> Iterator[str]:
    """Names that may be bound to a list of functions: here, or in the module that they are imported from."""
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=targets, value=value) if isinstance(value, _LISTS):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name), value=value) if isinstance(value, _LISTS):
                yield name
            case ast.ImportFrom(names=names):
                yield from (alias.asname or alias.name for alias in names)
            case _:
                pass


def _changes(text: str, lists: frozenset[str]) -> bool:
    return bool(lists) and any((found[1] or found[2]) in lists for found in _CHANGED.finditer(text))


# ---- bodies


class _Body(NamedTuple):
    """An irrelevant body, without its docstring: its lines, counted from 0."""

    first: int
    last: int
    indent: str


def _idle(lines: list[str], body: list[ast.stmt], lists: frozenset[str], *, is_method: bool) -> _Body | None:
    """The lines of a body to remove; None if it may be relevant."""
    has_docstring = ast.get_docstring(ast.Module(body, []), clean=False) is not None
    rest = body[1:] if has_docstring else body
    if not rest or (len(rest) == 1 and not is_method):  # possibly a factory
        return None
    first, last = rest[0].lineno - 1, (rest[-1].end_lineno or rest[-1].lineno) - 1
    indent = lines[first][: rest[0].col_offset]
    if indent.strip() or (has_docstring and body[0].end_lineno == rest[0].lineno):  # shares its line
        return None
    text = "".join(lines[first : last + 1])
    return None if _TOLD.search(text) or _changes(text, lists) else _Body(first, last, indent)


def _meaning(lines: list[str], tree: ast.Module, bodies: list[_Body]) -> str:
    within = _within_strings(tree)
    kept: list[str] = []
    start = 0
    for first, last, indent in [*bodies, _Body(len(lines), len(lines), "")]:
        kept.extend(
            line.rstrip("\r\n")
            for number, line in enumerate(lines[start:first], start)
            if number in within or not _IDLE_LINE.match(line)
        )
        if first < len(lines):
            kept.append(f"{indent}...")
        start = last + 1
    return "\n".join(kept)


def _blank(lines: list[str], first: int, last: int, indent: str = "") -> None:
    ends = [line[len(line.rstrip("\r\n")) :] for line in lines[first : last + 1]]
    if len(ends) == 1:
        lines[first] = f"{indent}...{ends[0]}"
    else:  # one string over all lines: libcst makes three objects of each empty line
        lines[first : last + 1] = [f'{indent}...; """{ends[0]}', *ends[1:-1], f'"""{ends[-1]}']


def _within_strings(tree: ast.Module) -> frozenset[int]:
    """Lines, counted from 0, that begin within a string, or between the parts of one."""
    return frozenset(
        number
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant | ast.JoinedStr) and node.end_lineno is not None
        for number in range(node.lineno, node.end_lineno)
    )


# ---- statements


def _cut(lines: list[str], tree: ast.Module, lists: frozenset[str]) -> Iterator[tuple[str, Part]]:
    """Leave out statements; those of them that bind a name are given with it."""
    bound = Counter(name for statement in tree.body for name in _bound(statement))
    defined = (n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef))
    own = frozenset(name for name in defined if bound[name] == 1)
    run: list[tuple[int, int]] = []
    for statement, (first, last) in _lines_of(tree.body, _first_free(tree.body)):
        name = _name(statement)
        text = "".join(lines[first : last + 1])
        head = len("".join(lines[first : statement.lineno - 1])) if statement else 0
        is_alone = name is None or (bound[name] == 1 and name != "__all__")
        if is_alone and _may_go(statement, text, head, lists, own):
            run.append((first, last))
            if name is not None:
                yield name, Part(first + 1, text)
        elif run:
            _blank(lines, run[0][0], run[-1][1])
            run = []
    if run:
        _blank(lines, run[0][0], run[-1][1])


def _lines_of(statements: list[ast.stmt], start: int) -> Iterator[tuple[ast.stmt | None, tuple[int, int]]]:
    """Statements with their first and last lines, counted from 0; None for one that shares a line."""
    ends = [(statement.end_lineno or statement.lineno) - 1 for statement in statements]
    starts = [_start(statement) - 1 for statement in statements]
    for index in range(start, len(statements)):
        shares = (index > 0 and ends[index - 1] >= starts[index]) or (
            index + 1 < len(statements) and starts[index + 1] <= ends[index]
        )
        yield None if shares else statements[index], (starts[index], ends[index])


def _first_free(statements: list[ast.stmt]) -> int:
    """The first statement that may be removed: names that a later `import *` rebinds must stay, and so must the docstring."""
    for index in range(len(statements) - 1, -1, -1):
        match statements[index]:
            case ast.ImportFrom(names=[ast.alias(name="*")]):
                return index + 1
            case _:
                pass
    return 1


def _may_go(
    statement: ast.stmt | None, text: str, head: int, lists: frozenset[str], own: frozenset[str]
) -> bool:
    """Whether a statement is irrelevant unless its name is looked up.

    Args:
        statement: None if it must stay anyway.
        text: its source.
        head: the number of characters of its decorators.
        lists: names that may be bound to lists of functions.
        own: names of functions and classes that the module defines and never rebinds.
    """
    match statement:
        case ast.FunctionDef(decorator_list=decorators) | ast.AsyncFunctionDef(decorator_list=decorators):
            told = (
                any(_may_register(decorator, own) for decorator in decorators)
                or _WORDS.search(text, 0, head)
                or _TOLD.search(text, text.index("def", head) + len("def"))
            )
        case ast.ClassDef():
            told = _WORDS.search(text) or _DECORATOR.search(text, head)
        case ast.Assign(targets=[ast.Name()]) | ast.AnnAssign(target=ast.Name()):
            # an alias of another name may be an alias of `worker.task`
            told = isinstance(statement.value, ast.Name | ast.Attribute) or _TOLD.search(text)
        case ast.Expr():
            told = _TOLD.search(text)
        case _:
            return False
    return not told and not _changes(text, lists)


def _may_register(decorator: ast.expr, own: frozenset[str]) -> bool:
    """Whether a decorator may be an alias of `worker.task`."""
    named = decorator.func if isinstance(decorator, ast.Call) else decorator
    return not isinstance(named, ast.Attribute) and not (isinstance(named, ast.Name) and named.id in own)


def _start(statement: ast.stmt) -> int:
    """The line of a statement's first decorator, or its own."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _name(statement: ast.stmt | None) -> str | None:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case _:
            return None


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement binds, changes or deletes; for blocks, a superset."""
    match statement:
        case ast.Expr():
            return
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
            return
        case ast.Assign(targets=targets):
            nodes = [node for target in targets for node in ast.walk(target)]
        case ast.AnnAssign(target=target):
            nodes = list(ast.walk(target))
        case _:
            nodes = list(ast.walk(statement))
    for node in nodes:
        match node:
            case ast.Name(id=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name):
                yield name
            case ast.alias(name=name, asname=asname):
                yield asname or name.partition(".")[0]
            case _:
                pass
