"""Line breaking: expressions as small trees, broken as `ruff format` breaks them.

The generator does not run a formatter, so its output must already be formatted.
"""

from collections.abc import Iterable
from dataclasses import dataclass

INDENT = "    "


@dataclass(frozen=True)
class Bracket:
    """Something with brackets: a call, a subscript, a display.

    Attributes:
        head: up to and including the opening bracket.
        items: the expressions between the commas.
        close: the closing bracket.
        has_comma: a comma may follow the last item; in a subscript with one item it would change the meaning.
        is_display: a list, a tuple, a dict or a set: once broken, each item has a line of its own.
    """

    head: str
    items: "tuple[Expression, ...]"
    close: str
    has_comma: bool = True
    is_display: bool = False


@dataclass(frozen=True)
class Applied:
    """A subscript that is called: `TaskStub[int](...)`."""

    callee: Bracket
    arguments: Bracket


@dataclass(frozen=True)
class Joined:
    """`A | B`: parts with an operator between them."""

    parts: "tuple[Expression, ...]"
    operator: str = "| "


@dataclass(frozen=True)
class Prefixed:
    """`name=expression`, `name: expression`, `key: expression`."""

    prefix: str
    expression: "Expression"


@dataclass(frozen=True)
class Declared:
    """`name: annotation = value`, of a parameter or a field."""

    name: str
    annotation: "Expression"
    value: "Expression"
    is_field: bool = False


@dataclass(frozen=True)
class Quoted:
    """A quoted annotation, a name or a plain value; if it is too long for its line, it is put on its own line, in parentheses."""

    text: str


Expression = str | Quoted | Bracket | Applied | Joined | Prefixed | Declared


def call(head: str, items: Iterable[Expression]) -> Bracket:
    """`head(items)`."""
    return Bracket(f"{head}(", tuple(items), ")")


def subscript(head: str, items: Iterable[Expression]) -> Bracket:
    """`head[items]`."""
    parts = tuple(items)
    return Bracket(f"{head}[", parts, "]", has_comma=len(parts) > 1)


def display(opening: str, items: Iterable[Expression], close: str) -> Bracket:
    """`[items]`, `{items}`, `(items)`."""
    return Bracket(opening, tuple(items), close, is_display=True)


def flat(expression: Expression) -> str:
    """An expression on one line."""
    match expression:
        case str():
            return expression
        case Quoted(text=text):
            return text
        case Bracket(head=head, items=items, close=close):
            return head + ", ".join(flat(item) for item in items) + close
        case Applied(callee=callee, arguments=arguments):
            return flat(callee) + flat(arguments)
        case Joined(parts=parts, operator=operator):
            return f" {operator}".join(flat(part) for part in parts)
        case Prefixed(prefix=prefix, expression=inner):
            return prefix + flat(inner)
        case Declared(name=name, annotation=annotation, value=value):
            return f"{name}: {flat(annotation)} = {flat(value)}"


def lines(expression: Expression, *, width: int, indent: str = "", suffix: str = "") -> list[str]:
    """An expression as lines within `width` columns, as far as it can be broken.

    Args:
        expression: what to lay out.
        width: columns.
        indent: what each line starts with.
        suffix: text that must follow on the last line.
    """
    return _Layout(width).lines("", expression, suffix, indent)


def signature(head: str, parameters: Iterable[Expression], result: Bracket, *, width: int) -> list[str]:
    """`def head(parameters) -> result:`."""
    items = tuple(parameters)
    whole = f"{head}({', '.join(flat(item) for item in items)}) -> {flat(result)}:"
    if len(whole) <= width:
        return [whole]
    layout = _Layout(width)
    if not items:
        return layout.lines(f"{head}() -> ", result, ":", "")
    one = INDENT + ", ".join(flat(item) for item in items)
    rows = [f"{one},"] if len(items) == 1 else [one]
    if len(rows[0]) > width:
        rows = [row for item in items for row in layout.lines("", item, ",", INDENT)]
    return [f"{head}(", *rows, *layout.lines(") -> ", result, ":", "")]


class _Layout:
    def __init__(self, width: int) -> None:
        self._width = width

    def lines(self, prefix: str, expression: Expression, suffix: str, indent: str) -> list[str]:
        text = f"{indent}{prefix}{flat(expression)}{suffix}"
        if self._fits(text):
            return [text]
        match expression:
            case Prefixed(prefix=inner_prefix, expression=inner):
                return self.lines(prefix + inner_prefix, inner, suffix, indent)
            case Joined():
                return self._joined(prefix, expression, suffix, indent)
            case Applied():
                return self._applied(prefix, expression, suffix, indent)
            case Declared():
                return self._declared(expression, suffix, indent)
            case Bracket() if expression.items:
                return self._bracket(prefix, expression, suffix, indent)
            case Quoted():
                return self._parenthesized(prefix, expression, suffix, indent)
            case _:
                return [text]

    def _fits(self, text: str) -> bool:
        return len(text) <= self._width

    def _bracket(self, prefix: str, bracket: Bracket, suffix: str, indent: str) -> list[str]:
        inner = indent + INDENT
        opening, closing = f"{indent}{prefix}{bracket.head}", f"{indent}{bracket.close}{suffix}"
        body = inner + ", ".join(flat(item) for item in bracket.items)
        if self._fits(body) and not bracket.is_display:
            return [opening, body, closing]
        if not bracket.has_comma:
            return [opening, *self._alone(bracket.items[0], inner), closing]
        exploded = [line for item in bracket.items for line in self.lines("", item, ",", inner)]
        return [opening, *exploded, closing]

    def _alone(self, item: Expression, indent: str) -> list[str]:
        """The one item of a subscript: a union in it needs no parentheses of its own."""
        return self._operands(item, indent) if isinstance(item, Joined) else self.lines("", item, "", indent)

    def _applied(self, prefix: str, applied: Applied, suffix: str, indent: str) -> list[str]:
        head = prefix + flat(applied.callee)
        if self._fits(f"{indent}{head}{applied.arguments.head}"):
            return self._bracket(head, applied.arguments, suffix, indent)
        callee = self._bracket(prefix, applied.callee, "", indent)
        arguments = self._bracket(callee[-1].removeprefix(indent), applied.arguments, suffix, indent)
        return [*callee[:-1], *arguments]

    def _parenthesized(self, prefix: str, quoted: Quoted, suffix: str, indent: str) -> list[str]:
        inner = f"{indent}{INDENT}{quoted.text}"
        if not self._fits(inner):
            return [f"{indent}{prefix}{quoted.text}{suffix}"]
        return [f"{indent}{prefix}(", inner, f"{indent}){suffix}"]

    def _joined(self, prefix: str, joined: Joined, suffix: str, indent: str) -> list[str]:
        if not prefix:
            rows = self._operands(joined, indent)
            return [*rows[:-1], rows[-1] + suffix]
        inner = indent + INDENT
        one = f"{inner}{flat(joined)}"
        body = [one] if self._fits(one) else self._operands(joined, inner)
        return [f"{indent}{prefix}(", *body, f"{indent}){suffix}"]

    def _operands(self, joined: Joined, indent: str) -> list[str]:
        rows: list[str] = []
        for index, part in enumerate(joined.parts):
            rows.extend(self.lines(joined.operator if index else "", part, "", indent))
        return rows

    def _declared(self, declared: Declared, suffix: str, indent: str) -> list[str]:
        """Break the value if the annotation before it fits on the line; otherwise break the annotation."""
        annotation, value = declared.annotation, declared.value
        head = f"{declared.name}: {flat(annotation)} = "
        if isinstance(value, Bracket) and value.items and self._fits(f"{indent}{head}{value.head}"):
            return self._bracket(head, value, suffix, indent)
        if declared.is_field and isinstance(value, str | Bracket) and self._fits(f"{indent}{head}("):
            inner = f"{indent}{INDENT}{flat(value)}"
            if self._fits(inner):
                return [f"{indent}{head}(", inner, f"{indent})"]
            if isinstance(value, str):
                return [f"{indent}{head}{value}"]
        rows = self._broken(f"{declared.name}: ", annotation, indent)
        last = f"{rows[-1].removeprefix(indent)} = "
        return [*rows[:-1], *self.lines(last, value, suffix, indent)]

    def _broken(self, prefix: str, annotation: Expression, indent: str) -> list[str]:
        """An annotation on more than one line, although it would fit on one."""
        match annotation:
            case Bracket():
                return self._bracket(prefix, annotation, "", indent)
            case Joined():
                return self._joined(prefix, annotation, "", indent)
            case _:
                return [f"{indent}{prefix}{flat(annotation)}"]
