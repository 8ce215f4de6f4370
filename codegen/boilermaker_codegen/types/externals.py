"""Types of third parties, which the configuration says travel as other types: `[tool.boilermaker.external]`."""

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
# Modules whose names stand for no objects that a worker could make.
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
    """The types of third parties that the configuration knows.

    Args:
        given: what travels in place of each, as an annotation.
        read: reads annotations.
        types: all definitions so far; those of the types met are added.

    Attributes:
        ids: what contracts call the types met.
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
        """What contracts call a type; it is a new type of what travels in its place.

        Raises:
            Refused: what travels in its place is no annotation, names what is not there, or does not do. Told once.
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
            if not refused.problems:  # told where it is: the module that it names cannot be read
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
        """The type that an annotation names, all of whose names are full names."""
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
    """What to write for a type that the configuration does not know, ready to be pasted; empty where that cannot help."""
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
