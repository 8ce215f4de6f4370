"""The kind of a class, by its decorators, its bases and theirs."""

import builtins
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import libcst as cst

from boilermaker.contract import hazards
from boilermaker_codegen.source.meanings import External, Found, Meaning, Scope, code
from boilermaker_codegen.source.resolve import Resolver
from boilermaker_codegen.source.symbols import ClassSymbol, ValueSymbol, dotted
from boilermaker_codegen.source.vocabulary import (
    ATTRS,
    DATACLASS,
    PLAIN_BASES,
    PLAIN_DECORATORS,
    plain,
    shown,
)
from boilermaker_codegen.types.externals import entry

Style = Literal["struct", "dataclass", "attrs", "typeddict", "namedtuple"]

_RECORDS = "a dataclass, an attrs class, a msgspec.Struct, a TypedDict, a NamedTuple or an enum"
SHOWN: dict[Style, str] = {
    "struct": "a Struct", "dataclass": "a dataclass", "attrs": "an attrs class", "typeddict": "a TypedDict", "namedtuple": "a NamedTuple",
}  # fmt: skip

_BASES: dict[str, Style] = {
    "msgspec.Struct": "struct", "typing.NamedTuple": "namedtuple", "typing.TypedDict": "typeddict",
}  # fmt: skip
_UNTELLING = frozenset({"abc.ABC", "builtins.object", "typing.Generic"})  # bases that a record may have
_VALUES = frozenset(
    {"int", "str", "float", "bytes", "datetime.datetime", "datetime.date", "decimal.Decimal", "uuid.UUID"}
)
_CALLED_BASES = frozenset({"typing.NamedTuple", "typing.TypedDict", "collections.namedtuple"})
_DECLARING_BASES: frozenset[Style] = frozenset({"struct", "typeddict"})
_FILLED_IN: frozenset[Style] = frozenset({"dataclass", "attrs", "namedtuple"})
_PLAIN_METACLASSES = frozenset({"abc.ABCMeta", "builtins.type"})
_MAKING = frozenset(
    {"__init__", "__new__", "__post_init__", "__attrs_pre_init__", "__attrs_post_init__", "__attrs_init__"}
)


@dataclass(frozen=True, eq=False)
class Kind:
    """The kind of a class.

    Attributes:
        style: None for a plain class: it may be a base of records, but cannot be sent itself.
        options: keyword options, of the class or its decorator.
        implied: options that its decorator implies.
        is_declaring: whether its own annotations are fields; a class that only inherits from a dataclass has
            none.
        bases: its bases, in order.
    """

    style: Style | None
    options: tuple[cst.Arg, ...]
    implied: Mapping[str, Any]
    is_declaring: bool
    bases: tuple[Meaning, ...]


class Classes:
    """Determines the kind of classes of the service.

    Args:
        resolver: resolves names.
    """

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._known: dict[str, Kind] = {}

    def record(self, found: Found, node: cst.ClassDef) -> tuple[Style, Kind]:
        """The kind of a class that is used in messages.

        Raises:
            Refused: it cannot be sent in a message, or its kind cannot be known.
        """
        kind = self.kind(found, node)
        if kind.style is None:
            bases = ", ".join(shown(name) for name in map(_name, kind.bases) if name not in _UNTELLING)
            name = node.name.value
            what = (
                f"`{name}` is a `{bases}`, which cannot be sent in a message"
                if bases
                else f"`{name}` cannot be sent in a message"
            )
            if bases in _VALUES:
                what = (
                    f'msgspec does not support subclasses of `{bases}`; write `{name} = NewType("{name}", '
                    f"{bases})`"
                )
                raise found.scope.refuse(node.name, "CLASS_NOT_READ", f"{what}{entry(found.id, bases)}")
            wire = "dict[str, typing.Any]" if "pydantic.BaseModel" in bases else ""
            further = entry(found.id, wire) if wire else ""
            raise found.scope.refuse(node.name, "CLASS_NOT_READ", f"{what}; make it {_RECORDS}{further}")
        if (has := self._own_making(found, node, hides_init=False)) is not None and kind.style in _FILLED_IN:
            why = hazards.bypassed(node.name.value, has, kind.style)
            raise found.scope.refuse(node.name, "CLASS_REFUSED", why)
        return kind.style, kind

    def _own_making(self, found: Found, node: cst.ClassDef, *, hides_init: bool) -> str | None:
        """What msgspec bypasses: custom code by which a class, or one of its bases, creates its objects.

        Args:
            found: the class.
            node: its statement.
            hides_init: whether a subclass has an `__init__`, which hides that of this class.
        """
        own = {part.name.value for part in node.body.body if isinstance(part, cst.FunctionDef)}
        for argument in node.keywords:
            if argument.keyword is not None and argument.keyword.value == "metaclass":
                metaclass = _name(self._resolver.resolve(argument.value, found.scope))
                if metaclass not in _PLAIN_METACLASSES:
                    return f"the metaclass `{code(argument.value)}`"
        if "__init__" in own and not hides_init:
            return "its own `__init__`"
        if "__new__" in own:
            return "its own `__new__`"
        hides = hides_init or "__init__" in own or self._record_decorator(node, found.scope)[0] is not None
        inner = (
            self._own_making(base, base.symbol.node, hides_init=hides)
            for base in self.bases(node, found.scope)
            if isinstance(base, Found) and isinstance(base.symbol, ClassSymbol)
        )
        return next(filter(None, inner), None)

    def kind(self, found: Found, node: cst.ClassDef) -> Kind:
        """The kind of a class.

        Raises:
            Refused: it cannot be known, or the class is of several kinds.
        """
        if found.id not in self._known:
            self._known[found.id] = self._kind(found, node)
        return self._known[found.id]

    def _kind(self, found: Found, node: cst.ClassDef) -> Kind:
        decorator, made_by = self._record_decorator(node, found.scope)
        bases = tuple(self.bases(node, found.scope))
        style: Style | None = None
        if decorator is not None:
            style = "attrs" if made_by in ATTRS else "dataclass"
        is_declaring = decorator is not None
        for argument, base in zip(node.bases, bases, strict=True):
            inherited = self._inherited(base, argument, node, found.scope, is_record=style is not None)
            if style is not None and inherited is not None and inherited != style:
                raise found.scope.refuse(
                    argument,
                    "CLASS_REFUSED",
                    f"`{node.name.value}` is {SHOWN[style]}, and `{_name(base)}` is {SHOWN[inherited]}; use "
                    f"the same kind for both, or make one a field of the other",
                )
            style = style or inherited
            is_declaring = is_declaring or inherited in _DECLARING_BASES or base in _NAMED_TUPLES
        options = (
            node.keywords if decorator is None else decorator.args if isinstance(decorator, cst.Call) else ()
        )
        return Kind(style, tuple(options), ATTRS.get(made_by, {}), is_declaring, bases)

    def _inherited(
        self, base: Meaning, argument: cst.Arg, node: cst.ClassDef, scope: Scope, *, is_record: bool
    ) -> Style | None:
        """The kind that a base gives a class."""
        if isinstance(base, External) and plain(base.name) in _BASES:
            return _BASES[plain(base.name)]
        if isinstance(base, Found) and isinstance(base.symbol, ClassSymbol):
            return self.kind(base, base.symbol.node).style
        if isinstance(base, External) and (plain(base.name) in PLAIN_BASES or not is_record):
            return None
        raise scope.refuse(
            argument,
            "CLASS_NOT_READ",
            f"the fields that `{node.name.value}` inherits from `{_name(base)}` cannot be known; write it "
            "without that base",
        )

    def bases(self, node: cst.ClassDef, scope: Scope) -> list[Meaning]:
        """The base classes of a class, without type arguments.

        Raises:
            Refused: one cannot be resolved.
        """
        return [self._base(outer_of(argument), node, scope) for argument in node.bases]

    def _base(self, base: cst.BaseExpression, node: cst.ClassDef, scope: Scope) -> Meaning:
        self._check_written(base, base, node, scope)
        meaning = self._resolver.resolve(base, scope)
        if isinstance(meaning, Found) and isinstance(meaning.symbol, ValueSymbol) and meaning.symbol.value:
            self._check_written(meaning.symbol.value, base, node, scope, meaning.scope)
        if not (
            isinstance(meaning, Found)
            and isinstance(meaning.symbol, ClassSymbol)
            and meaning.symbol.node is node
        ):
            return meaning
        if hasattr(
            builtins, node.name.value
        ):  # `class TimeoutError(TimeoutError)`: the class is not bound yet
            return External(f"builtins.{node.name.value}")
        raise scope.refuse(
            base,
            "NAME_UNKNOWN",
            f"`{node.name.value}` inherits from itself, which is not defined yet here; name another base",
        )

    def _check_written(
        self,
        value: cst.BaseExpression,
        base: cst.BaseExpression,
        node: cst.ClassDef,
        scope: Scope,
        home: Scope | None = None,
    ) -> None:
        """Check that a base is not a class created by a call."""
        if not isinstance(value, cst.Call) or not dotted(value.func):
            return
        maker = self._resolver.resolve(value.func, home or scope)
        if isinstance(maker, External) and plain(maker.name) in _CALLED_BASES:
            kind = plain(maker.name).replace("collections.namedtuple", "typing.NamedTuple")
            raise scope.refuse(
                base,
                "CLASS_NOT_READ",
                f"`{node.name.value}` inherits from the result of a call of `{plain(maker.name)}`, which is "
                f"not supported; write its fields in a class, `class Base({kind}): ...`, and inherit from "
                "that, or write them here",
            )

    def names(self, node: cst.ClassDef, scope: Scope) -> list[str]:
        """Full names of the base classes; ids for those of the service."""
        return [_name(base) for base in self.bases(node, scope)]

    def decorators(self, node: cst.ClassDef, scope: Scope) -> Iterator[tuple[cst.BaseExpression, str]]:
        """The decorators of a class, each with its full name."""
        for decorator in node.decorators:
            expression = decorator.decorator
            named = expression.func if isinstance(expression, cst.Call) else expression
            yield expression, _name(self._resolver.resolve(named, scope))

    def _record_decorator(self, node: cst.ClassDef, scope: Scope) -> tuple[cst.BaseExpression | None, str]:
        """The decorator that turns a class into a record, with its full name."""
        found: tuple[cst.BaseExpression | None, str] = (None, "")
        for decorator, name in self.decorators(node, scope):
            if name == DATACLASS or name in ATTRS:
                found = decorator, name
            elif name not in PLAIN_DECORATORS:
                raise scope.refuse(
                    decorator,
                    "CLASS_NOT_READ",
                    f"what `@{code(decorator)}` makes of `{node.name.value}` cannot be known; write "
                    f"{_RECORDS}, without other decorators",
                )
        return found

    def runs_code(self, found: Found) -> bool:
        """Whether creating an object of a class runs code of the service."""
        if not isinstance(found.symbol, ClassSymbol):
            return True
        node = found.symbol.node
        own = any(isinstance(part, cst.FunctionDef) and part.name.value in _MAKING for part in node.body.body)
        return (
            own
            or _converts(node)
            or any(self.runs_code(base) for base in self.bases(node, found.scope) if isinstance(base, Found))
        )


_NAMED_TUPLES: tuple[Any, ...] = (External("typing.NamedTuple"), External("typing_extensions.NamedTuple"))


def outer_of(argument: cst.Arg) -> cst.BaseExpression:
    """A base class without its type arguments."""
    return argument.value.value if isinstance(argument.value, cst.Subscript) else argument.value


def _name(meaning: Meaning) -> str:
    return meaning.id if isinstance(meaning, Found) else plain(meaning.name)


def _converts(node: cst.ClassDef) -> bool:
    """Whether a field of an attrs class has a converter."""
    values = (
        small.value
        for line in node.body.body
        if isinstance(line, cst.SimpleStatementLine)
        for small in line.body
        if isinstance(small, cst.AnnAssign) and isinstance(small.value, cst.Call)
    )
    return any(
        argument.keyword is not None and argument.keyword.value == "converter"
        for value in values
        for argument in cst.ensure_type(value, cst.Call).args
    )
