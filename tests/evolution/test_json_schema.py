"""JSON Schema of payloads takes what a worker takes, and refuses what it refuses: jsonschema says the same as msgspec."""

from collections.abc import Iterator
from pathlib import Path

import jsonschema
import msgspec
from hypothesis import HealthCheck, assume, event, given, settings

from boilermaker.contract import Contract, payload_schema
from boilermaker.evolution.leaves import PYTHON
from evolution.drawn_contracts import pairs
from evolution.live import Samples, bring
from evolution.test_msgspec_agrees import is_carried, is_read, needed, written


def one_of(_: object, values: list[object], instance: object, __: object) -> Iterator[Exception]:
    """One of an enum's or a Literal's values."""
    if not any(value == instance and type(value) is type(instance) for value in values):
        yield jsonschema.ValidationError(f"none of {values}")


Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    # to JSON Schema 1.0 is an integer, to the worker it is none: what is written so is refused
    {"enum": one_of, "const": lambda _, value, instance, __: one_of(_, [value], instance, __)},
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)
FORMATS = jsonschema.FormatChecker(formats=())
for name, type_ in {"date": "date", "uuid": "uuid", "duration": "timedelta", "decimal": "decimal"}.items():
    FORMATS.checks(name)(lambda value, type_=type_: is_text_of(type_, value))


def is_text_of(type_: str, value: object) -> bool:
    """Formats are texts whose form other checkers may or may not look at; here they do, as the worker does."""
    try:
        msgspec.convert(value, PYTHON[type_])  # type: ignore[index]
    except msgspec.ValidationError:
        return False
    return True


@given(pair=pairs())
@settings(suppress_health_check=[*HealthCheck])
def test_a_schema_takes_what_the_worker_takes(pair: tuple[Contract, Contract], tmp_path: Path) -> None:
    """Payloads of one contract, against its own schema and against that of another."""
    old, new = (needed(contract) for contract in pair)
    assume(is_carried(old) and is_carried(new))
    before, after = bring(old, tmp_path), bring(new, tmp_path)
    messages = list(written(Samples(old).payloads(old), before.payload))
    messages = messages[:: len(messages) // 50 + 1]  # jsonschema takes its time

    for contract, reader in ((old, before.payload), (new, after.payload)):
        schema = payload_schema(contract, contract.tasks[0])
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = Validator(schema, format_checker=FORMATS)
        for each in messages:
            is_taken = validator.is_valid(msgspec.json.decode(each))
            event(f"taken: {is_taken}")
            assert is_read(each, reader) == is_taken, (each, schema)
