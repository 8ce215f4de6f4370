"""Our bytes beside the SDK's own codec: what one writes, the other reads."""

import contextlib
import struct
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.servicebus._pyamqp._decode import decode_frame, decode_payload
from azure.servicebus._pyamqp._encode import encode_frame, encode_payload
from azure.servicebus._pyamqp.message import Header, Message, Properties
from azure.servicebus._pyamqp.performatives import DispositionFrame, TransferFrame
from hypothesis import given
from hypothesis import strategies as some

from boilermaker.transport.port import OutgoingMessage
from boilermaker.transport.servicebus import frames as amqp
from boilermaker.transport.servicebus import message as messages

_SIMPLE = some.one_of(
    some.text(), some.booleans(), some.floats(allow_nan=False), some.integers(-(2**63), 2**63 - 1)
)

_SENT_BY_SDK = some.one_of(
    some.text(),
    some.booleans(),
    some.floats(allow_nan=False),
    some.integers(-(2**31), 2**31 - 1),
    some.binary(),
    some.uuids(),
    some.none(),
)


def _by_sdk(**sections: object) -> bytes:
    made: Any = Message
    encoded = bytearray()
    encode_payload(encoded, made(**sections))
    return bytes(encoded)


def _properties(encoded: bytes) -> dict[str, object]:
    at = messages.content(encoded).application
    return {} if at is None else messages.application_properties(encoded, at)


def _frames(performative: Any) -> bytes:
    header, body = encode_frame(performative)
    return bytes(header) + struct.pack(">H", 7) + bytes(body or b"")


def _performative(frame: bytes) -> tuple[int, Any]:
    decoded: Any = decode_frame(memoryview(frame)[8:])
    return decoded  # type: ignore[no-any-return]


@given(some.dictionaries(some.text(), _SIMPLE), some.binary())
def test_the_sdk_reads_what_we_send(properties: dict[str, Any], body: bytes) -> None:
    """Each section, each type that a property may have."""
    sent = OutgoingMessage(
        body=body,
        message_id="id",
        subject="größe",
        correlation_id="w",
        properties=properties,
        scheduled_enqueue_time=datetime(2030, 1, 1, tzinfo=UTC),
    )

    read: Any = decode_payload(memoryview(messages.encode(sent)))

    assert ([body], b"id", "größe".encode(), b"w", b"application/json") == (
        read.data,
        read.properties.message_id,
        read.properties.subject,
        read.properties.correlation_id,
        read.properties.content_type,
    )
    expected = {k.encode(): v.encode() if isinstance(v, str) else v for k, v in properties.items()}
    assert expected == (read.application_properties or {})
    assert {b"x-opt-scheduled-enqueue-time": 1893456000000} == read.message_annotations


@given(some.dictionaries(some.text(), _SENT_BY_SDK), some.binary())
def test_we_read_what_the_sdk_sends(properties: dict[str, Any], body: bytes) -> None:
    """As the broker hands it on: with a header, annotations and properties."""
    encoded = _by_sdk(
        header=Header(delivery_count=300),
        message_annotations={b"x-opt-sequence-number": 5},
        properties=Properties(message_id="id", subject="task"),
        application_properties=properties or None,
        data=[body, b"more"],
    )

    read = messages.content(encoded)

    assert (body + b"more", "id", "task", None, 300) == read[:5]
    assert 5 == read.annotations["x-opt-sequence-number"]
    found = _properties(encoded)
    assert {
        k: v.decode(errors="replace") if isinstance(v, bytes) else v for k, v in properties.items()
    } == found


@pytest.mark.parametrize("sections", [{"value": {b"a": 1}}, {"sequence": [[1, 2]]}])
def test_a_body_of_another_type_is_handed_on_encoded(sections: dict[str, object]) -> None:
    """No codec takes it for its own, and it is not empty: a dead letter shows it."""
    encoded = _by_sdk(**sections)

    assert encoded[3:] == messages.content(encoded).body


@given(some.binary())
def test_bytes_that_are_no_message_are_refused_as_such(data: bytes) -> None:
    """A hostile producer's message ends as a dead letter; it does not end the worker."""
    for read in (messages.content, _properties):
        with contextlib.suppress(amqp.FrameError):
            read(data)


@given(some.binary(), some.integers(0, 200))
def test_a_message_that_is_cut_short_or_altered_is_read_or_refused(noise: bytes, at: int) -> None:
    """Nothing else is raised."""
    whole = _by_sdk(
        header=Header(delivery_count=1),
        message_annotations={b"x-opt-sequence-number": 5},
        properties=Properties(message_id=uuid.uuid4()),
        application_properties={"a": "b", "c": 1.5},
        data=[b"body"],
    )
    for data in (whole[:at], whole[:at] + noise + whole[at + len(noise) :]):
        with contextlib.suppress(amqp.FrameError):
            messages.content(data)
            _properties(data)


def test_values_nested_without_end_are_refused() -> None:
    """Python's own limit would come as another error, or as none."""
    nested = b"\x40"
    for _ in range(5000):
        nested = b"\xd0" + struct.pack(">II", len(nested) + 4, 1) + nested

    with pytest.raises(amqp.FrameError, match="too deep"):
        messages.content(b"\x00\x53\x72" + nested)


def test_frames_are_taken_apart_where_they_end() -> None:
    """An empty one is a heartbeat; what is not whole stays for later."""
    disposition = _frames(
        DispositionFrame(role=False, first=3, last=5, settled=True, state=None, batchable=None)
    )
    heartbeat = bytes.fromhex("0000000802000000")
    data = disposition + heartbeat + disposition[:-1]

    found = list(amqp.frames(data))

    assert [(7, amqp.DISPOSITION), (0, 0)] == [(frame.channel, frame.code) for frame in found]
    assert len(disposition + heartbeat) == found[-1].end
    assert [False, 3, 5, True, None] == amqp.fields(data, found[0], 5)[0]


@pytest.mark.parametrize("head", ["0000000702000000", "000000ff01000000", "0000000803000000"])
def test_a_frame_that_cannot_be_is_refused(head: str) -> None:
    """A size below its own header, a header below eight bytes, a body before its beginning."""
    with pytest.raises(amqp.FrameError):
        list(amqp.frames(bytes.fromhex(head) + bytes(300)))


def test_an_outcome_is_read_with_its_error() -> None:
    """How the service says that a lock is lost."""
    data = amqp.disposition(1, 4, 4, amqp.rejection("amqp:gone", "why", {"a": "b"}), is_settled=True)
    [frame] = amqp.frames(data)

    outcome = amqp.fields(data, frame, 5)[0][4]

    assert amqp.Described(amqp.REJECTED, [amqp.Described(0x1D, ["amqp:gone", "why", {"a": "b"}])]) == outcome


def test_the_sdk_reads_our_dispositions() -> None:
    """A range, with each outcome that we send."""
    for outcome, name in (
        (amqp.state(amqp.ACCEPTED), {"accepted": []}),
        (amqp.state(amqp.RELEASED), {"released": []}),
        (amqp.state(amqp.MODIFIED, [b"\x41", b"\x42"]), {"modified": [True, False]}),
    ):
        code, found = _performative(amqp.disposition(1, 4, 9, outcome, is_settled=False))
        assert (0x15, [True, 4, 9, False, name]) == (code, found[:5])
    _, found = _performative(
        amqp.disposition(1, 1, 1, amqp.rejection("c:d", "text", {"Reason": "x"}), is_settled=True)
    )
    assert {"rejected": [[b"c:d", b"text", {b"Reason": b"x"}]]} == found[4]


@given(some.binary(max_size=3000), some.integers(512, 2000))
def test_a_delivery_takes_as_many_frames_as_it_needs(payload: bytes, max_frame_size: int) -> None:
    """None larger than the peer takes, all but the last with `more`."""
    sent = amqp.transfers(1, 2, 3, payload, max_frame_size, messages.BATCH_FORMAT)

    assert all(len(frame) <= max_frame_size for frame in sent)
    read = [_performative(frame) for frame in sent]
    assert {0x14} == {code for code, _ in read}
    assert [[2, 3, b"\x00\x00\x00\x03", messages.BATCH_FORMAT, False]] * len(sent) == [f[:5] for _, f in read]
    assert [*[True] * (len(sent) - 1), False] == [found[5] for _, found in read]
    assert payload == b"".join(bytes(found[11]) for _, found in read)


@pytest.mark.parametrize("value", [2**63, object(), None])
def test_a_property_that_amqp_cannot_carry_is_refused(value: Any) -> None:
    """Before anything is sent."""
    with pytest.raises((TypeError, ValueError), match="'it'"):
        messages.encode(OutgoingMessage(body=b"", message_id="i", properties={"it": value}))


def test_a_transfer_of_the_sdk_is_read_with_its_payload() -> None:
    """Fields that are left out are none."""
    data = _frames(
        TransferFrame(
            handle=0, delivery_id=1, delivery_tag=b"t" * 16, message_format=0, settled=False, payload=b"xyz"
        )
    )
    [frame] = amqp.frames(data)

    found, payload_at = amqp.fields(data, frame, 10)

    assert ([0, 1, b"t" * 16, 0, False], b"xyz") == (found[:5], data[payload_at : frame.end])
