"""The example service's contract: from its source text and from its live functions, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from boilermaker.contract import to_json
from boilermaker_codegen.config import load
from boilermaker_codegen.scan import scan

SERVICE = Path(__file__).parents[2] / "examples" / "accounts"
LIVE = """
import sys
from accounts_service.worker import worker
from boilermaker.contract import to_json
sys.stdout.buffer.write(to_json(worker.contract()))
"""
NOWHERE = "Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=k;SharedAccessKey=k;UseDevelopmentEmulator=true"


def test_the_examples_live_contract_is_the_one_read_from_its_source(tmp_path: Path) -> None:
    """Equal byte for byte; deriving it opens no connection."""
    done = subprocess.run(
        [sys.executable, "-c", LIVE],
        cwd=SERVICE,
        env={
            **os.environ,
            "SERVICE_BUS_CONNECTION_STRING": NOWHERE,
            "ACCOUNTS_DB": str(tmp_path / "accounts.db"),
        },
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert 0 == done.returncode, done.stderr.decode()
    assert to_json(scan(load(SERVICE / "pyproject.toml")).contract).decode() == done.stdout.decode()
