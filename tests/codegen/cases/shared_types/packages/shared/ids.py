from enum import Enum
from typing import NewType

import msgspec

UserId = NewType("UserId", int)


class Account(msgspec.Struct):
    class Kind(Enum):
        OPEN = "open"
        CLOSED = "closed"

    owner: UserId
    kind: Kind = Kind.OPEN
