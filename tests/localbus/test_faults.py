"""Faults on demand, as an unmodified azure-servicebus client meets them."""

import contextlib
import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusReceivedMessage, ServiceBusReceiver
from azure.servicebus.exceptions import (
    MessageLockLostError,
    MessagingEntityDisabledError,
    MessagingEntityNotFoundError,
    OperationTimeoutError,
    ServiceBusAuthorizationError,
    ServiceBusConnectionError,
    ServiceBusError,
    ServiceBusServerBusyError,
)

from boilermaker.localbus.faults import Fault, Standing, effects, operations
from boilermaker.localbus.server import LocalServiceBus
from boilermaker.localbus.settings import QueueSettings
from localbus.raw import body_of, message

# The client forgets its socket where opening fails.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def _forgotten_sockets() -> Iterator[None]:
    """Found here, and not in the middle of another test."""
    yield
    gc.collect()


@pytest.fixture
def bus() -> Iterator[LocalServiceBus]:
    """A bus of its own: its faults are nobody else's."""
    orders = QueueSettings(name="orders", lock_duration=timedelta(minutes=5), duplicate_detection_window=None)
    with LocalServiceBus([orders, "others"], seed=1) as bus:
        yield bus


@pytest.fixture
def client(bus: LocalServiceBus) -> Iterator[ServiceBusClient]:
    """One that tries everything once, so that each fault is seen."""
    with ServiceBusClient.from_connection_string(bus.connection_string, retry_total=0) as client:
        yield client


def _send(client: ServiceBusClient, queue: str = "orders", timeout: float | None = None) -> None:
    with client.get_queue_sender(queue) as sender:
        sender.send_messages(message(b"body"), timeout=timeout)


@contextlib.contextmanager
def _received(
    client: ServiceBusClient,
) -> Iterator[tuple[ServiceBusReceiver, ServiceBusReceivedMessage]]:
    _send(client)
    with client.get_queue_receiver("orders") as receiver:
        [held] = receiver.receive_messages(1, 5)
        yield receiver, held


# ---- words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "settle=lose",
        "send=busy,queue=orders,times=3",
        "deliver=delay,queue=orders/$deadletterqueue,after=2,chance=0.1,seconds=0.5",
        "now=freeze,seconds=30.0",
    ],
)
def test_a_fault_is_written_as_it_is_read(text: str):
    """The command line, the control port and Python have the same words."""
    assert text == str(Fault.parse(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "`` is not an operation; use one of connect, token"),
        ("settle", "`settle=` is not a fault; `settle` can be busy, "),
        ("settle=missingly", "`settle=missingly` is not a fault"),
        ("eat=lunch", "`eat` is not an operation"),
        ("connect=busy", "`connect` can be delay, cut, freeze, half, garbage"),
        ("send=busy,queu=orders", "`queu` is not an option of a fault; use queue, times, after, chance"),
        ("send=busy,times=often", "times: 'often' is not a number"),
        ("send=busy,times=0", "times must be at least 1, not 0"),
        ("send=busy,after=-1", "after must be at least 0"),
        ("send=busy,chance=2", "chance must be above 0 and at most 1"),
        ("send=busy,chance=nan", "chance must be above 0 and at most 1"),
        ("send=delay", "delay needs `seconds`"),
        ("send=delay,seconds=-1", "above 0"),
        ("send=delay,seconds=nan", "above 0"),
        ("send=busy,seconds=1", "seconds is only for delay and freeze"),
        ("token=busy,queue=orders", "token does not concern a queue"),
        ("send=busy,queue=nowhere", "no queue `nowhere`; the queues are orders, others"),
    ],
)
def test_what_is_no_fault_is_told_with_what_would_be(bus: LocalServiceBus, text: str, said: str):
    """And nothing stands then."""
    with pytest.raises(ValueError) as caught:
        bus.faults.add(text)

    assert said in str(caught.value)
    assert () == bus.faults.standing


def test_a_fault_strikes_as_often_as_it_is_told(bus: LocalServiceBus):
    """After some that go well, so many times, at its queue, whatever its case."""
    standing = bus.faults.add("send=busy,queue=orders,after=1,times=2")

    struck = [bus.faults.strike("send", name) for name in ("orders", "others", "ORDERS", "orders", "orders")]

    assert [None, None, standing.fault, standing.fault, None] == struck
    assert 2 == standing.count


def test_chance_is_the_same_for_the_same_seed():
    """A test that failed by chance can be run again."""

    def course() -> list[bool]:
        bus = LocalServiceBus(["orders"], seed=7)
        bus.faults.add("send=busy,chance=0.3")
        return [bus.faults.strike("send", "orders") is not None for _ in range(100)]

    assert course() == course()
    assert 15 <= sum(course()) <= 45


def test_a_fault_goes_with_its_block(bus: LocalServiceBus):
    """So that one test's faults are not the next one's; and waiting for one that does not come ends."""
    with bus.faults.add("send=busy") as busy:
        assert bus.faults.strike("send", "orders")
        with pytest.raises(TimeoutError, match="send=busy struck 1 times"):
            busy.wait(times=2, timeout_seconds=0.01)
    assert bus.faults.strike("send", "orders") is None


# ---- what a client sees -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("send=busy", ServiceBusServerBusyError),
        ("send=disabled", MessagingEntityDisabledError),
        ("send=internal", ServiceBusError),
        ("send=cut", ServiceBusError),
        ("send=detach", ServiceBusError),
        ("attach=unauthorized", ServiceBusAuthorizationError),
        ("attach=missing", MessagingEntityNotFoundError),
        ("attach=cut", ServiceBusConnectionError),
        ("token=unauthorized", ServiceBusError),
        ("connect=cut", ServiceBusConnectionError),
        ("connect=garbage", ServiceBusError),
    ],
)
def test_what_is_refused_is_not_done(
    bus: LocalServiceBus, client: ServiceBusClient, fault: str, error: type[ServiceBusError]
):
    """The client's own error says why; without the fault it goes through."""
    with bus.faults.add(fault) as standing, pytest.raises(error):
        _send(client)
    assert 1 <= standing.count
    assert 0 == bus.counts()["orders"].active

    _send(client)
    assert 1 == bus.counts()["orders"].active


@pytest.mark.parametrize(("fault", "stored"), [("send=ignore", 0), ("send=lose", 1), ("send=freeze", 0)])
def test_an_answer_that_does_not_come_leaves_open_what_was_done(
    bus: LocalServiceBus, client: ServiceBusClient, fault: str, stored: int
):
    """Ignored: nothing. Lost: done. The client cannot tell them apart."""
    with bus.faults.add(fault), pytest.raises(OperationTimeoutError):
        _send(client, timeout=0.5)

    assert stored == bus.counts()["orders"].active


def test_a_late_answer_is_an_answer(bus: LocalServiceBus, client: ServiceBusClient):
    """Nothing is stored before it."""
    with client.get_queue_sender("orders") as sender, bus.faults.add("send=delay,seconds=0.3") as late:
        sending = threading.Thread(target=sender.send_messages, args=[message(b"body")])
        sending.start()
        late.wait()
        assert 0 == bus.counts()["orders"].active
        sending.join(5)

    assert 1 == bus.counts()["orders"].active


def test_a_settlement_that_is_refused_leaves_the_message(bus: LocalServiceBus, client: ServiceBusClient):
    """As when the lock is lost, though it is not."""
    with (
        bus.faults.add("settle=lock-lost,times=1"),
        _received(client) as (receiver, held),
        pytest.raises(MessageLockLostError),
    ):
        receiver.complete_message(held)

    assert 1 == bus.counts()["orders"].locked


def test_a_settlement_whose_connection_is_cut_afterwards_is_done(
    bus: LocalServiceBus, client: ServiceBusClient
):
    """The client does not hear of it; what it does then finds no lock."""
    with (
        bus.faults.add("settle=cut-after,times=1") as cut,
        _received(client) as (receiver, held),
        pytest.raises(ServiceBusError),
    ):
        receiver.complete_message(held)

    assert 1 == cut.count
    assert 0 == bus.counts()["orders"].active


@pytest.mark.parametrize(
    ("fault", "error"),
    [("renew=lock-lost", MessageLockLostError), ("renew=busy", ServiceBusServerBusyError)],
)
def test_a_renewal_is_refused(
    bus: LocalServiceBus, client: ServiceBusClient, fault: str, error: type[Exception]
):
    """The lock stays what it was."""
    with bus.faults.add(fault), _received(client) as (receiver, held), pytest.raises(error):
        receiver.renew_message_lock(held)

    assert 1 == bus.counts()["orders"].locked


def test_locks_are_lost_on_demand(bus: LocalServiceBus, client: ServiceBusClient):
    """Each counts a delivery, as when its time is over."""
    with _received(client) as (receiver, held):
        bus.faults.add("now=lock-lost,queue=orders")
        with pytest.raises(MessageLockLostError):
            receiver.complete_message(held)
        [again] = receiver.receive_messages(1, 5)

    assert 1 == again.delivery_count


def test_a_delivery_that_is_lost_on_its_way_keeps_its_lock(bus: LocalServiceBus, client: ServiceBusClient):
    """It comes again once the lock is over."""
    _send(client)
    with client.get_queue_receiver("orders") as receiver:
        with bus.faults.add("deliver=ignore"):
            assert [] == receiver.receive_messages(1, 0.3)
        assert 1 == bus.counts()["orders"].locked
        bus.faults.add("now=lock-lost")
        [held] = receiver.receive_messages(1, 5)

    assert b"body" == body_of(held)


def test_a_queue_is_disabled_and_enabled(bus: LocalServiceBus, client: ServiceBusClient):
    """Its links are detached, and new ones are refused, until the fault goes; other queues are served."""
    with client.get_queue_receiver("orders") as receiver:
        assert [] == receiver.receive_messages(1, 0.1)
        with bus.faults.add("entity=disabled,queue=orders"):
            with pytest.raises(MessagingEntityDisabledError):
                receiver.receive_messages(1, 5)
            with pytest.raises(MessagingEntityDisabledError):
                _send(client)
            _send(client, "others")
    _send(client)

    assert 1 == bus.counts()["orders"].active


def test_a_frozen_connection_thaws(bus: LocalServiceBus, client: ServiceBusClient):
    """A bus that hangs for a while, and goes on where it was."""
    with client.get_queue_sender("orders") as sender:
        sender.send_messages(message(b"before"))
        bus.faults.add("now=freeze,seconds=0.3")
        sending = threading.Thread(target=sender.send_messages, args=[message(b"after")])
        sending.start()
        sending.join(0.1)
        assert sending.is_alive()
        sending.join(5)

    assert 2 == bus.counts()["orders"].active


# ---- every fault ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", operations()[:-1])
def test_after_any_fault_everyone_is_served_again(caplog: pytest.LogCaptureFixture, operation: str):
    """It strikes a client in the middle of its work; the bus itself comes to no harm."""
    faults = [
        f"{operation}={effect}" + (",seconds=0.05" if effect == "delay" else "")
        for effect in effects(operation)
    ]
    with ThreadPoolExecutor(len(faults)) as threads:  # a client sleeps a second for each link it opens
        list(threads.map(_strike_and_heal, faults))

    assert "defect" not in caplog.text


def _strike_and_heal(fault: str) -> None:
    with LocalServiceBus(["orders"]) as bus:
        with bus.faults.add(fault) as standing:
            working = threading.Thread(target=_work, args=[bus, standing], daemon=True)
            working.start()
            standing.wait()
        while working.is_alive():
            bus.faults.add("now=cut")
            working.join(0.05)
        with (
            ServiceBusClient.from_connection_string(bus.connection_string, retry_total=0) as client,
            _received(client) as (receiver, held),
        ):
            receiver.renew_message_lock(held)
            receiver.complete_message(held)


def _work(bus: LocalServiceBus, standing: Standing) -> None:
    """All that a client does, until its fault strikes."""
    while not standing.count:
        with (
            contextlib.suppress(
                ServiceBusError, ValueError
            ),  # the client's management link raises ValueError
            ServiceBusClient.from_connection_string(bus.connection_string, retry_total=0) as client,
            _received(client) as (receiver, held),
        ):
            receiver.renew_message_lock(held)
            receiver.peek_messages(1)
            receiver.complete_message(held)
