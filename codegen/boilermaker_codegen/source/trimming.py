"""Source text without the bodies of functions that no part of this package looks into.

libcst takes ten times as long as Python's own parser, and most of a module is what its functions do. Lines and columns of
all that stays are as they were.
"""

import ast
import io
import re
from collections.abc import Iterator, Sequence

# What the scanner looks for in a body: registrations (also under another name, as decorators), generators, what makes a
# worker, what keeps a signature, and what changes names of the module.
_TOLD = re.compile(r"task|register_|include|@|yield|oilermaker|wrap|\bglobal\b|\bdef\b|\bclass\b")
# A list that is registered may be changed in a function: `TASKS.append(...)`, `TASKS[0] = ...`, `TASKS += ...`.
_CHANGED = re.compile(r"(\w+)\s*\.\s*\w+\s*\(|^\s*(\w+)\s*(?:\[|[-+*/|&^@%]+=)", re.MULTILINE)
_LISTS = (ast.List, ast.Tuple, ast.Set, ast.ListComp)


def trimmed(text: str, tree: ast.Module) -> str:
    """The text with an ellipsis and an empty string for each body that cannot matter; docstrings stay.

    Args:
        text: source of a module.
        tree: what Python reads in it.
    """
    lines = list(io.StringIO(text, newline=""))
    lists = frozenset(_lists(tree))
    for body, is_method in _bodies(tree.body):
        _trim(lines, body, lists, is_method=is_method)
    return "".join(lines)


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


def _trim(lines: list[str], body: list[ast.stmt], lists: frozenset[str], *, is_method: bool) -> None:
    has_docstring = ast.get_docstring(ast.Module(body, []), clean=False) is not None
    rest = body[1:] if has_docstring else body
    if not rest or (len(rest) == 1 and not is_method):  # perhaps a factory
        return
    first, last = rest[0].lineno - 1, (rest[-1].end_lineno or rest[-1].lineno) - 1
    indent = lines[first][: rest[0].col_offset]
    if indent.strip() or (has_docstring and body[0].end_lineno == rest[0].lineno):  # shares its line
        return
    text = "".join(lines[first : last + 1])
    if _TOLD.search(text) or any((found[1] or found[2]) in lists for found in _CHANGED.finditer(text)):
        return
    ends = [line[len(line.rstrip("\r\n")) :] for line in lines[first : last + 1]]
    if len(ends) == 1:
        lines[first] = f"{indent}...{ends[0]}"
    else:  # one string over all lines: libcst makes three objects of each empty line
        lines[first : last + 1] = [f'{indent}...; """{ends[0]}', *ends[1:-1], f'"""{ends[-1]}']
