"""Third-party types that the configuration maps to wire types: `[tool.boilermaker.external]`."""

import json
from collections.abc import Callable, Iterator, Mapping

import libcst as cst

from boilermaker.contract import Definition, NewTypeDefinition, Type, external_id, unfit_wire
from boilermaker_codegen.config import TABLE
from boilermaker_codegen.problems import Refused
from boilermaker_codegen.source.discover import SourceFile
from boilermaker_codegen.source.meanings import Scope, code
from boilermaker_codegen.source.parse import Module
from boilermaker_codegen.source.syntax import Source
from boilermaker_codegen.source.walking import descendants

_SHOWN = f"{TABLE}.external"
_FILE = SourceFile(location="", shown=f"`{_SHOWN}`", module="", is_package=False)
# Modules whose names are not classes of objects that a worker could create.
_WITHOUT_OBJECTS = frozenset(
    {
        "boilermaker",
        "builtins",
        "calendar",
        "collections",
        "dataclasses",
        "enum",
        "http",
        "msgspec",
        "signal",
        "types",
        "typing",
    }
)


class Externals:
    """The third-party types in the configuration.

    Args:
        given: the wire type of each, as an annotation.
        read: reads annotations.
        types: all definitions so far; those of the types met are added.

    Attributes:
        ids: the ids in contracts of the types used.
    """

    def __init__(
        self,
        given: Mapping[str, str],
        read: Callable[[cst.BaseExpression, Scope], Type],
        types: dict[str, Definition],
    ) -> None:
        self.ids: set[str] = set()
        self._given = given
        self._read = read
        self._types = types
        self._met: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._given

    def define(self, name: str, node: cst.CSTNode, scope: Scope) -> str:
        """The id of a type in contracts, where it is a NewType of its wire type.

        Raises:
            Refused: the wire type is not an annotation, uses an unknown name, or is not supported. Reported once.
        """
        id_ = external_id(name)
        if name not in self._met:
            self._met.add(name)
            self._types[id_] = self._definition(name, id_, node, scope)
            self.ids.add(id_)
        return id_

    def _definition(self, name: str, id_: str, node: cst.CSTNode, scope: Scope) -> NewTypeDefinition:
        try:
            wire = self._wire(self._given[name])
        except Refused as refused:
            if not refused.problems:  # reported in the module that it names, which cannot be read
                raise
            raise self._refused(name, node, scope, refused.problems[0].message) from None
        if (why := unfit_wire(wire, self._types)) is not None:
            raise self._refused(name, node, scope, why)
        definition = NewTypeDefinition(name=name.rpartition(".")[2], type=wire)
        if self._types.get(id_, definition) != definition:
            raise self._refused(
                name, node, scope, f"another `{id_}` is encoded differently; give both the same wire type"
            )
        return definition

    def _wire(self, annotation: str) -> Type:
        """The type of an annotation in which all names are full names."""
        try:
            node = cst.parse_expression(annotation.strip())
        except (cst.ParserSyntaxError, ValueError):
            module = Module(_FILE, Source(cst.Module(body=())))
            raise module.refuse(module.tree, "CONFIG_INVALID", "it is not a type annotation") from None
        imports = "".join(f"import {root}\n" for root in sorted(set(_roots(node))))
        source = Source(cst.parse_module(imports))
        return self._read(node, Scope(Module(_FILE, source)))

    def _refused(self, name: str, node: cst.CSTNode, scope: Scope, why: str) -> Refused:
        said = f"{json.dumps(name)} = {json.dumps(self._given[name])}"
        text = f"`{code(node)}`: `{said}` in `[{_SHOWN}]` cannot be used: {why}"
        return scope.refuse(node, "CONFIG_INVALID", text)


def entry(name: str, wire: str = "str") -> str:
    """The configuration entry for an unknown type, ready to be pasted; empty if that would not help."""
    if name.partition(".")[0] in _WITHOUT_OBJECTS:
        return ""
    return (
        f", or declare the wire type that replaces it:\n    [{_SHOWN}]\n    {json.dumps(name)} = "
        f"{json.dumps(wire)}"
    )


def _roots(node: cst.CSTNode) -> Iterator[str]:
    """The first names of dotted names."""
    for part in (node, *descendants(node)):
        if isinstance(part, cst.Attribute) and isinstance(part.value, cst.Name):
            yield part.value.value
