"""The contract read from source text is the one that the worker derives from its live functions."""

from pathlib import Path

import msgspec
import pytest

from boilermaker.contract import to_json
from codegen.golden import PACKAGES
from codegen.live import STATIC_ONLY, service


@pytest.mark.parametrize(
    "case", [case for case in PACKAGES if case.name not in STATIC_ONLY], ids=lambda path: path.name
)
def test_source_text_and_live_functions_give_the_same_contract(case: Path) -> None:
    """Names, docs, types, defaults, digests: the canonical JSON is equal byte for byte."""
    with service(case / "pyproject.toml") as (found, worker):
        live = worker.contract()
    named = msgspec.structs.replace(live, service=found.contract.service, queue=found.contract.queue)
    assert to_json(found.contract).decode() == to_json(named).decode()
