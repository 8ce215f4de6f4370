"""An HTTP endpoint of a local bus, through which processes in any language inject faults."""

import json
import socket
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from boilermaker.errors import ConfigurationError
from boilermaker.localbus.faults import Fault
from boilermaker.localbus.server import LocalServiceBus, reachable

_MAX_BYTES = 64 * 1024
_PRIVATE = {"localhost", "local", "internal"}  # top-level domains in which nobody can register a name


class ControlPort:
    """`POST /faults` with one fault in each line, `GET /faults`, `DELETE /faults`, and `GET /queues`.

    Args:
        bus: a started bus.
        host: the address to listen on.
        port: the port to listen on; 0 takes a free one.

    Raises:
        ConfigurationError: the address or port is not available.
    """

    def __init__(self, bus: LocalServiceBus, *, host: str = "127.0.0.1", port: int = 0) -> None:
        try:
            self._server = ThreadingHTTPServer((host, port), partial(_Requests, bus, host))
        except OSError as error:
            raise ConfigurationError(
                f"cannot listen on {host}:{port} for faults: {error.strerror}. Choose another --control-port"
            ) from None
        self._host = host
        self.port = int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The URL of the endpoint."""
        return f"http://{reachable(self._host)}:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, name="boilermaker-control", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Requests(BaseHTTPRequestHandler):
    def __init__(self, bus: LocalServiceBus, host: str, *args: Any) -> None:
        self._bus, self._host = bus, host
        super().__init__(*args)

    def parse_request(self) -> bool:
        """Also reject requests that a browser sends for a web page, whose scripts can reach any port of this machine."""
        if not super().parse_request():
            return False
        origin, host = self.headers.get("Origin"), self.headers.get("Host", "")
        if origin is not None:
            self._answer(403, {"error": "requests from web pages (with an Origin header) are rejected"})
            return False
        if not self._is_own(host):
            # DNS rebinding: a page whose name resolves to this machine after it was loaded shows in the Host header.
            self._answer(403, {"error": "the Host header names another host: use the URL that was printed"})
            return False
        return True

    def _is_own(self, host: str) -> bool:
        """Whether a name refers to this machine or its network and cannot be registered by others."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in {self._host.lower(), socket.gethostname().lower()} or "." not in name:  # IPv6 has no dots
            return bool(name)
        return name.rpartition(".")[2] in _PRIVATE or all(map(str.isdecimal, name.split(".")))

    def do_GET(self) -> None:
        match self.path:
            case "/faults":
                self._answer(200, _active_faults(self._bus))
            case "/queues":
                self._answer(200, {name: vars(counts) for name, counts in self._bus.counts().items()})
            case _:
                self._unknown()

    def do_POST(self) -> None:
        if self.path != "/faults":
            self._unknown()
            return
        try:
            _add(self._bus, self._body())
        except ValueError as error:  # invalid UTF-8 is one too
            self._answer(400, {"error": str(error)})
        else:
            self._answer(201, _active_faults(self._bus))

    def do_DELETE(self) -> None:
        if self.path != "/faults":
            self._unknown()
            return
        self._bus.faults.clear()
        self._answer(200, _active_faults(self._bus))

    def _body(self) -> bytes:
        size = int(self.headers.get("Content-Length") or 0)
        return self.rfile.read(size) if 0 < size <= _MAX_BYTES else b""

    def _unknown(self) -> None:
        self._answer(404, {"error": "not found: the endpoints are /faults and /queues"})

    def _answer(self, status: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Log nothing: tests send many requests."""


def _add(bus: LocalServiceBus, body: bytes) -> None:
    lines = [line for line in map(str.strip, body.decode().splitlines()) if line]
    if not lines:
        raise ValueError("the body must contain one fault per line")
    for fault in [Fault.parse(line) for line in lines]:
        bus.faults.add(fault)


def _active_faults(bus: LocalServiceBus) -> list[dict[str, Any]]:
    return [{"fault": str(each.fault), "struck": each.count} for each in bus.faults.standing]
