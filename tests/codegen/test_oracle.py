"""What the generator makes of names and annotations is what mypy makes of them."""

import re
from pathlib import Path
from random import Random

from boilermaker.contract import Contract, Default, Field, RecordDefinition
from boilermaker_codegen.config import load
from boilermaker_codegen.scan import scan
from codegen.oracle import Oracle, of_contract, or_none
from codegen.random_contracts import MODULES, draw_contract
from codegen.source_writing import write_source
from codegen.test_two_sources import CONFIG

SERVICES = 60
NONE = Default(value=None)


def write_services(folder: Path) -> dict[str, Contract]:
    """Random services side by side, each a package of its own; what the generator reads, by package."""
    found: dict[str, Contract] = {}
    for number in range(SERVICES):
        random, package = Random(number), f"app{number}"
        files = write_source(draw_contract(random), random)
        root = folder / package
        for path, text in {**files, "pyproject.toml": CONFIG.replace('["."]', f'["../{package}"]')}.items():
            place = root / path.replace("app/", f"{package}/", 1)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(re.sub(r"\bapp\b(?!_)", package, text) if path.endswith(".py") else text)
        found[package] = scan(load(root / "pyproject.toml")).contract
    return found


def test_types_are_what_mypy_says_they_are(tmp_path: Path) -> None:
    """Parameters, results and fields of random services, through aliases, re-exports and quotes."""
    contracts = write_services(tmp_path)
    oracle = Oracle(
        [tmp_path / package for package in contracts],
        [re.sub("^app", package, module) for package in contracts for module in MODULES],
    )

    checked = 0
    for package, contract in contracts.items():
        for task in contract.tasks:
            function = task.function or task.name
            parameters = {p.name: of_contract(p.type, contract.types) for p in task.parameters}
            given, result = oracle.function(f"{package}.service", function)
            found = {
                p.name: or_none(given[p.name]) if p.default == NONE else given[p.name]
                for p in task.parameters
            }
            assert (parameters, of_contract(task.result, contract.types)) == (found, result), (
                f"{package}: {function}"
            )
            checked += 1 + len(parameters)
        for id_, definition in contract.types.items():
            if isinstance(definition, RecordDefinition):
                expected = {
                    _attribute(definition, f): of_contract(f.type, contract.types) for f in definition.fields
                }
                fields = oracle.fields(id_.removesuffix(f".{definition.name}"), definition.name)
                assert {name: fields.get(name) for name in expected} == expected, id_
                checked += len(expected)
    assert checked > 300


def _attribute(record: RecordDefinition, field: Field) -> str:
    """How a class calls its field: the name of an attrs field is what it is given by, its attribute is what travels."""
    return field.wire or field.name if record.style == "attrs" else field.name
