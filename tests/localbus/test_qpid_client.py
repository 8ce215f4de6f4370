"""qpid-proton as a client: what azure-servicebus has no public words for, and other languages' clients say."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from proton import Condition, Delivery, Disposition, Message, int32, symbol
from proton.utils import BlockingConnection, ConnectionClosed

from boilermaker.localbus.server import LocalServiceBus
from bus.rigs import new_queue

_SECONDS = 10


@pytest.fixture
def connection(namespace: LocalServiceBus) -> Iterator[Any]:
    """A connection of its own."""
    connection: Any = BlockingConnection(f"127.0.0.1:{namespace.port}", timeout=_SECONDS)
    yield connection
    connection.close()


@pytest.fixture
def queue(connection: Any) -> str:
    """A queue with one message."""
    name = new_queue()
    connection.create_sender(name).send(
        Message(body="x", properties={"kept": "sent", "changed": "sent", "number": 1})
    )
    return name


def _settle(receiver: Any, state: Any, **local: Any) -> None:
    disposition: Disposition = receiver.fetcher.unsettled[0].local
    for name, value in local.items():
        setattr(disposition, name, value)
    receiver.settle(state)


def _ask(connection: Any, node: str, operation: str, body: Any = None, **properties: Any) -> Message:
    replies = connection.create_receiver(node, name=uuid.uuid4().hex)
    connection.create_sender(node, name=uuid.uuid4().hex).send(
        Message(
            id="1",
            reply_to="replies",
            body=body,
            properties={"operation": operation, **properties},
        )
    )
    found: Message = replies.receive(_SECONDS)
    replies.accept()
    replies.close()
    return found


@pytest.mark.parametrize(
    ("state", "local", "count"),
    [
        (Delivery.MODIFIED, {}, 1),
        (Delivery.MODIFIED, {"failed": True}, 1),
        (Delivery.RELEASED, {}, 0),
    ],
)
def test_modified_counts_a_delivery_and_released_does_not(
    connection: Any, queue: str, state: Any, local: dict[str, Any], count: int
):
    """Whatever `delivery-failed` says: it is how the JavaScript client abandons."""
    receiver = connection.create_receiver(queue)
    receiver.receive(_SECONDS)
    _settle(receiver, state, **local)

    assert count == receiver.receive(_SECONDS).delivery_count
    receiver.accept()


def test_a_message_without_an_id_is_given_one(connection: Any, namespace: LocalServiceBus):
    """It stays the same; an id that the sender gave is left alone."""
    queue = new_queue()
    sender = connection.create_sender(queue)
    for sent in (Message(body="x"), Message(body="x", subject="s"), Message(body="x", id="given")):
        sender.send(sent)
    receiver = connection.create_receiver(queue)
    first = receiver.receive(_SECONDS)
    receiver.release(delivered=False)
    found = []
    for _ in range(3):
        found.append(receiver.receive(_SECONDS))
        receiver.accept()

    assert [first.id, "given"] == [found[0].id, found[2].id]
    assert 32 == len(first.id) == len(found[1].id)
    assert (first.id != found[1].id, "s") == (True, found[1].subject)


def test_modified_and_undeliverable_here_defers(connection: Any, queue: str, namespace: LocalServiceBus):
    """Whatever `delivery-failed` says."""
    receiver = connection.create_receiver(queue)
    receiver.receive(_SECONDS)
    _settle(receiver, Delivery.MODIFIED, undeliverable=True)
    _ask(
        connection, f"{queue}/$management", "com.microsoft:peek-message", _PEEK
    )  # the disposition came before

    assert 1 == namespace.counts()[queue].deferred


_PEEK = {"from-sequence-number": 1, "message-count": int32(1)}
_CHANGES = {"changed": "by the receiver", "added": 2}


@pytest.mark.parametrize("how", ["abandon", "dead-letter"])
def test_properties_that_are_modified_on_the_link_replace_those_of_the_sender(
    connection: Any, queue: str, how: str
):
    """Of `modified` the message annotations, of `rejected` what stands beside reason and description."""
    receiver = connection.create_receiver(queue)
    receiver.receive(_SECONDS)
    changes = {symbol(name): value for name, value in _CHANGES.items()}
    if how == "abandon":
        _settle(receiver, Delivery.MODIFIED, failed=True, annotations=changes)
        again, reasons = receiver, {}
    else:
        reasons = {"DeadLetterReason": "why", "DeadLetterErrorDescription": "because"}
        info = changes | {symbol(name): text for name, text in reasons.items()}
        _settle(
            receiver, Delivery.REJECTED, condition=Condition("com.microsoft:dead-letter", "because", info)
        )
        again = connection.create_receiver(f"{queue}/$deadletterqueue")

    got = again.receive(_SECONDS)
    again.accept()

    assert {"kept": "sent", "number": 1, **_CHANGES, **reasons} == got.properties


@pytest.mark.parametrize("status", ["abandoned", "defered", "suspended"])
def test_properties_that_are_modified_by_request_replace_those_of_the_sender(
    connection: Any, queue: str, status: str
):
    """`properties-to-modify` of update-disposition."""
    receiver = connection.create_receiver(queue)
    token = receiver.receive(_SECONDS).instructions["x-opt-lock-token"]
    body = {"disposition-status": status, "lock-tokens": [token], "properties-to-modify": _CHANGES}
    answer = _ask(connection, f"{queue}/$management", "com.microsoft:update-disposition", body)
    assert 200 == answer.properties["statusCode"]
    receiver.close()
    node = queue + ("/$deadletterqueue" if status == "suspended" else "")

    peeked = _ask(connection, f"{node}/$management", "com.microsoft:peek-message", _PEEK)

    found = Message()
    found.decode(peeked.body["messages"][0]["message"])
    assert {"kept": "sent", "number": 1, **_CHANGES} == found.properties


def test_status_codes_are_ints(connection: Any, queue: str):
    """C clients read nothing else, and wait for ever."""
    token = _ask(connection, "$cbs", "put-token", "token", name=f"amqp://here/{queue}", type="jwt")
    peeked = _ask(connection, f"{queue}/$management", "com.microsoft:peek-message", _PEEK)

    assert (int32, 202) == (type(token.properties["status-code"]), token.properties["status-code"])
    assert (int32, 200) == (type(peeked.properties["statusCode"]), peeked.properties["statusCode"])


@pytest.mark.parametrize(
    ("entity", "status"),
    [("", 202), ("{}", 202), ("{}/$management", 202), ("{}/$DeadLetterQueue", 202), ("nowhere", 404)],
)
def test_tokens_are_taken_for_what_is_there(connection: Any, queue: str, entity: str, status: int):
    """The namespace, its queues, their sub-queues and management nodes."""
    name = "sb://127.0.0.1:5672/" + entity.format(queue)

    answer = _ask(connection, "$cbs", "put-token", "token", name=name, type="jwt")

    assert status == answer.properties["status-code"]
    assert (status == 404) == ("could not be found" in answer.properties["status-description"])


def test_a_bus_that_stops_forces_its_clients_off():
    """They connect again; without an error the JavaScript client waits for a minute, and dies."""
    with LocalServiceBus(["orders"]) as bus:
        connection: Any = BlockingConnection(f"127.0.0.1:{bus.port}", timeout=_SECONDS)
        receiver = connection.create_receiver("orders")

    with pytest.raises(ConnectionClosed, match="amqp:connection:forced"):
        receiver.receive(_SECONDS)
