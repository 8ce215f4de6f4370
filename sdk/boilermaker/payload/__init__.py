"""Payloads and results as JSON: arguments in, checked bytes out, and back. With `envelope`, the only room with bytes.

A payload is what comes back: arguments are encoded and decoded again as the payload type, on the very path the worker
takes, so that nothing can be published that the worker would refuse.
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
