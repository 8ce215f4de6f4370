from dataclasses import dataclass
from dataclasses import field as dataclass_field

import attr
import attrs


from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="errors-attrs")


@attr.s
class Unannotated:
    x = attr.ib()


@attrs.define
class Half:
    x: int
    y = attrs.field(default=1)


@attrs.define
class Private:
    _token: str
    _alias: str = attrs.field(alias="token_alias")


@attrs.define
class Computed:
    x: int
    z: int = attrs.field()

    @z.default
    def _make_z(self) -> int:
        return self.x


@attrs.define
class FromSelf:
    x: int
    y: int = attrs.Factory(lambda self: self.x, takes_self=True)
    z: int = attrs.field(init=False)
    w: int = dataclass_field(default=1)
    v: int = attrs.field(type=int)
    u: object = attrs.field(factory=object)


@dataclass
class Stranger:
    x: int = attrs.field(default=1)


@attrs.define(init=False)
class NoInit:
    x: int


@attrs.define(field_transformer=lambda cls, fields: fields)
class Transformed:
    x: int


@attrs.define
class Parent:
    x: int = 0


@attrs.define
class Unordered(Parent):
    y: int


class Undecorated(Parent):
    y: int


@dataclass
class Mixed(Parent):
    y: int = 1


@attrs.define
class Wrong:
    x: int = "1"


@attrs.define
class Left:
    x: int = 1


@attrs.define
class Right:
    y: int = 1


@worker.task
async def every(
    state,
    a: Unannotated,
    b: Half,
    c: Private,
    d: Computed,
    e: FromSelf,
    f: Stranger,
    g: NoInit,
    h: Transformed,
    i: Unordered,
    j: Undecorated,
    k: Mixed,
    l: Wrong,
    m: Left | Right,
    n: Parent = Parent(2, y=1),
) -> None: ...
