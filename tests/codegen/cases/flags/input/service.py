"""Defaults of flags that are put together of members."""

import enum
from dataclasses import dataclass

import attrs
import msgspec

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="flags")


class Channel(enum.Flag):
    EMAIL = enum.auto()
    SMS = enum.auto()
    PUSH = enum.auto()
    QUIET = EMAIL | PUSH


class Right(enum.IntFlag):
    READ = 1
    WRITE = 2
    RUN = 4


LOUD = Channel.SMS | Channel.PUSH


@dataclass
class Plain:
    channel: Channel = Channel.EMAIL | Channel.SMS
    right: Right = Right.READ | Right.RUN


class Struct(msgspec.Struct):
    channel: Channel | None = Channel.SMS | Channel.PUSH
    rights: tuple[Right, ...] = (Right.READ | Right.WRITE, Right.RUN)


@attrs.frozen
class Defined:
    channel: Channel = LOUD


@worker.task
async def send(
    state,
    plain: Plain,
    struct: Struct,
    defined: Defined,
    channel: Channel = Channel.EMAIL | Channel.SMS,
    quiet: Channel = Channel.EMAIL | Channel.PUSH,
    every: Channel = Channel.EMAIL | Channel.SMS | Channel.PUSH,
    none: Channel = Channel.EMAIL & Channel.SMS,
    right: Right = Right.READ | Right.RUN,
    beyond: Right = Right.READ | 8,
    perhaps: Right | None = Right.READ | Right.WRITE,
    made: Plain = Plain(right=Right.READ | Right.WRITE),
) -> Channel: ...
