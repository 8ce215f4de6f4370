"""Resolves names across the modules of the service, without importing any of them."""

import builtins
import difflib
from dataclasses import replace

import libcst as cst

from boilermaker_codegen.problems import Refused
from boilermaker_codegen.source.discover import is_compiled
from boilermaker_codegen.source.exports import KNOWN, OWN, Exports, has_own, known_names
from boilermaker_codegen.source.meanings import External, Found, Meaning, Package, Scope, code, is_same
from boilermaker_codegen.source.parse import Module, Reading
from boilermaker_codegen.source.stars import Stars, Trail
from boilermaker_codegen.source.symbols import (
    Binding,
    ClassBody,
    ClassSymbol,
    FunctionSymbol,
    Imported,
    Rebound,
    Symbol,
    TypeParameter,
    TypeStatement,
    ValueSymbol,
    dotted,
)
from boilermaker_codegen.source.vocabulary import plain

_BUILTINS = frozenset(dir(builtins))
_CONSTANTS = frozenset({"None", "True", "False"})  # names in the grammar, but values
_OF_MODULES = frozenset(
    {"__file__", "__path__", "__cached__"}
)  # in each module, though nothing in it binds them


class Resolver:
    """Resolves names through imports, re-exports, and assignments of one name to another."""

    def __init__(self, library: Reading) -> None:
        self._library = library
        self.exports = Exports(library, self._module_named)
        self._stars = Stars(library, self.exports, self._global)
        self._bodies: dict[cst.ClassDef, ClassBody] = {}
        self._following: set[str] = set()  # names that are being resolved

    def resolve(self, node: cst.BaseExpression, scope: Scope) -> Meaning:
        """The meaning of a name or a dotted name.

        Raises:
            Unknown: it is neither, or its value cannot be known without running the code.
            Refused: it is not bound.
        """
        return self.followed(self.named(node, scope))

    def named(self, node: cst.BaseExpression, scope: Scope) -> Meaning:
        """What a name or a dotted name means, a name that is bound to another name being just that.

        Raises:
            Unknown: it is neither, or its value cannot be known without running the code.
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

    def followed(self, meaning: Meaning) -> Meaning:
        """Resolve a name that is bound to another name, if that is a class, a function or a module.

        Values are kept: a constant that is bound to an enum's member is read with the values. Names that
        resolve to nothing, or to themselves, are kept too: the error is reported where they are read.
        """
        match meaning:
            case Found(symbol=ValueSymbol(value=cst.Name() | cst.Attribute() as value)):
                pass
            case _:
                return meaning
        if dotted(value) in _CONSTANTS or meaning.id in self._following:
            return meaning
        self._following.add(meaning.id)
        try:
            target = self.resolve(value, meaning.scope)
        except Refused as refused:
            if not all(problem.id.startswith("NAME_") for problem in refused.problems):
                raise  # an unreadable file is reported once
            return meaning
        finally:
            self._following.remove(meaning.id)
        match target:
            case Found(symbol=ValueSymbol(value=cst.Call()), scope=Scope(classes=())):
                return target  # a type variable, a NewType
            case Found(symbol=ValueSymbol()):
                return meaning
            case _:
                return target

    def member(self, module: str, name: str, node: cst.CSTNode, scope: Scope) -> Meaning:
        """The meaning of a name in the module of a given name."""
        return self._member(module, name, node, scope, Trail())

    def _name(self, name: str, node: cst.CSTNode, scope: Scope) -> Meaning:
        if scope.classes:  # a class body sees its own names and the module's, not those of classes around it
            symbol = self.body(scope.classes[-1], scope).symbol(name, scope.seen)
            if symbol is not None and not (scope.is_deferred and self._is_global(name, node, scope)):
                qualified = ".".join([*(owner.name.value for owner in scope.classes), name])
                place = replace(scope, anchor=None, seen=None, is_deferred=False)
                return self._follow(symbol, qualified, node, scope, place, Trail())
            if scope.seen is not None and _is_own(scope.module.symbol(name), scope.classes[0]):
                text = f"`{name}` is not defined yet while its own body runs; write the annotation in quotes"
                raise scope.refuse(node, "NAME_UNKNOWN", text)
        for parameter in scope.parameters.params if scope.parameters else ():
            if parameter.param.name.value == name:
                return Found(scope, name, TypeParameter(parameter))
        return self._global(name, node, scope, scope.module, Trail())

    def body(self, node: cst.ClassDef, scope: Scope) -> ClassBody:
        """The names that a class of a scope's module binds."""
        if node not in self._bodies:
            self._bodies[node] = ClassBody(node, scope.module.package)
        return self._bodies[node]

    def _is_global(self, name: str, node: cst.CSTNode, scope: Scope) -> bool:
        """Whether the module has a name, whatever its classes have."""
        if scope.module.binds(name):
            return True
        return self._stars.given(name, node, scope, scope.module, Trail()) is not None

    def _global(self, name: str, node: cst.CSTNode, scope: Scope, module: Module, seen: Trail) -> Meaning:
        symbol = module.symbol(name)
        if symbol is not None and not _is_still_builtin(name, scope, module):
            own = self._follow(symbol, name, node, scope, Scope(module), seen)
            self._stars.check_kept(own, name, node, scope, module, seen)
            return own
        starred = self._stars.given(name, node, scope, module, seen)
        if starred is not None:
            return starred
        if name in _BUILTINS and module is scope.module:
            return External(f"builtins.{name}")
        if name in _OF_MODULES:
            raise scope.unknown(node, "NAME_UNREADABLE", f"`{name}` depends on where the code runs")
        raise scope.refuse(node, "NAME_UNKNOWN", self._unbound(name, module))

    def _module_named(self, node: cst.BaseExpression, module: Module) -> str:
        """The module that an expression refers to; empty if it refers to none or is unknown."""
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
        seen: Trail,
    ) -> Meaning:
        key = (place.module.name, name)
        if key in seen.steps:
            raise scope.refuse(
                node,
                "NAME_UNREADABLE",
                f"`{name}` is part of an import cycle: {' -> '.join(m for m, _ in (*seen.steps, key))}",
            )
        match symbol:
            case Imported(module=module, name=imported):
                if imported is None:
                    return self._external(module)
                if module == place.module.name and self._library.has(f"{module}.{imported}"):
                    # `from . import users` in the package's own `__init__`
                    return Package(f"{module}.{imported}")
                return self._member(module, imported, node, scope, seen.to(key))
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
        seen: Trail,
    ) -> Meaning:
        """The meaning of a name that is bound more than once: the import that certainly works, or the meaning that all bindings share."""

        def follow(binding: Binding) -> Meaning:
            return self._follow(binding, name, node, scope, place, seen)

        # all but the last definition of an overloaded function are for type checkers
        bindings = [b for b in symbol.bindings if not self._is_overload(b, place)] or symbol.bindings
        try:
            if symbol.is_tried and self._is_there(symbol.bindings[0]):
                return follow(symbol.bindings[0])
            first, *others = map(follow, bindings)
        except Refused:
            pass
        else:
            if all(is_same(first, other) for other in others):
                return first
        raise scope.unknown(
            node,
            "NAME_AMBIGUOUS",
            f"`{name}` is bound more than once in {place.module.file.shown}, so its meaning depends on a "
            f"condition or on the order of execution; bind it once",
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
        """Whether an import certainly works wherever the service runs."""
        if not isinstance(binding, Imported):
            return False
        if binding.module in KNOWN:
            return binding.name is None or binding.name in known_names(binding.module)
        return self._library.has(binding.module)

    def _member(self, module: str, name: str, node: cst.CSTNode, scope: Scope, seen: Trail) -> Meaning:
        if not self._library.has(module):
            return self._given(module, name, node, scope)
        parsed = self._library.module(module)
        if parsed is not None and (meant := self._stars.meant(name, node, scope, parsed, seen)) is not None:
            return meant
        if self._library.has(f"{module}.{name}"):
            return Package(f"{module}.{name}")
        if parsed is not None and is_compiled(parsed.file, name):
            return External(f"{module}.{name}")
        if parsed is None:
            raise scope.refuse(
                node, "NAME_UNKNOWN", f"there is no module `{module}.{name}` under the source folders"
            )
        raise scope.refuse(node, "NAME_UNKNOWN", self._unbound(name, parsed))

    def _given(self, module: str, name: str, node: cst.CSTNode, scope: Scope) -> Meaning:
        """The meaning of a name in a third-party module; the names of Boilermaker itself are known."""
        if module in OWN and not has_own(module, name):
            home = next((own for own in OWN if has_own(own, name)), None)
            hint = f"import it from `{home}`" if home else "correct it"
            raise scope.refuse(node, "NAME_UNKNOWN", f"`{module}` has no `{name}`; {hint}")
        return self._external(f"{module}.{name}")

    def _unbound(self, name: str, module: Module) -> str:
        for star in module.stars:
            if self._stars.is_unread(star):
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
                return self._given(name, attr, node, scope)
            case Package(name=name):
                return self._member(name, attr, node, scope, Trail())
            case Found(symbol=ClassSymbol(node=owner)):
                inside = base.scope.inside(owner)
                symbol = self.body(owner, base.scope).symbol(attr)
                if symbol is not None:
                    return self._follow(symbol, f"{base.name}.{attr}", node, scope, inside, Trail())
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


def _is_own(symbol: Symbol | None, node: cst.ClassDef) -> bool:
    """Whether a name is a class's own."""
    return isinstance(symbol, ClassSymbol) and symbol.node is node


def _is_still_builtin(name: str, scope: Scope, module: Module) -> bool:
    """Whether a name refers to the builtin when an expression is evaluated, although the module binds it later."""
    return (
        scope.moment is not None
        and module is scope.module
        and name in _BUILTINS
        and not module.binds_before(name, scope.moment)
    )
