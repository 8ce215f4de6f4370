from datetime import datetime as Moment
from typing import Annotated, Literal, NewType, TypeAlias

import msgspec

Email = Annotated[str, msgspec.Meta(pattern="@", max_length=254)]
Recipients: TypeAlias = "list[Email]"
UserId = int
Status = Literal["new", "paid"]
Instant = Moment
_Token = Annotated[str, msgspec.Meta(min_length=8)]
Percent = NewType("Percent", Annotated[int, msgspec.Meta(ge=0, le=100)])
Share = Percent | None
resend = Literal["once", "twice"]
note = Annotated[str, msgspec.Meta(max_length=80)]


class Card(msgspec.Struct, tag=True):
    number: str
    holder: Email | None = None
    note: str = ""


class Cash(msgspec.Struct, tag=True):
    pass


class Transfer(msgspec.Struct, tag=True):
    iban: str


Payment = Card | Cash | Transfer
