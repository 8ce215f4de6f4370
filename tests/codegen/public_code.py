"""Services made of code that nobody here wrote: the signatures of a package, each registered as a task of its own."""

import ast
import builtins
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

CONFIG = """\
[tool.boilermaker]
service = "public"
queue = "public"
source = ["src"]
package = "public_stubs"
output = "stubs"
"""
_HEAD = "from boilermaker import Boilermaker, InMemoryServiceBus\n"
_TAIL = (
    'worker = Boilermaker(object(), InMemoryServiceBus(), queue="public")\nworker.register_async({name})\n'
)


@dataclass(frozen=True, kw_only=True)
class Signature:
    """An annotated function of a package.

    Attributes:
        module: where it is defined.
        place: its qualified name and line, for people.
        arguments: its parameters as source text, `self` and stars left out.
        result: its result's annotation.
        names: what of its module it needs.
    """

    module: str
    place: str
    arguments: str
    result: str
    names: frozenset[str]

    def source(self, name: str) -> str:
        """A module that registers a function of this signature under a name."""
        imports = "".join(f"from {self.module} import {needed}\n" for needed in sorted(self.names))
        head = f"async def {name}(worker_state{self.arguments}) -> {self.result}: ...\n"
        return f"{_HEAD}{imports}\n\n{head}\n\n{_TAIL.format(name=name)}"


def home_of(package: str) -> Path:
    """The file or folder of an importable top-level package, found without importing it."""
    for root in map(Path, sys.path):
        for path in (root / package, root / f"{package}.py"):
            if (path / "__init__.py").is_file() or (path.suffix == ".py" and path.is_file()):
                return path
    raise LookupError(f"no source of `{package}` is installed")


def signatures(home: Path) -> list[Signature]:
    """The signatures in a package, in order, without repeats; of each class that may be data, one that takes and gives it."""
    files = sorted(home.rglob("*.py")) if home.is_dir() else [home]
    found: dict[tuple[str, str, str], Signature] = {}
    for file in files:
        parts = file.relative_to(home.parent).with_suffix("").parts
        if not all(part.isidentifier() for part in parts) or "tests" in parts:
            continue
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        try:
            tree = ast.parse(file.read_bytes())
        except (SyntaxError, ValueError):
            continue  # packages hold files for other Pythons
        for signature in _of_module(tree, module):
            found.setdefault((signature.module, signature.arguments, signature.result), signature)
    return list(found.values())


def _of_module(tree: ast.Module, module: str) -> Iterator[Signature]:
    bound = {
        node.name if isinstance(node, ast.ClassDef) else node.id
        for node in _at_module_level(tree.body)
        if isinstance(node, ast.ClassDef) or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    }
    for owner, function in _functions(tree.body, ""):
        signature = _signature(function, module, owner, frozenset(bound))
        if signature is not None:
            yield signature
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and (node.decorator_list or node.bases):
            yield Signature(
                module=module,
                place=f"{module}:{node.name}:{node.lineno}",
                arguments=f", value: {node.name}",
                result=node.name,
                names=frozenset({node.name}),
            )


def _at_module_level(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Nodes, what classes and functions hold left out: it binds no name of the module."""
    for node in body:
        yield node
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _at_module_level(list(ast.iter_child_nodes(node)))


def _functions(
    body: list[ast.stmt], owner: str
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            yield from _functions(statement.body, f"{owner}{statement.name}.")
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield owner, statement
        elif isinstance(statement, ast.If | ast.Try):
            yield from _functions(statement.body, owner)


def _signature(
    function: ast.FunctionDef | ast.AsyncFunctionDef, module: str, owner: str, bound: frozenset[str]
) -> Signature | None:
    """What is registered of a function; None where a part of it has no annotation."""
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    defaults: list[ast.expr | None] = [
        *[None] * (len(positional) - len(given.defaults)),
        *given.defaults,
    ]
    pairs = list(zip(positional, defaults, strict=True))
    is_static = any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in function.decorator_list)
    if owner and not is_static:
        pairs = pairs[1:]
    keywords = list(zip(given.kwonlyargs, given.kw_defaults, strict=True))
    every = [*pairs, *keywords]
    if not every or function.returns is None or any(a.annotation is None for a, _ in every):
        return None
    texts = [_parameter(*pair) for pair in pairs]
    texts += ["*", *(_parameter(*pair) for pair in keywords)] if keywords else []
    parts = [part for a, default in every for part in (a.annotation, default) if part is not None]
    used = {name for part in [*parts, function.returns] for name in _names(part)}
    return Signature(
        module=module,
        place=f"{module}:{owner}{function.name}:{function.lineno}",
        arguments="".join(f", {text}" for text in texts),
        result=ast.unparse(function.returns),
        names=frozenset(name for name in used if name in bound or not hasattr(builtins, name)),
    )


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    text = f"{argument.arg}: {ast.unparse(argument.annotation)}" if argument.annotation else argument.arg
    return text if default is None else f"{text} = {ast.unparse(default)}"


def _names(node: ast.expr) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            try:
                yield from _names(ast.parse(inner.value.strip(), mode="eval").body)
            except SyntaxError:
                continue
