"""A chain through the two example services: each worker a process of its own, with a queue of its own."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import accounts_stubs
import billing_stubs

from boilermaker import AzureServiceBus, Client
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.localbus.settings import QueueSettings

ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 30.0


@contextlib.contextmanager
def running(service: str, environment: dict[str, str]) -> Generator[None, None, None]:
    command = (sys.executable, "-m", "boilermaker.cli", "worker", f"{service}_service.worker:worker")
    with subprocess.Popen(command, cwd=ROOT / "examples" / service, env=environment) as process:
        try:
            yield
        finally:
            process.kill()


async def publish(connection: str) -> None:
    user = accounts_stubs.create_user(email="ada@example.org", name="Ada")
    invoice = billing_stubs.open_invoice(user_id=user.result, plan=accounts_stubs.Plan.PRO)
    async with Client(AzureServiceBus.from_connection_string(connection)) as client:
        await client.publish(user >> invoice)


def test_a_chain_crosses_from_one_services_queue_to_the_others(tmp_path: Path) -> None:
    """What accounts returns is what billing takes; neither worker knows the other's code."""
    ledger = tmp_path / "ledger.txt"
    with LocalServiceBus([QueueSettings(name="accounts"), QueueSettings(name="billing")]) as bus:
        environment = {
            **os.environ,
            "SERVICE_BUS_CONNECTION_STRING": bus.connection_string,
            "ACCOUNTS_DB": str(tmp_path / "accounts.db"),
            "BILLING_LEDGER": str(ledger),
            "PYTHONPATH": str(ROOT / "stubs"),
        }
        asyncio.run(publish(bus.connection_string))
        with running("accounts", environment), running("billing", environment):
            deadline = time.monotonic() + DEADLINE_SECONDS
            while not (ledger.exists() and ledger.read_text()):
                assert time.monotonic() < deadline, "no invoice was opened"
                time.sleep(0.05)  # another process writes it: there is nothing to be woken by

    assert "1 pro\n" == ledger.read_text()
