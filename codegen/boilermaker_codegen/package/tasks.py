"""The generated `tasks.py`: one function for each task, and below them the values that the functions use."""

from collections.abc import Iterator
from dataclasses import dataclass

from boilermaker.contract import Parameter, TaskContract, task_digests
from boilermaker.contract.naming import Names
from boilermaker_codegen.package.docstrings import docstring
from boilermaker_codegen.package.imports import Imports
from boilermaker_codegen.package.layout import (
    INDENT,
    Applied,
    Bracket,
    Declared,
    Expression,
    Prefixed,
    call,
    lines,
    signature,
    subscript,
)
from boilermaker_codegen.package.models import is_mutable
from boilermaker_codegen.package.sections import without_others
from boilermaker_codegen.package.spelling import Speller, Written, text


@dataclass(frozen=True, kw_only=True)
class Function:
    """One generated function, as lines joined.

    Attributes:
        head: its decorator and signature.
        doc: its docstring.
        body: the line that creates the task.
        stub: the statement that creates its `TaskStub`.
    """

    head: str
    doc: str
    body: str
    stub: str


class Tasks:
    """Writes the functions of a contract.

    Args:
        written: whose tasks to write.
        names: the package's names.
        width: columns.

    Attributes:
        exempt: codes of lint rules that defaults violate: a list, a dict or a set (B006), the call of a NewType (B008).
    """

    def __init__(self, written: Written, names: Names, width: int) -> None:
        self._contract = contract = written.contract
        self._digests = task_digests(written.plain)
        self._names = names
        self._width = width
        self.exempt: set[str] = set()
        self.imports = Imports(taken=frozenset(names.functions.values()))
        self._arg, self._task, self._stub = (
            self.imports.name("boilermaker.stub", name) for name in ("Arg", "Task", "TaskStub")
        )
        self._final = self.imports.name("typing", "Final")
        self._payloads = self.imports.name(".", "payloads")
        self._spell = Speller(
            written, self.imports, lambda id_: self.imports.name(".models", names.types[id_])
        )
        if not any(parameter for task in contract.tasks for parameter in task.parameters):
            self.imports.forget("boilermaker.stub", "Arg")

    def functions(self) -> Iterator[Function]:
        """The functions, in the order of the tasks."""
        for task in self._contract.tasks:
            yield self._function(task)

    def _function(self, task: TaskContract) -> Function:
        name = self._names.functions[task.name]
        stub = self._stub_name(task, name)
        parameters = list(self._parameters(task))
        result = subscript(self._task, [self._spell.type(task.result)])
        head = signature(f"def {name}", parameters, result, width=self._width)
        if task.deprecated is not None:
            decorator = call(self.imports.name("boilermaker.stub", "deprecated"), [text(task.deprecated)])
            head[:0] = lines(Prefixed("@", decorator), width=self._width)
        arguments = [f"{p.name}={p.name}" for p in task.parameters]
        body = lines(Prefixed("return ", call(stub, arguments)), width=self._width, indent=INDENT)
        doc = without_others(task.doc or "", [parameter.name for parameter in task.parameters]).strip()
        doc = doc or f"Create a task that runs `{task.name}`."
        return Function(
            head="\n".join(head),
            doc=docstring(doc, INDENT),
            body="\n".join(body),
            stub="\n".join(self._wiring(task, stub)),
        )

    def _stub_name(self, task: TaskContract, function: str) -> str:
        name = f"_{function}"
        while any(parameter.name == name for parameter in task.parameters):
            name += "_"
        return name

    def _parameters(self, task: TaskContract) -> Iterator[Expression]:
        is_bare = False
        for parameter in task.parameters:
            if parameter.keyword_only and not is_bare:
                is_bare = True
                yield "*"
            yield self._parameter(parameter)

    def _parameter(self, parameter: Parameter) -> Expression:
        arg = subscript(self._arg, [self._spell.type(parameter.type)])
        annotation = self._spell.optional(arg, parameter.default)
        if parameter.default is None:
            return Prefixed(f"{parameter.name}: ", annotation)
        value = self._spell.default(parameter.default, parameter.type)
        if is_mutable(value):
            self.exempt.add("B006")
        elif isinstance(value, Bracket) and value.head.endswith("("):
            self.exempt.add("B008")
        return Declared(parameter.name, annotation, value)

    def _wiring(self, task: TaskContract, stub: str) -> list[str]:
        result = self._spell.type(task.result)
        made = Applied(
            subscript(self._stub, [result]),
            call(
                "",
                [
                    text(task.name),
                    f"{self._payloads}.{self._names.payloads[task.name]}",
                    self._spell.evaluated(task.result),
                    f"queue={text(task.queue or self._contract.queue)}",
                    f'digest="{self._digests[task.name]}"',
                ],
            ),
        )
        return lines(Prefixed(f"{stub}: {self._final} = ", made), width=self._width)
