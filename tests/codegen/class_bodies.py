"""Random classes as people write them, right ones and wrong ones: what becomes of them is Python's to say.

Drawn with a `random.Random`, which hypothesis provides and shrinks.
"""

from dataclasses import dataclass, field
from random import Random

_ALIASES = {
    "dataclasses.dataclass": "dc", "dataclasses.field": "f2", "msgspec.field": "fld", "msgspec.Struct": "S",
    "msgspec.Meta": "M", "attrs.define": "define", "attrs.field": "fa", "attrs.Factory": "Fac", "typing.NamedTuple": "NT",
    "typing.TypedDict": "TD", "enum.Enum": "E", "enum.auto": "auto", "typing.Annotated": "A", "typing.Optional": "Opt",
    "typing.ClassVar": "CV", "enum.unique": "once", "datetime.date": "date", "enum.IntFlag": "Bits",
}  # fmt: skip
_NAMES: tuple[str, ...] = (
    "a", "b", "c", "count", "date", "int", "list", "dict", "_hidden", "__secret", "__dunder__", "type", "Y", "datetime",
)  # fmt: skip
_TYPES = (
    "int", "str", "list[int]", "dict[str, int]", "tuple[int, ...]", "frozenset[int]", "int | None", "str | None", "Y", "Y | None",
    "datetime.date", "datetime.date | None", "@typing.Optional[int]", "@datetime.date", "@datetime.date | None", "Kind",
    "@typing.Annotated[int, @msgspec.Meta(ge=1)]", "list", "bytes", "set[int]", "object", "Flags",
)  # fmt: skip
_VALUES = (
    "0", "1", "'text'", "None", "()", "[]", "{}", "set()", "[1]", "{'a': 1}", "frozenset()", "frozenset({1})", "Y()", "Kind.ONE",
    "make()", "LIMIT", "-1", "2 ** 3", "LIST", "datetime.date(2020, 1, 1)", "[each for each in (1,)]", "b''", "1.5",
    "Flags.ONE", "Flags.ONE | Flags.TWO", "Kind.ONE.value",
)  # fmt: skip
# Types, each with values that it takes.
_PAIRS = (
    ("int", "0", "-1", "2 ** 3", "LIMIT", "make()"), ("str", "'text'", "''", "str()"), ("int | None", "None", "3"),
    ("@typing.Optional[str]", "None", "'a'"), ("list[int]", "[]", "[1]", "LIST", "list()"), ("dict[str, int]", "{}", "{'a': 1}"),
    ("tuple[int, ...]", "()", "(1, 2)"), ("frozenset[int]", "frozenset()", "frozenset({1})"), ("Y", "Y()"), ("Y | None", "None"),
    ("Kind", "Kind.ONE", "Kind(1)"), ("Flags", "Flags.ONE", "Flags.ONE | Flags.TWO"), ("@datetime.date", "datetime.date(2020, 1, 1)"),
    ("@datetime.date | None", "None"), ("@typing.Annotated[int, @msgspec.Meta(ge=1)]", "1"), ("object", "None", "1"),
)  # fmt: skip
_FACTORIES = ("list", "dict", "set", "int", "lambda: []", "lambda: 3", "Y", "make", "list[int]", "[]")
_OPTIONS: dict[str, tuple[str, ...]] = {
    "dataclass": ("frozen", "order", "eq", "kw_only", "slots", "unsafe_hash", "weakref_slot", "repr", "match_args"),
    "struct": ("frozen", "order", "eq", "kw_only", "tag", "array_like", "omit_defaults", "forbid_unknown_fields", "cache_hash",
               "gc", "weakref", "dict"),
    "attrs": ("frozen", "order", "eq", "kw_only", "slots", "unsafe_hash", "cache_hash", "str", "repr", "cmp"),
    "typeddict": ("total",),
    "namedtuple": (),
}  # fmt: skip
_METHODS = (
    "__init__", "__new__", "__post_init__", "__eq__", "__hash__", "__lt__", "__setattr__", "__repr__", "__str__", "a", "dict",
    "describe", "__init_subclass__", "_replace", "__attrs_post_init__",
)  # fmt: skip
_MEMBERS = ("A", "B", "C", "name", "value", "_x_", "__p", "mro", "_d", "A")
_MEMBER_VALUES = (
    "1",
    "2",
    "3",
    "'a'",
    "'b'",
    "@enum.auto()",
    "A",
    "1 << 2",
    "A | B",
    "6",
    "-1",
    "10 ** 2",
    "None",
    "1.5",
)
_ENUM_BASES = (
    "@enum.Enum", "str, @enum.Enum", "int, @enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.Flag", "@enum.IntFlag", "Mixin, @enum.Enum",
)  # fmt: skip
_HEAD = """\
import datetime
LIMIT = 7
LIST = [1, 2]
def make(): return 5
class Kind(enum.Enum):
    ONE = 1
    TWO = 2
class Flags(enum.IntFlag):
    ONE = 1
    TWO = 2
class Mixin:
    note: str = ''
    def describe(self): return self.note
"""
STYLES = ("dataclass", "struct", "attrs", "namedtuple", "typeddict", "enum")


@dataclass
class _Drawing:
    random: Random
    aliases: dict[str, str] = field(default_factory=dict[str, str])

    def classes(self) -> str:
        style = self.random.choice(STYLES)
        other = self._class("Y", self.random.choice(STYLES[:5]))
        parent = self.random.choice(("", "", "", "Y", "Mixin", "Mixin"))
        mine = self._enum() if style == "enum" else self._class("X", style, parent)
        return "\n".join([_HEAD, *self._bound(), other, mine])

    def _bound(self) -> list[str]:
        """The aliases, each bound as people do: directly, along a chain, or in a class."""
        lines: list[str] = []
        for full, alias in self.aliases.items():
            match self.random.randint(0, 3):
                case 0:
                    lines += [f"{alias}_first = {full}", f"{alias} = {alias}_first"]
                case 1:
                    lines += [f"class {alias}_space:", f"    it = {full}", f"{alias} = {alias}_space.it"]
                case 2:
                    lines += [f"if typing.TYPE_CHECKING: {alias} = None", f"else: {alias} = {full}"]
                case _:
                    lines.append(f"{alias} = {full}")
        return lines

    def _named(self, text: str) -> str:
        """A text whose marked names may be called otherwise."""
        for full, alias in _ALIASES.items():
            if f"@{full}" in text:
                is_alias = self._rarely()
                if is_alias:
                    self.aliases[full] = alias
                text = text.replace(f"@{full}", alias if is_alias else full)
        return text.replace("@", "")

    # ---- records

    def _class(self, name: str, style: str, parent: str = "") -> str:
        options = ", ".join(f"{option}={self._switch()}" for option in self._chosen(_OPTIONS[style]))
        bases = [parent] if parent else []
        fields = "\n".join(f"    {line}" for line in self._body(style))
        match style:
            case "dataclass" | "attrs":
                maker = self._named("@dataclasses.dataclass" if style == "dataclass" else "@attrs.define")
                of = f"({', '.join(bases)})" if bases else ""
                return f"@{maker}{f'({options})' if options else ''}\nclass {name}{of}:\n{fields}"
            case _:
                base = {
                    "struct": "@msgspec.Struct",
                    "namedtuple": "@typing.NamedTuple",
                    "typeddict": "@typing.TypedDict",
                }[style]
                is_enough = parent == "Y" and self._often()
                given = [*bases, *([] if is_enough else [self._named(base)]), *([options] if options else [])]
                return f"class {name}({', '.join(given)}):\n{fields}"

    def _body(self, style: str) -> list[str]:
        names = self.random.sample(_NAMES[:4], self.random.randint(0, 3))
        names += [
            name
            for name in self.random.sample(_NAMES[4:], self.random.choice((0, 0, 1, 2)))
            if name not in names
        ]
        if self.random.random() < 0.03:
            names += names[:1]
        lines = [self._field(style, name) for name in names]
        if self._rarely():
            lines.insert(
                self.random.randint(0, len(lines)),
                f"def {self.random.choice(_METHODS)}(self, *args, **kw): return 1",
            )
        if style == "dataclass" and self._rarely():
            lines.insert(self.random.randint(0, len(lines)), "_: dataclasses.KW_ONLY")
        if self.random.random() < 0.05:
            lines.append(
                self.random.choice(
                    ("__slots__ = ()", "__slots__ = ('a',)", "a = 5", "Alias = tuple[int, str]")
                )
            )
        return lines or ["pass"]

    def _field(self, style: str, name: str) -> str:
        is_fitting = self.random.random() < 0.7
        pair = self.random.choice(_PAIRS)
        type_ = self._named(pair[0] if is_fitting else self.random.choice(_TYPES))
        if self.random.random() < 0.08:
            type_ = f"{self._named('@typing.ClassVar')}[{type_}]"
        if self.random.random() < 0.15:
            type_ = repr(type_)
        if style == "typeddict" or self._often():
            return f"{name}: {type_}"
        value = self.random.choice(pair[1:]) if is_fitting else self.random.choice(_VALUES)
        return f"{name}: {type_} = {self._default(style, value)}"

    def _default(self, style: str, value: str) -> str:
        if style == "namedtuple" or self._often():
            return value
        options = [f"default={value}"] if self._often() else []
        factory = "factory" if style == "attrs" else "default_factory"
        if not options or self.random.random() < 0.05:
            options.append(f"{factory}={self.random.choice(_FACTORIES)}")
        if style == "struct" and self._rarely():
            options.append("name='wire'")
        if style == "attrs" and self._rarely():
            options.append(self.random.choice(("alias='given'", "kw_only=True", "eq=False", "order=True")))
        if style == "dataclass" and self._rarely():
            options.append(self.random.choice(("kw_only=True", "compare=False", "init=False", "repr=False")))
        maker = {"dataclass": "@dataclasses.field", "struct": "@msgspec.field", "attrs": "@attrs.field"}[
            style
        ]
        return f"{self._named(maker)}({', '.join(options)})"

    # ---- enums

    def _enum(self) -> str:
        decorator = self.random.choice(
            ("@@enum.unique\n", "@enum.verify(enum.UNIQUE)\n", "@functools.total_ordering\n", *[""] * 9)
        )
        base = self._named(self.random.choice(_ENUM_BASES))
        lines = [
            f"    {self.random.choice(_MEMBERS)} = {self._named(self.random.choice(_MEMBER_VALUES))}"
            for _ in range(self.random.randint(1, 4))
        ]
        if self._rarely():
            lines.append(f"    def {self.random.choice(_METHODS)}(self, *args): return True")
        head = f"@{self._named(decorator[1:])}" if decorator.startswith("@@") else decorator
        return "\n".join([f"{head}class X({base}):", *lines])

    def _chosen(self, options: tuple[str, ...]) -> list[str]:
        return [option for option in options if self.random.random() < 0.1]

    def _switch(self) -> str:
        return "True" if self.random.random() < 0.7 else "False"

    def _often(self) -> bool:
        return self.random.random() < 0.5

    def _rarely(self) -> bool:
        return self.random.random() < 0.2


def draw_classes(random: Random) -> str:
    """The source of a class `X`, with all that it names."""
    return _Drawing(random).classes()
