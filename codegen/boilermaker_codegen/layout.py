"""Source lines that fit: expressions as small trees, broken the way `ruff format` breaks them.

The generator does not run a formatter, so its output must be what one would leave alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass

INDENT = "    "


@dataclass(frozen=True)
class Bracket:
    """Something with brackets: a call, a subscript, a display.

    Attributes:
        head: up to and including the opening bracket.
        items: what stands between the commas.
        close: the closing bracket.
        has_comma: a comma may follow the last item; in a subscript with one item it would change the meaning.
    """

    head: str
    items: "tuple[Expression, ...]"
    close: str
    has_comma: bool = True


@dataclass(frozen=True)
class Joined:
    """`A | B`, or two strings next to each other: parts with an operator between them."""

    parts: "tuple[Expression, ...]"
    operator: str = "| "


@dataclass(frozen=True)
class Prefixed:
    """`name=expression`, `name: expression`, `key: expression`."""

    prefix: str
    expression: "Expression"


Expression = str | Bracket | Joined | Prefixed


def call(head: str, items: Iterable[Expression]) -> Bracket:
    """`head(items)`."""
    return Bracket(f"{head}(", tuple(items), ")")


def subscript(head: str, items: Iterable[Expression]) -> Bracket:
    """`head[items]`."""
    parts = tuple(items)
    return Bracket(f"{head}[", parts, "]", has_comma=len(parts) > 1)


def flat(expression: Expression) -> str:
    """An expression on one line."""
    match expression:
        case str():
            return expression
        case Bracket(head=head, items=items, close=close):
            return head + ", ".join(flat(item) for item in items) + close
        case Joined(parts=parts, operator=operator):
            return f" {operator}".join(flat(part) for part in parts)
        case Prefixed(prefix=prefix, expression=inner):
            return prefix + flat(inner)


def lines(expression: Expression, *, width: int, indent: str = "", suffix: str = "") -> list[str]:
    """An expression as lines within `width` columns, as far as it can be broken.

    Args:
        expression: what to lay out.
        width: columns.
        indent: what each line starts with.
        suffix: what must follow on the last line.
    """
    return _lines("", expression, suffix, indent, width)


def _lines(prefix: str, expression: Expression, suffix: str, indent: str, width: int) -> list[str]:
    text = f"{indent}{prefix}{flat(expression)}{suffix}"
    if len(text) <= width:
        return [text]
    match expression:
        case str():
            return [text]
        case Prefixed(prefix=inner_prefix, expression=inner):
            return _lines(prefix + inner_prefix, inner, suffix, indent, width)
        case Joined():
            return _joined(prefix, expression, suffix, indent, width)
        case Bracket(items=()):
            return [text]
        case Bracket():
            return _bracket(prefix, expression, suffix, indent, width)


def _bracket(prefix: str, bracket: Bracket, suffix: str, indent: str, width: int) -> list[str]:
    inner = indent + INDENT
    opening, closing = f"{indent}{prefix}{bracket.head}", f"{indent}{bracket.close}{suffix}"
    body = inner + ", ".join(flat(item) for item in bracket.items)
    if len(body) <= width:
        return [opening, body, closing]
    if len(bracket.items) == 1 and not bracket.has_comma:
        return [opening, *_alone(bracket.items[0], inner, width), closing]
    exploded = [line for item in bracket.items for line in _lines("", item, ",", inner, width)]
    return [opening, *exploded, closing]


def _alone(item: Expression, indent: str, width: int) -> list[str]:
    """The one item of a subscript: a union in it needs no parentheses of its own."""
    if isinstance(item, Joined):
        return _operands(item, indent, width)
    return _lines("", item, "", indent, width)


def _joined(prefix: str, joined: Joined, suffix: str, indent: str, width: int) -> list[str]:
    if not prefix:
        rows = _operands(joined, indent, width)
        return [*rows[:-1], rows[-1] + suffix]
    inner = indent + INDENT
    one = f"{inner}{flat(joined)}"
    body = [one] if len(one) <= width else _operands(joined, inner, width)
    return [f"{indent}{prefix}(", *body, f"{indent}){suffix}"]


def _operands(joined: Joined, indent: str, width: int) -> list[str]:
    rows: list[str] = []
    for index, part in enumerate(joined.parts):
        rows.extend(_lines(joined.operator if index else "", part, "", indent, width))
    return rows
