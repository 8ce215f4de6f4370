"""What mypy makes of source: types of functions and of classes' fields, for comparison with what the generator reads.

Both sides are brought to one plain form in which order in unions and limits, which mypy does not keep, do not count.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mypy import build, nodes, types
from mypy.expandtype import expand_type_by_instance
from mypy.maptype import map_instance_to_supertype
from mypy.modulefinder import BuildSource
from mypy.options import Options
from mypy.typevars import fill_typevars

from boilermaker.contract import (
    Constrained,
    Container,
    Definition,
    LiteralOf,
    MappingOf,
    Named,
    Scalar,
    TupleOf,
    Type,
    UnionOf,
    Variable,
)

Plain = Any
_SCALARS = {
    "builtins.bool": "bool", "builtins.int": "int", "builtins.float": "float", "builtins.str": "str",
    "builtins.bytes": "bytes", "builtins.bytearray": "bytearray", "builtins.object": "any",
    "datetime.datetime": "datetime", "datetime.date": "date", "datetime.time": "time",
    "datetime.timedelta": "timedelta", "uuid.UUID": "uuid", "decimal.Decimal": "decimal", "_decimal.Decimal": "decimal",
}  # fmt: skip
_GENERICS = {"builtins.list": "list", "builtins.set": "set", "builtins.frozenset": "frozenset", "builtins.dict": "dict",
             "builtins.tuple": "tuple", "typing.AbstractSet": "Set"}  # fmt: skip


class Oracle:
    """One run of mypy over modules below some folders."""

    def __init__(self, folders: Sequence[Path], modules: Iterable[str]) -> None:
        options = Options()
        options.python_version = sys.version_info[:2]
        options.incremental = False
        options.implicit_optional = True  # as at run time: `x: str = None`
        options.mypy_path = [str(folder) for folder in folders]
        options.namespace_packages = True
        options.explicit_package_bases = True
        options.export_types = False
        options.per_module_options["boilermaker.*"] = {"follow_imports": "skip"}
        options.per_module_options["boilermaker"] = {"follow_imports": "skip"}
        self.result = build.build([BuildSource(None, module) for module in modules], options)

    def function(self, module: str, name: str) -> tuple[dict[str, Plain], Plain]:
        """A handler's parameters, the state left out, and its result."""
        node = self.result.files[module].names[name].node
        function = node.func if isinstance(node, nodes.Decorator) else node
        assert isinstance(function, nodes.FuncDef)
        signature = function.type
        assert isinstance(signature, types.CallableType)
        coroutine = types.get_proper_type(signature.ret_type)
        assert isinstance(coroutine, types.Instance)
        pairs = zip(signature.arg_names[1:], signature.arg_types[1:], strict=True)
        return {str(n): of_mypy(t) for n, t in pairs}, of_mypy(coroutine.args[2])

    def fields(self, module: str, name: str) -> dict[str, Plain]:
        """The fields of a class with their types, those that it inherits too."""
        outer, *inner = name.split(".")
        info = self.result.files[module].names[outer].node
        for part in inner:
            assert isinstance(info, nodes.TypeInfo)
            info = info.names[part].node
        assert isinstance(info, nodes.TypeInfo)
        if info.typeddict_type is not None:
            return {key: of_mypy(type_) for key, type_ in info.typeddict_type.items.items()}
        return {
            key: of_mypy(_inherited(symbol.node.type, parent, info))
            for parent in reversed(info.mro)
            for key, symbol in parent.names.items()
            if isinstance(symbol.node, nodes.Var) and symbol.node.type is not None and symbol.node.is_ready
        }


def _inherited(type_: types.Type, owner: nodes.TypeInfo, info: nodes.TypeInfo) -> types.Type:
    """The type of a field as a class has it that may inherit it from a generic one."""
    return expand_type_by_instance(type_, map_instance_to_supertype(_filled(info), owner))


def _filled(info: nodes.TypeInfo) -> types.Instance:
    """A class with its own type variables as its arguments."""
    filled = fill_typevars(info)
    return filled if isinstance(filled, types.Instance) else filled.partial_fallback


def of_mypy(given: types.Type) -> Plain:
    """A type of mypy's."""
    type_ = types.get_proper_type(given)
    match type_:
        case types.AnyType():
            return "any"
        case types.NoneType():
            return "none"
        case types.LiteralType(value=value):
            return "literal", type(value).__name__, value
        case types.UnionType(items=items):
            return _union(of_mypy(item) for item in items)
        case types.TypeVarType(fullname=name):
            return "variable", name.rpartition(".")[2]
        case types.TypedDictType(fallback=fallback):  # which knows its keys, not its arguments
            return "named", fallback.type.fullname
        case types.TupleType(partial_fallback=fallback, items=items):
            if fallback.type.fullname != "builtins.tuple":
                return "named", fallback.type.fullname, *(of_mypy(arg) for arg in fallback.args)
            return "tuple of", *(of_mypy(item) for item in items)
        case types.Instance(args=args):
            name = type_.type.fullname
            if name in _SCALARS:
                return _SCALARS[name]
            generic = _GENERICS.get(name, name.removeprefix("typing.") if name.startswith("typing.") else "")
            return (*([generic] if generic else ["named", name]), *(of_mypy(arg) for arg in args))
        case _:
            raise TypeError(f"mypy says {type_!r}")


def of_contract(type_: Type, definitions: Mapping[str, Definition]) -> Plain:
    """A type of the contract's."""

    def of(part: Type) -> Plain:
        return of_contract(part, definitions)

    match type_:
        case Scalar(name=name):
            return name
        case LiteralOf(values=values):
            return _union(
                "none" if value is None else ("literal", type(value).__name__, value) for value in values
            )
        case UnionOf(members=members):
            return _union(of(member) for member in members)
        case Constrained(type=inner):
            return of(inner)
        case TupleOf(items=items):
            return "tuple of", *(of(item) for item in items)
        case Container(container=container, item=item):
            return container, of(item)
        case MappingOf(mapping=mapping, key=key, value=value):
            return mapping, of(key), of(value)
        case Variable(name=name):
            return "variable", name
        case Named(id=id_, arguments=arguments):
            is_typed_dict = getattr(definitions[id_], "style", "") == "typeddict"
            return "named", id_, *(() if is_typed_dict else map(of, arguments))


def or_none(type_: Plain) -> Plain:
    """A type, or None: mypy makes `x: str = None` optional, and leaves `x: int | str = None` as it is written."""
    return _union((type_, "none"))


def _union(parts: Iterable[Plain]) -> Plain:
    members: set[Plain] = set()
    for part in parts:
        members |= part if isinstance(part, frozenset) else {part}
    if "any" in members:
        return "any"  # `x: Any = None` is Optional to mypy
    return next(iter(members)) if len(members) == 1 else frozenset(members)
