"""Changes that people make, and what the rules say of them: the table of the reference, from live functions."""

import enum
from typing import Annotated, Any, Literal, NewType, TypedDict

import msgspec
import pytest

from boilermaker import Boilermaker
from boilermaker.contract import (
    Constrained,
    Contract,
    Field,
    LiteralOf,
    Named,
    Parameter,
    RecordDefinition,
    Scalar,
    TaskContract,
    Type,
    UnionOf,
)
from boilermaker.evolution.compare import compare
from boilermaker.evolution.rules import CATEGORIES, RULES
from boilermaker.transport.memory.bus import InMemoryServiceBus


def contract_of(*functions: Any, **options: Any) -> Contract:
    """The contract of a worker with these functions."""
    worker = Boilermaker(None, InMemoryServiceBus(), queue="q")
    for function in functions:
        worker.register_async(function, **options)
    return worker.contract()


def taking(annotation: Any = None, **default: Any) -> Contract:
    """A task `work` with one parameter `x`, or with none."""

    async def work(state, x):
        pass

    if annotation is None:
        return contract_of(globals()["work"])

    work.__annotations__ = {"x": annotation, "return": None}
    if default:
        work.__defaults__ = (default["default"],)
    return contract_of(work)


def giving(annotation: Any) -> Contract:
    """A task `work` that returns something."""

    async def work(state):
        pass

    work.__annotations__ = {"return": annotation}
    return contract_of(work)


async def work(state) -> None: ...
async def other(state) -> None: ...
async def work_needs(state, x: int, y: int) -> None: ...
async def work_offers(state, x: int, y: int = 0) -> None: ...
async def work_swapped(state, y: int, x: int) -> None: ...
async def work_keyword(state, *, x: int, y: int) -> None: ...
async def work_one(state, x: int) -> None: ...
async def work_renamed(state, x: int, z: int) -> None: ...
async def work_renamed_offer(state, x: int, z: int = 0) -> None: ...


def named(function: Any) -> Contract:
    """A function under the name `work`, in Python too."""
    function.__name__ = "work"
    return contract_of(function)


class Old(enum.Enum):
    A = "a"
    B = "b"


class More(enum.Enum):
    A = "a"
    B = "b"
    C = "c"


class Swapped(enum.Enum):
    A = "b"
    B = "a"


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    a: int


MISSING: Any = object()
"""A default that has no JSON form."""


class StrictDecided(msgspec.Struct, forbid_unknown_fields=True):
    a: int = MISSING


class StrictMore(msgspec.Struct, forbid_unknown_fields=True):
    a: int
    b: int = 0


class Tagged(msgspec.Struct, tag="one"):
    a: int


class Retagged(msgspec.Struct, tag="two"):
    a: int


class Full(TypedDict):
    a: int


class Partial(TypedDict, total=False):
    a: int


UserId = NewType("UserId", str)
Q, R, S, M = "QUEUE", "ROLLOUT", "SOURCE", "MEANING"

CASES: dict[str, tuple[Contract, Contract, dict[str, set[str]]]] = {
    "task removed": (contract_of(work, other), contract_of(work), {"TASK_REMOVED": {Q, S}}),
    "task added": (contract_of(work), contract_of(work, other), {"TASK_ADDED": {R}}),
    "task renamed": (contract_of(work), contract_of(other), {"TASK_REMOVED": {Q, S}, "TASK_ADDED": {R}}),
    "task renamed, old name kept": (
        contract_of(work),
        contract_of(other, aliases=["work"]),
        {"TASK_RENAMED": {R}, "FUNCTION_RENAMED": {S}},
    ),
    "task renamed to an alias": (
        contract_of(work, aliases=["other"]),
        contract_of(other, aliases=["work"]),
        {"FUNCTION_RENAMED": {S}},
    ),
    "alias dropped": (contract_of(work, aliases=["old"]), contract_of(work), {"TASK_REMOVED": {Q}}),
    "function renamed, name kept": (contract_of(work), contract_of(other, name="work"), {"FUNCTION_RENAMED": {S}}),
    "queue changed": (contract_of(work), contract_of(work, queue="p"), {"QUEUE_CHANGED": {Q, R}}),
    "required parameter added": (named(work_one), named(work_needs), {"FIELD_ADDED_REQUIRED": {Q, S, M}}),
    "parameter with default added": (named(work_one), named(work_offers), {"FIELD_ADDED": {M}}),
    "required parameter removed": (named(work_needs), named(work_one), {"FIELD_REMOVED_REQUIRED": {R, S, M}}),
    "parameter with default removed": (named(work_offers), named(work_one), {"FIELD_REMOVED": {S, M}}),
    "required parameter renamed": (named(work_needs), named(work_renamed), {"FIELD_RENAMED": {Q, R, S}}),
    "parameter renamed, old name read": (
        named(work_needs),
        contract_of(work_renamed, name="work", parameter_aliases={"z": ["y"]}),
        {"FIELD_RENAMED": {R, S}},
    ),
    "required parameter renamed and given a default": (
        named(work_needs),
        named(work_renamed_offer),
        {"FIELD_RENAMED": {R, S, M}},
    ),
    "parameter with default renamed": (named(work_offers), named(work_renamed_offer), {"FIELD_RENAMED": {S, M}}),
    "default taken away": (named(work_offers), named(work_needs), {"FIELD_MADE_REQUIRED": {S}}),
    "default given": (named(work_needs), named(work_offers), {}),
    "order changed": (named(work_needs), named(work_swapped), {"PARAMETER_MOVED": {S, M}}),
    "made keyword-only": (named(work_needs), named(work_keyword), {"PARAMETER_KEYWORD_ONLY": {S}}),
    "int to float": (taking(int), taking(float), {"TYPE_WIDENED": {R}}),
    "float to int": (taking(float), taking(int), {"TYPE_NARROWED": {Q, S}}),
    "None allowed": (taking(int), taking(int | None), {"TYPE_WIDENED": {R}}),
    "None forbidden": (taking(int | None), taking(int), {"TYPE_NARROWED": {Q, S}}),
    "union grows": (taking(int | None), taking(int | str | None), {"MEMBER_ADDED": {R}}),
    "union shrinks": (taking(int | str | None), taking(int | None), {"MEMBER_REMOVED": {Q, S}}),
    "int to str": (taking(int), taking(str), {"TYPE_CHANGED": {Q, R, S}}),
    "str to any": (taking(str), taking(Any), {"TYPE_WIDENED": {R}}),
    "bytes to str": (taking(bytes), taking(str), {"TYPE_WIDENED": {R, S}, "TEXT_REINTERPRETED": {M}}),
    "enum grows": (taking(Old), taking(More), {"VALUE_ADDED": {R}, "CLASS_REMOVED": {S}}),
    "enum shrinks": (taking(More), taking(Old), {"VALUE_REMOVED": {Q, S}, "CLASS_REMOVED": {S}}),
    "enum swapped": (taking(Old), taking(Swapped), {"VALUE_REASSIGNED": {M}, "CLASS_REMOVED": {S}}),
    "literal grows": (taking(Literal["a"]), taking(Literal["a", "b"]), {"VALUE_ADDED": {R}}),
    "literal shrinks": (taking(Literal["a", "b"]), taking(Literal["a"]), {"VALUE_REMOVED": {Q, S}}),
    "limit tightened": (taking(int), taking(Annotated[int, msgspec.Meta(ge=1)]), {"LIMIT_TIGHTENED": {Q}}),
    "limit loosened": (taking(Annotated[int, msgspec.Meta(ge=1)]), taking(int), {"LIMIT_LOOSENED": {R}}),
    "limit said otherwise": (
        taking(Annotated[int, msgspec.Meta(gt=0)]),
        taking(Annotated[int, msgspec.Meta(ge=1)]),
        {},
    ),
    "strict type grows": (taking(Strict), taking(StrictMore), {"FIELD_REFUSED": {R}, "CLASS_REMOVED": {S}}),
    "tag changed": (taking(Tagged), taking(Retagged), {"TAG_CHANGED": {Q, R}, "CLASS_REMOVED": {S}}),
    "key may be left out": (taking(Full), taking(Partial), {"FIELD_MADE_OPTIONAL": {R}, "CLASS_REMOVED": {S}}),
    "key must be there": (taking(Partial), taking(Full), {"FIELD_MADE_REQUIRED": {Q, S}, "CLASS_REMOVED": {S}}),
    "tuple grows": (taking(tuple[int]), taking(tuple[int, int]), {"LENGTH_CHANGED": {Q, R, S}}),
    "list to set": (taking(list[int]), taking(set[int]), {"REPEATS_DROPPED": {M}, "ANNOTATION_CHANGED": {S}}),
    "a new name for str": (taking(str), taking(UserId), {"ANNOTATION_CHANGED": {S}}),
    "default changed": (taking(int, default=1), taking(int, default=2), {"DEFAULT_CHANGED": {M}}),
    "default left to the worker": (taking(int, default=1), taking(int, default=MISSING), {"DEFAULT_CHANGED": {M}}),
    "default taken from the worker": (taking(int, default=MISSING), taking(int, default=1), {"DEFAULT_CHANGED": {S, M}}),
    "worker decides what was required": (taking(int), taking(int, default=MISSING), {"FIELD_MADE_OPTIONAL": {R}}),
    "what the worker decided is required": (taking(int, default=MISSING), taking(int), {"FIELD_MADE_REQUIRED": {Q, S}}),
    "worker decides a new parameter": (taking(), taking(int, default=MISSING), {"FIELD_ADDED": {M}}),
    "what the worker decided is gone": (taking(int, default=MISSING), taking(), {"FIELD_REMOVED": {S, M}}),
    "worker decides a field that was required": (
        taking(Strict),
        taking(StrictDecided),
        {"FIELD_MADE_OPTIONAL": {R}, "CLASS_REMOVED": {S}},
    ),
    "a field that the worker decided is required": (
        taking(StrictDecided),
        taking(Strict),
        {"FIELD_MADE_REQUIRED": {Q, S}, "CLASS_REMOVED": {S}},
    ),
    "result changed": (giving(int), giving(str), {"RESULT_CHANGED": {Q, R, S}}),
    "result widened": (giving(int), giving(int | None), {"RESULT_WIDENED": {Q, S}}),
    "result narrowed": (giving(int | None), giving(int), {"RESULT_NARROWED": {R}}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_change_is_told_by_its_rule(case: str) -> None:
    """With what it breaks, and nothing else."""
    old, new, expected = CASES[case]

    found: dict[str, set[str]] = {}
    for finding in compare(old, new):
        found.setdefault(finding.rule, set()).update(finding.categories)

    assert expected == found


def test_nothing_changed_is_nothing_found() -> None:
    """A contract does not break itself."""
    for old, new, _ in CASES.values():
        assert [] == compare(old, old) == compare(new, new)


def test_a_finding_breaks_only_what_its_rule_names() -> None:
    """Else `explain` would tell less than the truth."""
    for old, new, _ in CASES.values():
        for finding in compare(old, new):
            assert set(finding.categories) <= set(RULES[finding.rule].categories) <= set(CATEGORIES)


def test_a_place_inside_a_type_is_named_from_the_payload_on() -> None:
    """Down to the field, through lists and mappings."""
    (finding,) = compare(taking(dict[str, list[tuple[int, str]]]), taking(dict[str, list[tuple[int, int]]]))

    assert "work: x{...}[...][1]" == finding.place


def test_a_change_of_a_type_says_from_what_to_what() -> None:
    """Classes by their own names, and of many values the first."""
    told = {
        finding.rule: finding.text
        for finding in (
            *compare(taking(dict[str, list[int]]), taking(dict[str, list[str | None]])),
            *compare(giving(Old), giving(int | None)),
            *compare(taking(int), taking(Literal[tuple(range(100))])),
        )
    }

    assert {
        "TYPE_CHANGED": "a type was replaced by another (`int` to `str | None`)",
        "RESULT_CHANGED": "a result has a different type (`Old` to `int | None`)",
        "CLASS_REMOVED": RULES["CLASS_REMOVED"].text,
        "TYPE_NARROWED": "a type accepts fewer values (`int` to `Literal[0, 1, 2, 3, 4, 5, 6, 7, …]`)",
    } == told


def test_of_another_pattern_it_is_not_sure_whom_it_breaks() -> None:
    """What texts two patterns have in common is not decided: this one is wider."""
    narrow, wide = (Annotated[str, msgspec.Meta(pattern=p)] for p in ("^[a-z]+$", "^[a-z0-9]+$"))

    found = [*compare(taking(narrow), taking(wide)), *compare(giving(narrow), giving(wide))]

    assert ["LIMIT_LOOSENED", "LIMIT_TIGHTENED", "RESULT_CHANGED"] == [finding.rule for finding in found]
    assert all(" may " in finding.text for finding in found)
    (sure,) = compare(taking(str), taking(narrow))
    assert " may " not in sure.text


def test_limits_around_a_union_are_those_of_its_members() -> None:
    """Of those that can have them: no generator writes it so, and whoever writes a contract by hand may."""

    def limited(least: int) -> Contract:
        union = UnionOf(members=(Scalar(name="int"), Scalar(name="none"), Scalar(name="str")))
        task = TaskContract(
            name="work",
            parameters=(Parameter(name="x", type=Constrained(type=union, ge=least)),),
            result=Scalar(name="none"),
        )
        return Contract(service="s", queue="q", tasks=(task,))

    assert [] == compare(limited(1), limited(1))
    assert [("LIMIT_TIGHTENED", "x")] == [(f.rule, f.path) for f in compare(limited(1), limited(2))]


@pytest.mark.parametrize("limits", [{"multiple_of": 0.5, "ge": 1, "le": 4}, {"ge": 0, "le": 2**80}])
def test_limits_that_no_worker_has_end_in_a_verdict(limits: dict[str, float]) -> None:
    """They may stand in a file that was written by hand."""
    number, literal = Constrained(type=Scalar(name="int"), **limits), LiteralOf(values=(1, 2))

    def taking_it(type_: Type) -> Contract:
        task = TaskContract(
            name="work", parameters=(Parameter(name="x", type=type_),), result=Scalar(name="none")
        )
        return Contract(service="s", queue="q", tasks=(task,))

    assert ["TYPE_NARROWED"] == [f.rule for f in compare(taking_it(number), taking_it(literal))]
    assert {"ROLLOUT"} == {c for f in compare(taking_it(literal), taking_it(number)) for c in f.categories}


def test_the_order_of_deploying_follows_from_what_breaks() -> None:
    """Queue: producers first. Rollout: worker first. Both: two steps. Meaning: as its rule says. Code alone: any order."""
    orders = {
        case: [finding.order for finding in compare(*CASES[case][:2])]
        for case in (
            "limit tightened",
            "limit loosened",
            "int to str",
            "default taken away",
            "required parameter added",
        )
    }

    assert {
        "limit tightened": ["producers first"],
        "limit loosened": ["worker first"],
        "int to str": ["two steps"],
        "default taken away": ["any order"],
        "required parameter added": ["two steps"],  # an old worker drops what producers send first
    } == orders


def test_a_reason_in_the_source_allows_a_change() -> None:
    """By rule, or by rule and path; what it does not name stays a finding."""
    everything = contract_of(work_one, name="work", allow={"TASK_REMOVED": "never used"})
    by_path = contract_of(work_one, name="work", allow={"FIELD_REMOVED_REQUIRED y": "nobody passed it"})
    elsewhere = contract_of(work_one, name="work", allow={"FIELD_REMOVED_REQUIRED x": "nobody passed it"})
    old = contract_of(work_needs, name="work")

    def reasons(new: Contract) -> list[str | None]:
        return [f.reason for f in compare(old, new) if f.rule == "FIELD_REMOVED_REQUIRED"]

    assert [[None], ["nobody passed it"], [None]] == [reasons(c) for c in (everything, by_path, elsewhere)]


class Whole(enum.Enum):
    A = "a"
    B = "b"


class Lenient(enum.Enum):
    A = "a"

    @classmethod
    def _missing_(cls, value: object) -> "Lenient":
        return cls.A


def test_an_enum_with_missing_decides_itself_on_values_that_are_gone() -> None:
    """Nothing fails, so it is a matter of meaning; code still names a member that is no longer there."""
    found = compare(taking(Whole), taking(Lenient))

    assert Lenient.A is msgspec.json.decode(b'"b"', type=Lenient)
    assert ("VALUE_REMOVED", ("SOURCE", "MEANING")) in {
        (finding.rule, finding.categories) for finding in found
    }
    assert not any("QUEUE" in finding.categories for finding in found)


def test_keys_that_are_numbers_are_no_fields() -> None:
    """A mapping by number fits a record whose fields need not be there: its keys are passed over."""

    class Tagged(msgspec.Struct, tag="one"):
        id: None = None

    found = compare(giving(dict[int, None]), giving(Tagged))
    assert {"QUEUE", "SOURCE", "MEANING"} == {
        category for finding in found for category in finding.categories
    }


USER = RecordDefinition(name="User", style="struct", fields=(Field(name="id", type=Scalar(name="int")),))


def of_user(id_: str, module: str | None = None, *, is_result: bool = False) -> Contract:
    """A task that takes or gives a user: a class of its own, or one that is imported from a module."""
    user, none = Named(id=id_), Scalar(name="none")
    task = TaskContract(
        name="work",
        parameters=() if is_result else (Parameter(name="x", type=user),),
        result=user if is_result else none,
    )
    imported = {} if module is None else {id_: module}
    return Contract(service="s", queue="q", tasks=(task,), types={id_: USER}, imported=imported)


@pytest.mark.parametrize(("is_result", "path"), [(False, "x"), (True, "return")])
def test_an_imported_class_that_becomes_the_stubs_own_is_another_class(path: str, *, is_result: bool) -> None:
    """What producers got from the shared package no longer passes; messages are as before."""
    found = compare(
        of_user("shared.User", "shared", is_result=is_result), of_user("service.User", is_result=is_result)
    )

    assert [("ANNOTATION_CHANGED", path, ("SOURCE",))] == [(f.rule, f.path, f.categories) for f in found]


def test_an_own_class_that_becomes_an_imported_one_is_gone_from_the_stubs() -> None:
    """Told once, by its name."""
    found = compare(of_user("service.User"), of_user("shared.User", "shared"))

    assert [("CLASS_REMOVED", "User", ("SOURCE",))] == [(f.rule, f.path, f.categories) for f in found]


def test_where_in_a_shared_package_a_class_is_defined_breaks_nobody() -> None:
    """Producers import it from where it is shown, and the package may move it."""
    assert [] == compare(of_user("shared.User", "shared"), of_user("shared.models.User", "shared.models"))
