"""Payloads and results as JSON: encodes and checks them, and decodes them again.

A payload is the result of a round trip: arguments are encoded and decoded again as the payload type, exactly as the worker
decodes them, so that nothing can be published that the worker would reject. `outbound` has what is sent, `inbound` what is
received; the other modules are checks. Only `payload` and `envelope` create and read message bodies.
"""

from boilermaker.payload.inbound import bind, decode, from_plain, moved, plain, renamed
from boilermaker.payload.outbound import Payload, build, encoded, references, seal
from boilermaker.payload.unfit import UnfitValue

__all__ = [
    "Payload",
    "UnfitValue",
    "bind",
    "build",
    "decode",
    "encoded",
    "from_plain",
    "moved",
    "plain",
    "references",
    "renamed",
    "seal",
]
