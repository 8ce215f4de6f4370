"""Generics in contracts: what they are on the wire is what the class would be, written out for their arguments."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, NamedTuple, TypedDict, TypeVar

import msgspec
import pytest

from boilermaker import Boilermaker, InMemoryServiceBus
from boilermaker.contract import from_json, task_digest, to_json
from boilermaker.errors import ConfigurationError, RegistrationError
from boilermaker.introspection.fit import misfit

T = TypeVar("T")
U = TypeVar("U")


@dataclass
class Tree(Generic[T]):
    """Recursive."""

    value: T
    children: "list[Tree[T]]" = field(default_factory=list["Tree[T]"])


@dataclass
class IntTree:
    """The same, written out."""

    value: int
    children: "list[IntTree]" = field(default_factory=list["IntTree"])


class Page(msgspec.Struct, Generic[T, U]):
    """Two parameters, limits and a union."""

    items: list[Annotated[T, msgspec.Meta(ge=0)]]
    next: U | str | None = None


class IntPage(msgspec.Struct):
    """The same, written out."""

    items: list[Annotated[int, msgspec.Meta(ge=0, le=9)]]
    next: str | None = None


class Numbered(Page[int, U], Generic[U]):
    """Inherits for one parameter, hands the other on."""

    number: U | None = None


class IntNumbered(msgspec.Struct):
    """The same, written out."""

    items: list[Annotated[int, msgspec.Meta(ge=0)]]
    next: float | str | None = None
    number: float | None = None


class Slice(TypedDict, Generic[T]):
    """Keys."""

    item: T


class IntSlice(TypedDict):
    """The same, written out."""

    item: int


class Entry(NamedTuple, Generic[T]):
    """A row."""

    item: T


class IntEntry(NamedTuple):
    """The same, written out."""

    item: int


class Growing(msgspec.Struct, Generic[T]):
    """Has no end."""

    item: T
    nested: "Growing[list[T]] | None" = None


@dataclass
class BareChild(Tree):  # type: ignore[type-arg]
    """Does not say what for."""


class SliceChild(Slice[list[T]], Generic[T]):
    """Inherits keys whose arguments msgspec takes for its own."""


Small = Annotated[int, msgspec.Meta(le=9)]


def worker_with(result: Any) -> Boilermaker[Any]:
    """A worker with one task, which gives such a result."""

    async def task(state: None) -> None: ...

    task.__annotations__["return"] = result
    worker = Boilermaker(None, InMemoryServiceBus(), queue="generics")
    worker.task(task)
    return worker


def digest(result: Any) -> str:
    """Of a task with such a result."""
    return task_digest(worker_with(result).contract(), "task")


@pytest.mark.parametrize(
    ("generic", "written_out"),
    [
        (Tree[int], IntTree),
        (Page[Small, None], IntPage),
        (Page[Small, str | None], IntPage),
        (Numbered[float], IntNumbered),
        (Slice[int], IntSlice),
        (Entry[int], IntEntry),
        (Tree[Page[Small, None]], Tree[IntPage]),
    ],
)
def test_a_generic_has_the_digest_of_the_class_written_out(generic: Any, written_out: Any) -> None:
    """What travels is the same; names and type variables do not travel."""
    assert digest(generic) == digest(written_out)


def test_other_arguments_are_another_digest() -> None:
    """They are other bytes."""
    assert digest(Tree[int]) != digest(Tree[str])


def test_a_contract_with_generics_comes_back_from_its_json() -> None:
    """It holds each generic once, whatever its arguments."""
    contract = worker_with(tuple[Tree[int], Page[int, str], Numbered[float]]).contract()

    assert from_json(to_json(contract)) == contract
    assert [id_.rpartition(".")[2] for id_ in contract.types] == ["Tree", "Page", "Numbered"]


@pytest.mark.parametrize(
    ("given", "wanted", "fits"),
    [
        (Tree[int], Tree[int], True),
        (Tree[int], Tree[float], True),
        (Tree[int], IntTree, True),
        (Tree[str], Tree[int], False),
        (Tree[Tree[int]], Tree[Tree[str]], False),
        (Slice[int], dict[str, int], True),
        (Slice[str], dict[str, int], False),
    ],
)
def test_a_result_fits_a_parameter_by_its_arguments(given: Any, wanted: Any, fits: bool) -> None:
    """Inside of recursive types too."""
    assert (misfit(given, wanted) is None) is fits


def test_a_type_that_grows_is_refused_where_it_is_registered() -> None:
    """Else msgspec would look at it until Python gives up."""
    with pytest.raises(
        RegistrationError, match="`Growing` contains itself with type arguments that grow at each level"
    ):
        worker_with(Growing[int])


@pytest.mark.parametrize(
    ("type_", "why"),
    [
        (Tree, "`Tree` takes 1 type argument; write `Tree[...]`"),
        (BareChild, "`Tree` takes 1 type argument; write `Tree[...]`"),
        (SliceChild[int], "`SliceChild` inherits from the generic TypedDict `Slice`"),
    ],
)
def test_a_contract_has_no_words_for_open_type_variables(type_: Any, why: str) -> None:
    """The generator refuses them too; of many tasks the one is named, with its place."""
    with pytest.raises(ConfigurationError, match=why.replace("[...]", r"\[\.\.\.\]")) as raised:
        worker_with(type_).contract()

    assert re.match(r".*test_generics\.py:\d+: the task `task`: ", str(raised.value))


@pytest.mark.parametrize("type_", [T, list[T], T | None, dict[str, tuple[T, int]], Annotated[T, "said"]])  # type: ignore[valid-type]
def test_a_type_variable_is_refused_where_it_is_registered(type_: Any) -> None:
    """Nothing stands for it: anything would pass."""
    with pytest.raises(RegistrationError, match=r"the result: `T` is a type variable.*; name the type"):
        worker_with(type_)


def changed(change: Callable[[Any], None]) -> bytes:
    """The JSON of a contract with a generic, written by hand after all."""
    tree = msgspec.json.decode(to_json(worker_with(Tree[int]).contract()))
    change(tree)
    return msgspec.json.encode(tree)


def grow(tree: Any) -> None:
    fields = tree["types"][f"{__name__}.Tree"]["fields"]
    inner = fields[1]["type"]["item"]
    inner["arguments"] = [{"kind": "container", "container": "list", "item": inner["arguments"][0]}]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda tree: tree["tasks"][0]["result"].pop("arguments"), "Tree` takes 1 arguments"),
        (lambda tree: tree["types"][f"{__name__}.Tree"].pop("parameters"), "takes 0 arguments"),
        (
            lambda tree: tree["types"][f"{__name__}.Tree"].update(parameters=["K"]),
            "`T` is not a type parameter",
        ),
        (grow, "`Tree` contains itself with type arguments that grow"),
    ],
)
def test_json_that_is_no_sound_contract_is_refused(change: Callable[[Any], None], why: str) -> None:
    """Nothing that looks into it would find what it needs, or an end."""
    with pytest.raises(msgspec.ValidationError, match=why):
        from_json(changed(change))
