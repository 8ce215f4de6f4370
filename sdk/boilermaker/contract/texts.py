"""Characters that are escaped in files, because they hide or reorder the text around them, or end the line."""

import re
from collections.abc import Callable

# Controls (Cc) except tabs and line feeds, line and paragraph separators, bidirectional formatting (Unicode
# UAX #9), invisible marks and tags, and surrogates, which cannot be encoded. Joiners are kept: emoji and many
# languages use them.
_HIDING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
    "\ud800-\udfff]"
)


def hides(text: str) -> bool:
    """Whether a text contains a character that is escaped."""
    return _HIDING.search(text) is not None


def escaped(text: str) -> str:
    """A text with escapes as in a Python string literal; backslashes are kept."""
    return _replaced(text, _in_python)


def escaped_json(text: str) -> str:
    """JSON with escapes in its strings: nothing else in it can be one of these characters."""
    return _replaced(text, _in_json)


def _replaced(text: str, escape: Callable[[int], str]) -> str:
    return _HIDING.sub(lambda found: escape(ord(found.group())), text)


def _in_python(number: int) -> str:
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _in_json(number: int) -> str:
    units = chr(number).encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
