"""`boilermaker dead-letters`: in a process of its own, on a bus behind a socket."""

import asyncio
import json
import subprocess
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage
from proton import Message as AmqpMessage
from proton import char, decimal32, decimal64, decimal128
from proton.utils import BlockingConnection

from boilermaker import Boilermaker
from boilermaker.envelope import codec
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.transport.port import Message
from boilermaker.transport.servicebus.bus import AzureServiceBus

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Write = Callable[[str, str], Path]

SERVICE = """
from boilermaker import AzureServiceBus, Boilermaker

worker = Boilermaker(None, AzureServiceBus.from_env(), queue="accounts")


@worker.task
async def charge(state, account: str, amount: int) -> None: ...


@worker.task
async def told(state) -> None: ...
"""


async def charge(state: None, account: int, amount: int | str = 1) -> None:
    """As publishers still know it: the account is a number."""
    raise NotImplementedError


async def told(state: None) -> None:
    raise NotImplementedError


@pytest.fixture
def namespace() -> Iterator[LocalServiceBus]:
    """A bus with one queue."""
    with LocalServiceBus(["accounts"]) as namespace:
        yield namespace


@pytest.fixture
def on_bus(run: Run, namespace: LocalServiceBus) -> Run:
    """`boilermaker dead-letters` on that bus."""

    def dead_letters(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        of_bus = {
            "SERVICE_BUS_CONNECTION_STRING": namespace.connection_string,
            "SERVICE_BUS_QUEUE": "accounts",
        }
        return run("dead-letters", *arguments, **{**of_bus, **environ})

    return dead_letters


def _on(namespace: LocalServiceBus, do: Callable[[AzureServiceBus], Coroutine[Any, Any, Any]]) -> Any:
    async def work() -> Any:
        bus = AzureServiceBus.from_connection_string(namespace.connection_string)
        try:
            return await do(bus)
        finally:
            await bus.close()

    return asyncio.run(work())


@pytest.fixture
def numbers(namespace: LocalServiceBus) -> list[int]:
    """Sequence numbers of two dead letters: a charge that does not fit, and a `told` that failed."""

    async def bury(bus: AzureServiceBus) -> list[int]:
        publisher = Boilermaker[None](None, bus, queue="accounts").register_many_async([charge, told])
        await publisher.publish_task(publisher.create_task(charge, 4711, amount="12"), id="order-1")
        await publisher.publish_task(publisher.create_task(told), id="order-2")
        receiver = bus.receiver("accounts")
        for reason in ("InvalidPayload", "TaskFailed"):
            [delivery] = await receiver.receive(1, 5)
            await receiver.dead_letter(delivery, reason, "as [red]it[/red] was")
        return [each.sequence_number for each in await bus.receiver("accounts/$deadletterqueue").peek(10)]

    found: list[int] = _on(namespace, bury)
    return found


def _waiting(namespace: LocalServiceBus, queue: str) -> list[Message]:
    async def look(bus: AzureServiceBus) -> list[Message]:
        return list(await bus.receiver(queue).peek(100))

    found: list[Message] = _on(namespace, look)
    return found


def test_list_is_a_table(on_bus: Run, numbers: list[int]) -> None:
    """Number, reason, task, age, attempt, workflow; no payload."""
    done = on_bus("list")

    assert 0 == done.returncode, done.stderr
    head, first, second = done.stdout.splitlines()
    assert ["number", "reason", "task", "age", "attempt", "workflow"] == head.split("\t")
    assert [str(numbers[0]), "InvalidPayload", "charge", "1", "order-1"] == [
        *first.split()[:3],
        *first.split()[4:],
    ]
    assert "told" in second
    assert "2 dead letters in accounts\n" == done.stderr
    assert "4711" not in done.stdout


def test_list_as_json_has_an_object_a_line(on_bus: Run, numbers: list[int]) -> None:
    """For other programs; filters hold."""
    done = on_bus("list", "--json", "--task", "told")

    [line] = done.stdout.splitlines()
    letter = json.loads(line)
    assert (numbers[1], "TaskFailed", "told", "order-2", 1) == tuple(
        letter[key] for key in ("number", "reason", "task", "workflow", "attempt")
    )


def test_show_checks_the_payload_against_the_worker(on_bus: Run, write: Write, numbers: list[int]) -> None:
    """Everything of it, and each field that does not fit today."""
    write("service.py", SERVICE)

    done = on_bus("show", str(numbers[0]), "--worker", "service:worker")

    assert 0 == done.returncode, done.stderr
    assert "description      as [red]it[/red] was" in done.stdout
    assert '"account": 4711' in done.stdout
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert [
        "check            does not fit worker service:worker:",
        "account: expected `str`, got `int`",
        "amount: expected `int`, got `str`",
    ] == lines[-3:]


def test_show_checks_the_payload_against_a_contract(
    on_bus: Run, run: Run, write: Write, namespace: LocalServiceBus, numbers: list[int]
) -> None:
    """The committed file will do: the service's code is not needed."""
    write("service.py", SERVICE)
    shown = run(
        "contract", "show", "service:worker", SERVICE_BUS_CONNECTION_STRING=namespace.connection_string
    )
    write("contract.json", shown.stdout)

    misfit = on_bus("show", str(numbers[0]), "--contract", "contract.json")
    fit = on_bus("show", str(numbers[1]), "--contract", "contract.json")

    assert ["account: an integer is not of type `str`", "amount: a string is not of type `int`"] == [
        line.strip() for line in misfit.stdout.splitlines()[-2:]
    ]
    assert "check            fits contract contract.json" == fit.stdout.splitlines()[-1]


def test_show_of_what_is_not_there_says_so(on_bus: Run, numbers: list[int]) -> None:
    """Exit status 1."""
    done = on_bus("show", "999999")

    assert (1, "Error: queue 'accounts' has no dead letter 999999\n") == (done.returncode, done.stderr)


def test_a_dry_run_does_nothing(on_bus: Run, namespace: LocalServiceBus, numbers: list[int]) -> None:
    """It lists what would be processed."""
    for arguments in (("replay", "--all"), ("purge", "--reason", "TaskFailed"), ("sweep",)):
        done = on_bus(*arguments, "--dry-run")
        assert 0 == done.returncode, done.stderr
        assert "Nothing was changed" in done.stdout

    assert numbers == [each.sequence_number for each in _waiting(namespace, "accounts/$deadletterqueue")]
    assert [] == _waiting(namespace, "accounts")


def test_replay_sends_again_and_removes(on_bus: Run, namespace: LocalServiceBus, numbers: list[int]) -> None:
    """The one that was named; as a new workflow."""
    done = on_bus("replay", str(numbers[1]))

    [sent] = _waiting(namespace, "accounts")
    said = f"{numbers[1]} (told): replayed as workflow {sent.correlation_id}\n1 of 1 dead letters replayed.\n"
    assert (0, said) == (done.returncode, done.stdout), done.stderr
    header = codec.decode(sent.body).header
    assert ("told", 1, sent.message_id) == (sent.subject, header.attempt, header.workflow)
    assert "order-2" != header.workflow
    assert numbers[:1] == [each.sequence_number for each in _waiting(namespace, "accounts/$deadletterqueue")]


def test_a_number_that_is_not_there_is_told(
    on_bus: Run, namespace: LocalServiceBus, numbers: list[int]
) -> None:
    """The others are replayed or removed all the same; exit status 1."""
    told = "queue 'accounts' has no dead letter 999998, 999999\n"
    for command in ("replay", "purge"):
        done = on_bus(command, "999999", "999998")
        assert (1, "", told) == (done.returncode, done.stdout, done.stderr)

    done = on_bus("replay", str(numbers[1]), "999999", "999998")

    assert (1, told) == (done.returncode, done.stderr)
    assert done.stdout.endswith("\n1 of 1 dead letters replayed.\n")
    assert numbers[:1] == [each.sequence_number for each in _waiting(namespace, "accounts/$deadletterqueue")]


def test_what_cannot_be_read_is_left_and_named_by_its_number(on_bus: Run, namespace: LocalServiceBus) -> None:
    """It has no task to be named by; exit status 1."""
    with (
        ServiceBusClient.from_connection_string(namespace.connection_string) as client,
        client.get_queue_sender("accounts") as sender,
        client.get_queue_receiver("accounts") as receiver,
    ):
        sender.send_messages(ServiceBusMessage("garbage"))
        [message] = receiver.receive_messages(1, 5)
        receiver.dead_letter_message(message, reason="UndecodableMessage")

    done = on_bus("replay", "--all")

    assert (1, "0 of 1 dead letters replayed.\n") == (done.returncode, done.stdout)
    left, total = done.stderr.splitlines()
    assert left.startswith(f"{message.sequence_number}: the first line is not the header")
    assert "1 were left unchanged: see the reasons above." == total


@pytest.mark.parametrize("value", [char("x"), decimal32(1), decimal64(1), decimal128(b"\1" * 16)])
def test_an_odd_dead_letter_blinds_no_command(
    on_bus: Run, namespace: LocalServiceBus, numbers: list[int], value: object
) -> None:
    """The SDK cannot decode a property of its type; the others are listed and replayed, it is named by its number."""
    connection: Any = BlockingConnection(f"127.0.0.1:{namespace.port}", timeout=10)
    connection.create_sender("accounts").send(AmqpMessage(body=b"odd", properties={"odd": value}))
    receiver = connection.create_receiver("accounts")
    receiver.receive(10)
    receiver.reject()
    connection.close()

    listed = on_bus("list")
    replayed = on_bus("replay", "--all")
    purged = on_bus("purge", "--all", "--yes")

    assert [*map(str, numbers), str(numbers[-1] + 1)] == [
        line.split()[0] for line in listed.stdout.splitlines()[1:4]
    ], listed.stderr
    assert "2 of 3 dead letters replayed." in replayed.stdout, replayed.stderr
    assert f"{numbers[-1] + 1}: " in replayed.stderr
    assert "1 of 1 dead letters removed." in purged.stdout, purged.stderr


def test_each_letter_has_a_line_however_long_its_names(on_bus: Run, namespace: LocalServiceBus) -> None:
    """What is no terminal has no width: an id in two pieces is found by no program."""
    workflow = "order-" + 100 * "9"

    async def bury(bus: AzureServiceBus) -> None:
        publisher = Boilermaker[None](None, bus, queue="accounts").register_many_async([told])
        await publisher.publish_task(publisher.create_task(told), id=workflow)
        receiver = bus.receiver("accounts")
        [delivery] = await receiver.receive(1, 5)
        await receiver.dead_letter(delivery, "TaskFailed", "")

    _on(namespace, bury)

    _, letter = on_bus("list", COLUMNS="80").stdout.splitlines()

    assert letter.endswith(f"\t{workflow}")


def test_a_queue_that_is_not_there_is_called_by_its_name(on_bus: Run) -> None:
    """Nobody creates a dead-letter sub-queue."""
    done = on_bus("list", "--queue", "absent")

    assert 1 == done.returncode
    assert "Error: there is no queue 'absent': create it, or correct the name" in done.stderr


def test_an_empty_queue_is_nothing_to_do(on_bus: Run) -> None:
    """A sweep that runs every five minutes mostly meets that."""
    done = on_bus("sweep")
    assert (0, "No dead letters in accounts.\n") == (done.returncode, done.stdout), done.stderr


def test_replay_wants_to_know_which(on_bus: Run) -> None:
    """Everything is never meant by accident."""
    for arguments in ((), ("--all", "--task", "told")):
        done = on_bus("replay", *arguments)
        assert 2 == done.returncode


def test_purge_asks_first(on_bus: Run, namespace: LocalServiceBus, numbers: list[int]) -> None:
    """Without an answer nothing is removed; with --yes it is."""
    asked = on_bus("purge", "--all")
    assert 1 == asked.returncode
    assert "Remove 2 of 2 dead letters of accounts permanently?" in asked.stdout
    assert 2 == len(_waiting(namespace, "accounts/$deadletterqueue"))

    done = on_bus("purge", "--all", "--yes")

    assert (0, "2 of 2 dead letters removed.\n") == (done.returncode, done.stdout)
    assert [] == _waiting(namespace, "accounts/$deadletterqueue")


def test_sweep_tells_of_what_the_bus_has_buried(on_bus: Run, namespace: LocalServiceBus) -> None:
    """The failure callback waits in the queue; the dead letter is gone."""

    async def bury(bus: AzureServiceBus) -> None:
        publisher = Boilermaker[None](None, bus, queue="accounts").register_many_async([charge, told])
        task = publisher.create_task(charge, 4711)
        task.on_failure = publisher.create_task(told)
        await publisher.publish_task(task)
        receiver = bus.receiver("accounts")
        for _ in range(10):  # the queue's maximum delivery count
            [delivery] = await receiver.receive(1, 5)
            await receiver.abandon(delivery)

    _on(namespace, bury)

    done = on_bus("sweep")

    assert (0, "1 of 1 dead letters swept.\n") == (done.returncode, done.stdout), done.stderr
    assert ["told"] == [each.subject for each in _waiting(namespace, "accounts")]
    assert [] == _waiting(namespace, "accounts/$deadletterqueue")


def test_a_queue_has_to_be_named(run: Run, namespace: LocalServiceBus) -> None:
    """And a namespace; both may be given in options."""
    bare = run("dead-letters", "list", SERVICE_BUS_CONNECTION_STRING="", SERVICE_BUS_NAMESPACE_URL="")
    assert "no Service Bus is configured" in bare.stderr
    unnamed = run("dead-letters", "list", "--connection-string", namespace.connection_string)
    assert "--queue" in unnamed.stderr

    named = run(
        "dead-letters", "list", "--connection-string", namespace.connection_string, "--queue", "accounts"
    )

    assert (0, "0 dead letters in accounts\n") == (named.returncode, named.stderr)
