"""Names bound to functions and constructors mean what these mean, wherever they are bound."""

import decimal
from typing import Generic, TypeVar

import words
from words import TD, A, Base, Class, E, Either, M, Perhaps, Tup, again, dc, f2, fld, make, numbered

from boilermaker import Boilermaker, InMemoryServiceBus

Worker = Boilermaker
worker = Worker(object(), InMemoryServiceBus(), queue="assigned-aliases")

ge_one = M(ge=1)
NewName = words.NT
D = decimal.Decimal
Brackets = Generic
Variable = TypeVar
T = Variable("T")
S = Base
Parent = S

Amount = A[int, M(ge=1)]
Named = A[int, ge_one]
UserId = NewName("UserId", int)


class X(S):
    a: int = fld(default=3, name="b")
    c: list[int] = again(default_factory=list, name="d")


class Y(Parent, tag=True):
    kinds: Class[int] = 3
    price: D = D("1.50")


@dc
class Plain:
    b: str = f2(metadata={})
    c: list[int] = f2(default_factory=list)


@words.dc(frozen=True)
class Frozen(Brackets[T]):
    value: T


@make.define
class Defined:
    a: int = make.field(alias="b")
    c: list[int] = make.Factory(list)


class Kind(E):
    ONE = numbered()
    TWO = numbered()


class Keys(TD):
    a: int
    b: Perhaps[str]


class Row(Tup):
    a: int
    b: str = "b"


@worker.task
async def take(
    state,
    x: X,
    y: Either[Y, None],
    plain: Plain,
    frozen: Frozen[int],
    defined: Defined,
    kind: Kind,
    keys: Keys,
    row: Row,
    user: UserId,
    amount: Amount = 1,
    named: Named = 2,
    ratio: D = D("0.5"),
) -> None: ...
