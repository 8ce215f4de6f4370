"""A health endpoint for containers: answers from a thread of its own, also while a handler blocks the event loop."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import msgspec

from boilermaker.app import Boilermaker
from boilermaker.errors import ConfigurationError
from boilermaker.worker.loop import Health


class HealthEndpoint:
    """`GET /live` and `GET /ready`, with what the worker is doing as JSON.

    `/live` is 503 where the event loop has not turned for a while: restart the container. `/ready` is 503 where the
    worker does not receive, because it starts, stops or reconnects, and where some or all of its work waits: `waits_for` names the
    queues that it cannot publish to.

    Args:
        worker: asked at each request.
        port: to listen on, on all addresses; 0 takes a free one.

    Raises:
        ConfigurationError: the port is taken.
    """

    def __init__(self, worker: Boilermaker[Any], port: int) -> None:
        try:
            self._server = ThreadingHTTPServer(("", port), _requests(worker))
        except OSError as error:
            raise ConfigurationError(
                f"cannot listen on port {port} for health checks: {error.strerror}. Choose another --health-port"
            ) from None
        self.port = int(self._server.server_address[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, name="boilermaker-health", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _requests(worker: Boilermaker[Any]) -> type[BaseHTTPRequestHandler]:
    class Requests(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            health = worker.health()
            status = _status(self.path, health)
            told = {"error": "there are /live and /ready"} if status == 404 else health
            body = msgspec.json.encode(told)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
            """Probes come every few seconds: no line for each."""

    return Requests


def _status(path: str, health: Health) -> int:
    match path.partition("?")[0]:
        case "/live":
            return 503 if health.is_blocked else 200
        case "/ready":
            is_ready = health.is_receiving and not health.is_blocked and not health.waits_for
            return 200 if is_ready else 503
        case _:
            return 404
