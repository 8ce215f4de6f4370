"""Earlier contracts of a worker: used to name the field that changed, and to know which upcasts are valid.

Contracts are compared in `evolution`; upcasts are in `upcasts`.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from boilermaker.contract import Contract, TaskContract, agreed, from_json, task_digest
from boilermaker.errors import ConfigurationError
from boilermaker.evolution.compare import compare
from boilermaker.tasks.upcasts import Upcasts


class History:
    """Earlier contracts, for which messages may still be in the queue.

    Args:
        live: returns the worker's own contract.
        folder: contains contracts as `*.json` files, as `boilermaker stubs generate` writes them.

    Raises:
        ConfigurationError: the folder does not exist, or a file in it is not a contract.
    """

    def __init__(self, live: Callable[[], Contract], folder: Path | None = None) -> None:
        self._live = live
        self._known: dict[str, tuple[Contract, TaskContract]] = {}
        self._places: dict[str, str] = {}
        self._differences: dict[tuple[str, str], str | None] = {}
        if folder is not None:
            self._load(folder)
        self.upcasts = Upcasts(self._places)
        """The functions that convert old payloads into new ones."""

    def _load(self, folder: Path) -> None:
        if not folder.is_dir():
            raise ConfigurationError(
                f"history: the folder {folder} does not exist; deploy it with the worker"
            )
        for path in sorted(folder.glob("*.json")):
            try:
                contract = from_json(path.read_bytes())
                for task in contract.tasks:
                    digest = task_digest(contract, task.name)
                    self._known[digest] = contract, task
                    self._places[digest] = f"`{task.name}` in {path}"
            except (OSError, msgspec.DecodeError, UnicodeDecodeError, KeyError) as error:
                raise ConfigurationError(
                    f"history: {path} cannot be read as a contract: {error}; keep only contracts in this folder, as "
                    "`boilermaker stubs generate` writes them"
                ) from error

    def difference(self, task: str, digest: str) -> str | None:
        """The first field that differs between the contract of a digest and the worker's own; None if not known.

        Cached: after a deploy thousands of messages may need it, and comparing takes longer than handling one.
        """
        if digest not in self._known:
            return None
        key = task, digest
        if key not in self._differences:
            self._differences[key] = self._compared(task, digest)
        return self._differences[key]

    def _compared(self, task: str, digest: str) -> str | None:
        old, before = self._known[digest]
        live = self._live()
        after = next((t for t in live.tasks if t.name == task), None)
        if after is None:
            return None
        then = msgspec.structs.replace(old, tasks=(msgspec.structs.replace(before, name=task),))
        findings = compare(then, agreed(msgspec.structs.replace(live, tasks=(after,)), then))
        in_payload = [f for f in findings if f.path and f.task and not f.path.startswith("return")]
        first = next((f for f in in_payload if "QUEUE" in f.categories), None) or next(iter(in_payload), None)
        return None if first is None else f"{first.path}: {first.text}"
