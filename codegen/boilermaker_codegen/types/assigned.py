"""The right side of a field's `=`: a default, or a call that configures the field."""

from dataclasses import dataclass, replace
from typing import Any

import libcst as cst

from boilermaker.contract import BY_WORKER, ByWorker
from boilermaker_codegen.problems import Refused
from boilermaker_codegen.source.meanings import External, Scope, code
from boilermaker_codegen.source.resolve import Resolver
from boilermaker_codegen.source.symbols import dotted
from boilermaker_codegen.source.vocabulary import ATTRS_FACTORIES, ATTRS_FIELDS, plain
from boilermaker_codegen.types import attrs_options
from boilermaker_codegen.types.attrs_options import read_option
from boilermaker_codegen.types.classes import Style
from boilermaker_codegen.types.literals import Literals, Value
from boilermaker_codegen.types.results import Results
from boilermaker_codegen.types.samples import Samples

MAKERS: dict[Style, frozenset[str]] = {
    "dataclass": frozenset({"dataclasses.field"}),
    "struct": frozenset({"msgspec.field"}),
    "attrs": ATTRS_FIELDS,
}
_EVERY_MAKER = frozenset(maker for makers in MAKERS.values() for maker in makers)
_WANTED: dict[Style, str] = {
    "dataclass": "use `dataclasses.field`",
    "struct": "use `msgspec.field`",
    "attrs": "use `attrs.field`",
}
_OTHERS = frozenset({"boilermaker", "msgspec"})
_IGNORED: dict[Style, frozenset[str]] = {
    "dataclass": frozenset({"repr", "hash", "compare", "metadata"}),
    "attrs": frozenset({"repr", "hash", "eq", "order", "metadata", "on_setattr", "validator", "converter"}),
}
_NOT_CALLED = (cst.BaseNumber, cst.BaseString, cst.BaseList, cst.Tuple, cst.BaseSet, cst.BaseDict)
_POSITIONAL = ("attr.ib", "attr.attrib")  # the others take keyword arguments only
_DEFAULTS = ("default", "default_factory", "factory")
_FACTORIES = {"builtins.list", "builtins.dict", "builtins.set", "builtins.frozenset", "builtins.tuple"}


@dataclass(frozen=True, kw_only=True)
class Assigned:
    """The configuration of a field.

    Attributes:
        name: its name as an argument, if it differs.
        wire: its name on the wire, if it differs.
        is_made: whether the default is created anew for each object.
        is_by_name: whether it is keyword-only; None if not specified.
        sample: an object as mutable as the default; None if the default may be shared.
        has_hook: whether attrs runs code when it is set.
    """

    name: str | None = None
    wire: str | None = None
    default: Value | ByWorker | None = None
    is_made: bool = False
    is_by_name: bool | None = None
    sample: Any = None
    has_hook: bool = False


class Assignments:
    """Reads what is assigned to fields.

    Args:
        resolver: resolves names.
        literals: reads values.
        samples: finds objects that are as mutable as defaults.
    """

    def __init__(self, resolver: Resolver, literals: Literals, samples: Samples) -> None:
        self._resolver = resolver
        self._literals = literals
        self._samples = samples
        self._results = Results(resolver, _EVERY_MAKER | ATTRS_FACTORIES, _OTHERS)

    def maker(self, node: cst.BaseExpression | None, scope: Scope) -> str:
        """The full name of the called object, if it is outside of the service."""
        if not isinstance(node, cst.Call) or not dotted(node.func):
            return ""
        meaning = self._resolver.resolve(node.func, scope)
        return meaning.name if isinstance(meaning, External) else ""

    def read(self, node: cst.BaseExpression | None, style: Style, scope: Scope) -> Assigned:
        """Read the right side of a field's `=`.

        Raises:
            Refused: it is not supported.
        """
        if node is None:
            return Assigned()
        maker = self.maker(node, scope)
        if maker in _EVERY_MAKER and isinstance(node, cst.Call):
            if maker not in MAKERS.get(style, ()):
                remedy = _WANTED.get(style, "leave it out")
                raise scope.refuse(node, "FIELD_NOT_READ", f"`{maker}` has no effect in this class; {remedy}")
            return self._call(node, style, scope)
        found = self._default(Assigned(), node, style, scope)
        if style in MAKERS and found.default == BY_WORKER and not found.is_made:
            self._check_plain(node, style, scope)
        return found

    def _check_plain(self, node: cst.BaseExpression, style: Style, scope: Scope) -> None:
        """Check that an expression that cannot be evaluated here is a plain value.

        Raises:
            Refused: it may be the result of a field specifier.
        """
        if self._results.may_be(node, scope):
            factory = "factory" if style == "attrs" else "default_factory"
            raise scope.refuse(
                node,
                "FIELD_NOT_READ",
                f"what `{code(node)}` returns cannot be known without running the code, and it may set more "
                f"than the default; {_WANTED[style]} here, with `{factory}=...` for a default that is "
                "computed",
            )

    def _default(self, so_far: Assigned, node: cst.BaseExpression, style: Style, scope: Scope) -> Assigned:
        if style == "attrs" and self.maker(node, scope) in ATTRS_FACTORIES and isinstance(node, cst.Call):
            return replace(so_far, default=self._attrs_factory(node, scope), is_made=True)
        default = self._literals.default(node, scope)
        return replace(so_far, default=default, sample=self._samples.of(default, node, scope))

    def _call(self, call: cst.Call, style: Style, scope: Scope) -> Assigned:
        found = Assigned()
        options: dict[str, Any] = {}
        positional = style == "attrs" and self.maker(call, scope) in _POSITIONAL
        for number, argument in enumerate(call.args):
            name = argument.keyword.value if argument.keyword else ""
            if name == "" and number == 0 and positional and not argument.star:
                name = "default"
            if name in _DEFAULTS and found.default is not None:
                raise _twice(call, style, scope)
            match name, style:
                case "default", _:
                    found = self._default(found, argument.value, style, scope)
                case ("default_factory", "dataclass" | "struct") | ("factory", "attrs"):
                    found = replace(found, default=self._factory(argument.value, scope), is_made=True)
                case "name", "struct":
                    found = replace(found, wire=self._literals.read(argument.value, scope))
                case "alias", "attrs":
                    found = replace(found, name=self._literals.read(argument.value, scope))
                case "kw_only", "dataclass" | "attrs":
                    found = replace(found, is_by_name=self._literals.read(argument.value, scope))
                case "init", "dataclass" | "attrs" if self._literals.read(argument.value, scope) is True:
                    pass
                case _ if name in _IGNORED.get(style, ()):
                    options[name] = read_option(argument.value, self._literals, scope)
                case _:
                    raise _unread(argument, name, scope)
        if style == "attrs" and (told := attrs_options.broken_by_field(options)):
            raise scope.refuse(call, "CLASS_REFUSED", f"attrs rejects `{code(call)}`: {told}")
        return replace(found, has_hook=options.get("on_setattr") is not None)

    def _attrs_factory(self, call: cst.Call, scope: Scope) -> Value | ByWorker:
        if len(call.args) != 1 or call.args[0].star:
            raise scope.refuse(
                call,
                "FIELD_NOT_READ",
                f"`{code(call)}`: msgspec does not support defaults that depend on the object; make it "
                "without `takes_self`",
            )
        return self._factory(call.args[0].value, scope)

    def _factory(self, node: cst.BaseExpression, scope: Scope) -> Value | ByWorker:
        """The value that a factory creates, if its source shows it: `list`, `list[int]`, a lambda of a readable value."""
        if isinstance(node, _NOT_CALLED):
            raise scope.refuse(
                node,
                "CLASS_REFUSED",
                f"`{code(node)}` does not create a value; write a function that does, such as `lambda: "
                f"{code(node)}`",
            )
        if isinstance(node, cst.Lambda) and not node.params.params:
            return self._literals.default(node.body, scope)
        made = node.value if isinstance(node, cst.Subscript) else node
        if isinstance(made, cst.Name | cst.Attribute):
            maker = self._resolver.resolve(made, scope)
            if isinstance(maker, External) and plain(maker.name) in _FACTORIES:
                return self._literals.value(cst.Call(func=made), replace(scope, anchor=node))
        self._literals.check_bound(node, scope)
        return BY_WORKER


def _twice(call: cst.Call, style: Style, scope: Scope) -> Refused:
    who = {"struct": "msgspec", "attrs": "attrs"}.get(style, "Python")
    factory = "factory" if style == "attrs" else "default_factory"
    return scope.refuse(
        call,
        "CLASS_REFUSED",
        f"{who} rejects `{code(call)}`: it has both `default` and `{factory}`; keep one of them",
    )


def _unread(argument: cst.Arg, name: str, scope: Scope) -> Refused:
    why = f"`{code(argument)}` in a field is not supported; leave it out"
    if name == "init":
        why = (
            "msgspec encodes and decodes this field although `__init__` does not take it; make it a "
            "property, or let `__init__` take it"
        )
    return scope.refuse(argument, "FIELD_NOT_READ", why)
