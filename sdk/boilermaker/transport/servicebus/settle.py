"""How a received message is settled."""

from typing import Literal, NamedTuple


class Unconfirmed(Exception):  # noqa: N818  # not an error yet: the caller can settle by lock token
    """The link is closed or did not answer; the settlement may or may not have been applied."""


class Disposition(NamedTuple):
    """How to settle a message; reason and description are for dead-lettering."""

    outcome: Literal["complete", "abandon", "release", "dead-letter"]
    reason: str = ""
    description: str = ""
