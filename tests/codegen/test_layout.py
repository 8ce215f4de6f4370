"""Lines are broken as the formatter breaks them: it is asked about thousands of random ones."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from boilermaker.contract import (
    Container,
    Contract,
    Default,
    Field,
    LiteralOf,
    MappingOf,
    Named,
    Parameter,
    RecordDefinition,
    Scalar,
    TaskContract,
    TupleOf,
    Type,
    UnionOf,
)  # fmt: skip
from boilermaker_codegen.package.render import render

WORDS = ("a", "id", "user", "an_address", "something_longer", "quite_a_long_name_for_a_parameter")


class Draw:
    """Random contracts whose lines have all lengths."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def type(self, depth: int = 3) -> Type:
        kind = self.random.randrange(8 if depth else 3)
        match kind:
            case 0 | 1:
                return Scalar(name=self.random.choice(["int", "str", "bool", "float", "uuid", "datetime"]))
            case 2:
                return Named(id=f"m.{self.random.choice(['Plan', 'AVeryLongNameForARecord'])}")
            case 3:
                return Container(container="list", item=self.type(depth - 1))
            case 4:
                return MappingOf(mapping="dict", key=Scalar(name="str"), value=self.type(depth - 1))
            case 5:
                items = tuple(self.type(depth - 1) for _ in range(self.random.randint(1, 4)))
                return TupleOf(items=items)
            case 6:
                words = tuple(self.random.sample(WORDS, self.random.randint(1, 6)))
                return LiteralOf(values=words)
            case _:
                return self.union(depth)

    def union(self, depth: int) -> Type:
        members: list[Type] = []
        for _ in range(self.random.randint(1, 4)):
            member = self.type(depth - 1)
            if member not in members and not isinstance(member, UnionOf):
                members.append(member)
        return UnionOf(members=(*members, Scalar(name="none")))

    def default(self, type_: Type) -> Default | None:
        match type_:
            case UnionOf() if self.random.random() < 0.7:
                return Default(value=None)
            case Scalar(name="str"):
                return Default(value="x" * self.random.choice([0, 5, 30, 60, 100]))
            case LiteralOf(values=values):
                return Default(value=values[0])
            case Container(item=Scalar(name="int")):
                return Default(value=list(range(self.random.choice([0, 3, 30]))))
            case _:
                return None

    def contract(self) -> Contract:
        tasks: list[TaskContract] = []
        fields: list[Field] = []
        for number in range(60):
            parameters: list[Parameter] = []
            for index in range(self.random.randint(0, 5)):
                type_ = self.type()
                name = f"{self.random.choice(WORDS)}{index}"
                default = self.default(type_)
                parameters.append(Parameter(name=name, type=type_, default=default, keyword_only=True))
                fields.append(Field(name=f"{name}_{number}", type=type_, default=default))
            name = f"{self.random.choice(WORDS)}_{number}"
            tasks.append(TaskContract(name=name, parameters=tuple(parameters), result=self.type()))
        types = {
            "m.Plan": RecordDefinition(name="Plan", style="dataclass", fields=(Field(name="x", type=Scalar(name="int")),)),
            "m.AVeryLongNameForARecord": RecordDefinition(
                name="AVeryLongNameForARecord",
                style="struct",
                kw_only=True,
                fields=tuple(f for f in fields if not isinstance(f.type, Named)),
            ),
        }  # fmt: skip
        return Contract(service="s", queue="q", tasks=tuple(sorted(tasks, key=lambda t: t.name)), types=types)


@pytest.mark.parametrize("width", [70, 88, 110])
def test_the_formatter_leaves_random_packages_alone(tmp_path: Path, width: int) -> None:
    """Signatures, fields, defaults, calls and imports of every length."""
    for seed in range(8):
        folder = tmp_path / f"p{seed}"
        folder.mkdir()
        for name, data in render(Draw(seed).contract(), width=width).items():
            (folder / name).write_bytes(data)
    ruff = Path(sys.executable).with_name("ruff")
    done = subprocess.run(
        [ruff, "format", "--isolated", "--no-cache", "--diff", f"--line-length={width}", tmp_path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == ""
