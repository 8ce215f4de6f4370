"""Leaving out bodies moves nothing that stays."""

import ast
import sysconfig
import tokenize
from pathlib import Path

import libcst as cst
import pytest

from boilermaker_codegen.source.trimming import trimmed

LIBRARY = Path(sysconfig.get_paths()["stdlib"])
FILES = sorted([*LIBRARY.glob("*.py"), *LIBRARY.glob("asyncio/*.py"), *LIBRARY.glob("email/*.py")])


def signatures(tree: ast.Module) -> list[object]:
    """What functions and methods say before their bodies, and where."""
    scopes = [tree, *(statement for statement in tree.body if isinstance(statement, ast.ClassDef))]
    return [
        (node.name, node.lineno, node.col_offset, ast.get_docstring(node, clean=False), ast.dump(node.args, include_attributes=True))
        for scope in scopes
        for node in scope.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]  # fmt: skip


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("part", range(8))
def test_signatures_of_the_standard_library_stay_where_they_are(part: int) -> None:
    """As Python reads them; each line keeps its number."""
    for path in FILES[part::8]:
        with tokenize.open(path) as file:
            text = file.read()
        tree = ast.parse(text)
        short = trimmed(text, tree)
        assert signatures(ast.parse(short)) == signatures(tree), path
        assert short.count("\n") == text.count("\n"), path


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_kind_of_line_end_is_kept(newline: str) -> None:
    """What is left of a body has as many lines as it had, of the same kind."""
    text = newline.join(["def f(x):", "    y = x", "    return y", "", "z = 1", ""])
    short = trimmed(text, ast.parse(text))
    assert short == newline.join(["def f(x):", '    ...; """', '"""', "", "z = 1", ""])
    assert len(cst.parse_module(short).body) == 2


@pytest.mark.parametrize(
    "body",
    [
        "x = 1\n    yield x",
        "TASKS.append(f)\n    return None",
        "TASKS[0] = f\n    return None",
        "x = 1\n    worker.register_async(x)",
        "x = 1\n    return Boilermaker(x)",
        "x = functools.wraps(f)\n    return x",
        "return worker",
    ],
)
def test_what_the_scanner_looks_into_stays(body: str) -> None:
    """Generators, lists that change, registrations, and what makes a worker or keeps a signature."""
    text = f"TASKS = [a, b]\n\ndef f():\n    {body}\n"
    assert trimmed(text, ast.parse(text)) == text
