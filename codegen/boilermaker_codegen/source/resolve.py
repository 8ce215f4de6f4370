"""What a name means, across the modules of the service, without importing any of them."""

import builtins
import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace

import libcst as cst

from boilermaker_codegen.error_ids import ErrorId
from boilermaker_codegen.problems import Refused, Unknown
from boilermaker_codegen.source.exports import KNOWN, Exports, known_names
from boilermaker_codegen.source.parse import Module, Reading
from boilermaker_codegen.source.symbols import (
    Binding,
    ClassSymbol,
    FunctionSymbol,
    Imported,
    Rebound,
    Symbol,
    TypeParameter,
    TypeStatement,
    ValueSymbol,
    dotted,
    symbols_of,
)
from boilermaker_codegen.source.vocabulary import plain

_BUILTINS = frozenset(dir(builtins))
_OF_MODULES = frozenset(
    {"__file__", "__path__", "__cached__"}
)  # in each module, though nothing in it binds them


@dataclass(frozen=True, eq=False)
class Scope:
    """Where an expression stands: a module, and the classes around it.

    Attributes:
        anchor: the node to name in errors, for expressions that are no part of the file's own tree (quoted annotations).
        parameters: those that the class or alias around declares in brackets.
        variables: ids of the type variables that it takes, of those that are made by `TypeVar`.
        moment: the name that it is the value of: it is read when that is bound, and sees what is bound by then.
    """

    module: Module
    classes: tuple[cst.ClassDef, ...] = ()
    anchor: cst.CSTNode | None = None
    parameters: cst.TypeParameters | None = None
    variables: frozenset[str] = frozenset()
    moment: cst.CSTNode | None = None

    def refuse(self, node: cst.CSTNode, id_: ErrorId, message: str) -> Refused:
        """The error that says what is wrong at a node."""
        return self.module.refuse(self.anchor or node, id_, message)

    def unknown(self, node: cst.CSTNode, id_: ErrorId, message: str) -> Unknown:
        """The error that says that a node cannot be understood without running the code."""
        return Unknown(*self.refuse(node, id_, message).problems)

    def inside(self, node: cst.ClassDef) -> "Scope":
        """The scope of a class's body."""
        return replace(
            self,
            classes=(*self.classes, node),
            anchor=None,
            parameters=node.type_parameters,
            variables=frozenset(),
            moment=None,
        )

    def generic(self, parameters: cst.TypeParameters | None, variables: Iterable[str]) -> "Scope":
        """The same place, in a class or alias that takes these type variables."""
        return replace(self, anchor=None, parameters=parameters, variables=frozenset(variables))

    def quoted(self, node: cst.CSTNode) -> "Scope":
        """The scope of an expression that stands in a string, which is read when all is bound."""
        return self if self.anchor else replace(self, anchor=node, moment=None)


@dataclass(frozen=True)
class External:
    """Something outside the service: of the standard library, of a third party, a builtin (`builtins.int`)."""

    name: str


@dataclass(frozen=True)
class Package:
    """A module of the service, or a folder of such."""

    name: str


@dataclass(frozen=True, eq=False)
class Found:
    """A definition in the service.

    Attributes:
        scope: where it stands; expressions that are part of it are read there.
        name: its qualified name in its module.
    """

    scope: Scope
    name: str
    symbol: ClassSymbol | FunctionSymbol | ValueSymbol | TypeStatement | TypeParameter

    @property
    def id(self) -> str:
        """`module.QualifiedName`, as Python has it."""
        return f"{self.scope.module.name}.{self.name}"


Meaning = External | Package | Found


class Resolver:
    """Follows names through imports and re-exports; assignments of one name to another are followed too."""

    def __init__(self, library: Reading) -> None:
        self._library = library
        self.exports = Exports(library, self._module_named)

    def resolve(self, node: cst.BaseExpression, scope: Scope) -> Meaning:
        """What a name or a dotted name means.

        Raises:
            Unknown: it is neither, or what it is bound to cannot be known without running the code.
            Refused: it is not bound.
        """
        match node:
            case cst.Name(value=name):
                return self._name(name, node, scope)
            case cst.Attribute(value=inner, attr=cst.Name(value=attr)):
                return self._attribute(self.resolve(inner, scope), attr, node, scope)
            case _:
                raise scope.unknown(
                    node, "NAME_UNREADABLE", f"`{code(node)}` is not a name; give it one at module level"
                )

    def member(self, module: str, name: str, node: cst.CSTNode, scope: Scope) -> Meaning:
        """What a name means in a module that is named by text."""
        return self._member(module, name, node, scope, ())

    def _name(self, name: str, node: cst.CSTNode, scope: Scope) -> Meaning:
        if scope.classes:  # a class body sees its own names and the module's, not those of classes around it
            symbols = symbols_of(scope.classes[-1].body.body, scope.module.package)
            if name in symbols:
                qualified = ".".join([*(owner.name.value for owner in scope.classes), name])
                return self._follow(symbols[name], qualified, node, scope, replace(scope, anchor=None), ())
        for parameter in scope.parameters.params if scope.parameters else ():
            if parameter.param.name.value == name:
                return Found(scope, name, TypeParameter(parameter))
        return self._global(name, node, scope, scope.module, ())

    def _global(
        self, name: str, node: cst.CSTNode, scope: Scope, module: Module, seen: tuple[tuple[str, str], ...]
    ) -> Meaning:
        symbol = module.symbol(name)
        if symbol is not None and not _is_still_builtin(name, scope, module):
            own = self._follow(symbol, name, node, scope, Scope(module), seen)
            self._check_kept(own, name, node, scope, module, seen)
            return own
        starred = self._starred(name, node, scope, module, seen)
        if starred is not None:
            return starred
        if name in _BUILTINS and module is scope.module:
            return External(f"builtins.{name}")
        if name in _OF_MODULES:
            raise scope.unknown(node, "NAME_UNREADABLE", f"`{name}` depends on where the code runs")
        raise scope.refuse(node, "NAME_UNKNOWN", self._unbound(name, module))

    def _check_kept(
        self,
        own: Meaning,
        name: str,
        node: cst.CSTNode,
        scope: Scope,
        module: Module,
        seen: tuple[tuple[str, str], ...],
    ) -> None:
        """That no later `import *` binds a name to something else than the module itself does."""
        for star in module.later_stars.get(name, ()):
            if self._is_unread(star):
                raise scope.refuse(
                    node,
                    "NAME_AMBIGUOUS",
                    f"`{name}` is bound in {module.file.shown}, and perhaps again by the later `from {star} import *`, which "
                    f"is not read; move that import up, or import by name",
                )
            if self._given(star, name, node, scope, seen, own) is not None:
                raise scope.refuse(
                    node,
                    "NAME_AMBIGUOUS",
                    f"`{name}` is bound in {module.file.shown}, and again by a later `from {star} import *`; import it by "
                    f"name, or rename one of them",
                )

    def _starred(
        self,
        name: str,
        node: cst.CSTNode,
        scope: Scope,
        module: Module,
        seen: tuple[tuple[str, str], ...],
    ) -> Meaning | None:
        """What a name means by `from ... import *` in a module, the last of those that give it; None where none does.

        Raises:
            Refused: what gives it is followed by one from outside the service, which may give it too.
        """
        unknown = ""
        for star in reversed(module.stars):
            found = self._given(star, name, node, scope, seen)
            if found is not None and unknown:
                raise scope.refuse(
                    node,
                    "NAME_AMBIGUOUS",
                    f"`{name}` comes from `from {star} import *` in {module.file.shown}, or from the later "
                    f"`from {unknown} import *`, which is not read; import it by name",
                )
            if found is not None:
                return found
            if self._is_unread(star):
                unknown = star
        return None

    def _is_unread(self, star: str) -> bool:
        """Whether nothing is known of what a module gives: it is not the service's."""
        return star not in KNOWN and not self._library.has(star)

    def _given(
        self,
        star: str,
        name: str,
        node: cst.CSTNode,
        scope: Scope,
        seen: tuple[tuple[str, str], ...],
        known: Meaning | None = None,
    ) -> Meaning | None:
        """What `from star import *` makes of a name; None where it does not give it, or nothing but what is known."""
        key = (f"{star}.*", name)
        if star in KNOWN and name in known_names(star):
            given = External(f"{star}.{name}")
            return None if known is not None and _is_same(known, given) else given
        source = self._library.module(star) if key not in seen and self._library.has(star) else None
        if source is None:
            return None
        found: Meaning | None
        if source.binds(name):
            found = self._global(name, node, scope, source, (*seen, key))
        else:
            found = self._starred(name, node, scope, source, (*seen, key))
        if found is None and self._library.has(f"{star}.{name}") and source.binds("__all__"):
            found = Package(f"{star}.{name}")
        if found is None or (known is not None and _is_same(known, found)):
            return None
        return found if self._goes(source, name, node, scope) else None

    def _goes(self, module: Module, name: str, node: cst.CSTNode, scope: Scope) -> bool:
        is_given = self.exports.gives(module, name)
        if is_given is None:
            raise scope.refuse(
                node,
                "NAME_AMBIGUOUS",
                f"`{name}` may come from `from {module.name} import *`, but what `__all__` in {module.file.shown} holds "
                f"cannot be known without running the code; import it by name",
            )
        return is_given

    def _module_named(self, node: cst.BaseExpression, module: Module) -> str:
        """The module that an expression stands for; empty where it stands for none, or it cannot be known."""
        submodule = f"{module.name}.{node.value}" if isinstance(node, cst.Name) else ""
        if isinstance(node, cst.Name) and not module.binds(node.value) and self._library.has(submodule):
            return submodule  # an import of anything in it binds its name in the package
        try:
            meaning = self.resolve(node, Scope(module))
        except Refused:
            return ""
        return meaning.name if isinstance(meaning, Package | External) else ""

    def _follow(
        self,
        symbol: Symbol,
        name: str,
        node: cst.CSTNode,
        scope: Scope,
        place: Scope,
        seen: tuple[tuple[str, str], ...],
    ) -> Meaning:
        key = (place.module.name, name)
        if key in seen:
            raise scope.refuse(
                node,
                "NAME_UNREADABLE",
                f"`{name}` is imported in a circle: {' -> '.join(m for m, _ in (*seen, key))}",
            )
        match symbol:
            case Imported(module=module, name=imported):
                if imported is None:
                    return self._external(module)
                if module == place.module.name and self._library.has(f"{module}.{imported}"):
                    # `from . import users` in the package's own `__init__`
                    return Package(f"{module}.{imported}")
                return self._member(module, imported, node, scope, (*seen, key))
            case Rebound():
                return self._settled(symbol, name, node, scope, place, seen)
            case ValueSymbol():
                return Found(replace(place, moment=symbol.node), name, symbol)
            case ClassSymbol() | FunctionSymbol() | TypeStatement():
                return Found(place, name, symbol)

    def _settled(
        self,
        symbol: Rebound,
        name: str,
        node: cst.CSTNode,
        scope: Scope,
        place: Scope,
        seen: tuple[tuple[str, str], ...],
    ) -> Meaning:
        """What a name bound more than once means: the import that surely works, or the same whichever way it goes."""

        def follow(binding: Binding) -> Meaning:
            return self._follow(binding, name, node, scope, place, seen)

        # of an overloaded function, all but the last definition are for type checkers
        bindings = [b for b in symbol.bindings if not self._is_overload(b, place)] or symbol.bindings
        try:
            if symbol.is_tried and self._is_there(symbol.bindings[0]):
                return follow(symbol.bindings[0])
            first, *others = map(follow, bindings)
        except Refused:
            pass
        else:
            if all(_is_same(first, other) for other in others):
                return first
        raise scope.unknown(
            node,
            "NAME_AMBIGUOUS",
            f"`{name}` is bound more than once in {place.module.file.shown}, so what it means depends on when or "
            f"on a condition; bind it once",
        )

    def _is_overload(self, binding: Binding, place: Scope) -> bool:
        if not isinstance(binding, FunctionSymbol):
            return False
        for decorator in binding.node.decorators:
            named = decorator.decorator
            if dotted(named).rpartition(".")[2] != "overload":
                continue
            try:
                meaning = self.resolve(named, replace(place, classes=(), anchor=binding.node))
            except Refused:
                continue
            if isinstance(meaning, External) and plain(meaning.name) == "typing.overload":
                return True
        return False

    def _is_there(self, binding: Binding) -> bool:
        """Whether an import surely works wherever the service runs."""
        if not isinstance(binding, Imported):
            return False
        if binding.module in KNOWN:
            return binding.name is None or binding.name in known_names(binding.module)
        return self._library.has(binding.module)

    def _member(
        self, module: str, name: str, node: cst.CSTNode, scope: Scope, seen: tuple[tuple[str, str], ...]
    ) -> Meaning:
        if not self._library.has(module):
            return self._external(f"{module}.{name}")
        parsed = self._library.module(module)
        if parsed is not None and parsed.binds(name):
            return self._global(name, node, scope, parsed, seen)
        if parsed is not None and (starred := self._starred(name, node, scope, parsed, seen)) is not None:
            return starred
        if self._library.has(f"{module}.{name}"):
            return Package(f"{module}.{name}")
        if parsed is None:
            raise scope.refuse(
                node, "NAME_UNKNOWN", f"there is no module `{module}.{name}` under the source folders"
            )
        raise scope.refuse(node, "NAME_UNKNOWN", self._unbound(name, parsed))

    def _unbound(self, name: str, module: Module) -> str:
        for star in module.stars:
            if self._is_unread(star):
                return (
                    f"`{name}` is not bound by name in {module.file.shown}; it may come from `from {star} import *`: "
                    f"import it by name"
                )
        close = difflib.get_close_matches(name, sorted(module.names), n=1)
        hint = f"did you mean `{close[0]}`?" if close else "define or import it at module level"
        return f"`{name}` is not defined in {module.file.shown}; {hint}"

    def _external(self, name: str) -> Meaning:
        return Package(name) if self._library.has(name) else External(name)

    def _attribute(self, base: Meaning, attr: str, node: cst.Attribute, scope: Scope) -> Meaning:
        match base:
            case External(name=name):
                return self._external(f"{name}.{attr}")
            case Package(name=name):
                return self._member(name, attr, node, scope, ())
            case Found(symbol=ClassSymbol(node=owner)):
                inside = base.scope.inside(owner)
                symbols = symbols_of(owner.body.body, base.scope.module.package)
                if attr in symbols:
                    return self._follow(symbols[attr], f"{base.name}.{attr}", node, scope, inside, ())
                told = scope.unknown if owner.bases or owner.keywords or hasattr(type, attr) else scope.refuse
                raise told(node, "NAME_UNKNOWN", f"`{base.name}` has no `{attr}` in its body")
            case Found(symbol=ValueSymbol(value=cst.Name() | cst.Attribute() as value)):
                return self._attribute(self.resolve(value, base.scope), attr, node, scope)
            case Found():
                raise scope.unknown(
                    node,
                    "NAME_UNREADABLE",
                    f"`{code(node)}`: what `{attr}` is cannot be known without running the code",
                )


def code(node: cst.CSTNode) -> str:
    """A node as source text on one line, cut where it is long."""
    text = " ".join(cst.Module(body=()).code_for_node(node).split())
    return text if len(text) <= 60 else text[:57] + "..."


def _is_still_builtin(name: str, scope: Scope, module: Module) -> bool:
    """Whether a name stands for the builtin at the moment that an expression is read, though the module binds it later."""
    return (
        scope.moment is not None
        and module is scope.module
        and name in _BUILTINS
        and not module.binds_before(name, scope.moment)
    )


def _is_same(one: Meaning, other: Meaning) -> bool:
    match one, other:
        case External(name=first), External(name=second):
            return plain(first) == plain(second)
        case Found(symbol=first_symbol), Found(symbol=second_symbol):
            return first_symbol is second_symbol
        case _:
            return one == other
