"""`boilermaker worker`: run a worker until a signal stops it."""

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
  0  stopped by a signal; every handler finished
  3  stopped by a signal; some handlers were cancelled and their messages
     released, or the end of the lifespan was cancelled
  4  a permanent error of the worker's own queue: it does not exist,
     requires sessions, or the worker may not receive from it
  1  any other error
  2  invalid usage
"""


class _QueueFault(click.ClickException):
    exit_code = QUEUE_FAULT


def _levels(_context: click.Context, _parameter: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    """Levels by logger."""
    levels: dict[str, str] = {}
    for each in given:
        logger, _, level = each.partition("=")
        if not logger or level.lower() not in logs.LEVELS:
            raise click.BadParameter(
                f"{each!r} is not LOGGER=LEVEL; LEVEL is one of {', '.join(logs.LEVELS)}"
            )
        levels[logger] = level.lower()
    return levels


@click.command(epilog=_EPILOG)
@argument
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Maximum number of handlers that run at the same time.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=THREADS,
    show_default="processors + 4, at most 32",
    help="Maximum number of these that are plain functions; each runs in a thread.",
)
@click.option("--queue", help="Receive from this queue.  [default: the worker's own]")
@click.option(
    "--grace",
    "grace_seconds",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long running handlers may take to finish after a signal to stop.",
)
@click.option(
    "--health-port",
    type=click.IntRange(min=0, max=65535),
    help="Answer GET /live and GET /ready on this port, for container probes.  [default: no endpoint]",
)
@click.option(
    "--health-host",
    default=ALL_ADDRESSES,
    show_default=True,
    metavar="ADDRESS",
    help="Listen for health checks on this address; 127.0.0.1 accepts only those from this machine.",
)
@click.option(
    "--log-format",
    "log_format",
    type=click.Choice(["auto", "json", "console"]),
    default="auto",
    show_default=True,
    help="Format of log lines: json, or console for people; auto is console on a terminal and json elsewhere.",
)
@click.option(
    "--log-level",
    type=click.Choice(logs.LEVELS, case_sensitive=False),
    default="info",
    show_default=True,
    help="The least severe level that is logged.",
)
@click.option(
    "--errors",
    type=click.Choice(["auto", "full", "safe"]),
    default="auto",
    show_default="full with console, safe with json",
    help="How exceptions are logged: full is text and traceback; safe is type and frames only, since a text may quote a payload.",
)
@click.option(
    "--log",
    "log_levels",
    multiple=True,
    metavar="LOGGER=LEVEL",
    callback=_levels,
    help="The level of one logger, for example azure=debug. May be repeated.",
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

    MODULE:WORKER names the worker, for example accounts.app:worker. The module is imported from the current folder or
    from an installed package. Logs go to standard error.

    On the first SIGTERM or SIGINT (Ctrl-C), the worker stops receiving and running handlers finish. A second signal
    cancels the handlers, or the end of the lifespan; a third ends the process.

    The worker uses the bus that it was created with. AzureServiceBus.from_env() reads SERVICE_BUS_CONNECTION_STRING or
    SERVICE_BUS_NAMESPACE_URL, and SERVICE_BUS_QUEUE.
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
