"""The verdict on a change is what msgspec does: old bytes meet the new worker, new bytes the old one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import HealthCheck, assume, event, given, note, settings

from boilermaker import payload
from boilermaker.contract import Contract, NewTypeDefinition, RecordDefinition, Scalar, named_in
from boilermaker.contract.hazards import hazard_within
from boilermaker.evolution.compare import compare
from boilermaker.evolution.views import alternatives
from boilermaker.payload import UnfitValue
from boilermaker_codegen.package.ordering import needs
from boilermaker_codegen.types.shapes import Shapes
from evolution.drawn_contracts import pairs
from evolution.live import Samples, bring

BUDGET = settings(
    max_examples=max(120, settings.default.max_examples if settings.default else 0),  # fewer find too little
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.function_scoped_fixture,
    ],
)


@given(pair=pairs())
@BUDGET
def test_a_payload_breaks_where_the_verdict_says_so(pair: tuple[Contract, Contract], tmp_path: Path) -> None:
    """QUEUE and ROLLOUT, over the payload types of generated stubs and values that reach every part."""
    old, new = (needed(contract) for contract in pair)
    assume(is_carried(old) and is_carried(new))
    before, after = bring(old, tmp_path), bring(new, tmp_path)
    findings = [f for f in compare(old, new) if f.task and not f.path.startswith("return")]
    note(repr(findings))

    for category, writer, reader, contract in (
        ("QUEUE", before.payload, after.payload, old),
        ("ROLLOUT", after.payload, before.payload, new),
    ):
        messages = list(written(Samples(contract).payloads(contract), writer))
        assume(messages)
        refused = [m for m in messages if not is_read(m, reader)]
        note(f"{category}: {refused[:3]}")
        verdict = any(category in f.categories for f in findings)
        event(f"{category} breaks: {verdict}")
        assert verdict == bool(refused), category


@given(pair=pairs())
@BUDGET
def test_a_result_breaks_where_the_verdict_says_so(pair: tuple[Contract, Contract], tmp_path: Path) -> None:
    """The new worker's result meets a step that was checked against the old one, and the other way round."""
    old, new = (needed(contract) for contract in pair)
    assume(is_carried(old) and is_carried(new))
    before, after = bring(old, tmp_path), bring(new, tmp_path)
    findings = [f for f in compare(old, new) if f.path.startswith("return")]
    note(repr(findings))

    for category, writer, reader, contract in (
        ("QUEUE", after.result, before.result, new),
        ("ROLLOUT", before.result, after.result, old),
    ):
        messages = list(written(Samples(contract).of(contract.tasks[0].result), writer))
        assume(messages)
        refused = [m for m in messages if not is_read_as(m, reader)]
        note(f"{category}: {refused[:3]}")
        assert any(category in f.categories for f in findings) == bool(refused), category


def written(trees: Any, type_: Any) -> Iterator[bytes]:
    """What a producer really writes for these values: decoded as its own type and encoded again."""
    decoder = msgspec.json.Decoder(type_)
    for tree in trees:
        yield msgspec.json.encode(decoder.decode(msgspec.json.encode(tree)))


def is_read(message: bytes, type_: Any) -> bool:
    """Whether a worker takes a payload, on its own road."""
    try:
        payload.decode(msgspec.Raw(message), type_, {})
    except UnfitValue:
        return False
    return True


def is_read_as(message: bytes, type_: Any) -> bool:
    """Whether a result is taken for a parameter."""
    try:
        msgspec.json.decode(message, type=type_)
    except (msgspec.ValidationError, ValueError):
        return False
    return True


def needed(contract: Contract) -> Contract:
    """A contract less the definitions that it does not need."""
    (task,) = contract.tasks
    waiting = [id_ for type_ in (task.result, *(p.type for p in task.parameters)) for id_ in named_in(type_)]
    found: dict[str, Any] = {}
    while waiting:
        id_ = waiting.pop()
        if id_ not in found:
            found[id_] = contract.types[id_]
            waiting.extend(needs(contract.types[id_]))
    return msgspec.structs.replace(contract, types=dict(sorted(found.items())))


def is_carried(contract: Contract) -> bool:
    """Whether a worker may have such types: the generator refuses what msgspec does not carry."""
    shapes = Shapes(contract.types)
    (task,) = contract.tasks
    types: list[Any] = [task.result, *(p.type for p in task.parameters)]
    types += [f.type for d in contract.types.values() if isinstance(d, RecordDefinition) for f in d.fields]
    types += [d.type for d in contract.types.values() if isinstance(d, NewTypeDefinition)]
    try:
        for type_ in types:
            msgspec.json.Decoder(shapes.of(type_))
    except (TypeError, ValueError):
        return False
    if any(hazard_within(type_, contract.types) for type_ in types):
        return False
    return not any(is_twofold(type_, contract) for type_ in types)


def is_twofold(type_: Any, contract: Contract) -> bool:
    """Whether a union has one number twice, with and without limits: what msgspec checks then is its own affair."""
    scalars = [m for m in alternatives(type_, contract.types) if isinstance(m.type, Scalar)]
    names = [m.type.name for m in scalars if isinstance(m.type, Scalar)]
    numbers = [m for m in scalars if m.type in (Scalar(name="int"), Scalar(name="float"))]
    if len(names) != len(set(names)) or (len(numbers) > 1 and any(m.limits for m in numbers)):
        return True
    parts = [getattr(type_, name) for name in ("item", "key", "value", "type") if hasattr(type_, name)]
    parts += getattr(type_, "items", getattr(type_, "members", ()))
    return any(is_twofold(part, contract) for part in parts)
