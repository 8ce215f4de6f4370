"""Ids of messages, and keys of records in outcome stores. They cannot be computed without the message that they derive from.

The id of a message that an attempt publishes derives from its cause, that is the queue and the id of the message being
handled, and from a slot. A repeated attempt therefore publishes under the same ids, and the broker drops the duplicates. The
derivation is keyed with the seed in the cause, which was drawn when the workflow was published. Each derived message has a
seed of its own, so that the holder of a message can compute only the ids of messages that follow from it.
"""

import hashlib
import secrets
from typing import NamedTuple

from boilermaker.transport.port import Message

SEED = r"\A[0-9a-f]{32}\Z"
"""The pattern of a seed."""

REPLAY = "replay"
"""The slot of the message that a replayed dead letter is sent as."""


class Identity(NamedTuple):
    """The id of a message, and the seed for the messages that follow from it."""

    id: str
    seed: str


def new_seed() -> str:
    """A seed that cannot be guessed: 128 random bits as 32 hex digits."""
    return secrets.token_hex(16)


def seed_of(body: bytes) -> str:
    """A seed for a message without one, computed from its body, so that each delivery of it results in the same seed."""
    return hashlib.blake2b(body, digest_size=16, person=b"boilermaker-seed").hexdigest()


def own_id(message: Message, queue: str) -> str:
    """The id of a message in a queue; if it was sent without an id, made of the queue and its sequence number."""
    return message.message_id or f"{queue}/sequence-number-{message.sequence_number}"


def derived(seed: str, queue: str, cause: str, slot: int | str) -> Identity:
    """The identity of a message that another one leads to.

    Args:
        seed: the seed of the cause.
        queue: the queue of the cause; Service Bus ignores the case of queue names.
        cause: the id of the cause.
        slot: which of the messages that the cause leads to. Success, failure and retry use the same slots, so that the
            first published outcome wins.
    """
    data = f"{queue.lower()}\n{slot}\n{cause}".encode(errors="surrogatepass")
    name = hashlib.blake2b(data, digest_size=32, key=seed.encode()).hexdigest()
    return Identity(name[:32], name[32:])


def record_key(queue: str, message_id: str, fingerprint: str) -> str:
    """The key of an attempt's record in an outcome store: 64 hex digits, which every database accepts for every message.

    Args:
        queue: the queue of the message.
        message_id: its id.
        fingerprint: fingerprint of its envelope, so that a record applies only to the same task with the same payload.
    """
    data = f"{queue.lower()}\n{fingerprint}\n{message_id}".encode(errors="surrogatepass")
    return hashlib.blake2b(data, digest_size=32, person=b"boilermaker-rec").hexdigest()
