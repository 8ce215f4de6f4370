"""`make demo`: bus, worker and producer on this machine, each in a separate process, and a summary of the results."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from azure.servicebus import ServiceBusClient, ServiceBusSubQueue
from rich.console import Console
from rich.live import Live
from rich.table import Table

ROOT = Path(__file__).parent.parent
ACCOUNTS = ROOT / "examples" / "accounts"
SIGNUP = ROOT / "examples" / "signup"
REGISTRATIONS, PIPELINES = 200, 60
SECONDS = 50
if not sys.stdout.isatty():
    os.environ.setdefault("COLUMNS", "110")  # logs of CI have no width of their own
console = Console()

# The expected results, from the rules of producer.py and worker.py.
TAKEN = len([n for n in range(REGISTRATIONS) if n % 5 == 4])
SMALL = len([n for n in range(PIPELINES) if n % 6 == 5])


def boilermaker(*arguments: str) -> list[str]:
    """A command line of this environment's `boilermaker`."""
    return [sys.executable, "-m", "boilermaker.cli", *arguments]


def step(title: str) -> None:
    """Print the heading of the next step."""
    console.print(f"\n[bold cyan]▸ {title}[/]")


def prepare() -> None:
    """Generate the stubs from the worker's source, and type-check two producers."""
    step("Stubs: read the worker's source, write the typed package that producers import")
    subprocess.run(boilermaker("stubs", "generate"), cwd=ACCOUNTS, check=True)
    subprocess.run(boilermaker("stubs", "show"), cwd=ACCOUNTS, check=True)
    environment = {**os.environ, "MYPYPATH": str(ROOT / "stubs")}
    mypy = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--config-file="]
    step("mypy --strict examples/signup/producer.py: no errors expected")
    subprocess.run([*mypy, "producer.py"], cwd=SIGNUP, env=environment, check=True)
    console.print("[green]✓[/] no errors")
    step("mypy --strict examples/signup/wrong.py: three errors, found before anything runs")
    wrong = subprocess.run(
        [*mypy, "wrong.py"], cwd=SIGNUP, env=environment, check=False, capture_output=True, text=True
    )
    console.print(wrong.stdout.rstrip(), highlight=False, markup=False, style="yellow")
    if wrong.stdout.count("error:") < 3 or wrong.returncode != 1:
        sys.exit("mypy did not report the three errors")


def dead_letters(connection: str) -> Counter[tuple[str, str]]:
    """Counts the dead letters by task and reason, with the plain Service Bus SDK."""
    found: Counter[tuple[str, str]] = Counter()
    with (
        ServiceBusClient.from_connection_string(connection) as client,
        client.get_queue_receiver("accounts", sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver,
    ):
        seen = 0
        while batch := receiver.peek_messages(100, sequence_number=seen + 1):
            found.update((message.subject or "?", message.dead_letter_reason or "?") for message in batch)
            seen = batch[-1].sequence_number or 0
    return found


def expected() -> dict[str, int]:
    """The counts that the worker's database must have at the end."""
    users = REGISTRATIONS - TAKEN
    busy_mail = len([n for n in range(1, users + 1) if n % 10 == 0])
    busy_source = len([n for n in range(PIPELINES) if f"job-{n}".endswith(("0", "4", "8"))])
    return {
        "users": users,
        "users welcomed": users,
        "mail welcome": users,
        "mail server busy": busy_mail,
        "signup failed: TaskFailed": TAKEN,
        "source busy": busy_source,
        "notified": PIPELINES - SMALL,
        "pipeline failed: TaskFailed": SMALL,
    }


def progress(done: dict[str, int], wanted: dict[str, int]) -> Table:
    """A table of counts so far and expected."""
    table = Table(box=None, padding=(0, 2))
    for heading, justify in (
        ("what happened", "left"),
        ("so far", "right"),
        ("expected", "right"),
        ("", "left"),
    ):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    for name, target in wanted.items():
        count = done.get(name, 0)
        table.add_row(name, str(count), str(target), "[green]✓[/]" if count == target else "[dim]…[/]")
    return table


async def main() -> int:
    """Run the demo; returns 0 if all results are as expected."""
    console.rule("[bold]Boilermaker[/]: background work on Azure Service Bus, typed from end to end")
    prepare()
    with tempfile.TemporaryDirectory() as folder:
        return await run(Path(folder))


async def run(folder: Path) -> int:
    """Run the bus, the worker and the producer as processes."""
    step("Start a local Service Bus and the worker in separate processes")
    log = (folder / "worker.log").open("w")
    bus = subprocess.Popen(
        boilermaker("local", "--queue", "accounts", "--port", "0"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    processes = [bus]
    try:
        connection = connection_of(bus)
        console.print(connection, highlight=False, soft_wrap=True)
        environment = {
            **os.environ,
            "SERVICE_BUS_CONNECTION_STRING": connection,
            "ACCOUNTS_DB": str(folder / "accounts.db"),
            "PYTHONPATH": str(ROOT / "stubs"),
        }
        worker = subprocess.Popen(
            boilermaker("worker", "accounts_service.worker:worker", "--log-format", "json"),
            cwd=ACCOUNTS, env=environment, stdout=log, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        processes.append(worker)
        step(f"Publish {REGISTRATIONS} registrations and {PIPELINES} data pipelines from a third process")
        arguments = [sys.executable, "producer.py", str(REGISTRATIONS), str(PIPELINES)]
        subprocess.run(arguments, cwd=SIGNUP, env=environment, check=True)
        is_right = await watch(folder, worker)
        letters = dead_letters(connection)
        summarize(letters, (folder / "worker.log").read_text())
        wanted = Counter({("create_user", "TaskFailed"): TAKEN, ("validate_data", "TaskFailed"): SMALL})
        if not is_right or letters != wanted:
            console.print("[bold red]✗ Some results differ from what was expected.[/]")
            return 1
        console.print("\n[bold green]✓ All results are as expected.[/]")
        return 0
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(10)
        log.close()


def connection_of(bus: "subprocess.Popen[str]") -> str:
    """The connection string that the local bus prints."""
    assert bus.stdout is not None  # noqa: S101 - it is piped
    for line in bus.stdout:
        if "SERVICE_BUS_CONNECTION_STRING=" in line:
            return line.partition("=")[2].strip().strip("'\"")
    sys.exit("the local bus did not start")


async def watch(folder: Path, worker: "subprocess.Popen[str]") -> bool:
    """Show progress until everything is done or the time limit has passed."""
    sys.path.insert(0, str(ACCOUNTS))
    from accounts_service.database import Database  # noqa: PLC0415 - to read the results; the producer does not import it

    database = Database(str(folder / "accounts.db"))
    wanted = expected()
    started = time.monotonic()
    done: dict[str, int] = {}
    with Live(progress(done, wanted), console=console, refresh_per_second=8) as live:
        while time.monotonic() - started < SECONDS and worker.poll() is None:
            done = database.counts()
            live.update(progress(done, wanted))
            if all(done.get(name, 0) == target for name, target in wanted.items()):
                await asyncio.sleep(1)  # time for excess executions to show up
                done = database.counts()
                live.update(progress(done, wanted))
                break
            await asyncio.sleep(0.15)
    console.print(
        f"[dim]{done.get('records', 0):,} certificates saved, {time.monotonic() - started:.1f} s[/]"
    )
    if worker.poll() is not None:
        console.print((folder / "worker.log").read_text()[-3000:], markup=False)
    return all(done.get(name, 0) == target for name, target in wanted.items())


def summarize(letters: Counter[tuple[str, str]], log: str) -> None:
    """Print executions, retries and dead letters by task."""
    step("Summary")
    ran = Counter(
        line.split("[", 1)[1].split("]", 1)[0] for line in log.splitlines() if " Begin Task " in line
    )
    retried = Counter(
        line.split("[", 1)[1].split("]", 1)[0] for line in log.splitlines() if " Retrying Task " in line
    )
    table = Table(box=None, padding=(0, 2), min_width=60)
    for heading in ("task", "executions", "retried", "dead-lettered", "reason"):
        table.add_column(heading, no_wrap=True, justify="left" if heading in ("task", "reason") else "right")
    dead = {task: (reason, count) for (task, reason), count in letters.items()}
    for task, count in sorted(ran.items()):
        reason, dead_lettered = dead.get(task, ("", 0))
        table.add_row(task, str(count), str(retried[task] or ""), str(dead_lettered or ""), reason)
    console.print(table)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
