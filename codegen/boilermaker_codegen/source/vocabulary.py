"""Tables of the names in the standard library, msgspec and Boilermaker that the generator recognizes."""

import builtins
from typing import Literal, get_args

from boilermaker.contract import ContainerName, MappingName, ScalarName

SCALARS: dict[str, ScalarName] = {
    "builtins.object": "any",
    "builtins.bool": "bool",
    "builtins.int": "int",
    "builtins.float": "float",
    "builtins.str": "str",
    "builtins.bytes": "bytes",
    "builtins.bytearray": "bytearray",
    "datetime.datetime": "datetime",
    "datetime.date": "date",
    "datetime.time": "time",
    "datetime.timedelta": "timedelta",
    "uuid.UUID": "uuid",
    "decimal.Decimal": "decimal",
    "typing.Any": "any",
    "typing.Text": "str",
    "types.NoneType": "none",
}

CONTAINERS: dict[str, ContainerName] = {
    "builtins.list": "list",
    "builtins.set": "set",
    "builtins.frozenset": "frozenset",
    "typing.List": "list",
    "typing.Set": "set",
    "typing.FrozenSet": "frozenset",
    "typing.AbstractSet": "Set",
    "collections.abc.Set": "Set",
    **{
        f"{module}.{name}": name
        for module in ("typing", "collections.abc")
        for name in ("Sequence", "MutableSequence", "Collection", "MutableSet")
    },
}

MAPPINGS: dict[str, MappingName] = {
    "builtins.dict": "dict",
    "typing.Dict": "dict",
    **{
        f"{module}.{name}": name
        for module in ("typing", "collections.abc")
        for name in ("Mapping", "MutableMapping")
    },
}

TUPLES = frozenset({"builtins.tuple", "typing.Tuple"})

WORKERS = frozenset({"boilermaker.Boilermaker", "boilermaker.app.Boilermaker"})

COLLECTIONS = frozenset({"boilermaker.Tasks", "boilermaker.tasks.registrar.Tasks"})

EnumBase = Literal["Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"]

ENUM_BASES: dict[str, EnumBase] = {f"enum.{name}": name for name in get_args(EnumBase)}

DATACLASS = "dataclasses.dataclass"

_NEW = {"auto_detect": True, "slots": True}
_OLD = {"auto_attribs": False, "collect_by_mro": False}
ATTRS: dict[str, dict[str, bool]] = {
    **{f"{module}.{name}": _NEW for module in ("attrs", "attr") for name in ("define", "mutable")},
    **{f"{module}.frozen": {**_NEW, "frozen": True} for module in ("attrs", "attr")},
    **{f"attr.{name}": _OLD for name in ("s", "attrs", "attributes")},
    "attr.dataclass": {**_OLD, "auto_attribs": True},
}
"""Decorators that make attrs classes, each with the options that it implies."""

ATTRS_FIELDS = frozenset({"attrs.field", "attr.field", "attr.ib", "attr.attrib"})

ATTRS_FACTORIES = frozenset({"attrs.Factory", "attr.Factory"})

PLAIN_BASES = frozenset({"builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol"})
"""Bases that give a class no fields."""

PLAIN_DECORATORS = frozenset({"typing.final", "typing.runtime_checkable", "functools.total_ordering"})
"""Decorators that leave a class's fields as they are."""

_EXCEPTIONS = [
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
]

# Unsupported types, and what to use instead.
REMEDIES = {
    "collections.deque": "use `list`",
    "collections.defaultdict": "use `dict`",
    "collections.OrderedDict": "use `dict`",
    "collections.Counter": "use `dict[str, int]`",
    "collections.namedtuple": "write a `typing.NamedTuple` class",
    "pathlib.Path": "use `str`",
    "builtins.complex": "use `tuple[float, float]`",
    "builtins.memoryview": "use `bytes`",
    "builtins.type": "pass a name instead of a class",
    "typing.Callable": "pass data, not code",
    "collections.abc.Callable": "pass data, not code",
    # msgspec encodes any iterable for these and does not validate the items
    "typing.Iterable": "use `Sequence`",
    "collections.abc.Iterable": "use `Sequence`",
    **{
        f"{module}.{name}": "use `list`"
        for module in ("typing", "collections.abc")
        for name in ("Iterator", "Generator", "AsyncIterable", "AsyncIterator", "AsyncGenerator")
    },
    **{
        f"{module}.{name}": "pass the values that it yields"
        for module in ("typing", "collections.abc")
        for name in ("Awaitable", "Coroutine")
    },
    "typing.Type": "pass a name instead of a class",
    **dict.fromkeys(
        ("typing.IO", "typing.TextIO", "typing.BinaryIO"),
        "pass the contents of the file, or its path as `str`",
    ),
    "os.PathLike": "use `str`",
    "typing.Self": "name the class",
    "types.TracebackType": "pass the part that you need as `str`",
    **{f"builtins.{name}": "pass the part that you need as `str`" for name in _EXCEPTIONS},
    **dict.fromkeys(
        ("http.HTTPStatus", "http.HTTPMethod", "signal.Signals", "calendar.Month", "calendar.Day"),
        "its members depend on the Python version; pass its value, or define your own enum with the "
        "members that you use",
    ),
    "re.Pattern": "pass the pattern as `str`",
    "typing.Pattern": "pass the pattern as `str`",
    "typing.TypeVar": "name the type",
    "boilermaker.Ref": "declare the type of the value; callers may still pass a reference",
    "boilermaker.Arg": "declare the type of the value; callers may still pass a reference",
    "boilermaker.failure.TaskFailureResult": "leave it out; any function may return it",
    "typing.LiteralString": "use `str`",
    "builtins.any": "use `typing.Any`",
    "msgspec.UnsetType": "name the type of the value too: `int | UnsetType = UNSET`",
    "msgspec.Raw": "declare the type, or `Any`",
}


def plain(name: str) -> str:
    """A name in its canonical module: `typing` for `typing_extensions`; `builtins.` is omitted in messages."""
    return (
        f"typing.{name.removeprefix('typing_extensions.')}" if name.startswith("typing_extensions.") else name
    )


def shown(name: str) -> str:
    """A name for messages."""
    return name.removeprefix("builtins.")
