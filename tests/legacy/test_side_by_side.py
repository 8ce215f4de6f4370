"""Where workers of 1.x and ours are on one queue, the old ones bury our messages: they can be brought back."""

import asyncio
from pathlib import Path

import pytest

from boilermaker import AzureServiceBus, Boilermaker
from boilermaker.dead_letters import DeadLetters, Selection
from boilermaker.localbus.server import LocalServiceBus

HERE = Path(__file__).parent


async def create_user(seen: list[str], email: str) -> None:
    """Tell that it ran."""
    seen.append(email)


@pytest.mark.timeout(600)  # the first time the old package is installed
async def test_what_an_old_worker_buries_is_replayed_to_a_new_one(old_python: Path) -> None:
    """Under the reason that the guide names."""
    with LocalServiceBus(["shared"]) as local:
        bus = AzureServiceBus.from_connection_string(local.connection_string)
        worker = Boilermaker[list[str]]([], bus, queue="shared").register_async(create_user)
        await worker.apply_async(create_user, "a@b.org")
        program = HERE / "old_worker.py"
        old = await asyncio.create_subprocess_exec(old_python, program, local.connection_string, "shared")
        try:
            async with asyncio.timeout(60):
                while not local.counts()["shared"].dead_letter:  # noqa: ASYNC110 - another process buries it
                    await asyncio.sleep(0.05)
        finally:
            old.kill()
            await old.wait()

        letters = DeadLetters(bus, "shared")
        chosen = await letters.survey(Selection(reasons=frozenset({"InvalidTaskFormat"})))
        assert (await letters.replay(chosen)).done == 1
        working = asyncio.create_task(worker.run())
        async with asyncio.timeout(30):
            while not worker.state:  # noqa: ASYNC110 - there is nothing to be woken by
                await asyncio.sleep(0.05)
        worker.stop()
        await working
    assert worker.state == ["a@b.org"]
