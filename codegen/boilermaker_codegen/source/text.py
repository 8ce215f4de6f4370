"""From a file's bytes to its text, without irrelevant parts: everything that is done before libcst parses it."""

import ast
import hashlib
import io
import keyword
import re
import sys
import tokenize
import warnings
from typing import NamedTuple
from unicodedata import is_normalized

from boilermaker_codegen.error_ids import ErrorId
from boilermaker_codegen.problems import Problem, Refused
from boilermaker_codegen.source.discover import SourceFile
from boilermaker_codegen.source.trimming import Trimmed, trimmed

LINE_END = re.compile(r"\r\n|\r|\n")
_LONG_NUMBER = re.compile(rf"(?<![\w.])[0-9][0-9_]{{{sys.int_info.default_max_str_digits},}}")
_STAR = re.compile(rb"\bimport[\s\\]*\*")
_LEVELS = 3_000
_USUAL = frozenset({"utf-8", "utf-8-sig", "ascii", "iso-8859-1"})
_WORD = re.compile(
    r"\w*[^\x00-\x7f\s](?:\w|[^\x00-\x7f\s])*"
)  # `re` does not treat combining marks as letters


class Text(NamedTuple):
    """The content of a file before parsing.

    Attributes:
        text: its source.
        short: the same, without irrelevant parts.
        is_varied: some of its identifiers are not in normalized form.
        fault: Python's syntax error, if any; the source may be newer than this Python.
    """

    text: str
    short: Trimmed
    is_varied: bool
    fault: SyntaxError | None

    @property
    def digest(self) -> str:
        """A digest of the file's meaning: independent of comments and of positions in the file."""
        return hashlib.blake2b(self.short.meaning.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def read(file: SourceFile, data: bytes) -> Text:
    """Read a file's content without parsing it with libcst.

    Raises:
        Refused: no Python version can parse it.
    """
    text = _decoded(data, file)
    is_varied = has_variants(text)
    tree = _python_tree(text, file)
    if isinstance(tree, SyntaxError):
        return Text(text, Trimmed(text, {}, text), is_varied, tree)
    return Text(text, Trimmed(text, {}, text) if is_varied else trimmed(text, tree), is_varied, None)


def has_variants(text: str) -> bool:
    """Whether a text may contain an identifier that is not in normalized form."""
    return not text.isascii() and any(
        word.isidentifier() and not is_normalized("NFKC", word) for word in _WORD.findall(text)
    )


def may_bind(data: bytes, name: str) -> bool:
    """Whether a file may bind a name, directly or by `import *`: a search in its bytes; False is certain."""
    if name.encode() in data or _STAR.search(data):
        return True
    if data.isascii() and b"coding" not in data:
        return False
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return encoding not in _USUAL or has_variants(data.decode(encoding))
    except (SyntaxError, UnicodeError):
        return True


def _decoded(data: bytes, file: SourceFile) -> str:
    """Source text as Python decodes it (PEP 263): UTF-8, unless the file declares something else."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        if "unknown encoding" in str(error):
            raise unreadable(
                file,
                "FILE_UNREADABLE",
                1,
                1,
                "declares an encoding that Python does not know; save it as UTF-8",
            ) from None
        if "encoding problem" in str(error):
            raise unreadable(
                file,
                "FILE_UNREADABLE",
                1,
                1,
                "starts with UTF-8's byte order mark, but declares another encoding; save it as UTF-8",
            ) from None
        encoding = "utf-8"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding, errors="replace")
        line, column = _place(before)
        raise unreadable(
            file, "FILE_UNREADABLE", line, column, f"is not valid {encoding.upper()} here; save it as UTF-8"
        ) from None
    except (UnicodeError, LookupError):  # some codecs are not text encodings
        raise unreadable(
            file, "FILE_UNREADABLE", 1, 1, f"cannot be read as {encoding}; save it as UTF-8"
        ) from None


def _python_tree(text: str, file: SourceFile) -> ast.Module | SyntaxError:
    """Python's own syntax tree, at the default recursion limit, or its error: libcst supports newer grammar.

    libcst has no limit: beyond some 5,000 levels it overflows the stack, which kills the process. Python 3.11 stops at some
    3,000, later versions at up to 10,000, whatever the recursion limit.

    Raises:
        Refused: no Python version can parse it.
    """
    if "\0" in text:
        line, column = _place(text[: text.index("\0")])
        raise unreadable(file, "FILE_NOT_PYTHON", line, column, "has a null byte here; remove it")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)
    line, column = 0, 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        if not _is_deep(tree):
            return tree
    except (RecursionError, MemoryError):
        pass
    except SyntaxError as error:
        message = str(error.msg)
        if message.startswith("(unicode error)"):  # libcst does not parse the content of strings
            reason = f"is not valid Python: {message.removeprefix('(unicode error) ')}; correct it"
            raise unreadable(file, "FILE_NOT_PYTHON", error.lineno or 0, error.offset or 1, reason) from None
        if message.startswith(
            "Exceeds the limit"
        ):  # nor does it limit digits; Python reports the end of the file
            number = _LONG_NUMBER.search(text)
            line, column = _place(text[: number.start()] if number else text)
            reason = f"is not valid Python: {message.partition(';')[0]}; correct it"
            raise unreadable(file, "FILE_NOT_PYTHON", line, column, reason) from None
        if "too many nested" in message or "too many levels" in message:
            line, column = error.lineno or 0, max(error.offset or 1, 1)
        elif not _may_be_deep(text):
            return error
    finally:
        sys.setrecursionlimit(limit)
    raise unreadable(file, "TOO_DEEP", line, column, "is nested too deeply for Python; simplify it")


def _is_deep(tree: ast.Module) -> bool:
    """Whether libcst's tree would have more than 3,000 levels."""
    waiting: list[tuple[ast.AST, int]] = [(tree, 1)]
    while waiting:
        node, level = waiting.pop()
        if isinstance(node, ast.BoolOp):  # one level here, and one for each `and` and `or` in libcst
            level += len(node.values) - 2
        if level > _LEVELS:
            return True
        waiting.extend((child, level + 1) for child in ast.iter_child_nodes(node))
    return False


def _may_be_deep(text: str) -> bool:
    """The same of a text that this Python does not parse: each operator, keyword and open bracket may be a level."""
    if len(text) < _LEVELS:
        return False
    levels, branches = [0], 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.NEWLINE:
                levels = [0]
            elif token.string == ",":
                levels[-1] = 0
            elif token.type == tokenize.OP and token.string in ")]}":
                levels = levels[:-1] or [0]
            elif token.type == tokenize.OP or keyword.iskeyword(token.string):
                levels[-1] += 1
                branches += token.string == "elif"
                if token.string in "([{":
                    levels.append(0)
                if max(sum(levels), branches) > _LEVELS:
                    return True
    except (tokenize.TokenError, SyntaxError):  # libcst reads tokens first, and rejects these too
        return False
    return False


def _place(before: str) -> tuple[int, int]:
    """Line and column, counted from 1, of the position after a text."""
    lines = LINE_END.split(before)
    return len(lines), len(lines[-1]) + 1


def unreadable(file: SourceFile, id_: ErrorId, line: int, column: int, message: str) -> Refused:
    text = f"{message}, or list the file under `exclude`"
    return Refused(Problem(path=file.shown, line=line, column=column, id=id_, message=text))
