"""Who is who: ids of messages, and of what outcome stores keep. Nobody can compute one who does not hold the message.

A message that an attempt leads to is named after its cause: the queue and the id of the message whose handling led to it, and
a slot. The repeat of an attempt so publishes under the same ids, and the bus drops it. The name is keyed with the seed that
the cause carries, which was drawn when the workflow was published; what is derived carries a seed of its own, so that who
holds one message can name only what follows from that one.
"""

import hashlib
import secrets
from typing import NamedTuple

from boilermaker.transport.port import Message

SEED = r"\A[0-9a-f]{32}\Z"
"""What a seed looks like."""

REPLAY = "replay"
"""The slot of what a dead letter leads to when it is sent again."""


class Identity(NamedTuple):
    """What a message is called, and the seed for all that follows from it."""

    id: str
    seed: str


def new_seed() -> str:
    """A seed that nobody can guess: 128 random bits, as 32 hex digits."""
    return secrets.token_hex(16)


def seed_of(body: bytes) -> str:
    """A seed for a message that carries none: whoever holds it comes to the same."""
    return hashlib.blake2b(body, digest_size=16, person=b"boilermaker-seed").hexdigest()


def own_id(message: Message, queue: str) -> str:
    """The id of a message in a queue; of one that was sent without an id, the queue and its sequence number there."""
    return message.message_id or f"{queue}/sequence-number-{message.sequence_number}"


def derived(seed: str, queue: str, cause: str, slot: int | str) -> Identity:
    """The identity of a message that another one leads to.

    Args:
        seed: of the cause.
        queue: where the cause is; to Service Bus upper and lower case are the same.
        cause: id of the cause.
        slot: which of the messages that the cause leads to. Success, failure and retry draw from the same slots, so that the
            first outcome wins.
    """
    data = f"{queue.lower()}\n{slot}\n{cause}".encode(errors="surrogatepass")
    name = hashlib.blake2b(data, digest_size=32, key=seed.encode()).hexdigest()
    return Identity(name[:32], name[32:])


def record_key(queue: str, message_id: str, fingerprint: str) -> str:
    """What an outcome store keeps an attempt's record under: 64 hex digits, so that any database takes any message's.

    Args:
        queue: where the message is.
        message_id: its id.
        fingerprint: of its body: a record counts for the same task with the same payload only.
    """
    data = f"{queue.lower()}\n{fingerprint}\n{message_id}".encode(errors="surrogatepass")
    return hashlib.blake2b(data, digest_size=32, person=b"boilermaker-rec").hexdigest()
