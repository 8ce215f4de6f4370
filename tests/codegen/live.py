"""Services of the tests, imported for as long as one test takes."""

import importlib
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from boilermaker import Boilermaker
from boilermaker_codegen.config import load
from boilermaker_codegen.scan import Scan, scan

# Its annotations do not resolve at run time, where the worker refuses it.
STATIC_ONLY = {"type_checking"}
if sys.version_info < (3, 12):
    STATIC_ONLY |= {
        "type_statements",
        "generic_syntax",
    }  # the generator reads them on any Python, the worker needs 3.12


@contextmanager
def importable(*folders: Path) -> Generator[None, None, None]:
    """Let modules of these folders be imported, and forget them afterwards: all cases have a `service`.

    What is imported already under the same names, such as this repository's own stubs, is set aside meanwhile.
    """
    names = {entry.stem for folder in folders if folder.is_dir() for entry in folder.iterdir()}
    names -= sys.stdlib_module_names
    aside = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in names}
    for name in aside:
        del sys.modules[name]
    path, known = list(sys.path), set(sys.modules)
    sys.path[:0] = map(str, folders)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - known:
            if _is_in(sys.modules[name], folders):
                del sys.modules[name]
        sys.modules.update(aside)


@contextmanager
def service(config: Path) -> Generator[tuple[Scan, Boilermaker[Any]], None, None]:
    """What the scan of a service finds, and its live worker."""
    project = load(config)
    found = scan(project)
    with importable(*(config.parent / root for root in project.config.source)):
        workers: list[Boilermaker[Any]] = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # parameters without annotation
            for place in sorted(found.modules):
                module = importlib.import_module(place)
                workers += [value for value in vars(module).values() if isinstance(value, Boilermaker)]
        yield found, workers[0]


def _is_in(module: Any, folders: tuple[Path, ...]) -> bool:
    places = [getattr(module, "__file__", None) or "", *getattr(module, "__path__", ())]
    return any(Path(place).is_relative_to(folder) for folder in folders for place in places if place)
