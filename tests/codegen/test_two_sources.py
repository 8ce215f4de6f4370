"""The contract read from source text is the one that the worker derives from its live functions."""

import importlib
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from boilermaker import Boilermaker
from boilermaker.contract import to_json
from boilermaker_codegen.config import load
from boilermaker_codegen.scan import scan
from codegen.golden import PACKAGES

# Its annotations do not resolve at run time, where the worker refuses it.
STATIC_ONLY = {"type_checking"}


@pytest.fixture
def importing() -> Iterator[None]:
    """Modules imported in a test are forgotten after it: all cases have a `service`."""
    path, known = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - known:
        del sys.modules[name]


@pytest.mark.usefixtures("importing")
@pytest.mark.parametrize(
    "case", [case for case in PACKAGES if case.name not in STATIC_ONLY], ids=lambda path: path.name
)
def test_source_text_and_live_functions_give_the_same_contract(case: Path) -> None:
    """Names, docs, types, defaults, digests: the canonical JSON is equal byte for byte."""
    found = scan(load(case / "pyproject.toml"))
    sys.path.insert(0, str(case / "input"))
    workers: list[Boilermaker[object]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # parameters without annotation
        for place in sorted(found.modules):
            module = importlib.import_module(place)
            workers += [value for value in vars(module).values() if isinstance(value, Boilermaker)]
    live = workers[0].contract()
    named = msgspec.structs.replace(live, service=found.contract.service, queue=found.contract.queue)
    assert to_json(found.contract).decode() == to_json(named).decode()
