"""Errors in the scanned source, as values: where, what, and how to fix it."""

from collections.abc import Iterable
from dataclasses import dataclass

from boilermaker.contract.texts import escaped
from boilermaker_codegen.error_ids import ErrorId


@dataclass(frozen=True, order=True, kw_only=True)
class Problem:
    """One error in the source: unsupported, or certain to fail in the worker.

    Attributes:
        path: the file, relative to the folder of the configuration, with forward slashes.
        line: counted from 1; 0 if the error concerns the whole file.
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


class Refused(Exception):  # noqa: N818 - the source was refused; this is not an error of the generator
    """A piece of source was refused; caught where the scan can continue with the next piece."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class Unknown(Refused):
    """The name exists, but its meaning cannot be known without running the code."""


class GenerationError(Exception):
    """Nothing can be generated; `problems` holds the reasons, sorted by place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


def too_deep(path: str, where: str = "") -> Problem:
    """The error that something is nested too deeply to be parsed."""
    return Problem(
        path=path, id="TOO_DEEP", message=f"{where}something is nested too deeply to be parsed; simplify it"
    )
