"""A synthetic repository: thousands of modules as companies have them, a few of them with tasks. The same at every run."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_AREAS = (
    "billing",
    "catalog",
    "crm",
    "fraud",
    "identity",
    "ledger",
    "orders",
    "pricing",
    "search",
    "shipping",
)
_NOUNS = (
    "account", "address", "batch", "budget", "carrier", "channel", "currency", "customer", "discount", "entry",
    "invoice", "item", "label", "limit", "locale", "margin", "merchant", "offer", "payment", "period", "quote",
    "rate", "refund", "region", "report", "route", "segment", "session", "shipment", "slot", "stock", "supplier",
    "tariff", "tenant", "token", "transfer", "variant", "voucher", "wallet", "zone",
)  # fmt: skip
_VERBS = (
    "apply", "archive", "assign", "build", "cancel", "collect", "compare", "convert", "count", "create", "expire",
    "export", "fetch", "filter", "find", "group", "infer", "list", "load", "lock", "merge", "move", "notify",
    "parse", "publish", "rank", "read", "remove", "rename", "render", "resolve", "save", "send", "sort", "split",
    "store", "sync", "update", "validate", "write",
)  # fmt: skip

PYPROJECT = """\
[tool.boilermaker]
service = "company"
queue = "company"
source = ["src"]
package = "company_stubs"
output = "stubs"
"""
_WORKER = '''\
"""The worker of the company."""

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="company")
'''


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large a repository is.

    Attributes:
        modules: files of source, those with tasks and types among them.
        with_tasks: files that register tasks.
        tasks: registrations, spread over those files.
        module_bytes: mean length of a file.
    """

    modules: int = 10_000
    with_tasks: int = 200
    tasks: int = 1_000
    module_bytes: int = 13_000

    def scaled(self, factor: float) -> "Size":
        """A repository of the same make and another size, for a run in seconds."""
        return Size(
            modules=max(50, round(self.modules * factor)),
            with_tasks=max(2, round(self.with_tasks * factor)),
            tasks=max(4, round(self.tasks * factor)),
            module_bytes=self.module_bytes,
        )


@dataclass(frozen=True, kw_only=True)
class Repository:
    """What was written.

    Attributes:
        config: the configuration of the service.
        source: the folder that Python has on its path.
        plain: a module that has nothing to do with tasks.
        tasks: a module that registers some.
        types: a module whose types tasks take.
        total_bytes: length of all modules.
    """

    config: Path
    source: Path
    plain: Path
    tasks: Path
    types: Path
    total_bytes: int


def build(folder: Path, size: Size, seed: int = 1) -> Repository:
    """Write a repository into an empty folder."""
    source = folder / "src"
    (folder / "pyproject.toml").write_text(PYPROJECT)
    typed = [_module("models", number) for number in range(max(1, size.with_tasks // 4))]
    tasked = [_module("jobs.jobs", number) for number in range(size.with_tasks)]
    total, path = 0, source
    for name, text in _modules(random.Random(seed), size, typed, tasked):
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        total += path.write_text(text)
    return Repository(
        config=folder / "pyproject.toml",
        source=source,
        plain=path,
        tasks=source / _path(tasked[0]),
        types=source / _path(typed[0]),
        total_bytes=total,
    )


def _modules(
    draw: random.Random, size: Size, typed: list[str], tasked: list[str]
) -> Iterator[tuple[str, str]]:
    """Paths and texts; those of modules that have nothing to do with tasks come last."""
    yield "company/worker.py", _WORKER
    yield "company/__init__.py", '"""The company."""\n\nfrom company.worker import worker as worker\n'
    for area in _AREAS:
        yield f"company/{area}/__init__.py", f'"""All about {area}."""\n'
        yield f"company/{area}/jobs/__init__.py", f'"""Background work of {area}."""\n'
    for number, name in enumerate(typed):
        yield _path(name), _filled(draw, size.module_bytes, _types(number))
    for number, name in enumerate(tasked):
        group = number % len(typed)
        head = _jobs(name, range(number, size.tasks, size.with_tasks), typed[group], group)
        yield _path(name), _filled(draw, size.module_bytes, head)
    for number in range(size.modules - 2 - 2 * len(_AREAS) - len(typed) - len(tasked)):
        package = number // (len(_AREAS) * 40)
        name = f"part_{package}/{draw.choice(_VERBS)}_{draw.choice(_NOUNS)}_{number}.py"
        text = _filled(draw, size.module_bytes, _stranger(draw, number))
        yield f"company/{_AREAS[number % len(_AREAS)]}/{name}", text


def _module(kind: str, number: int) -> str:
    return f"{_AREAS[number % len(_AREAS)]}.{kind}_{number // len(_AREAS)}"


def _path(module: str) -> str:
    return f"company/{module.replace('.', '/')}.py"


def _filled(draw: random.Random, length: int, head: str) -> str:
    """A module that starts with the given code and goes on with ordinary functions and classes."""
    parts = [head]
    wanted = int(length * draw.uniform(0.4, 1.6))
    have = len(head)
    number = 0
    while have < wanted:
        part = draw.choice(_PARTS)(draw, number)
        parts.append(part)
        have += len(part)
        number += 1
    return "".join(parts)


def _types(number: int) -> str:
    """Types that tasks take: a dataclass, a Struct, an enum, a NewType and a TypedDict."""
    return f'''\
"""Types of group {number}."""

import datetime
import enum
from dataclasses import dataclass, field
from typing import Annotated, NewType, TypedDict

import msgspec

Key{number} = NewType("Key{number}", int)


class State{number}(enum.StrEnum):
    """Where it stands."""

    OPEN = "open"
    HELD = "held"
    CLOSED = "closed"


@dataclass
class Line{number}:
    """One position."""

    sku: str
    quantity: Annotated[int, msgspec.Meta(ge=1)]
    price_cents: int = 0
    notes: list[str] = field(default_factory=list)


class Order{number}(msgspec.Struct, kw_only=True):
    """What somebody ordered."""

    key: Key{number}
    lines: list[Line{number}]
    state: State{number} = State{number}.OPEN
    placed_at: datetime.datetime | None = None


class Address{number}(TypedDict):
    """Where it goes."""

    street: str
    city: str
    country: str

'''


def _jobs(module: str, tasks: range, types: str, number: int) -> str:
    """A module that registers tasks on the worker of the company."""
    registrations = "".join(_job(task, number) for task in tasks)
    return f'''\
"""Background work: {module}."""

from __future__ import annotations

import datetime
import logging

from company import worker
from company.{types} import Address{number}, Key{number}, Line{number}, Order{number}, State{number}

logger = logging.getLogger(__name__)

{registrations}'''


def _job(task: int, number: int) -> str:
    verb, noun = _VERBS[task % len(_VERBS)], _NOUNS[task // len(_VERBS) % len(_NOUNS)]
    takes = (
        f"key: Key{number}, state: State{number} = State{number}.OPEN",
        f"order: Order{number}, *, urgent: bool = False",
        f"lines: list[Line{number}], placed_at: datetime.datetime | None = None",
        f"address: Address{number}, keys: dict[str, int], limit: int = 100",
    )[task % 4]
    return f'''
@worker.task
async def {verb}_{noun}_{task}(state_: object, {takes}) -> Key{number}:
    """{verb.capitalize()} the {noun} and say which one it was.

    Runs again when the {noun} is locked.
    """
    logger.info("{verb} {noun}")
    await refresh(state_, "{noun}")
    return Key{number}({task})

'''


def _stranger(draw: random.Random, number: int) -> str:
    """The head of a module without tasks; some speak of tasks all the same, or use another library's."""
    imports = draw.sample(
        ("asyncio", "collections", "contextlib", "datetime", "functools", "itertools", "json", "re"), 4
    )
    lines = [
        f'"""Part {number} of the company: {draw.choice(_VERBS)} what there is."""',
        "",
        "from __future__ import annotations",
        "",
    ]
    lines += [f"import {name}" for name in sorted(imports)]
    lines += ["import logging", "from typing import Any", "", "logger = logging.getLogger(__name__)", "", ""]
    head = "\n".join(lines)
    return head + _KINDS.get(number % 50, "")


# By the number of the module, of each 50: what looks like tasks to a search.
_KINDS = {
    7: '''
async def run_both(first: Any, second: Any) -> None:
    """Wait for two things; each is a task of asyncio."""
    task = asyncio.create_task(first())
    await second()
    await task

''',
    19: '''
class Runner:
    """Holds a task of asyncio."""

    def __init__(self, task: Any) -> None:
        self.task = task

    async def stop(self) -> None:
        """Stop it, and wait until it has stopped."""
        self.task.cancel()
        await self.task

''',
    31: """
# The task of this module is to be read, not run.
SETTINGS = {"task": "none", "tasks": 0}

""",
    43: '''
class Celery:
    """Another library's tasks."""

    def task(self, function: Any) -> Any:
        """Register a function."""
        return function


celery = Celery()


@celery.task
def rebuild_everything(name: str) -> None:
    """Not one of ours."""
    logger.info("rebuild %s", name)

''',
}  # fmt: skip


def _function(draw: random.Random, number: int) -> str:
    verb, noun, other = draw.choice(_VERBS), draw.choice(_NOUNS), draw.choice(_NOUNS)
    threshold = draw.randrange(2, 400)
    return f'''
def {verb}_{noun}_{number}(
    {noun}s: list[dict[str, Any]], {other}: str | None = None, *, limit: int = {threshold}
) -> dict[str, int]:
    """{verb.capitalize()} the {noun}s of a {other}.

    Args:
        {noun}s: what there is, in any order.
        {other}: whose; None for all.
        limit: how many at most.
    """
    counts: dict[str, int] = {{}}
    for index, row in enumerate({noun}s):
        if {other} is not None and row.get("{other}") != {other}:
            continue
        key = str(row.get("{noun}_id", index))
        counts[key] = counts.get(key, 0) + int(row.get("quantity", 1)) * {draw.randrange(1, 9)}
        if len(counts) >= limit:
            logger.warning("more than %d {noun}s, the rest is left out: %s", limit, key)
            break
    total = sum(value for value in counts.values() if value > {threshold // 2})
    return {{name: value for name, value in sorted(counts.items()) if value <= total or value % 2 == 0}}

'''


def _class(draw: random.Random, number: int) -> str:
    noun, other, verb = draw.choice(_NOUNS), draw.choice(_NOUNS), draw.choice(_VERBS)
    name = f"{noun.capitalize()}{other.capitalize()}{number}"
    return f'''
class {name}:
    """A {noun} with its {other}s."""

    default_{other} = "{draw.choice(_NOUNS)}"

    def __init__(self, {noun}_id: int, {other}s: list[str], rate: float = {draw.random():.3f}) -> None:
        self.{noun}_id = {noun}_id
        self._{other}s = [{other}.strip().lower() for {other} in {other}s if {other}]
        self._rate = rate

    @property
    def {other}_count(self) -> int:
        """How many there are."""
        return len(self._{other}s)

    def {verb}(self, {other}: str, *args: Any, **options: Any) -> "{name}":
        """{verb.capitalize()} one {other}; the {noun} stays as it is."""
        try:
            position = self._{other}s.index({other})
        except ValueError as error:
            raise KeyError(f"no {{{other}!r}} in {noun} {{self.{noun}_id}}") from error
        kept = self._{other}s[:position] + self._{other}s[position + 1 :]
        return {name}(self.{noun}_id, kept, rate=self._rate * (1.0 - {draw.random():.2f}))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, {name}) and (self.{noun}_id, self._{other}s) == (other.{noun}_id, other._{other}s)

'''


def _coroutine(draw: random.Random, number: int) -> str:
    verb, noun = draw.choice(_VERBS), draw.choice(_NOUNS)
    return f'''
async def {verb}_{noun}_rows_{number}(session: Any, since: Any = None) -> list[tuple[int, str]]:
    """Rows of {noun}s that have changed; at most {draw.randrange(10, 900)} of them."""
    found: list[tuple[int, str]] = []
    async with session.begin() as transaction:
        async for row in transaction.stream("select id, name from {noun}s where changed_at > :since", since=since):
            match row:
                case (int(key), str(name)) if name.isidentifier():
                    found.append((key, name.replace("_", "-")))
                case _:
                    logger.debug("left out: %s", row)
    return sorted(found, key=lambda pair: (pair[1], -pair[0]))[: {draw.randrange(100, 999)}]

'''


def _table(draw: random.Random, number: int) -> str:
    rows = "".join(
        f'    ("{draw.choice(_NOUNS)}_{draw.choice(_VERBS)}", {draw.randrange(10_000)}, {draw.random():.4f}, None),\n'
        for _ in range(draw.randrange(4, 14))
    )
    return f"\n_TABLE_{number} = (\n{rows})\n\n"


_Part = Callable[[random.Random, int], str]
_PARTS: tuple[_Part, ...] = (_function, _function, _class, _coroutine, _table)
