"""The imports of one generated module: each name once, under a free local name, in isort's order."""

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_FUTURE_SECTIONS = ("standard library", "third party", "own package")


@dataclass
class Imports:
    """What a generated module imports.

    Attributes:
        taken: names that the module defines itself, or that its classes use as fields.
    """

    taken: frozenset[str] = frozenset()
    _names: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    _modules: dict[str, str] = field(default_factory=dict[str, str])

    def module(self, name: str) -> str:
        """Import a module and return its local name."""
        if name not in self._modules:
            self._modules[name] = self._free(name)
        return self._modules[name]

    def name(self, module: str, name: str) -> str:
        """Import a name and return its local name; a builtin is imported only if its name is taken."""
        if module == "builtins":
            if name not in self.taken:
                return name
            return f"{self.module('builtins')}.{name}"
        if (module, name) not in self._names:
            self._names[module, name] = self._free(name)
        return self._names[module, name]

    def _free(self, name: str) -> str:
        while name in self.taken or name in self._names.values() or name in self._modules.values():
            name += "_"
        return name

    def forget(self, module: str, name: str) -> None:
        """Remove a name that is not used after all."""
        del self._names[module, name]

    def blocks(self, width: int) -> list[str]:
        """The import statements, a block for each section, lines joined."""
        sections: dict[str, list[tuple[tuple[object, ...], list[str]]]] = {
            name: [] for name in _FUTURE_SECTIONS
        }
        for module, local in self._modules.items():
            statement = f"import {module}" if local == module else f"import {module} as {local}"
            sections[_section(module)].append(((0, *natural(module)), [statement]))
        for module in {module for module, _ in self._names}:
            statements = _from(module, self._names, width)
            sections[_section(module)].append(((1, *natural(module)), statements))
        return [
            "\n".join(line for _, statement in sorted(found) for line in statement)
            for found in sections.values()
            if found
        ]


def _from(module: str, names: Mapping[tuple[str, str], str], width: int) -> list[str]:
    """The statements that import from one module: one for all plain names, one for each renamed name."""
    of_module = sorted((name for owner, name in names if owner == module), key=member_key)
    plain = [name for name in of_module if names[module, name] == name]
    statements: list[tuple[tuple[object, ...], list[str]]] = [
        (member_key(name), [f"from {module} import {name} as {names[module, name]}"])
        for name in of_module
        if name not in plain
    ]
    if plain:
        one = f"from {module} import {', '.join(plain)}"
        exploded = [f"from {module} import (", *(f"    {name}," for name in plain), ")"]
        statements.append((member_key(plain[0]), [one] if len(one) <= width else exploded))
    return [line for _, statement in sorted(statements) for line in statement]


def _section(module: str) -> str:
    if module.startswith("."):
        return "own package"
    return "standard library" if module.partition(".")[0] in sys.stdlib_module_names else "third party"


def natural(name: str) -> tuple[object, ...]:
    """The sort key of isort: numbers in names by value, letters first without case."""
    parts = [part for part in re.split(r"(\d+)", name) if part]
    return tuple(
        tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in spelled)
        for spelled in ([part.lower() for part in parts], parts)
    )


def member_key(name: str) -> tuple[object, ...]:
    """Sort key of names in an import or in `__all__`: constants, then classes, then the rest."""
    if len(name) > 1 and name.isupper():
        return (0, *natural(name))
    return (1 if name[:1].isupper() else 2, *natural(name))


def dunder_all(names: Iterable[str], width: int) -> str:
    """The `__all__` statement."""
    items = tuple(f'"{name}"' for name in sorted(names, key=member_key))
    flat = f"__all__ = [{', '.join(items)}]"
    if len(flat) <= width:
        return flat
    return "\n".join(["__all__ = [", *(f"    {item}," for item in items), "]"])
