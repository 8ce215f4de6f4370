"""What a real Python makes of a service's source, beside what the generator makes of it."""

import importlib
import warnings
from dataclasses import dataclass
from pathlib import Path

import msgspec

from boilermaker.contract import Contract, agreed, to_json
from boilermaker_codegen.config import load
from boilermaker_codegen.problems import GenerationError
from boilermaker_codegen.scan import scan
from codegen.live import importable

CONFIG = """\
[tool.boilermaker]
service = "judged"
queue = "judged"
source = ["src"]
package = "judged_stubs"
output = "stubs"
"""
HEAD = """\
import abc, attr, attrs, collections, dataclasses, datetime, decimal, enum, functools, typing, msgspec
from boilermaker import Boilermaker, InMemoryServiceBus
worker = Boilermaker(object(), InMemoryServiceBus(), queue="judged")
"""
"""What the judged classes may name."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of one source.

    Attributes:
        said: the generator's errors; empty where it gave a contract.
        raised: what importing it, and asking the worker for its contract, raised; empty where nothing did.
        scanned: the contract in the generator's words.
        live: the contract of the live functions, less what the source leaves to the worker.
    """

    said: str = ""
    raised: str = ""
    scanned: str = ""
    live: str = ""

    @property
    def is_right(self) -> bool:
        """Whether the generator refused it, or is at one with the worker."""
        return bool(self.said) or (not self.raised and self.scanned == self.live)


def judged(folder: Path, classes: str, parameter: str = "x: X", *, future: bool = False) -> Verdict:
    """The verdict on some classes that a task takes.

    Args:
        folder: an empty one.
        classes: their source.
        parameter: of the task.
        future: whether annotations are text.
    """
    head = f"from __future__ import annotations\n{HEAD}" if future else HEAD
    task = f"@worker.task\nasync def take(state, {parameter}) -> None: ..."
    (folder / "src").mkdir()
    (folder / "src" / "service.py").write_text(f"{head}\n{classes}\n\n{task}\n")
    (folder / "pyproject.toml").write_text(CONFIG)
    found, said = None, ""
    try:
        found = scan(load(folder / "pyproject.toml")).contract
    except GenerationError as error:
        said = str(error)
    live, raised = _live(folder / "src")
    if found is None or live is None:
        return Verdict(said=said, raised=raised)
    agreed_on = agreed(msgspec.structs.replace(live, service=found.service), found)
    return Verdict(scanned=to_json(found).decode(), live=to_json(agreed_on).decode())


def _live(source: Path) -> tuple[Contract | None, str]:
    with importable(source), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module("service").worker.contract(), ""
        except Exception as error:  # noqa: BLE001 - whatever a class raises when it is made
            return None, f"{type(error).__name__}: {error}"
