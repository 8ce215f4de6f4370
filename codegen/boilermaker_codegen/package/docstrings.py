"""Docstrings in the generated code, as `ruff format` leaves them."""

import re

from boilermaker.contract.texts import escaped, hides

_LINE_END = re.compile(r"\r\n|\r|\n")


def docstring(doc: str, indent: str = "") -> str:
    """A docstring with its quotes, lines joined; the first line without indentation."""
    rows = [row.rstrip() for row in _LINE_END.split(doc.strip())]
    body = "\n".join([rows[0], *(f"{indent}{row}" if row else "" for row in rows[1:])])
    body = body.replace('"""', "'''")  # an escape would need a backslash, which reads worse
    prefix = "r" if "\\" in body and not hides(body) else ""
    if not prefix:
        body = escaped(body.replace("\\", "\\\\"))
    start = " " if body.startswith('"') else ""
    if len(rows) > 1:
        return f'{prefix}"""{start}{body}\n{indent}"""'
    end = " " if body.endswith('"') or _ends_in_escape(body) else ""
    return f'{prefix}"""{start}{body}{end}"""'


def _ends_in_escape(body: str) -> bool:
    """An odd number of backslashes would escape the closing quote."""
    found = re.search(r"\\+$", body)
    return bool(found and len(found.group()) % 2)
