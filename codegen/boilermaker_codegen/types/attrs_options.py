"""The rules of attrs for options of classes and fields, with its own error texts, without importing attrs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import libcst as cst

from boilermaker_codegen.problems import Unknown
from boilermaker_codegen.source.meanings import Scope
from boilermaker_codegen.types.literals import Literals

UNREAD: Any = object()
"""In the place of an option that only running the code tells."""


def read_option(node: cst.BaseExpression, literals: Literals, scope: Scope) -> Any:
    """The value of an option without effect on the wire or the stub, if it is a literal."""
    if isinstance(node, cst.Attribute) and node.attr.value == "NO_OP":  # of attrs.setters
        return None
    try:
        return literals.read(node, scope)
    except Unknown:
        return UNREAD


@dataclass(frozen=True, kw_only=True)
class Said:
    """The options of a class or a field.

    Attributes:
        options: its options.
        space: names in the class's body.
        is_frozen: whether objects of the class are frozen.
    """

    options: Mapping[str, Any]
    space: Mapping[str, Any]
    is_frozen: bool = False

    def option(self, name: str) -> Any:
        """An option; None if it is not given."""
        return self.options.get(name)

    @property
    def eq(self) -> Any:
        """Whether it is compared."""
        cmp = self.option("cmp")
        return self.option("eq") if cmp is None else cmp

    @property
    def hash(self) -> Any:
        """Whether it is hashed, if that is specified."""
        unsafe = self.option("unsafe_hash")
        return self.option("hash") if unsafe is None else unsafe

    @property
    def is_hash_valid(self) -> bool:
        """Whether that is one of the values that attrs accepts."""
        return any(self.hash is known for known in (None, True, False, UNREAD))

    @property
    def has_mixed_cmp(self) -> bool:
        """Whether the old option for comparisons is combined with the new ones."""
        others = (self.option("eq"), self.option("order"))
        return self.option("cmp") is not None and any(other is not None for other in others)

    @property
    def orders_only(self) -> bool:
        """Whether it is ordered and not compared."""
        return self.eq is False and self.option("order") is True

    @property
    def is_hashable(self) -> bool:
        """Whether objects have a hash, generated or not."""
        if self.hash is False or self.is_made_hashable:
            return True
        return self.eq is False or self.has_own("__hash__")

    @property
    def is_made_hashable(self) -> bool:
        """Whether attrs generates `__hash__`."""
        if self.hash is not None:
            return self.hash is True
        has_own_eq = self.option("eq") is None and (self.has_own("__eq__") or self.has_own("__ne__"))
        return self.eq is not False and self.is_frozen and not self.has_own("__hash__") and not has_own_eq

    @property
    def has_repr(self) -> bool:
        """Whether attrs generates `__repr__`."""
        has_own = self.option("repr") is None and self.has_own("__repr__")
        return self.option("repr") is not False and not has_own

    def has_own(self, method: str) -> bool:
        """Whether attrs leaves a method to the class's body."""
        return bool(self.option("auto_detect")) and method in self.space


@dataclass(frozen=True)
class _Rule:
    """A rule by which attrs rejects options.

    Attributes:
        source: where attrs checks it.
        is_broken: whether options violate it.
        error: the exception that attrs raises.
        text: its message.
    """

    source: str
    is_broken: Callable[[Said], bool]
    error: type[Exception]
    text: str


_CMP = "Don't mix `cmp` with `eq' and `order`."
_ORDER = "`order` can only be True if `eq` is True too."
_HASH = "Invalid value for hash.  Must be True, False, or None."
_CACHE = "Invalid value for cache_hash.  To use hash caching, hashing must be either explicitly or implicitly enabled."
_STR = "__str__ can only be generated if a __repr__ exists."
_SETATTR = "Can't freeze a class with a custom __setattr__."
_FROZEN = "Frozen classes can't use on_setattr."
_OF_BOTH = [
    _Rule("attr._make._determine_attrib_eq_order", lambda said: said.has_mixed_cmp, ValueError, _CMP),
    _Rule("attr._make._determine_attrib_eq_order", lambda said: said.orders_only, ValueError, _ORDER),
    _Rule("attr._make.attrib", lambda said: not said.is_hash_valid, TypeError, _HASH),
]
_OF_CLASSES = [
    *_OF_BOTH,
    _Rule("attr._make.attrs", lambda s: s.is_frozen and s.has_own("__setattr__"), ValueError, _SETATTR),
    _Rule(
        "attr._make.attrs",
        lambda said: said.option("cache_hash") is True and not said.is_made_hashable,
        TypeError,
        _CACHE,
    ),
    _Rule("add_str", lambda said: said.option("str") is True and not said.has_repr, ValueError, _STR),
    _Rule("_make_init", lambda s: s.is_frozen and s.option("on_setattr") is not None, ValueError, _FROZEN),
]


def check(said: Said) -> None:
    """Check that attrs accepts the options of a class.

    Raises:
        TypeError: it does not; the text is its own.
        ValueError: as `TypeError`.
    """
    for rule in _OF_CLASSES:
        if rule.is_broken(said):
            raise rule.error(rule.text)


def broken_by_field(options: Mapping[str, Any]) -> str:
    """The error of attrs for the options of a field; empty if it accepts them."""
    said = Said(options=options, space={})
    return next((rule.text for rule in _OF_BOTH if rule.is_broken(said)), "")
