"""Digests name wire shapes: what they cover and what they leave out."""

import pytest

from boilermaker.contract import (
    Contract,
    Default,
    Field,
    Named,
    Parameter,
    RecordDefinition,
    Scalar,
    TaskContract,
    task_digest,
)

INT = Scalar(name="int")


def digest(parameter: Default | None, field: Default | None) -> str:
    """Of a task with a parameter of a type with one field."""
    page = RecordDefinition(
        name="Page", style="struct", fields=(Field(name="size", type=INT, default=field),)
    )
    parameters = (
        Parameter(name="page", type=Named(id="m.Page")),
        Parameter(name="count", type=INT, default=parameter),
    )
    task = TaskContract(name="search", parameters=parameters, result=Scalar(name="none"))
    contract = Contract(service="s", queue="q", tasks=(task,), types={"m.Page": page})
    return task_digest(contract, "search")


def test_what_a_default_is_does_not_change_a_digest() -> None:
    """The same bytes fit before and after; that a default is another one is a finding of `contract breaking`."""
    assert digest(Default(value=1), Default(value=2)) == digest(Default(value=3), Default(value=None))


@pytest.mark.parametrize("other", [(None, Default(value=2)), (Default(value=1), None)])
def test_that_there_is_a_default_does(other: tuple[Default | None, Default | None]) -> None:
    """Of a parameter, or of a field of its type: what may be left out is another shape."""
    assert digest(Default(value=1), Default(value=2)) != digest(*other)
