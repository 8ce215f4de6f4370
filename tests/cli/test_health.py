"""The health endpoint of a worker."""

import asyncio
import json
import urllib.error
import urllib.request

import pytest

from boilermaker import Boilermaker, InMemoryServiceBus
from boilermaker.cli.health import HealthEndpoint
from boilermaker.errors import ConfigurationError


def _get(endpoint: HealthEndpoint, path: str) -> tuple[int, dict[str, object]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{endpoint.port}{path}", timeout=5) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def _worker() -> Boilermaker[None]:
    return Boilermaker(None, InMemoryServiceBus())


def test_a_worker_that_does_not_receive_lives_and_is_not_ready() -> None:
    """No reason to restart it, and none to count on it."""
    with HealthEndpoint(_worker(), 0) as endpoint:
        assert _get(endpoint, "/live")[0] == 200
        status, told = _get(endpoint, "/ready")
        assert status == 503
        assert told == {
            "is_receiving": False,
            "waits_for": [],
            "is_blocked": False,
            "running": 0,
            "handled": 0,
        }
        assert _get(endpoint, "/") == (404, {"error": "there are /live and /ready"})


async def test_a_worker_at_work_is_ready_until_it_stops() -> None:
    """And says what it is doing."""
    worker = _worker()
    begun, go_on = asyncio.Event(), asyncio.Event()

    @worker.task
    async def wait(state: None) -> None:
        begun.set()
        await go_on.wait()

    await worker.publish_task(worker.create_task(wait))
    running = asyncio.create_task(worker.run())
    with HealthEndpoint(worker, 0) as endpoint:
        async with asyncio.timeout(10):
            await begun.wait()
        status, told = await asyncio.to_thread(_get, endpoint, "/ready?verbose")
        assert (status, told["running"]) == (200, 1)
        worker.stop()
        assert (await asyncio.to_thread(_get, endpoint, "/ready"))[0] == 503
        go_on.set()
        async with asyncio.timeout(10):
            await running


def test_a_port_that_is_taken_is_told() -> None:
    """With the option that chooses another."""
    with (
        HealthEndpoint(_worker(), 0) as endpoint,
        pytest.raises(ConfigurationError, match=f"port {endpoint.port} .* --health-port"),
    ):
        HealthEndpoint(_worker(), endpoint.port)
