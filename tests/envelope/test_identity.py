"""Ids of messages: the same for the same cause, another one for anything else, and nobody's to compute without its seed."""

import itertools

import pytest

from boilermaker import InMemoryServiceBus
from boilermaker.envelope import codec, identity
from boilermaker.envelope.identity import derived, own_id, record_key
from boilermaker.payload import Payload
from boilermaker.stub import TaskStub
from boilermaker.telemetry import trace
from boilermaker.transport.port import OutgoingMessage

SEED, OTHER = "5eed" * 8, "0" * 32


def test_every_part_of_a_cause_counts() -> None:
    """Seed, queue, id and slot, whatever their characters: no two causes read the same."""
    texts = ["a", "a\n1", "1\na", "", "\ud800", "\0"]
    causes = list(itertools.product((SEED, OTHER), ("jobs", "mails"), texts, (0, 1, 10, "replay")))
    names = [derived(*cause) for cause in causes]
    assert len(causes) == len({name.id for name in names}) == len({name.seed for name in names})
    assert {len(text) for name in names for text in name} == {32}


def test_what_is_derived_says_nothing_about_its_cause() -> None:
    """Its seed is not the one that names it, nor its brothers."""
    first, second = (derived(SEED, "jobs", "cause", slot) for slot in (0, 1))
    assert derived(first.seed, "jobs", "cause", 1) != second
    assert first.seed not in {SEED, first.id, second.seed}


def test_queues_have_no_case() -> None:
    """To Service Bus `Jobs` and `jobs` are one: a worker that is configured anew repeats under the same ids."""
    assert derived(SEED, "Jobs", "cause", 0) == derived(SEED, "jobs", "cause", 0)
    assert record_key("Jobs", "id", "f") == record_key("jobs", "id", "f")


def test_an_id_is_what_the_wire_format_says() -> None:
    """Other languages compute the same: docs/reference/wire-format.md."""
    assert derived(SEED, "accounts", "order-4711", 0) == ID_OF_THE_DOCS


ID_OF_THE_DOCS = ("42a9fd9642aaa90fa2be1e76ef89f580", "4f664a52bb08da383cc6ea3239d11a18")


async def test_a_message_without_an_id_has_that_of_its_place() -> None:
    """Queue and sequence number: sequence numbers are counted in each queue."""
    bus = InMemoryServiceBus("jobs")
    await bus.sender("jobs").send(OutgoingMessage(body=b"", message_id=""))
    [message] = bus.messages("jobs")
    assert own_id(message, "jobs") == "jobs/sequence-number-1"


def test_each_publication_has_a_seed_of_its_own() -> None:
    """Whoever knows one knows no other."""
    assert len({identity.new_seed() for _ in range(100)}) == 100


def test_a_fingerprint_leaves_out_the_seed_and_nothing_else() -> None:
    """Two publications of one workflow have one; another payload, id or result is another message."""

    def body(seed: str = SEED, workflow: str = "w", text: str = "x") -> str:
        head = f'{{"boilermaker":1,"workflow":"{workflow}","seed":"{seed}","at":0,"lines":[[0,0]],"queues":["jobs"]}}'
        return codec.fingerprint(
            codec.decode(f'{head}\n{{"task":"t","payload":{{"text":"{text}"}},"then":null}}'.encode())
        )

    assert body() == body(seed=OTHER)
    assert len({body(), body(workflow=OTHER), body(text="y"), body(text=SEED), body(text="")}) == 5


class _Nothing(Payload, frozen=True):
    """No arguments."""


@pytest.mark.parametrize("digest", ["", "0" * 15, "0" * 17, "A" * 16, "0" * 15 + "\n", "g" * 16])
def test_a_stub_has_a_digest_that_workers_take(digest: str) -> None:
    """Theirs would dead-letter each of its messages."""
    with pytest.raises(ValueError, match="the digest of `find` is not 16 hex digits"):
        TaskStub[None]("find", _Nothing, None, queue="jobs", digest=digest)


PARENT = f"00-{'a' * 32}-{'b' * 16}-01"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (
            {"traceparent": PARENT, "tracestate": "vendor=1"},
            {"traceparent": PARENT, "tracestate": "vendor=1"},
        ),
        ({"traceparent": PARENT}, {"traceparent": PARENT}),
        ({"traceparent": PARENT, "tracestate": "x" * 513}, {"traceparent": PARENT}),
        ({"traceparent": PARENT, "tracestate": "a\nb"}, {"traceparent": PARENT}),
        ({"traceparent": PARENT, "tracestate": 7}, {"traceparent": PARENT}),
        ({"traceparent": f"cc-{PARENT[3:]}-later"}, {"traceparent": f"cc-{PARENT[3:]}-later"}),
        ({"traceparent": PARENT.upper(), "tracestate": "vendor=1"}, {}),
        ({"traceparent": PARENT + "\n"}, {}),
        ({"traceparent": "x" * 40_000}, {}),
        ({"traceparent": b"bytes"}, {}),
        ({"tracestate": "vendor=1"}, {}),
    ],
)
def test_only_a_trace_context_is_sent_on(given: dict[str, object], kept: dict[str, str]) -> None:
    """Anything else would be a property of the next message, which the bus might refuse."""
    assert trace.of_properties(given) == kept
