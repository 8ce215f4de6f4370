"""The health endpoint of a worker."""

import asyncio
import contextlib
import json
import socket
import threading
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
        assert _get(endpoint, "/") == (404, {"error": "not found: the endpoints are /live and /ready"})


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


def test_connections_that_say_nothing_do_not_keep_anybody_out() -> None:
    """There are a few at most; each new one closes the oldest, and all of them end by themselves."""
    with HealthEndpoint(_worker(), 0) as endpoint, contextlib.ExitStack() as stack:
        idle = [
            stack.enter_context(socket.create_connection(("127.0.0.1", endpoint.port), timeout=10))
            for _ in range(100)
        ]
        assert _get(endpoint, "/live")[0] == 200
        assert idle[0].recv(1) == b""
        answering = [thread for thread in threading.enumerate() if "process_request_thread" in thread.name]
        assert len(answering) <= 10
        assert idle[-1].recv(1) == b"", "it was not closed after five idle seconds"
        assert _get(endpoint, "/live")[0] == 200


@pytest.mark.parametrize(
    ("host", "asked"), [("127.0.0.1", "127.0.0.1"), ("::", "127.0.0.1"), ("::1", "[::1]")]
)
def test_it_listens_on_the_address_that_is_asked_for(host: str, asked: str) -> None:
    """Of IPv4 or IPv6; on loopback nobody else's machine gets an answer."""
    if ":" in host and not socket.has_ipv6:
        pytest.skip("this Python was built without IPv6")
    with HealthEndpoint(_worker(), 0, host) as endpoint:
        with urllib.request.urlopen(f"http://{asked}:{endpoint.port}/live", timeout=5) as answer:
            assert answer.status == 200
        if host == "127.0.0.1":
            with pytest.raises(OSError, match="refused"):
                socket.create_connection(("127.0.0.2", endpoint.port), timeout=5)


def test_an_address_that_is_not_of_this_machine_is_told() -> None:
    """With the option that chooses another."""
    with pytest.raises(ConfigurationError, match=r"of 192\.0\.2\.1 .* --health-host"):
        HealthEndpoint(_worker(), 0, "192.0.2.1")
