from dataclasses import dataclass

from boilermaker import Boilermaker, InMemoryServiceBus
from parents import Event

worker = Boilermaker(object(), InMemoryServiceBus(), queue="inheritance")


@dataclass
class Signup(Event):
    """Somebody is new."""

    email: str = ""
    source: str = "web"


@dataclass
class Referral(Signup):
    friend: str | None = None


@dataclass
class Renamed(Event):
    pass


@dataclass(kw_only=True)
class Named(Signup):
    nick: str


@worker.task
async def record(state, event: Event, signup: Signup, referral: Referral, renamed: Renamed, named: Named) -> None: ...
