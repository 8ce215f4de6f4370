"""What the generator makes of names and annotations is what mypy makes of them."""

import re
from pathlib import Path
from random import Random

from boilermaker.contract import Contract, RecordDefinition
from boilermaker_codegen.config import load
from boilermaker_codegen.scan import scan
from codegen.oracle import Oracle, of_contract
from codegen.random_contracts import MODULES, draw_contract
from codegen.source_writing import write_source
from codegen.test_two_sources import CONFIG

SERVICES = 60


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
            parameters = {p.name: of_contract(p.type) for p in task.parameters}
            found = oracle.function(f"{package}.service", function)
            assert (parameters, of_contract(task.result)) == found, f"{package}: {function}"
            checked += 1 + len(parameters)
        for id_, definition in contract.types.items():
            if isinstance(definition, RecordDefinition):
                expected = {field.name: of_contract(field.type) for field in definition.fields}
                fields = oracle.fields(id_.removesuffix(f".{definition.name}"), definition.name)
                assert {name: fields.get(name) for name in expected} == expected, id_
                checked += len(expected)
    assert checked > 300
