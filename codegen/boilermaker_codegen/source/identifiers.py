"""Identifiers as Python compares them (PEP 3131): `ﬁle` and `file` are one name, whichever way it is written."""

import re
from unicodedata import is_normalized, normalize

import libcst as cst

_WORD = re.compile(r"\w*[^\x00-\x7f\s](?:\w|[^\x00-\x7f\s])*")  # to `re`, marks that combine are no letters


def has_variants(text: str) -> bool:
    """Whether something in a text may be an identifier that Python knows by another spelling."""
    return not text.isascii() and any(
        word.isidentifier() and not is_normalized("NFKC", word) for word in _WORD.findall(text)
    )


def settle(tree: cst.CSTNode) -> None:
    """Give each name in a tree the spelling that Python knows it by. In place, so that nodes stay what they are."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, cst.Name):
            object.__setattr__(node, "value", normalize("NFKC", node.value))
        waiting.extend(node.children)


def expression(text: str) -> cst.BaseExpression:
    """The expression that a text is.

    Raises:
        libcst.ParserSyntaxError, ValueError: it is none.
    """
    node = cst.parse_expression(text)
    if has_variants(text):
        settle(node)
    return node
