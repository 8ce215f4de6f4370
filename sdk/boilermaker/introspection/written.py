"""What a function's source says where the live function does not tell: whether a default is None by intention."""

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any


def is_none_written(function: Callable[..., Any], parameter: str) -> bool:
    """Whether a default that is None is written as None; so it is taken for where there is no source.

    `region: str = None` says that it may be None. `region: str = os.environ.get("REGION")` does not: it came to None in this
    process, and to something else in the next.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    except (OSError, SyntaxError, TypeError):
        return True
    definition = tree.body[0] if tree.body else None
    if not isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
        return True
    default = _defaults(definition.args).get(parameter)
    return default is None or (isinstance(default, ast.Constant) and default.value is None)


def _defaults(given: ast.arguments) -> dict[str, ast.expr | None]:
    positional = [*given.posonlyargs, *given.args]
    first = len(positional) - len(given.defaults)
    return {
        **{item.arg: default for item, default in zip(positional[first:], given.defaults, strict=True)},
        **{item.arg: default for item, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)},
    }
