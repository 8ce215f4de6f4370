"""The generated `payloads.py`: one struct for each task, a field for each parameter."""

from boilermaker.contract import Parameter, TaskContract
from boilermaker.contract.naming import Names
from boilermaker_codegen.package.imports import Imports
from boilermaker_codegen.package.layout import INDENT, call, lines
from boilermaker_codegen.package.models import assignment, struct_field
from boilermaker_codegen.package.spelling import Speller, Written


class Payloads:
    """Writes the payload structs of a contract.

    Args:
        written: whose tasks to write.
        names: the package's names.
        width: columns.
    """

    def __init__(self, written: Written, names: Names, width: int) -> None:
        self._contract = contract = written.contract
        self._names = names
        self._width = width
        fields = {parameter.name for task in contract.tasks for parameter in task.parameters}
        self.imports = Imports(taken=frozenset(names.payloads.values()) | fields)
        self._base = self.imports.name("boilermaker.stub", "Payload")
        self._spell = Speller(
            written, self.imports, lambda id_: self.imports.name(".models", names.types[id_])
        )

    def blocks(self) -> list[str]:
        """The structs, in the order of the tasks."""
        return ["\n".join(self._payload(task)) for task in self._contract.tasks]

    def _payload(self, task: TaskContract) -> list[str]:
        head = call(f"class {self._names.payloads[task.name]}", [self._base, "frozen=True", "kw_only=True"])
        rows = lines(head, width=self._width, suffix=":")
        rows.append(f'{INDENT}"""Arguments of `{self._names.functions[task.name]}`."""')
        if task.parameters:
            rows.append("")
        for parameter in task.parameters:
            rows += self._field(parameter)
        return rows

    def _field(self, parameter: Parameter) -> list[str]:
        annotation = self._spell.optional(self._spell.type(parameter.type), parameter.default)
        value = None
        if parameter.default is not None:
            default = self._spell.default(parameter.default, parameter.type)
            made = self._spell.made(parameter.default, parameter.type)
            is_fresh = made is not None and not made.frozen and made.style != "namedtuple"
            value = struct_field(default, None, self.imports, is_fresh=is_fresh)
        return assignment(parameter.name, annotation, value, self._width)
