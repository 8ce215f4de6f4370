"""What names mean by `from module import *`."""

from collections.abc import Callable
from dataclasses import dataclass, field

import libcst as cst

from boilermaker_codegen.source.exports import KNOWN, Exports, known_names
from boilermaker_codegen.source.meanings import External, Meaning, Package, Scope, is_same
from boilermaker_codegen.source.parse import Module, Reading


@dataclass(frozen=True)
class Trail:
    """The path on which one name is resolved.

    Attributes:
        steps: modules and names, the first one first: an import cycle returns to one of them.
        found: results so far, on this and on other branches, by module and name.
    """

    steps: tuple[tuple[str, str], ...] = ()
    found: dict[tuple[str, str], Meaning | None] = field(
        default_factory=dict["tuple[str, str]", "Meaning | None"]
    )

    def to(self, step: tuple[str, str]) -> "Trail":
        """The path with one more step."""
        return Trail((*self.steps, step), self.found)


Bound = Callable[[str, cst.CSTNode, Scope, Module, Trail], Meaning]
"""Finds what a name means that a module binds itself, for a node in a scope."""


class Stars:
    """Resolves names that modules import with `*`.

    Args:
        library: the modules of the service.
        exports: finds which names `*` imports.
        bound: resolves a name that a module binds itself.
    """

    def __init__(self, library: Reading, exports: Exports, bound: Bound) -> None:
        self._library = library
        self._exports = exports
        self._bound = bound

    def meant(
        self, name: str, node: cst.CSTNode, scope: Scope, module: Module, seen: Trail
    ) -> Meaning | None:
        """The meaning of a name that a module binds itself or imports with `*`; None if it does neither.

        Resolved once per path: modules may star-import each other, and the number of paths through them is exponential.
        """
        key = (module.name, name)
        if key not in seen.found:
            look = self._bound if module.binds(name) else self.given
            seen.found[key] = look(name, node, scope, module, seen)
        return seen.found[key]

    def check_kept(
        self,
        own: Meaning,
        name: str,
        node: cst.CSTNode,
        scope: Scope,
        module: Module,
        seen: Trail,
    ) -> None:
        """Check that no later `import *` rebinds a name to something other than the module's own binding."""
        for star in module.later_stars.get(name, ()):
            if self.is_unread(star):
                raise scope.refuse(
                    node,
                    "NAME_AMBIGUOUS",
                    f"`{name}` is bound in {module.file.shown}, and perhaps again by a later `from {star} "
                    "import *` of a module outside of the source folders; move that import up, or import "
                    "by name",
                )
            if self._given_by(star, name, node, scope, seen, own) is not None:
                raise scope.refuse(
                    node,
                    "NAME_AMBIGUOUS",
                    f"`{name}` is bound in {module.file.shown}, and again by a later `from {star} import *`; import it by "
                    f"name, or rename one of them",
                )

    def given(
        self,
        name: str,
        node: cst.CSTNode,
        scope: Scope,
        module: Module,
        seen: Trail,
    ) -> Meaning | None:
        """The meaning of a name by `from ... import *` in a module, from the last one that imports it; None if none does.

        Raises:
            Refused: a later `import *` from outside of the service may import it too.
        """
        unknown = ""
        for star in reversed(module.stars):
            found = self._given_by(star, name, node, scope, seen)
            if found is not None and unknown:
                raise scope.refuse(
                    node,
                    "NAME_AMBIGUOUS",
                    f"`{name}` comes from `from {star} import *` in {module.file.shown}, or from the later "
                    f"`from {unknown} import *`, whose module is outside of the source folders; import it "
                    "by name",
                )
            if found is not None:
                return found
            if self.is_unread(star):
                unknown = star
        return None

    def is_unread(self, star: str) -> bool:
        """Whether the exports of a module are unknown, because it is not the service's."""
        return star not in KNOWN and not self._library.has(star)

    def _given_by(
        self,
        star: str,
        name: str,
        node: cst.CSTNode,
        scope: Scope,
        seen: Trail,
        known: Meaning | None = None,
    ) -> Meaning | None:
        """The meaning of a name by `from star import *`; None if it does not import it, or only the known meaning."""
        key = (f"{star}.*", name)
        if star in KNOWN and name in known_names(star):
            given = External(f"{star}.{name}")
            return None if known is not None and is_same(known, given) else given
        if key in seen.steps or (star, name) in seen.steps:
            return None  # it would only import the name that is being resolved
        if not self._library.has(star) or not self._library.may_give(star, name):
            return None
        source = self._library.module(star)
        if source is None or self._exports.gives(source, name) is False:
            return None
        found = self.meant(name, node, scope, source, seen.to(key))
        if found is None and self._library.has(f"{star}.{name}") and source.binds("__all__"):
            found = Package(f"{star}.{name}")
        if found is None or (known is not None and is_same(known, found)):
            return None
        return found if self._goes(source, name, node, scope) else None

    def _goes(self, module: Module, name: str, node: cst.CSTNode, scope: Scope) -> bool:
        is_given = self._exports.gives(module, name)
        if is_given is None:
            raise scope.refuse(
                node,
                "NAME_AMBIGUOUS",
                f"`{name}` may come from `from {module.name} import *`, but what `__all__` in {module.file.shown} holds "
                f"cannot be known without running the code; import it by name",
            )
        return is_given
