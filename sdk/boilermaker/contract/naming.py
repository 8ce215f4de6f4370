"""Names in the stubs of a contract: taken from the worker, and changed only if Python or a clash requires it.

Names on the wire are not affected.
"""

import keyword
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from boilermaker.contract.definitions import RecordDefinition
from boilermaker.contract.tasks import Contract, TaskContract

# Builtins that generated annotations and defaults use; a definition of that name would shadow them.
_USED_BUILTINS = frozenset(
    {"None", "bool", "int", "float", "str", "bytes", "bytearray", "list", "dict", "set", "frozenset", "tuple"}
)

# ids of types that the generated code imports instead of defining them
_SHIPPED = {"boilermaker.failure.FailureInfo": ("boilermaker.stub", "FailureInfo")}

_MODULES = frozenset({"models", "payloads", "tasks"})  # of the package; a function of that name would hide it


@dataclass(frozen=True, kw_only=True)
class Names:
    """The names of one package.

    Attributes:
        types: names of classes and aliases, by id.
        functions: function names by task.
        payloads: payload class names by task.
    """

    types: Mapping[str, str]
    functions: Mapping[str, str]
    payloads: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Clash:
    """Two tasks whose functions would have the same name."""

    task: str
    other: str
    function: str

    def __str__(self) -> str:
        return (
            f"the tasks `{self.other}` and `{self.task}` would both become the function `{self.function}`; "
            "rename one of the handlers"
        )


def names_of(contract: Contract, aliases: Mapping[str, str] = MappingProxyType({})) -> Names:
    """Names for everything that is generated; functions that clash get the same name.

    Args:
        contract: of which.
        aliases: the own names of aliases of types, by id. Names of classes and functions do not depend on them.
    """
    types = _types(contract)
    functions = _functions(contract, types)
    fields = {f.name for d in contract.types.values() if isinstance(d, RecordDefinition) for f in d.fields}
    taken = {*types.values(), *functions.values(), *_MODULES, *fields}
    named = _named(_public(dict(aliases), taken), frozenset(taken))
    return Names(types={**types, **named}, functions=functions, payloads=_payloads(contract, functions))


def foreign(contract: Contract) -> dict[str, tuple[str, str]]:
    """Types that the generated code imports instead of defining: module and qualified name by id."""
    own = {id_: (module, id_.removeprefix(f"{module}.")) for id_, module in contract.imported.items()}
    return {**_SHIPPED, **own}


def clashes_of(contract: Contract) -> list[Clash]:
    """The tasks that cannot be in one package."""
    return _clashes(_functions(contract, _types(contract)))


def _types(contract: Contract) -> dict[str, str]:
    elsewhere = foreign(contract)
    ids = [id_ for id_ in contract.types if id_ not in elsewhere]
    return _named(_public({id_: contract.types[id_].name.rpartition(".")[2] for id_ in ids}))


def _named(own: Mapping[str, str], taken: frozenset[str] = frozenset()) -> dict[str, str]:
    """Unique names that are not taken, derived from own names by id."""
    depth = dict.fromkeys(own, 0)
    while True:
        names = {id_: _type_name(id_, name, depth[id_]) for id_, name in own.items()}
        counts = Counter(names.values()) + Counter(taken)
        clashing = [id_ for id_ in own if counts[names[id_]] > 1 and depth[id_] <= id_.count(".")]
        if not clashing:
            return _distinct(names, taken)
        for id_ in clashing:
            depth[id_] += 1


def _public(own: dict[str, str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Names without leading underscores: producers import classes that are private in the worker."""
    plain = {name for name in own.values() if not name.startswith("_")} | {*taken}
    bare = {id_: name.lstrip("_") for id_, name in own.items()}
    return {
        id_: f"Private{name}" if own[id_] != name and (name in plain or not name.isidentifier()) else name
        for id_, name in bare.items()
    }


def _type_name(id_: str, own: str, depth: int) -> str:
    """`Address`; where several have that name `BillingAddress`, after the module or class that it is in."""
    parts = id_.split(".")
    around = parts[:-1][len(parts) - 1 - depth :] if depth else []
    return _free("".join(_camel(part) for part in around) + (_camel(own[:1]) + own[1:] if around else own))


def _distinct(names: dict[str, str], taken: Iterable[str]) -> dict[str, str]:
    """Names whose modules differ only in punctuation get numbers, in the order of their ids."""
    seen = Counter(taken)
    for id_, name in names.items():
        seen[name] += 1
        if seen[name] > 1:
            names[id_] = f"{name}{seen[name]}"
    return names


def _functions(contract: Contract, types: Mapping[str, str]) -> dict[str, str]:
    taken = frozenset(types.values()) | _MODULES
    wanted = {task.name: _function_name(task) for task in contract.tasks}
    counts = Counter(wanted.values())
    names = {task: name if counts[name] == 1 else _free(_identifier(task)) for task, name in wanted.items()}
    return {task: f"{name}_" if name in taken else name for task, name in names.items()}


def _clashes(functions: Mapping[str, str]) -> list[Clash]:
    owners: dict[str, str] = {}
    pairs = [(task, owners.setdefault(name, task), name) for task, name in functions.items()]
    return [Clash(task=task, other=other, function=name) for task, other, name in pairs if other != task]


def _function_name(task: TaskContract) -> str:
    return _free((task.function or _identifier(task.name)).lstrip("_") or "task")


def _payloads(contract: Contract, functions: Mapping[str, str]) -> dict[str, str]:
    del contract
    names = {task: _free(_camel(function)) for task, function in functions.items()}
    counts = Counter(names.values())
    return {task: name if counts[name] == 1 else f"{name}_{functions[task]}" for task, name in names.items()}


def _identifier(text: str) -> str:
    name = "".join(c if c.isidentifier() or c.isdigit() else "_" for c in text).strip("_")
    return name if name.isidentifier() else f"task_{name}"


def _camel(text: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in text.split("_"))


def _free(name: str) -> str:
    if keyword.iskeyword(name) or name in _USED_BUILTINS:
        return f"{name}_"
    return name
