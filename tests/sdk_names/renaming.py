"""A copy of azure-servicebus in which one name is another one, as if the next version had it so."""

import re
import shutil
from importlib.util import find_spec
from pathlib import Path

# Public classes have attributes of the same names as private ones: what a message has is not renamed.
_PUBLIC = ("_common/message.py", "amqp/")
# Streams of the standard library have it, too.
_PATTERNS = {"write": r"(?<=_transport\.)write\b|(?<=self\.)write\b|(?<=def )write\b"}
_WORDS = {"decode_frame", "Message", "MessageException", "AMQP_LONG_VALUE"}


def copy_without(name: str, folder: Path) -> Path:
    """A folder for PYTHONPATH with an SDK that has no such name, and works all the same."""
    spec = find_spec("azure.servicebus")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("azure-servicebus is not installed")
    copy = folder / name / "azure" / "servicebus"
    shutil.copytree(Path(spec.origin).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    renamed = sum(_rename(name, file, str(file.relative_to(copy))) for file in copy.rglob("*.py"))
    if not renamed:
        raise LookupError(f"azure-servicebus has no `{name}`: the table of names is out of date")
    return folder / name


def _rename(name: str, file: Path, where: str) -> int:
    if not name.startswith("_") and name not in _WORDS and where.startswith(_PUBLIC):
        return 0
    usual = rf"\b{name}\b" if name in _WORDS else rf"(?<=[\w)\]]\.){name}\b|(?<=def ){name}\b"
    pattern = re.compile(_PATTERNS.get(name, usual))
    lines, count = [], 0
    for line in file.read_text().splitlines(keepends=True):
        is_module = name not in _WORDS and re.match(r"\s*(from|import)\s", line)  # of the same name
        new, found = (line, 0) if is_module else pattern.subn(f"{name}_of_later", line)
        lines.append(new)
        count += found
    if count:
        file.write_text("".join(lines))
    return count
