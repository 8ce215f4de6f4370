"""`boilermaker local`: a Service Bus namespace on this machine, from the command line."""

import contextlib
import logging
import re
import signal
import threading
from collections.abc import Callable
from datetime import timedelta

import click

from boilermaker.errors import ConfigurationError
from boilermaker.failure import legible
from boilermaker.localbus.control import ControlPort
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.localbus.settings import QueueSettings

log = logging.getLogger("boilermaker.local")

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZES = {"": 1, "B": 1, "KB": 1024, "MB": 1024 * 1024}


@click.command()
@click.option(
    "--queue",
    "queues",
    multiple=True,
    required=True,
    metavar="NAME[:SETTING=VALUE,...]",
    help="A queue to create. May be repeated. Settings: lock=60s, max-delivery=10, dedup=10m (or off), ttl=1h, size=256KB, partitioned=off.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=5672,
    show_default=True,
    help="The port to listen on; 0 takes a free one.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="FAULT",
    help="A fault that is active from the start; see `boilermaker fault --help`. May be repeated.",
)
@click.option(
    "--control-port",
    type=click.IntRange(0, 65535),
    help="Also listen for `boilermaker fault` and other HTTP clients on this port; 0 takes a free one.",
)
@click.option("--seed", type=int, help="Seed of random faults, to make them reproducible.")
def local(
    queues: tuple[str, ...],
    port: int,
    host: str,
    faults: tuple[str, ...],
    control_port: int | None,
    seed: int | None,
) -> None:
    """Run a Service Bus namespace on this machine.

    Service Bus clients connect to it over AMQP 1.0. Messages are kept in memory and deleted when it stops.

    \b
    Example:
      boilermaker local --queue accounts --queue emails:lock=30s,max-delivery=5
    """  # noqa: D301 - click's marker for a block that is not rewrapped is the control character
    lines = logging.StreamHandler()
    lines.setFormatter(_Line("%(asctime)s  %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[lines])
    with contextlib.ExitStack() as until_the_end:
        try:
            bus = LocalServiceBus([parse_queue(text) for text in queues], host=host, port=port, seed=seed)
            for fault in faults:
                bus.faults.add(fault)
            bus.start()
            until_the_end.callback(bus.stop)
            control = None if control_port is None else ControlPort(bus, host=host, port=control_port)
        except (ConfigurationError, ValueError) as error:
            raise click.ClickException(str(error)) from None
        if control is not None:
            until_the_end.enter_context(control)
        _serve(bus, control)


class _Line(logging.Formatter):
    """Prints each record on one line, even if a name or id from a client contains line breaks."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        record.message = legible(record.message)
        return super().formatMessage(record)


def _serve(bus: LocalServiceBus, control: ControlPort | None) -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    click.echo(f"Local Service Bus on {bus.host}:{bus.port} with {', '.join(bus.queues)}. Connect with:\n")
    click.echo(f"  export SERVICE_BUS_CONNECTION_STRING='{bus.connection_string}'\n")
    if control is not None:
        click.echo(f"  export BOILERMAKER_CONTROL='{control.url}'   # for `boilermaker fault`\n")
    click.echo("Press Ctrl-C to stop.")
    stop.wait()
    counts = bus.counts()
    bus.stop()
    for name, count in counts.items():
        click.echo(
            f"{name}: {count.active} active, {count.scheduled} scheduled, {count.dead_letter} dead letters deleted"
        )


def parse_queue(text: str) -> QueueSettings:
    """Parse the value of `--queue`.

    Raises:
        ValueError: an unknown setting, or an invalid value.
    """
    name, _, rest = text.partition(":")
    settings: dict[str, object] = {}
    for part in filter(None, rest.split(",")):
        key, _, value = (piece.strip() for piece in part.partition("="))
        if key not in _SETTINGS:
            raise ValueError(
                f"{text}: `{key}` is not a setting; use lock, max-delivery, dedup, ttl, size or partitioned"
            )
        setting, parse = _SETTINGS[key]
        try:
            settings[setting] = parse(value)
        except ValueError as error:
            raise ValueError(f"{text}: {key}: {error}") from None
    return QueueSettings(name=name, **settings)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def _duration(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,7}(?:\.\d{1,6})?)(ms|s|m|h|d)", text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a duration; use for example 30s, 10m or 1h")
    return timedelta(seconds=float(found[1]) * _UNITS[found[2]])


def _size(text: str) -> int:
    found = re.fullmatch(r"(\d{1,9})(B|KB|MB)?", text.strip(), re.IGNORECASE)
    if found is None:
        raise ValueError(f"{text!r} is not a size; use for example 256KB or 1MB")
    return int(found[1]) * _SIZES[(found[2] or "").upper()]


def _count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError(f"{text!r} is not a number; use for example 10")
    return int(text)


def _switch(text: str) -> bool:
    if text not in {"on", "off"}:
        raise ValueError(f"{text!r} must be on or off")
    return text == "on"


def _window(text: str) -> timedelta | None:
    return None if text == "off" else _duration(text)


_SETTINGS: dict[str, tuple[str, Callable[[str], object]]] = {
    "lock": ("lock_duration", _duration),
    "max-delivery": ("max_delivery_count", _count),
    "dedup": ("duplicate_detection_window", _window),
    "ttl": ("default_time_to_live", _duration),
    "size": ("max_message_size", _size),
    "partitioned": ("partitioned", _switch),
}
