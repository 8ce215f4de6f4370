"""A health endpoint for containers: it answers from its own thread, even while a handler blocks the event loop.

Anyone who reaches the port may open connections to it. Their number and duration are limited, so that they cannot
exhaust the worker's sockets and threads.
"""

import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import msgspec

from boilermaker.app import Boilermaker
from boilermaker.errors import ConfigurationError
from boilermaker.worker.loop import Health

ALL_ADDRESSES = "0.0.0.0"  # noqa: S104 - a container's probes come from outside the container
_CONNECTIONS = 8
_IDLE_SECONDS = 5.0


class _Server(ThreadingHTTPServer):
    """Answers up to `_CONNECTIONS` connections at a time: for one more, the oldest is closed."""

    daemon_threads = True

    def __init__(self, host: str, port: int, requests: type[BaseHTTPRequestHandler]) -> None:
        self._guard = threading.Lock()
        self._open: dict[socket.socket, None] = {}
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), requests)

    def server_bind(self) -> None:
        """Accept IPv4 connections on `::` too."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            if len(self._open) >= _CONNECTIONS:
                oldest = next(iter(self._open))
                del self._open[oldest]
                with contextlib.suppress(OSError):  # it has already ended
                    oldest.shutdown(socket.SHUT_RDWR)
            self._open[request] = None
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that hung up or whose connection was closed for another: http.server would print a traceback."""


class HealthEndpoint:
    """`GET /live` and `GET /ready`, which report the state of the worker as JSON.

    `/live` returns 503 if the event loop is blocked: restart the container. `/ready` returns 503 while the worker does not
    receive, because it is starting, stopping or reconnecting, and while work waits for queues that it cannot publish to:
    `waits_for` names them.

    Args:
        worker: the worker whose health is reported.
        port: the port to listen on; 0 takes a free one.
        host: the address to listen on, IPv4 or IPv6.

    Raises:
        ConfigurationError: the port is in use, or the address does not belong to this machine.
    """

    def __init__(self, worker: Boilermaker[Any], port: int, host: str = ALL_ADDRESSES) -> None:
        try:
            self._server = _Server(host, port, _requests(worker))
        except OSError as error:
            raise ConfigurationError(
                f"cannot listen on port {port} of {host} for health checks: {error.strerror}. "
                "Choose another --health-port or --health-host"
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
        timeout = _IDLE_SECONDS

        def do_GET(self) -> None:
            health = worker.health()
            status = _status(self.path, health)
            answer = {"error": "not found: the endpoints are /live and /ready"} if status == 404 else health
            body = msgspec.json.encode(answer)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
            """Log nothing: probes arrive every few seconds."""

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
