"""Other names for what makes classes and their fields, as a service may have them in one place."""

import dataclasses
import enum
import typing
from typing import TYPE_CHECKING

import attrs
import msgspec

if TYPE_CHECKING:
    from msgspec import Struct as Base
else:
    Base = msgspec.Struct

fld = msgspec.field
again = fld
M = msgspec.Meta
f2 = dataclasses.field
dc = dataclasses.dataclass
E = enum.Enum
numbered = enum.auto
NT = typing.NewType
TD = typing.TypedDict
Tup = typing.NamedTuple
A = typing.Annotated
Either = typing.Union
Perhaps = NotThere = typing.NotRequired
Class = typing.ClassVar


class make:
    """A namespace."""

    define = attrs.define
    field = attrs.field
    Factory = attrs.Factory
