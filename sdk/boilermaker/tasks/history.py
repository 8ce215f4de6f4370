"""What a worker knows of contracts before its own: to name what changed, and to turn old payloads into new ones."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from boilermaker.contract import Contract, TaskContract, agreed, from_json, task_digest
from boilermaker.errors import ConfigurationError
from boilermaker.evolution.compare import compare
from boilermaker.tasks.upcasts import Upcasts


class History:
    """Contracts that messages may still have been published for.

    Args:
        live: gives the worker's own contract.
        folder: holds contracts as `*.json`, as `boilermaker stubs generate` keeps them.

    Raises:
        ConfigurationError: the folder is not there, or a file in it is no contract.
    """

    def __init__(self, live: Callable[[], Contract], folder: Path | None = None) -> None:
        self._live = live
        self._known: dict[str, tuple[Contract, TaskContract]] = {}
        self._places: dict[str, str] = {}
        self._differences: dict[tuple[str, str], str | None] = {}
        if folder is not None:
            self._load(folder)
        self.upcasts = Upcasts(self._places)
        """What turns old payloads into new ones."""

    def _load(self, folder: Path) -> None:
        if not folder.is_dir():
            raise ConfigurationError(f"history: there is no folder {folder}; ship it with the worker")
        for path in sorted(folder.glob("*.json")):
            try:
                contract = from_json(path.read_bytes())
                for task in contract.tasks:
                    digest = task_digest(contract, task.name)
                    self._known[digest] = contract, task
                    self._places[digest] = f"`{task.name}` in {path}"
            except (OSError, msgspec.DecodeError, UnicodeDecodeError, KeyError) as error:
                raise ConfigurationError(
                    f"history: {path} is no contract that can be read: {error}; `boilermaker stubs generate` keeps contracts "
                    "there, and nothing else belongs there"
                ) from error

    def difference(self, task: str, digest: str) -> str | None:
        """The first field that differs between the contract of a digest and the worker's own; None where not known.

        Found once: after a deploy thousands of messages may ask, and comparing takes longer than handling them.
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
