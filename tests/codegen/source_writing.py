"""A contract as Python source, in one of the many ways in which people would write it."""

import builtins
from dataclasses import dataclass, field
from random import Random
from typing import Any

from msgspec.structs import replace

from boilermaker.contract import (
    BY_WORKER,
    AnyDefault,
    Constrained,
    Container,
    Contract,
    Default,
    Definition,
    EnumDefinition,
    Field,
    LiteralOf,
    MappingOf,
    Named,
    NewTypeDefinition,
    Parameter,
    RecordDefinition,
    Scalar,
    TaskContract,
    TupleOf,
    Type,
    UnionOf,
    Variable,
    named_in,
)
from codegen.random_contracts import ELSEWHERE, MODULES, external_in

_SCALARS = {
    "any": ("typing", "Any"), "datetime": ("datetime", "datetime"), "date": ("datetime", "date"),
    "time": ("datetime", "time"), "timedelta": ("datetime", "timedelta"), "uuid": ("uuid", "UUID"),
    "decimal": ("decimal", "Decimal"),
}  # fmt: skip
_TYPING = {
    "Set": "AbstractSet",
    "list": "List",
    "set": "Set",
    "frozenset": "FrozenSet",
    "dict": "Dict",
    "tuple": "Tuple",
}
_BUILTIN = {"list", "set", "frozenset", "dict", "tuple"}
_LIMITS = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "tz", "pattern")
_NONE = Scalar(name="none")
_INHERITED_FOR = "Own"
_VARIABLES = """\
import typing
from typing_extensions import TypeVar

T = TypeVar("T")
Key = typing.TypeVar("Key", bound=object)
_V = TypeVar("_V")
Own = typing.TypeVar("Own")
"""


def write_source(contract: Contract, random: Random, *, assigns: bool = False) -> dict[str, str]:
    """Text by path, below the source folder. The worker is in `app/service.py`.

    Args:
        contract: what it is to say.
        random: decides how.
        assigns: bind names by assignment too, which Python follows and type checkers in part.
    """
    shared: list[str] = []
    writers = {module: _Writer(module, contract, random, shared, assigns) for module in MODULES}
    external = external_in(contract)
    for id_, definition in contract.types.items():
        if id_ in external:
            continue
        module = next(name for name in MODULES if id_.startswith(f"{name}."))
        writers[module].definition(id_, definition)
    writers["app.service"].service()
    files = {f"{module.replace('.', '/')}.py": writer.text() for module, writer in writers.items()}
    files["app/shared.py"] = "\n".join([*shared, ""])
    files["app/variables.py"] = _VARIABLES
    if external:
        files[f"{ELSEWHERE}/__init__.py"] = "\n".join(f"class {_last(id_)}: ..." for id_ in external)
    return {"app/__init__.py": "", "app/deep/__init__.py": "", **files}


def write_table(contract: Contract) -> str:
    """What the configuration says of types of third parties."""
    lines = [f'"{id_}" = "{_in_full(wire)}"' for id_, wire in external_in(contract).items()]
    return "\n".join(["[tool.boilermaker.external]", *lines, ""]) if lines else ""


def _in_full(type_: Type) -> str:
    """A type as the configuration names it, in full names."""
    match type_:
        case Scalar(name=name):
            return ".".join(_SCALARS[name]) if name in _SCALARS else name.replace("none", "None")
        case Container(container=container, item=item):
            end = ", ..." if container == "tuple" else ""
            return f"{_generic_in_full(container)}[{_in_full(item)}{end}]"
        case MappingOf(mapping=mapping, key=key, value=value):
            return f"{_generic_in_full(mapping)}[{_in_full(key)}, {_in_full(value)}]"
        case TupleOf(items=items):
            return f"tuple[{', '.join(map(_in_full, items))}]"
        case UnionOf(members=members):
            return " | ".join(map(_in_full, members))
        case LiteralOf(values=values):
            return f"typing.Literal[{', '.join(map(repr, values))}]".replace('"', '\\"')
        case Constrained(type=inner):
            return f"typing.Annotated[{_in_full(inner)}, msgspec.Meta({_meta(type_)})]"
        case _:
            return type_.id if isinstance(type_, Named) else "object"


def _generic_in_full(name: str) -> str:
    return name if name in _BUILTIN else f"collections.abc.{name}"


def _meta(type_: Constrained) -> str:
    given = {name: getattr(type_, name) for name in _LIMITS if getattr(type_, name) is not None}
    return ", ".join(f"{name}={value!r}" for name, value in given.items())


@dataclass
class _Writer:
    """Writes one module; each choice of style is made anew where it arises."""

    module: str
    contract: Contract
    random: Random
    shared: list[str]  # the lines of a module that hands on what others define
    assigns: bool
    imports: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    known: dict[tuple[str, str], str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)
    defining: str = ""
    variables: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        future = ["from __future__ import annotations"] if self._often() else []
        return "\n".join([*future, *self.imports, "", *self.body, ""])

    # ---- names

    def name(self, module: str, name: str) -> str:
        """An expression for what a module calls by this name, with the import that it needs."""
        if module == self.module:
            return name
        if (module, name) not in self.known:
            self.known[module, name] = self._import(module, name)
        return self.known[module, name]

    def _import(self, module: str, name: str) -> str:
        root, dot, rest = name.partition(".")
        package, _, last = module.rpartition(".")
        free = f"{root}_{len(self.known)}"
        styles = [
            (f"import {module} as m_{free}", f"m_{free}.{name}"),
            (f"from {module} import {root} as {free}", f"{free}{dot}{rest}"),
        ]
        if module.partition(".")[0] not in self.taken - self.modules:
            styles.append((f"import {module}", f"{module}.{name}"))
        if not self._is_taken(root):
            styles += [(f"from {module} import {root}", name)] * 3
        if self.assigns:
            styles.append((f"from {module} import {root} as {free}_\n{free} = {free}_", f"{free}{dot}{rest}"))
        if package == "app" and self.module == "app.service":
            styles += [
                (f"from .{last} import {root} as {free}", f"{free}{dot}{rest}"),
                (f"from . import {last}", f"{last}.{name}"),
            ]
        if module == "app.models" and self.module == "app.deep.kinds":
            styles.append((f"from ..models import {root} as {free}", f"{free}{dot}{rest}"))
        if module == "app.models" and self._often():
            self.shared.append(f"from .models import {root} as Shared{len(self.shared)}")
            handed_on = f"Shared{len(self.shared) - 1}"
            styles.append((f"from app.shared import {handed_on} as {free}", f"{free}{dot}{rest}"))
            styles.append((f"import app.shared as m_{free}", f"m_{free}.{handed_on}{dot}{rest}"))
        line, expression = self.random.choice(styles)
        if line.endswith(f"import {root}"):
            self.taken.add(root)
        elif line == f"import {module}":
            self.taken.add(module.partition(".")[0])
            self.modules.add(module.partition(".")[0])
        if line not in self.imports:
            self.imports.append(line)
        return expression

    def _is_taken(self, root: str) -> bool:
        own = {id_.removeprefix(f"{self.module}.").split(".")[0] for id_ in self.contract.types}
        return root in own | self.taken | {"app", "models", "deep", "kinds", "worker"} or hasattr(
            builtins, root
        )

    # ---- annotations

    def annotation(self, type_: Type) -> str:
        """A type where an annotation stands: quoted, an alias, or as it is."""
        text = self.type(type_)
        choice = self.random.random()
        if choice < 0.15:
            return repr(text)
        if choice < 0.25:
            return self._alias(text)
        return self._generic_alias(type_) if choice < 0.45 else text

    def _generic_alias(self, type_: Type) -> str:
        """A type by way of an alias that takes type arguments."""
        match type_:
            case Container(container=container, item=item):
                end = ", ..." if container == "tuple" else ""
                alias = self._alias(f"{self._generic(container)}[{self.variable('T')}{end}]")
                return f"{alias}[{self.type(item)}]"
            case MappingOf(mapping=mapping, key=key, value=value):
                one, other = self.variable("T"), self.variable("Key")
                alias = self._alias(f"{self._generic(mapping)}[{one}, {other}]")
                return f"{alias}[{self.type(key)}, {self.type(value)}]"
            case TupleOf(items=(first, *others)):
                rest = [self.variable("T"), *map(self.type, others)]
                alias = self._alias(f"{self._generic('tuple')}[{', '.join(rest)}]")
                return f"{alias}[{self.type(first)}]"
            case UnionOf(members=(*members, Scalar(name="none"))):
                alias = self._alias(f"{self.name('typing', 'Optional')}[{self.variable('_V')}]")
                inner = members[0] if len(members) == 1 else UnionOf(members=tuple(members))
                return f"{alias}[{self.type(inner)}]"
            case Named(id=id_, arguments=arguments) if arguments:
                alias = self._alias(self.type(Named(id=id_)))
                return f"{alias}[{', '.join(map(self.type, arguments))}]"
            case _:
                return self.type(type_)

    def variable(self, name: str) -> str:
        """A type variable: one of the module's own, or one that several modules import."""
        if name not in self.variables:
            if self._often() and not self._is_taken(name):
                self.taken.add(name)
                self.body.append(f"{name} = {self.name('typing', 'TypeVar')}({name!r})")
                self.variables[name] = name
            else:
                self.variables[name] = self.name("app.variables", name)
        return self.variables[name]

    def _generic_base(self, parameters: tuple[str, ...]) -> list[str]:
        if not parameters:
            return []
        return [f"{self.name('typing', 'Generic')}[{', '.join(map(self.variable, parameters))}]"]

    def _alias(self, text: str) -> str:
        alias = f"Alias{len(self.body)}"
        hint = f": {self.name('typing', 'TypeAlias')}" if self._often() else ""
        self.body.append(f"{alias}{hint} = {text}")
        return alias

    def type(self, type_: Type) -> str:
        match type_:
            case Scalar(name="none"):
                return "None"
            case Scalar(name="any") if self._rarely():
                return "object"
            case Scalar(name=name):
                return self.name(*_SCALARS[name]) if name in _SCALARS else name
            case LiteralOf(values=values):
                return f"{self.name('typing', 'Literal')}[{', '.join(map(repr, values))}]"
            case Container(container=container, item=item):
                return self._container(container, item)
            case TupleOf(items=items):
                return f"{self._generic('tuple')}[{', '.join(map(self.type, items))}]"
            case MappingOf(mapping=mapping, key=key, value=value):
                return f"{self._generic(mapping)}[{self.type(key)}, {self.type(value)}]"
            case UnionOf(members=members):
                return self._union(members)
            case Constrained(type=inner):
                meta = f"{self.name('msgspec', 'Meta')}({_meta(type_)})"
                return f"{self.name('typing', 'Annotated')}[{self.type(inner)}, {meta}]"
            case Named(id=id_, arguments=arguments):
                module = next(name for name in (*MODULES, ELSEWHERE) if id_.startswith(f"{name}."))
                own = self.name(module, id_.removeprefix(f"{module}."))
                return f"{own}[{', '.join(map(self.type, arguments))}]" if arguments else own
            case Variable(name=name):
                return self.variable(name)

    def _container(self, container: str, item: Type) -> str:
        generic = self._generic(container)
        if item == Scalar(name="any") and self._often():
            return generic
        return f"{generic}[{self.type(item)}{', ...' if container == 'tuple' else ''}]"

    def _generic(self, name: str) -> str:
        if name in _BUILTIN and self._often() and not self._is_own(name):
            return name
        if self._often() and name not in _BUILTIN:
            return self.name("collections.abc", name)
        return self.name("typing", _TYPING.get(name, name))

    def _is_own(self, name: str) -> bool:
        return f"{self.module}.{name}" in self.contract.types

    def _union(self, members: tuple[Type, ...]) -> str:
        parts = [self.type(member) for member in members]
        if members[-1] == _NONE and self._often():
            rest = f"{self.name('typing', 'Union')}[{', '.join(parts[:-1])}]" if len(parts) > 2 else parts[0]
            return f"{self.name('typing', 'Optional')}[{rest}]"
        if self._often():
            return f"{self.name('typing', 'Union')}[{', '.join(parts)}]"
        return " | ".join(parts)

    # ---- definitions

    def definition(self, id_: str, definition: Definition) -> None:
        self.defining = id_
        name = id_.removeprefix(f"{self.module}.")
        if isinstance(definition, NewTypeDefinition):
            inner = self.type(definition.type)
            self.body.append(f"{name} = {self.name('typing', 'NewType')}({name!r}, {inner})")
            return
        lines = self._enum(definition) if isinstance(definition, EnumDefinition) else self._record(definition)
        if definition.doc is not None:
            head = f"class {_last(definition.name)}"
            at = next(n for n, line in enumerate(lines) if line.startswith((f"{head}(", f"{head}:"))) + 1
            lines.insert(at, f"    {definition.doc!r}")
        if "." in name:
            lines = [f"class {name.split('.')[0]}:", *(f"    {line}" for line in lines)]
        self.body += ["", *lines]

    def _enum(self, definition: EnumDefinition) -> list[str]:
        bases = [definition.mixin] if definition.mixin else []
        bases.append(self.name("enum", definition.base))
        lines = [f"class {_last(definition.name)}({', '.join(bases)}):"]
        return [*lines, *(f"    {member.name} = {member.value!r}" for member in definition.members)]

    def _record(self, definition: RecordDefinition) -> list[str]:
        if (
            definition.style in ("dataclass", "attrs", "typeddict")
            and not (definition.style == "typeddict" and definition.parameters)
            and "." not in definition.name
            and (self._often() if definition.parameters else self._rarely())
        ):
            return self._inherited(definition)
        return self._class(definition)

    def _inherited(self, definition: RecordDefinition) -> list[str]:
        """A class that has its first fields, or all, from a parent. No task takes that, so no contract has it."""
        at = self.random.randint(0, len(definition.fields))
        parent = f"Parent{len(self.body)}"
        fields, parameters = list(definition.fields[:at]), definition.parameters
        arguments = list(map(self.variable, parameters))
        is_plain = bool(fields) and fields[0].default is None and definition.style != "typeddict"
        # a base class is no annotation: it is looked at at once
        if is_plain and self.defining not in named_in(fields[0].type) and self._often():
            arguments.append(self.type(fields[0].type))
            parameters = (*parameters, _INHERITED_FOR)
            fields[0] = replace(fields[0], type=Variable(name=_INHERITED_FOR))
        lines = self._class(replace(definition, name=parent, fields=tuple(fields), parameters=parameters))
        child = replace(definition, fields=definition.fields[at:])
        is_undecorated = not child.fields and child.style != "typeddict" and self._often()
        own = self._class(child, f"{parent}[{', '.join(arguments)}]" if arguments else parent)
        return [*lines, "", *(own[1:] if is_undecorated else own)]

    def _class(self, definition: RecordDefinition, parent: str = "") -> list[str]:
        name = _last(definition.name)
        bases = [parent] if parent else []
        if not parent and definition.style in ("struct", "dataclass", "attrs") and self._rarely():
            bases.append(self._mixin())
        if not parent or self._often():
            bases += self._generic_base(definition.parameters)
        match definition.style:
            case "struct":
                base, options = self.name("msgspec", "Struct"), self._struct_options(definition)
                at = len(bases) - bool(definition.parameters)  # `Generic` comes last
                lines = [f"class {name}({', '.join([*bases[:at], base, *bases[at:], *options])}):"]
            case "dataclass":
                chosen = [f"{word}=True" for word in ("frozen", "kw_only") if getattr(definition, word)]
                call = f"({', '.join(chosen)})" if chosen or self._rarely() else ""
                of = f"({', '.join(bases)})" if bases else ""
                lines = [f"@{self.name('dataclasses', 'dataclass')}{call}", f"class {name}{of}:"]
            case "attrs":
                of = f"({', '.join(bases)})" if bases else ""
                lines = [f"@{self._attrs(definition)}", f"class {name}{of}:"]
            case "typeddict":
                base = parent or self.name("typing", "TypedDict")
                lines = [f"class {name}({', '.join([base, *bases[bool(parent) :]])}):"]
            case _:
                lines = [f"class {name}({', '.join([self.name('typing', 'NamedTuple'), *bases])}):"]
        for entry in definition.fields:
            annotation = self._field_type(definition, entry.name, entry.type)
            default = self._field_default(definition, entry)
            own = entry.wire if definition.style == "attrs" and entry.wire is not None else entry.name
            lines.append(f"    {own}: {annotation}{default}")
        return lines if definition.fields else [*lines, "    pass"]

    def _mixin(self) -> str:
        """A plain class, which gives no fields whatever it annotates."""
        name = f"Mixin{len(self.body)}"
        self.body += [
            "",
            f"class {name}:",
            "    kind: str = 'none'",
            "",
            "    def describe(self): return self.kind",
        ]
        return name

    def _struct_options(self, definition: RecordDefinition) -> list[str]:
        words = ("frozen", "kw_only", "array_like", "omit_defaults", "forbid_unknown_fields")
        options = [f"{word}=True" for word in words if getattr(definition, word)]
        if definition.tag is not None:
            is_name = definition.tag == _last(definition.name)
            options.append("tag=True" if is_name and self._often() else f"tag={definition.tag!r}")
        if definition.tag_field is not None:
            options.append(f"tag_field={definition.tag_field!r}")
        return options

    def _field_type(self, definition: RecordDefinition, name: str, type_: Type) -> str:
        text = self.type(type_)
        is_itself = self.defining in named_in(type_)  # not defined yet
        if name in definition.optional:
            text = f"{self.name('typing', 'NotRequired')}[{text}]"
        return repr(text) if is_itself or self._rarely() else text

    def _field_default(self, definition: RecordDefinition, entry: Field) -> str:
        value = None if entry.default is None else self.value(entry.default, entry.type)
        factory = self._factory(entry.default)
        if definition.style == "struct":
            options = [f"name={entry.wire!r}"] if entry.wire is not None else []
            if value is not None and (options or (factory and self._often())):
                options.append(f"default_factory={factory}" if factory else f"default={value}")
            if options:
                return f" = {self.name('msgspec', 'field')}({', '.join(options)})"
        elif definition.style == "attrs":
            return self._attrs_default(entry, value, factory)
        elif factory:
            return f" = {self.name('dataclasses', 'field')}(default_factory={factory})"
        return "" if value is None else f" = {value}"

    def _factory(self, default: AnyDefault | None) -> str:
        """What makes a default, where something must or may; empty where it is written as it is."""
        match default:
            case Default(value=list()):
                return self.random.choice(["list", "lambda: []"])
            case Default(value=dict()):
                return self.random.choice(["dict", "lambda: {}"])
            case "worker" if self._often():
                name = f"make_late{len(self.body)}"
                self.body.append(f"def {name}(): return 7")
                return self.random.choice([name, "int", f"lambda: {self._late()}"])
            case _:
                return ""

    def _late(self) -> str:
        """An expression whose value only running it tells."""
        name = f"LATE{len(self.body)}"
        self.body.append(f"{name} = object()")
        return self.random.choice(
            [
                name,
                "int('7')",
                "(lambda seven: seven)(7)",
                "max(each for each in (7, 8))",
                "7 if __name__ else 8",
                "f'{__name__}'",
                "__name__.upper()",
                "float('inf')",
            ]
        )

    def _attrs(self, definition: RecordDefinition) -> str:
        """A decorator that makes an attrs class."""
        module, name = self.random.choice(
            [
                ("attrs", "define"),
                ("attrs", "mutable"),
                ("attr", "define"),
                ("attr", "s"),
                ("attr", "dataclass"),
            ]
        )
        options = ["auto_attribs=True"] if name == "s" else []
        options += ["kw_only=True"] if definition.kw_only else []
        if definition.frozen and name not in {"dataclass", "s"} and self._often():
            name = "frozen"
        elif definition.frozen:
            options.append("frozen=True")
        return self.name(module, name) + (f"({', '.join(options)})" if options or self._rarely() else "")

    def _attrs_default(self, entry: Field, value: str | None, factory: str) -> str:
        maker = self.name(*self.random.choice([("attrs", "field"), ("attr", "ib")]))
        options = [] if entry.wire is None else [f"alias={entry.name!r}"]
        if value is not None and factory:
            if not options and self._often():
                return f" = {self.name('attrs', 'Factory')}({factory})"
            options.append(f"factory={factory}")
        elif value is not None and (options or self._rarely()):
            options.append(f"default={value}")
        if options:
            return f" = {maker}({', '.join(options)})"
        return "" if value is None else f" = {value}"

    def value(self, default: AnyDefault, type_: Type) -> str:
        """A default as it is written: members of enums by name."""
        if default == BY_WORKER:
            return self._late()
        if isinstance(type_, Named) and isinstance(enum := self.contract.types[type_.id], EnumDefinition):
            return f"{self.type(type_)}.{enum.members[0].name}"
        return repr(default.value)

    # ---- the service

    def service(self) -> None:
        worker = f"{self.name('boilermaker', 'Boilermaker')}(object(), {self.name('boilermaker', 'InMemoryServiceBus')}()"
        entries = [
            f"{self.type(Named(id=id_))}: {self.name('boilermaker', 'External')}(wire={self.type(wire)}, encode=repr)"
            for id_, wire in external_in(self.contract).items()
        ]
        options = [f", external={{{', '.join(entries)}}}"] if entries else []
        self.body.append(f"worker = {worker}, queue='random'{''.join(options)})")
        for task in self.contract.tasks:
            self._task(task)

    def _task(self, task: TaskContract) -> None:
        function = task.function or task.name
        parameters = ["state"]
        for parameter in task.parameters:
            if parameter.keyword_only and "*" not in parameters:
                parameters.append("*")
            parameters.append(self._parameter(parameter))
        result = self.annotation(task.result)
        lines = [f"async def {function}({', '.join(parameters)}) -> {result}:"]
        lines += [f"    {task.doc!r}"] if task.doc is not None else []
        lines.append("    raise NotImplementedError")
        options: dict[str, Any] = {
            "name": task.name if task.function else None,
            "queue": task.queue,
            "deprecated": task.deprecated,
        }
        chosen = [f"{key}={value!r}" for key, value in options.items() if value is not None]
        match self.random.randint(0, 2):
            case 0:
                call = ", ".join([function, *chosen])
                self.body += ["", *lines, f"worker.register_async({call})"]
            case 1 if not task.function:
                call = ", ".join([f"[{function}]", *chosen])
                self.body += ["", *lines, f"worker.register_many_async({call})"]
            case _:
                call = f"({', '.join(chosen)})" if chosen else ""
                self.body += ["", f"@worker.task{call}", *lines]

    def _parameter(self, parameter: Parameter) -> str:
        annotation = self.annotation(parameter.type)
        if parameter.default == Default(value=None) and isinstance(parameter.type, UnionOf):
            *rest, last = parameter.type.members
            if last == _NONE and self._rarely():  # `x: str = None` means `str | None`
                annotation = self.type(rest[0])
                if len(rest) > 1:  # mypy does not see that `int | str = None` may be None
                    annotation = f"{self.name('typing', 'Union')}[{', '.join(map(self.type, rest))}]"
        written = "" if parameter.default is None else f" = {self.value(parameter.default, parameter.type)}"
        return f"{parameter.name}: {annotation}{written}"

    def _often(self) -> bool:
        return self.random.random() < 0.5

    def _rarely(self) -> bool:
        return self.random.random() < 0.2


def _last(name: str) -> str:
    return name.rpartition(".")[2]
