"""What the generator says of `from module import *` is what Python does, or that it is not known."""

import subprocess
import sys
from pathlib import Path

import pytest

from boilermaker_codegen.config import load
from boilermaker_codegen.source.discover import Index
from boilermaker_codegen.source.files import walk
from boilermaker_codegen.source.parse import Library, Reading
from boilermaker_codegen.source.resolve import Resolver
from codegen.conftest import WriteProject

NAMES = ("A", "B", "C", "D", "_E", "F")
DEFINED = "class A: ...\nclass B: ...\nclass C: ...\nclass D: ...\nclass _E: ...\nF = 1\nHAS = True\n"
OTHERS = {
    "sub": "__all__ = ['A']\n__all__ += ('B',)\n" + DEFINED,
    "late": DEFINED + "__all__ = []\n\ndef export(x):\n    y = x.__name__\n    __all__.append(y)\n    return x\n\n@export\nclass A: ...\n",
}  # fmt: skip

KNOWN = {
    "no list": "",
    "a list": "__all__ = ['A']",
    "a tuple": "__all__ = 'A', 'B'",
    "annotated": "__all__: list[str] = ['A']",
    "append": "__all__ = ['A']\n__all__.append('B')",
    "append, none at first": "__all__ = []\n__all__.append('_E')",
    "insert": "__all__ = ['A']\n__all__.insert(0, 'B')",
    "extend by a list": "__all__ = ['A']\n__all__.extend(['B', 'C'])",
    "extend by a tuple": "__all__ = ['A']\n__all__.extend(('B', 'C'))",
    "extend by a module's": "import sub\n__all__ = ['C']\n__all__.extend(sub.__all__)",
    "+= a list": "__all__ = ['A']\n__all__ += ['B']",
    "+= a module's": "import sub\n__all__ = ['C']\n__all__ += sub.__all__",
    "+ a module's": "import sub\n__all__ = ['C'] + sub.__all__",
    "a module's with a star": "import sub as other\n__all__ = [*other.__all__, 'C']",
    "a module's, imported": "from sub import __all__",
    "a module's, imported under another name": "from sub import __all__ as listed\n__all__ = ['C', *listed]",
    "a module's, copied": "import sub\n__all__ = list(sub.__all__)\n__all__.append('D')",
    "a module's, copied otherwise": "import sub\n__all__ = sub.__all__.copy()",
    "of the standard library": "import enum\n__all__ = ['A', *enum.__all__]",
    "remove": "__all__ = ['A', 'B']\n__all__.remove('B')",
    "remove one of two": "__all__ = ['A', 'B', 'B']\n__all__.remove('B')",
    "remove and append": "__all__ = ['A', 'B']\n__all__.remove('B')\n__all__.append('B')",
    "clear": "__all__ = ['A', 'B']\n__all__.clear()\n__all__.append('C')",
    "sort": "__all__ = ['B', 'A']\n__all__.sort()",
    "sorted": "__all__ = sorted(['B', 'A'])",
    "split": "__all__ = 'A B'.split()",
    "another name": "_LIST = ['A', 'B']\n__all__ = _LIST + ['C']",
    "on any Python that runs it": "import sys\n__all__ = ['A']\nif sys.version_info >= (3, 8):\n    __all__.append('B')",
    "for type checkers": "from typing import TYPE_CHECKING\n__all__ = ['A']\nif TYPE_CHECKING:\n    __all__.append('B')",
    "bound twice": "__all__ = ['A']\n__all__ = ['B']",
    "either way the same": "if HAS:\n    __all__ = ['A']\nelse:\n    __all__ = ['A']",
    "read by a function": "__all__ = ['A']\n\ndef __dir__():\n    x = 1\n    return sorted(__all__)",
    "a local of that name": "__all__ = ['A']\n\ndef f():\n    __all__ = ['B']\n    return __all__",
}  # fmt: skip

# Each with the names of which it is not known.
NOT_KNOWN = {
    "extend by what is not read": ("__all__ = ['A']\n__all__.extend(n for n in ['B'])", "BCD_EF"),
    "+= what is not read": ("__all__ = ['A']\n__all__ += [C.__name__]", "BCD_EF"),
    "remove what is not read": ("__all__ = ['A', 'B']\nname = str('B')\n__all__.remove(name)", "AB"),
    "remove under a condition": ("__all__ = ['A', 'B']\nif HAS:\n    __all__.remove('B')", "B"),
    "append under a condition": ("__all__ = ['A']\nif HAS:\n    __all__.append('B')", "B"),
    "append in a `try`": ("__all__ = ['A']\ntry:\n    import enum\nexcept ImportError:\n    pass\nelse:\n    __all__.append('B')", "B"),
    "append in a loop": ("__all__ = ['A']\nfor name in ('B', 'C'):\n    __all__.append(name)", "BCD_EF"),
    "one or the other": ("if HAS:\n    __all__ = ['A', 'B']\nelse:\n    __all__ = ['A']", "B"),
    "bound under a condition": ("if HAS:\n    __all__ = ['A', 'B']", "ABCD_EF"),
    "pop": ("__all__ = ['A', 'B']\n__all__.pop()", "ABCD_EF"),
    "pop, elsewhere": ("__all__ = ['A', 'B']\nlast = __all__.pop()", "ABCD_EF"),
    "by index": ("__all__ = ['A', 'B']\n__all__[0] = 'C'", "ABCD_EF"),
    "del": ("__all__ = ['A', 'B']\ndel __all__[0]", "ABCD_EF"),
    "in a function": ("__all__ = ['A']\n\ndef f():\n    x = 'B'\n    __all__.append(x)\n\nf()", "BCD_EF"),
    "by a decorator": ("from late import *\nfrom late import __all__", "ABCD_EF"),
    "globally": ("__all__ = ['A']\n\ndef f():\n    global __all__\n    __all__ = ['B']\n\nf()", "ABCD_EF"),
    "given away": ("__all__ = ['A']\n\ndef f(x):\n    y = 1\n    x.append('B')\n\nf(__all__)", "BCD_EF"),
    "by another name": ("listed = __all__ = ['A']\nlisted.append('B')", "BCD_EF"),
    "by a later name": ("__all__ = ['A']\nlisted = __all__\nlisted.append('B')", "BCD_EF"),
    "a name that changes": ("_LIST = ['A', 'B']\n_LIST.append('C')\n__all__ = _LIST", "ABCD_EF"),
    "unpacked": ("__all__, x = ['A'], 1", "ABCD_EF"),
    "a module outside": ("import string\n__all__ = ['A', *string.__all__]", "BCD_EF"),
    "multiplied": ("__all__ = ['A'] * 2", "ABCD_EF"),
}  # fmt: skip


def said(project: WriteProject, statements: str) -> dict[str, bool | None]:
    """What the generator says of the names of a module."""
    config = project(m=f"{DEFINED}{statements}\n", **OTHERS)
    reading = Reading(Library(Index(walk(load(config)))))
    module = reading.module("m")
    assert module is not None
    return {name: Resolver(reading).exports.gives(module, name) for name in NAMES if module.binds(name)}


def given(tmp_path: Path) -> frozenset[str]:
    """What Python imports, or would, if it were there."""
    program = "import m\nprint(*getattr(m, '__all__', (n for n in dir(m) if n[0] != '_')))"
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path / "src", capture_output=True, text=True, check=True
    )
    return frozenset(told.stdout.split())


@pytest.mark.parametrize("statements", KNOWN.values(), ids=KNOWN)
def test_a_list_that_is_written_out_is_known(project: WriteProject, tmp_path: Path, statements: str) -> None:
    """Changes by literals and by other modules' lists are followed: the answer is Python's."""
    answers = said(project, statements)
    assert answers == {name: name in given(tmp_path) for name in answers}


@pytest.mark.parametrize(("statements", "doubtful"), NOT_KNOWN.values(), ids=NOT_KNOWN)
def test_what_is_not_followed_is_not_known(
    project: WriteProject, tmp_path: Path, statements: str, doubtful: str
) -> None:
    """No name is said to stay that goes, or the other way round."""
    answers = said(project, statements)
    expected = given(tmp_path)
    assert {n: a for n, a in answers.items() if a is not None and a is not (n in expected)} == {}
    assert "".join(name for name in NAMES if answers.get(name, True) is None) == doubtful
