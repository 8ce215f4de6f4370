"""How a received message is settled."""

from typing import Literal, NamedTuple


class Unconfirmed(Exception):  # noqa: N818  # not an error yet: the caller has another way
    """The link is gone or did not answer; the settlement may have been applied or not."""


class Disposition(NamedTuple):
    """How to settle a message; reason and description are those of a dead letter."""

    outcome: Literal["complete", "abandon", "release", "dead-letter"]
    reason: str = ""
    description: str = ""
