"""The example service's contract: from its source text and from its live functions, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from boilermaker.contract import to_json
from boilermaker_codegen.config import load
from boilermaker_codegen.scan import scan

ROOT = Path(__file__).parents[2]
LIVE = """
import sys
from {service}_service.worker import worker
from boilermaker.contract import to_json
sys.stdout.buffer.write(to_json(worker.contract()))
"""
NOWHERE = "Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=k;SharedAccessKey=k;UseDevelopmentEmulator=true"


@pytest.mark.parametrize("service", ["accounts", "billing"])
def test_the_examples_live_contract_is_the_one_read_from_its_source(tmp_path: Path, service: str) -> None:
    """Equal byte for byte; deriving it opens no connection."""
    folder = ROOT / "examples" / service
    done = subprocess.run(
        [sys.executable, "-c", LIVE.format(service=service)],
        cwd=folder,
        env={
            **os.environ,
            "SERVICE_BUS_CONNECTION_STRING": NOWHERE,
            "PYTHONPATH": str(ROOT / "stubs"),
            "ACCOUNTS_DB": str(tmp_path / "accounts.db"),
        },
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert 0 == done.returncode, done.stderr.decode()
    scanned = scan(load(folder / "pyproject.toml")).contract
    # where producers import types from is the configuration's to say
    assert to_json(msgspec.structs.replace(scanned, imported={})).decode() == done.stdout.decode()
