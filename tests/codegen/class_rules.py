"""Classes that Python, msgspec or attrs refuse, by where the rule is written down; and those that come close and are fine."""

import textwrap

_STYLES = {
    "dataclass": "@dataclasses.dataclass\nclass X:",
    "struct": "class X(msgspec.Struct):",
    "attrs": "@attrs.define\nclass X:",
    "namedtuple": "class X(typing.NamedTuple):",
    "typeddict": "class X(typing.TypedDict):",
    "enum": "class X(enum.Enum):",
}


def _in(style: str, body: str) -> str:
    return f"{_STYLES[style]}\n{textwrap.indent(body, '    ')}"


def _y(head: str, classes: str) -> str:
    """With another class, `Y`, above."""
    return f"{head}\n\n{classes}"


_DATACLASSES = [
    # _process_class, _set_new_attribute, _frozen_get_del_attr, _add_slots
    "@dataclasses.dataclass(order=True, eq=False)\nclass X:\n    a: int",
    "@dataclasses.dataclass(order=True)\nclass X:\n    a: int\n    def __lt__(self, other): ...",
    "@dataclasses.dataclass(frozen=True)\nclass X:\n    a: int\n    def __setattr__(self, name, value): ...",
    "@dataclasses.dataclass(unsafe_hash=True)\nclass X:\n    a: int\n    def __hash__(self): ...",
    "@dataclasses.dataclass(weakref_slot=True)\nclass X:\n    a: int",
    "@dataclasses.dataclass(slots=True)\nclass X:\n    __slots__ = ('a',)\n    a: int",
    _y(
        "@dataclasses.dataclass\nclass Y:\n    b: int",
        "@dataclasses.dataclass(frozen=True)\nclass X(Y):\n    a: int",
    ),
    _in("dataclass", "_: dataclasses.KW_ONLY\na: int\n_b: dataclasses.KW_ONLY\nc: int"),
    _in("dataclass", "a: int = 1\nb: int"),
    # _get_field, field
    _in("dataclass", "a: list[int] = []"),
    _in("dataclass", "a: dict[str, int] = {}"),
    _in("dataclass", "a: set[int] = set()"),
    _in("dataclass", "a: list[int] = list()"),
    _in("dataclass", "a: list[int] = [each for each in (1, 2)]"),
    _in("dataclass", "a: list[int] = dataclasses.field(default=[])"),
    _in("dataclass", "a: bytearray = bytearray()"),
    _in("dataclass", "a: int = dataclasses.field(default=1, default_factory=int)"),
    _in("dataclass", "a: typing.ClassVar[list[int]] = dataclasses.field(default_factory=list)\nb: int = 1"),
    _in("dataclass", "a: typing.ClassVar[int] = dataclasses.field(kw_only=True)\nb: int = 1"),
    _y("EMPTY = []", _in("dataclass", "a: list[int] = EMPTY")),
    _y("@dataclasses.dataclass\nclass Y: ...", _in("dataclass", "a: Y = Y()")),
    _y(
        "@dataclasses.dataclass\nclass Y:\n    b: int = 1\n    def __post_init__(self): ...",
        _in("dataclass", "a: Y = Y()"),
    ),
    _y("@attrs.define\nclass Y: ...", _in("dataclass", "a: Y = Y()")),
    _y("class Y(typing.TypedDict): ...", _in("dataclass", "a: Y = Y()")),
    # type.__new__
    _in("dataclass", "__slots__ = ('a',)\na: int = 1"),
    "@dataclasses.dataclass\nclass X(flag=True):\n    a: int",
    _y(
        "class Y:\n    __slots__ = ('y',)\n\nclass Z:\n    __slots__ = ('z',)",
        "@dataclasses.dataclass\nclass X(Y, Z):\n    a: int",
    ),
]
_MSGSPEC = [
    # StructMeta_new_inner, structmeta_process_default, field
    _in("struct", "a: int = 1\nb: int"),
    "class X(msgspec.Struct, order=True, eq=False):\n    a: int",
    "class X(msgspec.Struct, cache_hash=True):\n    a: int",
    "class X(msgspec.Struct, rename='nope'):\n    a: int",
    "class X(msgspec.Struct, tag=1.5):\n    a: int",
    "class X(msgspec.Struct, tag=True, tag_field='a'):\n    a: int",
    _in("struct", "a: int\nb: int = msgspec.field(name='a')"),
    _in("struct", "a: int\ndef __init__(self): ..."),
    _in("struct", "a: int\ndef __new__(cls): ..."),
    _in("struct", "__slots__ = ()\na: int"),
    _in("struct", "a: list[int] = [1]"),
    _in("struct", "a: dict[str, int] = {'a': 1}"),
    _in("struct", "a: list[int] = msgspec.field(default=[1])"),
    _in("struct", "a: int = msgspec.field(default=1, default_factory=int)"),
    _y("class Y(msgspec.Struct): ...", _in("struct", "a: Y = Y()")),
    # msgspec's decoder, which reads the type of a field where it is annotated last
    _y("class Y(msgspec.Struct):\n    a: int = 1", "class X(Y):\n    a: typing.ClassVar[int] = 1"),
    _y(
        "@attrs.define\nclass Y:\n    a: int = 1",
        "@attrs.define\nclass X(Y):\n    a: typing.ClassVar[int] = 1",
    ),
]
_ATTRS = [
    # attr._make: attrs, _determine_attrs_eq_order, _ClassBuilder
    _in("attrs", "a: int = 1\nb: int"),
    "@attrs.define(order=True, eq=False)\nclass X:\n    a: int",
    "@attr.s(auto_attribs=True, cmp=True, eq=True)\nclass X:\n    a: int",
    "@attrs.define(cache_hash=True)\nclass X:\n    a: int",
    "@attrs.define(str=True, repr=False)\nclass X:\n    a: int",
    "@attrs.define(unsafe_hash=1)\nclass X:\n    a: int",
    "@attrs.frozen(on_setattr=attrs.setters.validate)\nclass X:\n    a: int",
    "@attrs.frozen\nclass X:\n    a: int\n    def __setattr__(self, name, value): ...",
    "@attrs.frozen\nclass X:\n    a: int = attrs.field(on_setattr=attrs.setters.validate)",
    _y(
        "@attrs.define\nclass Y:\n    y: int\n\n@attrs.define\nclass Z:\n    z: int",
        "@attrs.define\nclass X(Y, Z):\n    a: int",
    ),
    # attrib, in the same module
    _in("attrs", "a: int = attrs.field(default=1, factory=int)"),
    _in("attrs", "a: int = attrs.field(default=attrs.Factory(int), factory=int)"),
    _in("attrs", "a: list[int] = attrs.field(factory=[])"),
    _in("attrs", "a: int = attrs.field(eq=False, order=True)"),
    _in("attrs", "a: int = attrs.field(hash=1.5)"),
]
_TYPING = [
    # NamedTupleMeta.__new__, collections.namedtuple
    _in("namedtuple", "a: int = 1\nb: int"),
    _in("namedtuple", "_a: int"),
    _in("namedtuple", "a: int\ndef __new__(cls): ..."),
    _in("namedtuple", "a: int\ndef _replace(self): ..."),
    _in("namedtuple", "a: int\n_fields = ('b',)"),
    _in("namedtuple", "a: int\n__slots__ = ()"),
    _in("namedtuple", "a: typing.ClassVar[int] = 1\nb: int = 2"),
    _y("class Y(typing.NamedTuple):\n    a: int", "class X(Y, frozen=True): ..."),
    _y("class Y: ...", "class X(typing.NamedTuple, Y):\n    a: int"),
    _y("class Y(typing.NamedTuple):\n    a: int", "class X(Y):\n    __slots__ = ('b',)"),
    # _TypedDictMeta.__new__
    _in("typeddict", "a: typing.ClassVar[int]"),
    _y("class Y: ...", "class X(typing.TypedDict, Y):\n    a: int"),
]
_ENUMS = [
    # EnumType.__prepare__, EnumDict.__setitem__, EnumType.__new__
    _in("enum", "A = 1\nA = 2"),
    _in("enum", "A = 1\ndef A(self): ..."),
    _in("enum", "mro = 1"),
    _in("enum", "_x_ = 1\nA = 1"),
    _in("enum", "_order_ = 'A B'\nB = 1\nA = 2"),
    _in("enum", "A = 1\n_ignore_ = 'A'\nB = 2"),
    # unique, verify, functools.total_ordering
    "@enum.unique\nclass X(enum.Enum):\n    A = 1\n    B = 1",
    "@enum.verify(enum.UNIQUE)\nclass X(enum.Enum):\n    A = 1\n    B = 1",
    "@enum.verify(enum.CONTINUOUS)\nclass X(enum.IntEnum):\n    A = 1\n    B = 3",
    "@enum.verify(enum.NAMED_FLAGS)\nclass X(enum.Flag):\n    A = 1\n    B = 6",
    "@functools.total_ordering\nclass X(enum.Enum):\n    A = 1",
]
REFUSED = {
    "dataclasses": _DATACLASSES,
    "msgspec": _MSGSPEC,
    "attrs": _ATTRS,
    "typing": _TYPING,
    "enum": _ENUMS,
}

FINE = [
    "@dataclasses.dataclass(frozen=True)\nclass Y: ...\n\n" + _in("dataclass", "a: Y = Y()"),
    "@dataclasses.dataclass(eq=False)\nclass Y: ...\n\n" + _in("dataclass", "a: Y = Y()"),
    "@dataclasses.dataclass(unsafe_hash=True)\nclass Y: ...\n\n" + _in("dataclass", "a: Y = Y()"),
    "@dataclasses.dataclass\nclass Y:\n    def __hash__(self): return 1\n\n" + _in("dataclass", "a: Y = Y()"),
    "class Y(msgspec.Struct): ...\n\n" + _in("dataclass", "a: Y = Y()"),
    "@attrs.frozen\nclass Y: ...\n\n" + _in("dataclass", "a: Y = Y()"),
    _in("dataclass", "a: typing.ClassVar[list[int]] = []\nb: int = 1"),
    _in("dataclass", "a: tuple[int, ...] = ()\nb: frozenset[int] = frozenset()"),
    _in("dataclass", "__slots__ = ('a',)\na: int"),
    _in("dataclass", "__secret: int\ny: int = 1"),
    _in("struct", "__secret: int"),
    _in("typeddict", "__secret: int"),
    _in("dataclass", "tags: list[str] = None"),
    _in("struct", "tags: list[str] = None"),
    _in("attrs", "tags: list[str] = None"),
    _in("struct", "a: list[int] = []\nb: dict[str, int] = {}\nc: set[int] = set()"),
    "class X(msgspec.Struct, cache_hash=True, frozen=True):\n    a: int",
    "class Y(msgspec.Struct, frozen=True): ...\n\n" + _in("struct", "a: Y = Y()"),
    "@dataclasses.dataclass\nclass Y: ...\n\n" + _in("struct", "a: Y = Y()"),
    "@attrs.define(cache_hash=True, frozen=True)\nclass X:\n    a: int",
    "@attrs.frozen(on_setattr=attrs.setters.NO_OP)\nclass X:\n    a: int",
    "@attrs.define\nclass X:\n    a: int\n    def __setattr__(self, name, value): ...",
    _in("attrs", "a: list[int] = []"),
    _y(
        "@dataclasses.dataclass\nclass Y:\n    a: int = 1",
        "@dataclasses.dataclass\nclass X(Y):\n    a: typing.ClassVar[int] = 1\n    b: int = 2",
    ),
    "class Y:\n    def __init_subclass__(cls, **keywords): ...\n\n@dataclasses.dataclass\nclass X(Y, flag=True):\n    a: int",
    "@enum.unique\nclass X(enum.Enum):\n    A = 1\n    B = 2",
    "@functools.total_ordering\nclass X(enum.Enum):\n    A = 1\n    B = 2\n    def __lt__(self, other): return True",
    "class X(enum.Flag):\n    A = 1\n    B = 6",
]
"""Classes that come close to a rule."""
