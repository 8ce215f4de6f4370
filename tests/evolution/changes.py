"""How changes are written down: the worker's source before and after, and what the verdict must be."""

from textwrap import dedent
from typing import NamedTuple

PREAMBLE = """\
import datetime as dt
import decimal
import enum
import uuid
from fractions import Fraction
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, NotRequired, Required, TypedDict, TypeVar

import attrs
import msgspec

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(None, InMemoryServiceBus(), queue="q")
T = TypeVar("T")
U = TypeVar("U")


"""


class Pair(NamedTuple):
    """Two versions of a service's source, and the rules that must be found with what they break: `Q R S M`.

    Attributes:
        wires: what the configuration says travels for a `Fraction` of the standard library, before and after.
    """

    before: str
    after: str
    verdict: dict[str, str]
    wires: tuple[str, str] = ("", "")


def takes(parameters: str, classes: str = "", *, gives: str = "None", options: str = "") -> str:
    """A service with one task."""
    decorator = f"@worker.task({options})" if options else "@worker.task"
    return f"{dedent(classes)}\n\n{decorator}\nasync def work(state, {parameters}) -> {gives}: ...\n"


def gives(result: str, classes: str = "") -> str:
    """A service with one task that takes nothing."""
    return f"{dedent(classes)}\n\n@worker.task\nasync def work(state) -> {result}: ...\n"


def type_(before: str, after: str, verdict: dict[str, str]) -> Pair:
    """The type of a parameter becomes another."""
    return Pair(takes(f"x: {before}"), takes(f"x: {after}"), verdict)


def result(before: str, after: str, verdict: dict[str, str]) -> Pair:
    """The type of a result becomes another."""
    return Pair(gives(before), gives(after), verdict)


def class_(before: str, after: str, verdict: dict[str, str], *, annotation: str = "X") -> Pair:
    """A class that a parameter has becomes another."""
    return Pair(takes(f"x: {annotation}", before), takes(f"x: {annotation}", after), verdict)


def given(before: str, after: str, verdict: dict[str, str], *, annotation: str = "X") -> Pair:
    """A class that a result has becomes another."""
    return Pair(gives(annotation, before), gives(annotation, after), verdict)


def external(
    before: str, after: str, verdict: dict[str, str], classes: str = "", *, annotation: str = "Fraction"
) -> Pair:
    """What travels for a class of a third party becomes another type."""
    source = takes(f"x: {annotation}", classes)
    return Pair(source, source, verdict, (before, after))


def meta(before: str, after: str, base: str, verdict: dict[str, str]) -> Pair:
    """The constraints of a parameter become others."""
    old, new = (
        f"Annotated[{base}, msgspec.Meta({limits})]" if limits else base for limits in (before, after)
    )
    return type_(old, new, verdict)


def struct(fields: str, options: str = "", name: str = "X") -> str:
    """A Struct: fields separated by semicolons."""
    bases = f"msgspec.Struct, {options}" if options else "msgspec.Struct"
    return f"class {name}({bases}):\n" + "".join(f"    {line.strip()}\n" for line in fields.split(";"))


def enum_(members: str, base: str = "enum.Enum", name: str = "X") -> str:
    """An enum: members separated by semicolons."""
    return f"class {name}({base}):\n" + "".join(f"    {line.strip()}\n" for line in members.split(";"))


def typed_dict(fields: str, options: str = "", name: str = "X") -> str:
    """A TypedDict: fields separated by semicolons."""
    return struct(fields, name=name).replace("(msgspec.Struct)", f"(TypedDict{options and ', '}{options})")


def row(fields: str, name: str = "X") -> str:
    """A NamedTuple: fields separated by semicolons."""
    return struct(fields, name=name).replace("(msgspec.Struct)", "(NamedTuple)")


def data(fields: str, options: str = "", name: str = "X") -> str:
    """A dataclass: fields separated by semicolons."""
    decorator = f"@dataclass({options})\n" if options else "@dataclass\n"
    return decorator + struct(fields, name=name).replace("(msgspec.Struct)", "")
