"""The contract read from source text is the one that the worker derives from its live functions."""

import tempfile
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from boilermaker.contract import agreed, to_json
from codegen.golden import PACKAGES
from codegen.live import STATIC_ONLY, service
from codegen.random_contracts import draw_contract
from codegen.source_writing import write_source, write_table


@pytest.mark.parametrize(
    "case", [case for case in PACKAGES if case.name not in STATIC_ONLY], ids=lambda path: path.name
)
def test_source_text_and_live_functions_give_the_same_contract(case: Path) -> None:
    """Names, docs, types, defaults, digests: the canonical JSON is equal byte for byte, but for what the worker decides."""
    with service(case / "pyproject.toml") as (found, worker):
        live = worker.contract()
    scanned = found.contract  # where producers import types from is the configuration's to say
    named = msgspec.structs.replace(
        live, service=scanned.service, queue=scanned.queue, imported=scanned.imported
    )
    assert to_json(scanned).decode() == to_json(agreed(named, scanned)).decode()


CONFIG = """\
[tool.boilermaker]
service = "random"
queue = "random"
source = ["."]
package = "random_stubs"
output = "stubs"
"""


@given(st.randoms(use_true_random=False))
def test_a_random_contract_written_as_source_is_what_both_find(random: Random) -> None:
    """In any style: imports of every kind, aliases, quotes, old and new spellings, three modules, classes of third parties."""
    drawn = draw_contract(random, has_externals=True)
    files = write_source(drawn, random, assigns=True)
    note("\n".join(f"# {path}\n{text}" for path, text in files.items()))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, text in {**files, "pyproject.toml": CONFIG + write_table(drawn)}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        with service(folder / "pyproject.toml") as (found, worker):
            live = msgspec.structs.replace(worker.contract(), service=drawn.service)
    expected = to_json(drawn).decode()
    assert expected == to_json(found.contract).decode()
    assert expected == to_json(agreed(live, drawn)).decode()
