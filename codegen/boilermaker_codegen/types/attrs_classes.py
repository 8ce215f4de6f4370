"""attrs classes re-created by the rules of attrs, without importing attrs."""

import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from boilermaker.contract import Field, RecordDefinition, Type, substituted
from boilermaker_codegen.types.attrs_options import UNREAD, Said, check
from boilermaker_codegen.types.declared import Declared, Shell


@dataclass(frozen=True)
class _Attribute:
    """A field of a re-created class, as its `__attrs_attrs__` holds it; the owner is the class that declares it."""

    declared: Declared
    owner: Any
    is_inherited: bool = False

    @property
    def name(self) -> str:
        """The attribute's own name, which is used on the wire; its alias is the argument's name."""
        return self.declared.field.wire or self.declared.field.name


def recreated(name: str, own: Sequence[Declared], shell: Shell, bases: Sequence[Any]) -> Any:
    """A class with these fields beside those of its bases, which come first; one declared anew moves to the end.

    Raises:
        TypeError: Python or attrs rejects it; the text says why.
        ValueError: as `TypeError`.
    """
    options = shell.options
    space = {**shell.space, "__attrs_attrs__": ()}
    if options.get("slots"):
        inherited = {name for base in bases for name in _slots(base)}
        space["__slots__"] = tuple(
            d.field.wire or d.field.name for d in own if (d.field.wire or d.field.name) not in inherited
        )
    made: Any = types.new_class(name, tuple(bases), dict(shell.keywords), lambda made: made.update(space))
    declared = [_Attribute(each, made) for each in own]
    taken = {attribute.name for attribute in declared}
    collect = _by_order if options.get("collect_by_mro", True) else _by_nearness
    inherited_ones = [_Attribute(a.declared, a.owner, is_inherited=True) for a in collect(made, taken)]
    is_by_name = bool(options.get("kw_only"))
    made.__attrs_attrs__ = (*inherited_ones, *(_by_name(attribute, is_by_name) for attribute in declared))
    made.__attrs_frozen__ = options.get("frozen") is True or getattr(made, "__attrs_frozen__", False)
    _check_order(made.__attrs_attrs__)
    hooks = {"on_setattr": UNREAD} if any(each.has_hook for each in own) else {}
    said = Said(options={**options, **hooks}, space=shell.space, is_frozen=made.__attrs_frozen__)
    check(said)
    if not said.is_hashable:
        made.__hash__ = None
    return made


def described(
    made: Any, record: RecordDefinition, bindings: Mapping[Any, Mapping[str, Type]]
) -> RecordDefinition:
    """A record with inherited fields and options.

    Args:
        made: the class, re-created.
        record: what it declares itself.
        bindings: the types bound to the type variables of each class that it inherits from.
    """
    attributes: tuple[_Attribute, ...] = made.__attrs_attrs__
    return replace(
        record,
        fields=tuple(_bound(a.declared.field, bindings.get(a.owner, {})) for a in attributes),
        frozen=made.__attrs_frozen__,
        kw_only=any(attribute.declared.is_by_name for attribute in attributes),
    )


def _bound(field: Field, bindings: Mapping[str, Type]) -> Field:
    return replace(field, type=substituted(field.type, bindings))


def _by_order(made: Any, taken: set[str]) -> list[_Attribute]:
    """The fields that bases declare, in reverse method resolution order."""
    found: dict[str, _Attribute] = {}
    for base in reversed(made.__mro__[1:]):
        for attribute in _of(base):
            if not attribute.is_inherited and attribute.name not in taken:
                found.pop(attribute.name, None)
                found[attribute.name] = attribute
    return list(found.values())


def _by_nearness(made: Any, taken: set[str]) -> list[_Attribute]:
    """As `attr.s` does without `collect_by_mro`, which is its default."""
    found: dict[str, _Attribute] = {}
    for base in made.__mro__[1:]:
        for attribute in _of(base):
            if attribute.name not in taken:
                found.setdefault(attribute.name, attribute)
    return list(found.values())


def _slots(base: Any) -> Iterator[str]:
    for cls in base.__mro__:
        space: Mapping[str, Any] = cls.__dict__
        slots: str | tuple[str, ...] = space.get("__slots__", ())
        yield from (slots,) if isinstance(slots, str) else slots


def _of(cls: Any) -> Iterator[_Attribute]:
    yield from getattr(cls, "__attrs_attrs__", ())


def _by_name(attribute: _Attribute, is_by_name: bool) -> _Attribute:  # noqa: FBT001 - an option of the class
    declared = attribute.declared
    if declared.is_by_name is None and is_by_name:
        made = Declared(field=declared.field, is_made=declared.is_made, is_by_name=True)
        return _Attribute(made, attribute.owner)
    return attribute


def _check_order(attributes: Sequence[_Attribute]) -> None:
    with_default = ""
    for attribute in attributes:
        if attribute.declared.is_by_name:
            continue
        if attribute.declared.field.default is not None:
            with_default = attribute.name
        elif with_default:
            raise ValueError(f"`{attribute.name}` has no default and follows `{with_default}`, which has one")
