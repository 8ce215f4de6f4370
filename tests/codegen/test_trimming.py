"""Leaving out bodies and statements moves nothing that stays, and what is left out can be had."""

import ast
import sysconfig
import time
import tokenize
from pathlib import Path

import libcst as cst
import pytest

from boilermaker_codegen.registrations.find import METHODS
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
    """As Python reads them; each line keeps its number, and each part stands where it says."""
    for path in FILES[part::8]:
        with tokenize.open(path) as file:
            text = file.read()
        tree = ast.parse(text)
        short = trimmed(text, tree)
        assert short.text.count("\n") == text.count("\n"), path
        parts = [ast.parse("\n" * (part.line - 1) + part.text) for part in short.parts.values()]
        assert [len(part.body) for part in parts] == [1] * len(parts)
        found = [s for each in (ast.parse(short.text), *parts) for s in signatures(each)]
        assert sorted(found, key=str) == sorted(signatures(tree), key=str), path


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_kind_of_line_end_is_kept(newline: str) -> None:
    """What is left of a body has as many lines as it had, of the same kind."""
    text = newline.join(["import a", "class C:", "    def f(x):", "        y = x  # task", "", "    def g(x):", "        y = x", "        return y", ""])  # fmt: skip
    short = trimmed(text, ast.parse(text))
    assert short.text == text.replace(
        f"        y = x{newline}        return y", f'        ...; """{newline}"""'
    )
    assert len(cst.parse_module(short.text).body) == 2


def test_statements_go_together_and_come_back_one_by_one() -> None:
    """Lines stay; what shares a line, binds a name again or is imported stays too."""
    lines = ["import os", "A = [", "  1,", "]", "", "def b(): return A", "class C: pass", "print(A)", "D = 1; E = 2", "F = 1", "F = 2", "print()"]  # fmt: skip
    text = "\n".join(lines) + "\n"
    short = trimmed(text, ast.parse(text))
    assert short.text.splitlines() == [
        "import os", '...; """', "", "", "", "", "", '"""', "D = 1; E = 2", "F = 1", "F = 2", "...",
    ]  # fmt: skip
    assert {name: (part.line, part.text) for name, part in short.parts.items()} == {
        "A": (2, "A = [\n  1,\n]\n"),
        "b": (6, "def b(): return A\n"),
        "C": (7, "class C: pass\n"),
    }


@pytest.mark.parametrize(
    "statement",
    [
        "from a import b",
        "b = a",
        "b = a.b",
        "b = worker.task",
        "b = [worker.register_async(c)]",
        "b = Boilermaker(c)",
        "@b\nasync def c(): ...",
        "@b(1)\nasync def c(): ...",
        "@x.task\nasync def b(): ...",
        "class B:\n    @job\n    async def c(): ...",
        "class B(Boilermaker): ...",
        "if a:\n    b = 1",
        "TASKS = [a]\nTASKS.append(c)",
        "from a import TASKS\nTASKS += [c]",
        "__all__ = ['b']",
        "b = 1\nb += 1",
        "b = 1\ndel b",
        "b = 1\nfor b in c: ...",
        "b = 1\nfrom a import *",
    ],
)
def test_statements_that_matter_stay(statement: str) -> None:
    """Imports, names for names, registrations, what may be a worker, what depends on a condition or on when."""
    text = f"import a\n{statement}\n"
    short = trimmed(text, ast.parse(text))
    assert statement.splitlines()[-1] in short.text
    assert "b" not in short.parts


@pytest.mark.parametrize(
    "body",
    [
        "x = 1\n    yield x",
        "TASKS.append(f)\n    return None",
        "TASKS[0] = f\n    return None",
        "x = 1\n    worker.register_async(x)",
        "x = 1\n    return Boilermaker(x)",
        "x = functools.wraps(f)\n    return x",
    ],
)
def test_bodies_that_the_scanner_looks_into_stay(body: str) -> None:
    """Generators, lists that change, registrations, and what makes a worker or keeps a signature."""
    text = f"import a\nTASKS = [a, b]\n\ndef f():\n    {body}\n"
    assert body in trimmed(text, ast.parse(text)).text


@pytest.mark.parametrize("method", sorted(METHODS))
def test_whatever_registers_stays(method: str) -> None:
    """At module level, in a function, in a class, among decorators."""
    use = f"worker.{method}(f)"
    text = f"import a\n{use}\ndef f():\n    b = 1\n    {use}\nclass C:\n    {use}\n@{use}\ndef g(): ...\n"
    assert trimmed(text, ast.parse(text))[:2] == (text, {})


def test_a_body_of_one_line_comes_back_whole() -> None:
    """It may be a factory that returns a worker."""
    text = "import a\n\ndef f():\n    return worker\n"
    assert trimmed(text, ast.parse(text)).parts["f"].text == "def f():\n    return worker\n"


@pytest.mark.parametrize("text", ["x = '" + "a" * 1_000_000 + "'\n", "x = [\n" + "\n" * 200_000 + "]\n", "x = (" + "a . b, " * 50_000 + ")\n"])  # fmt: skip
def test_long_lines_and_many_empty_ones_take_no_long_time(text: str) -> None:
    """A search that starts again at each character would take hours."""
    source = f"TASKS = [f]\n\ndef f():\n    y = 1\n    {text}"
    started = time.process_time()
    trimmed(source, ast.parse(source))
    assert time.process_time() - started < 5
