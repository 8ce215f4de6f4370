"""Dataclasses, attrs classes, Structs, named tuples and TypedDicts read from source text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import libcst as cst
import msgspec

from boilermaker.contract import BY_WORKER, Field, RecordDefinition
from boilermaker_codegen.source.docs import doc_of
from boilermaker_codegen.source.meanings import Scope, code
from boilermaker_codegen.types import inheritance
from boilermaker_codegen.types.attrs_options import UNREAD, read_option
from boilermaker_codegen.types.bodies import Body, annotated
from boilermaker_codegen.types.classes import SHOWN, Style
from boilermaker_codegen.types.declared import Declared, Shell
from boilermaker_codegen.types.fields import Fields
from boilermaker_codegen.types.inheritance import Bindings
from boilermaker_codegen.types.literals import Literals
from boilermaker_codegen.types.namespaces import namespace

# Options of each style that affect the wire or the stub, and those that do not, which are only validated.
_OPTIONS: dict[Style, frozenset[str]] = {
    "struct": frozenset({
        "frozen", "kw_only", "array_like", "omit_defaults", "forbid_unknown_fields", "tag", "tag_field", "rename",
    }),
    "dataclass": frozenset({"frozen", "kw_only", "slots"}),
    "attrs": frozenset({"frozen", "kw_only", "auto_attribs", "collect_by_mro"}),
    "typeddict": frozenset({"total"}),
    "namedtuple": frozenset(),
}  # fmt: skip
_IGNORED: dict[Style, frozenset[str]] = {
    "struct": frozenset({"eq", "order", "gc", "weakref", "dict", "cache_hash", "repr_omit_defaults"}),
    "attrs": frozenset({
        "init", "repr", "eq", "order", "cmp", "hash", "unsafe_hash", "slots", "weakref_slot", "str", "cache_hash", "auto_exc",
        "auto_detect", "getstate_setstate", "on_setattr", "match_args", "force_kw_only", "repr_ns",
    }),
    "dataclass": frozenset({"init", "repr", "eq", "order", "unsafe_hash", "match_args", "weakref_slot"}),
}  # fmt: skip
_OF_OLD_ATTRS = frozenset({"cmp", "collect_by_mro", "repr_ns"})
_REMEDIES = {
    "lay-out conflict": "; only one base of a Struct may have fields: make the other a field",
    "metaclass conflict": "; a Struct cannot be an ABC: leave that base out",
}


@dataclass(frozen=True, kw_only=True)
class RecordSource:
    """A class that is a record, or a plain one that a record inherits from.

    Attributes:
        id: names it in the contract.
        node: the class.
        name: its qualified name.
        style: None for a plain class.
        scope: the scope of its body.
        options: keyword options, of the class or its decorator.
        implied: options that its decorator implies.
        is_declaring: whether its own annotations are fields.
        bases: its bases, re-created.
        bindings: of each of them, what stands for its type variables.
        parameters: names of its own type variables.
    """

    id: str
    node: cst.ClassDef
    name: str
    style: Style | None
    scope: Scope
    options: tuple[cst.Arg, ...] = ()
    implied: Mapping[str, Any] = field(default_factory=dict[str, Any])
    is_declaring: bool = False
    bases: tuple[Any, ...] = ()
    bindings: Mapping[Any, Bindings] = field(default_factory=dict[Any, Bindings])
    parameters: tuple[str, ...] = ()


class Records:
    """Reads records.

    Args:
        fields: reads fields.
        literals: reads options.
    """

    def __init__(self, fields: Fields, literals: Literals) -> None:
        self._fields = fields
        self._literals = literals
        self._made: dict[str, Any] = {}
        self._own: dict[Any, tuple[Field, ...]] = {}
        self._bindings: dict[Any, Mapping[Any, Bindings]] = {}

    def made(self, id_: str) -> Any:
        """A class that was read, re-created."""
        return self._made[id_]

    def read(self, source: RecordSource) -> RecordDefinition:
        """The definition of a record.

        Raises:
            Refused: it is not supported; the error names all fields in question.
        """
        if source.style is None:
            raise TypeError(source)  # a plain class has no definition
        options = {**source.implied, **self._options(source)}
        if options.pop("auto_attribs", True) is False:
            raise source.scope.refuse(
                source.node.name,
                "CLASS_NOT_READ",
                f"the fields of `{source.name}` may lack annotations, which msgspec requires; write "
                "`@attrs.define`, or pass `auto_attribs=True`",
            )
        own: Sequence[Declared] = ()
        class_variables: Sequence[str] = ()
        if source.is_declaring:
            body = Body(
                node=source.node,
                style=source.style,
                scope=source.scope,
                is_total=options.pop("total", True),
                has_slots=options.get("slots") is True,
            )
            own, class_variables = self._fields.read(body)
        else:
            self._check_undeclared(source)
        fields = tuple(declared.field for declared in own)
        record = RecordDefinition(
            name=source.name,
            style=source.style,
            fields=fields,
            doc=doc_of(source.node),
            parameters=source.parameters,
        )
        made = self._recreated(record, own, self._shell(source, options, class_variables), source)
        bindings = inheritance.bindings(made, self._bindings)
        known = inheritance.latest(made, source.bases, {**self._own, made: fields}, bindings)
        definition = inheritance.described(made, record, known, bindings)
        self._check_rows(definition, source)
        self._own[made] = definition.fields if source.style == "typeddict" else fields
        return definition

    def plain(self, source: RecordSource) -> None:
        """Register a plain class that records inherit from.

        Raises:
            Refused: Python would reject it.
        """
        try:
            made = inheritance.undeclared(source.node.name.value, source.bases, self._shell(source))
        except (AttributeError, TypeError, ValueError) as error:
            raise self._refused(source, error) from None
        self._keep(made, source)

    def _recreated(
        self,
        record: RecordDefinition,
        own: Sequence[Declared],
        shell: Shell,
        source: RecordSource,
    ) -> Any:
        try:
            if source.is_declaring:
                made = inheritance.recreated(record, own, shell, source.bases)
            else:
                made = inheritance.undeclared(source.node.name.value, source.bases, shell)
        except (AttributeError, TypeError, ValueError) as error:
            raise self._refused(source, error) from None
        return self._keep(made, source)

    def _shell(
        self,
        source: RecordSource,
        options: Mapping[str, Any] = MappingProxyType({}),
        variables: Sequence[str] = (),
    ) -> Shell:
        space = namespace(source.node, self._literals, source.scope)
        if source.style == "attrs" and "__slots__" in space:
            raise source.scope.refuse(
                source.node.name,
                "CLASS_NOT_READ",
                f"`{source.name}` has `__slots__`, whose entries attrs takes for defaults; leave it out: "
                "attrs generates it",
            )
        is_told = source.style in ("struct", "typeddict", "namedtuple") and source.is_declaring
        keywords = () if is_told else source.node.keywords  # else they are its options
        return Shell(
            {
                name: value
                for name, value in options.items()
                if value is not UNREAD or source.style == "attrs"
            },
            space,
            variables,
            {k.keyword.value: None for k in keywords if k.keyword and k.keyword.value != "metaclass"},
        )

    def instance(self, id_: str) -> Any:
        """An object of a class that was read, as mutable as all of them; None if it cannot be created, or may be shared."""
        made = self._made.get(id_)
        if made is None:
            return None
        if hasattr(made, "__total__"):
            return {}
        if issubclass(made, msgspec.Struct):
            return None if made.__struct_config__.frozen else msgspec.defstruct(made.__name__, [])()
        try:
            return object.__new__(made)
        except TypeError:  # a named tuple
            return None

    def _keep(self, made: Any, source: RecordSource) -> Any:
        kept = self._made.setdefault(source.id, made)
        self._bindings[kept] = source.bindings
        return kept

    def _refused(self, source: RecordSource, error: Exception) -> Exception:
        who = {"struct": "msgspec", "attrs": "attrs"}.get(source.style or "", "Python")
        told = " ".join(str(error).split())
        remedy = next((remedy for words, remedy in _REMEDIES.items() if words in told), "")
        return source.scope.refuse(
            source.node.name, "CLASS_REFUSED", f"{who} rejects `{source.name}`: {told}{remedy}"
        )

    def _check_rows(self, record: RecordDefinition, source: RecordSource) -> None:
        """Check that the worker decides no default in an array, where each field has its position."""
        if not record.array_like and record.style != "namedtuple":
            return
        places = {
            statement.target.value: statement.value
            for statement in annotated(source.node, source.scope)
            if isinstance(statement.target, cst.Name)
        }
        for each in record.fields:
            if each.default != BY_WORKER:
                continue
            node = places.get(each.name) or source.node.name
            array = f"and `{record.name}` is encoded as an array, from which no field can be omitted"
            if code(node) == "None":
                text = f"the default `None` of `{each.name}` is not of its type, {array}; declare it with `| None`"
                raise source.scope.refuse(node, "DEFAULT_UNFIT", text)
            raise source.scope.refuse(
                node,
                "VALUE_UNREADABLE",
                f"the default of `{each.name}` cannot be known without running the code, {array}; write a "
                "literal, or make it a class that is encoded as an object",
            )

    def _check_undeclared(self, source: RecordSource) -> None:
        """Check a class that only inherits from a dataclass or a NamedTuple: its own annotations are not fields."""
        first = self._fields.first(source.node, source.scope)
        if first is None or source.style is None:
            return
        remedy = (
            "decorate it like its parent"
            if source.style in ("dataclass", "attrs")
            else "write all fields in one class, or make it a dataclass"
        )
        raise source.scope.refuse(
            first,
            "FIELD_NOT_READ",
            f"`{code(first.target)}` is not a field: `{source.name}` inherits from {SHOWN[source.style]}, "
            f"but is not decorated itself; {remedy}",
        )

    def _options(self, source: RecordSource) -> dict[str, Any]:
        style = source.style
        if style is None or not source.is_declaring:
            return {}
        options: dict[str, Any] = {}
        for argument in source.options:
            name = argument.keyword.value if argument.keyword else ""
            known = _OPTIONS[style] | _IGNORED.get(style, frozenset())
            if "slots" in source.implied:  # `define`, which ignores them
                known -= _OF_OLD_ATTRS
            if name not in known:
                remedy = "write its contents out" if argument.star else "leave it out"
                raise source.scope.refuse(
                    argument, "CLASS_NOT_READ", f"`{code(argument)}` is not supported; {remedy}"
                )
            if name in _OPTIONS[style]:
                options[name] = self._literals.read(argument.value, source.scope)
            else:
                options[name] = read_option(argument.value, self._literals, source.scope)
            if name == "init" and options[name] is not True:
                raise source.scope.refuse(
                    argument,
                    "CLASS_NOT_READ",
                    f"{SHOWN[style]} without `__init__` cannot be decoded",
                )
        return options
