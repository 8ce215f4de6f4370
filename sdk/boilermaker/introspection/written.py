"""Facts that only a function's source shows: whether a default is None on purpose."""

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any


def is_none_written(function: Callable[..., Any], parameter: str) -> bool:
    """Whether a default that is None is written as `None`; True if there is no source.

    `region: str = None` says that None is allowed. `region: str = os.environ.get("REGION")` does not: it is
    None in this process, and may be something else in the next.
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
