"""`boilermaker worker`: run a worker until it is told to stop."""

import logging
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext

import click

from boilermaker.cli import logs, process
from boilermaker.cli.health import ALL_ADDRESSES, HealthEndpoint
from boilermaker.cli.target import argument, find
from boilermaker.errors import BoilermakerError, BusError
from boilermaker.worker.loop import THREADS

log = logging.getLogger("boilermaker.app")

QUEUE_FAULT = 4


_EPILOG = """\b
Exit status:
  0  told to stop; every handler has finished
  3  told to stop; some handlers had to be cancelled, and their messages were given back; or the end of the lifespan
     had to be cancelled
  4  a fault of its own queue that cannot heal: it is not there, requires sessions, or may not be read
  1  any other error
  2  a wrong option
"""


class _QueueFault(click.ClickException):
    exit_code = QUEUE_FAULT


def _levels(_context: click.Context, _parameter: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    """By logger."""
    levels: dict[str, str] = {}
    for each in given:
        logger, _, level = each.partition("=")
        if not logger or level.lower() not in logs.LEVELS:
            raise click.BadParameter(f"{each!r} is not LOGGER=LEVEL; levels are {', '.join(logs.LEVELS)}")
        levels[logger] = level.lower()
    return levels


@click.command(epilog=_EPILOG)
@argument
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="How many handlers run at a time.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=THREADS,
    show_default="processors + 4, at most 32",
    help="Of these, how many plain functions, each in a thread.",
)
@click.option("--queue", help="Receive from this queue.  [default: the worker's own]")
@click.option(
    "--grace",
    "grace_seconds",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long running handlers may take to finish when the worker is told to stop.",
)
@click.option(
    "--health-port",
    type=click.IntRange(min=0, max=65535),
    help="Answer GET /live and GET /ready on this port, for containers.  [default: no endpoint]",
)
@click.option(
    "--health-host",
    default=ALL_ADDRESSES,
    show_default=True,
    metavar="ADDRESS",
    help="Listen for health checks on this address: 127.0.0.1 where they come from this machine alone.",
)
@click.option(
    "--log-format",
    "log_format",
    type=click.Choice(["auto", "json", "console"]),
    default="auto",
    show_default=True,
    help="JSON lines, readable lines, or what suits: readable on a terminal, else JSON.",
)
@click.option(
    "--log-level", type=click.Choice(logs.LEVELS, case_sensitive=False), default="info", show_default=True
)
@click.option(
    "--errors",
    type=click.Choice(["auto", "full", "safe"]),
    default="auto",
    show_default="full with readable lines, safe with JSON",
    help="Of exceptions: full text and traceback, or type and places alone, since a text may quote a payload.",
)
@click.option(
    "--log",
    "log_levels",
    multiple=True,
    metavar="LOGGER=LEVEL",
    callback=_levels,
    help="The level of one logger, as in azure=debug. May be given several times.",
)
def worker(  # noqa: PLR0913 - one for each option
    target: str,
    *,
    concurrency: int,
    threads: int,
    queue: str | None,
    grace_seconds: float,
    health_port: int | None,
    health_host: str,
    log_format: logs.Format,
    log_level: str,
    errors: logs.Errors,
    log_levels: Mapping[str, str],
) -> None:
    """Run the tasks that a worker has registered.

    MODULE:WORKER is where it is, as in accounts.app:worker; it is imported from the current folder. Logs go to
    standard error. SIGTERM and SIGINT (Ctrl-C) let running handlers finish; a second one cancels them, or the end of the
    lifespan; a third ends the process.

    The bus is the one that the worker was made with, often AzureServiceBus.from_env(), which reads
    SERVICE_BUS_CONNECTION_STRING, or SERVICE_BUS_NAMESPACE_URL, and SERVICE_BUS_QUEUE.
    """
    logs.configure(log_format, log_level, errors=errors, levels=log_levels)
    try:
        found = find(target)
        found.queue = queue or found.queue
        with (
            nullcontext() if health_port is None else HealthEndpoint(found, health_port, health_host)
        ) as endpoint:
            if endpoint is not None:
                log.info("Answering health checks on host=%s port=%s", health_host, endpoint.port)
            running = found.run(
                concurrency=concurrency, threads=threads, grace_seconds=grace_seconds, handle_signals=True
            )
            ending = process.run(running)
    except BusError as error:
        raise _QueueFault(str(error)) from error
    except BoilermakerError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        sys.exit(130)
    if ending.given_back or ending.lost or ending.is_cut_short:
        sys.exit(process.UNFINISHED)
