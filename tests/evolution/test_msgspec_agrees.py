"""The verdict on a change is what msgspec does: old bytes meet the new worker, new bytes the old one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import HealthCheck, assume, event, given, note, settings

from boilermaker import payload
from boilermaker.contract import Contract, NewTypeDefinition, RecordDefinition, named_in
from boilermaker.contract.hazards import hazard_within
from boilermaker.evolution.compare import compare
from boilermaker.payload import UnfitValue
from boilermaker.payload.externals import NONE, Externals
from boilermaker_codegen.package.ordering import needs
from boilermaker_codegen.types.shapes import Shapes
from evolution.arrivals import dropping, is_whole, tags_of, written_out
from evolution.drawn_contracts import external_in, pairs
from evolution.live import Samples, bring, bring_worker

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
    workers = [bring_worker(contract, tmp_path, external_in(contract)) for contract in (old, new)]
    findings = [f for f in compare(old, new) if f.task and not f.path.startswith("return")]
    note(repr(findings))

    for category, writer, reader, contract in (
        ("QUEUE", before.payload, workers[1], old),
        ("ROLLOUT", after.payload, workers[0], new),
    ):
        messages = list(written(Samples(contract).payloads(contract), writer))
        assume(messages)
        refused = [m for m in messages if not is_read(m, reader.payload, reader.externals)]
        event(f"types of third parties: {reader.externals is not NONE}")
        note(f"{category}: {refused[:3]}")
        verdict = any(category in f.categories for f in findings)
        event(f"{category} breaks: {verdict}")
        assert verdict == bool(refused), category


@given(pair=pairs())
@BUDGET
def test_values_are_dropped_where_the_verdict_says_so(
    pair: tuple[Contract, Contract], tmp_path: Path
) -> None:
    """MEANING: what is read without an error, and is not all there."""
    old, new = (needed(contract) for contract in pair)
    assume(is_carried(old) and is_carried(new))
    findings = [f for f in compare(old, new) if f.task and not f.path.startswith("return")]
    note(repr(findings))
    are_dropped: list[bytes] = []
    for writing, reading in ((old, new), (new, old)):
        worker = bring_worker(written_out(reading), tmp_path, external_in(reading))
        messages = list(written(Samples(writing).payloads(writing), bring(writing, tmp_path).payload))
        taken = [m for m in messages if is_read(m, worker.payload, worker.externals)]
        are_dropped += [m for m in taken if not is_whole(m, worker, tags_of(writing))]
    note(f"dropped: {are_dropped[:3]}")
    event(f"dropped: {bool(are_dropped)}")

    if are_dropped:
        assert any("MEANING" in f.categories for f in findings)
    elif dropping(findings):
        assert any({"QUEUE", "ROLLOUT"} & set(f.categories) for f in findings)  # no message gets so far


@given(pair=pairs())
@BUDGET
def test_a_result_breaks_where_the_verdict_says_so(pair: tuple[Contract, Contract], tmp_path: Path) -> None:
    """The new worker's result meets a step that was checked against the old one, and the other way round."""
    old, new = (needed(contract) for contract in pair)
    assume(is_carried(old) and is_carried(new))
    before, after = (bring_worker(contract, tmp_path, external_in(contract)) for contract in (old, new))
    findings = [f for f in compare(old, new) if f.path.startswith("return")]
    note(repr(findings))

    for category, writer, reader, contract in (
        ("QUEUE", after, before, new),
        ("ROLLOUT", before, after, old),
    ):
        results = Samples(contract).of(contract.tasks[0].result)
        messages = list(written(results, writer.result, writer.externals))
        assume(messages)
        refused = [m for m in messages if not is_read_as(m, reader.result, reader.externals)]
        note(f"{category}: {refused[:3]}")
        assert any(category in f.categories for f in findings) == bool(refused), category


def written(trees: Any, type_: Any, externals: Externals = NONE) -> Iterator[bytes]:
    """What one side really writes for these values: decoded as its own type and encoded again."""
    decoder = msgspec.json.Decoder(type_, dec_hook=externals.decode_hook)
    for tree in trees:
        value = decoder.decode(msgspec.json.encode(tree))
        yield msgspec.json.encode(value, enc_hook=externals.encode)


def is_read(message: bytes, type_: Any, externals: Externals = NONE) -> bool:
    """Whether a worker takes a payload, on its own road."""
    try:
        payload.decode(msgspec.Raw(message), type_, {}, externals)
    except UnfitValue:
        return False
    return True


def is_read_as(message: bytes, type_: Any, externals: Externals = NONE) -> bool:
    """Whether a result is taken for a parameter."""
    try:
        msgspec.json.decode(message, type=type_, dec_hook=externals.decode_hook)
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
    shapes = Shapes(contract.types, external_in(contract))
    (task,) = contract.tasks
    types: list[Any] = [task.result, *(p.type for p in task.parameters)]
    types += [f.type for d in contract.types.values() if isinstance(d, RecordDefinition) for f in d.fields]
    types += [d.type for d in contract.types.values() if isinstance(d, NewTypeDefinition)]
    try:
        for type_ in types:
            msgspec.json.Decoder(shapes.of(type_))
    except (TypeError, ValueError):
        return False
    return not any(hazard_within(type_, contract.types) for type_ in types)
