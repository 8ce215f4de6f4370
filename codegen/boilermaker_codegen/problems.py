"""What is wrong with the scanned source, as values: where, what, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass

from boilermaker.contract.texts import escaped
from boilermaker_codegen.error_ids import ErrorId


@dataclass(frozen=True, order=True, kw_only=True)
class Problem:
    """One thing that the generator does not understand or that cannot work.

    Attributes:
        path: the file, relative to the folder of the configuration, with forward slashes.
        line: counted from 1; 0 where the whole file is meant.
        column: counted from 1.
        id: which kind of problem; `error_ids` explains each.
        message: what is wrong and what to do.
    """

    path: str
    line: int = 0
    column: int = 0
    id: ErrorId
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        return escaped(f"{place}: {self.id}: {self.message}")


class Refused(Exception):  # noqa: N818 - what has happened to the source, not a fault of this program
    """Something was not understood; carried up to where scanning can go on with the next thing."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class Unknown(Refused):
    """It is there, and what it is cannot be known without running the code."""


class GenerationError(Exception):
    """Nothing can be generated; `problems` says why, sorted by place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


def too_deep(path: str, where: str = "") -> Problem:
    """Something is nested so deeply that it cannot be followed."""
    return Problem(
        path=path, id="TOO_DEEP", message=f"{where}something is nested too deeply to be parsed; simplify it"
    )
