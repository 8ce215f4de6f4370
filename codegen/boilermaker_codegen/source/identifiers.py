"""Identifiers as Python compares them (PEP 3131): `ﬁle` and `file` are the same name."""

from unicodedata import normalize

import libcst as cst

from boilermaker_codegen.source.text import has_variants


def settle(tree: cst.CSTNode) -> None:
    """Normalize each name in a tree as Python does. In place, so that node identity is kept."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, cst.Name):
            object.__setattr__(node, "value", normalize("NFKC", node.value))
        waiting.extend(node.children)


def mangled(name: str, owner: str) -> str:
    """A name in the body of a class, as Python mangles it: `__secret` in `Account` is `_Account__secret`."""
    stripped = owner.lstrip("_")
    return f"_{stripped}{name}" if stripped and is_mangled(name) else name


def is_mangled(name: str) -> bool:
    """Whether Python mangles a name in classes."""
    return name.startswith("__") and not name.endswith("__")


def expression(text: str) -> cst.BaseExpression:
    """The expression that a text is.

    Raises:
        libcst.ParserSyntaxError, ValueError: it is none.
    """
    node = cst.parse_expression(text)
    if has_variants(text):
        settle(node)
    return node
