"""Changes that look harmless, or like others: flags, ranges, `Any`, mappings beside records, what has a hash, what is unset."""

from evolution.changes import (
    Pair,
    class_,
    data,
    enum_,
    external,
    given,
    gives,
    meta,
    result,
    row,
    struct,
    takes,
    type_,
    typed_dict,
)

AB = "A = 1; B = 2"
FLAG = enum_(AB, "enum.Flag")
FLAGS: dict[str, Pair] = {
    "Flag to Enum": class_(FLAG, enum_(AB), {"VALUE_REMOVED": "Q", "CLASS_CHANGED": "S"}),
    "Flag to IntEnum": class_(FLAG, enum_(AB, "enum.IntEnum"), {"VALUE_REMOVED": "Q", "CLASS_CHANGED": "S"}),
    "Enum to Flag": class_(enum_(AB), FLAG, {"VALUE_ADDED": "R"}),
    "Enum that has all combinations to Flag": class_(
        enum_(f"{AB}; C = 3; N = 0"), FLAG, {"MEMBER_NAME_REMOVED": "S"}
    ),
    "Flag to an Enum that has all combinations": class_(
        FLAG, enum_(f"{AB}; C = 3; N = 0"), {"CLASS_CHANGED": "S"}
    ),
    "one flag to an Enum": class_(
        enum_("A = 1", "enum.Flag"), enum_("A = 1"), {"VALUE_REMOVED": "Q", "CLASS_CHANGED": "S"}
    ),
    "Flag to Literal": Pair(
        takes("x: X", FLAG), takes("x: Literal[1, 2]"), {"VALUE_REMOVED": "Q", "CLASS_REMOVED": "S"}
    ),
    "Flag to a Literal of fewer": Pair(
        takes("x: X", FLAG), takes("x: Literal[0, 1]"), {"VALUE_REMOVED": "Q", "CLASS_REMOVED": "S"}
    ),
    "Literal of all combinations to Flag": Pair(
        takes("x: Literal[0, 1, 2, 3]"), takes("x: X", FLAG), {"ANNOTATION_CHANGED": "S"}
    ),
    "Literal to Flag": Pair(takes("x: Literal[1, 2]"), takes("x: X", FLAG), {"VALUE_ADDED": "RS"}),
    "IntFlag to IntEnum": class_(
        enum_(AB, "enum.IntFlag"), enum_(AB, "enum.IntEnum"), {"TYPE_NARROWED": "Q", "CLASS_CHANGED": "S"}
    ),
    "IntFlag to Flag": class_(enum_(AB, "enum.IntFlag"), FLAG, {"TYPE_NARROWED": "Q", "CLASS_CHANGED": "S"}),
    "Flag to IntFlag": class_(FLAG, enum_(AB, "enum.IntFlag"), {"TYPE_WIDENED": "R"}),
    "Flag to int": Pair(takes("x: X", FLAG), takes("x: int"), {"TYPE_WIDENED": "R", "CLASS_REMOVED": "S"}),
    "IntFlag to int": Pair(takes("x: X", enum_(AB, "enum.IntFlag")), takes("x: int"), {"CLASS_REMOVED": "S"}),
    "int to Flag": Pair(takes("x: int"), takes("x: X", FLAG), {"TYPE_NARROWED": "QS"}),
    "int to IntFlag": Pair(
        takes("x: int"), takes("x: X", enum_(AB, "enum.IntFlag")), {"ANNOTATION_CHANGED": "S"}
    ),
    "range to Flag": Pair(
        takes("x: Annotated[int, msgspec.Meta(ge=0, le=3)]"), takes("x: X", FLAG), {"ANNOTATION_CHANGED": "S"}
    ),
    "Flag to range": Pair(
        takes("x: X", FLAG), takes("x: Annotated[int, msgspec.Meta(ge=0, le=3)]"), {"CLASS_REMOVED": "S"}
    ),
    "Flag to a range without 0": Pair(
        takes("x: X", FLAG),
        takes("x: Annotated[int, msgspec.Meta(ge=1, le=3)]"),
        {"VALUE_REMOVED": "Q", "CLASS_REMOVED": "S"},
    ),
    "result, Flag to Enum": given(FLAG, enum_(AB), {"RESULT_NARROWED": "R", "CLASS_CHANGED": "S"}),
    "result, Enum to Flag": given(enum_(AB), FLAG, {"RESULT_WIDENED": "Q"}),
    "list of Flag to list of Enum": class_(
        FLAG, enum_(AB), {"VALUE_REMOVED": "Q", "CLASS_CHANGED": "S"}, annotation="list[X]"
    ),
    "keys, Flag to Literal": Pair(
        takes("x: dict[X, int]", FLAG),
        takes("x: dict[Literal[1, 2], int]"),
        {"VALUE_REMOVED": "Q", "CLASS_REMOVED": "S"},
    ),
    "member renamed": class_(FLAG, enum_("A = 1; C = 2", "enum.Flag"), {"MEMBER_NAME_REMOVED": "S"}),
    "None forbidden": Pair(takes("x: X | None", FLAG), takes("x: X", FLAG), {"TYPE_NARROWED": "QS"}),
    "values of members swapped": class_(FLAG, enum_("A = 2; B = 1", "enum.Flag"), {"VALUE_REASSIGNED": "M"}),
}

WORDS = "A = 'a'; B = 'b'"
CHOICES: dict[str, Pair] = {
    "Literal to an enum": Pair(
        takes("x: Literal['a', 'b']"), takes("x: X", enum_(WORDS)), {"ANNOTATION_CHANGED": "S"}
    ),
    "Literal to a larger enum": Pair(
        takes("x: Literal['a']"), takes("x: X", enum_(WORDS)), {"VALUE_ADDED": "RS"}
    ),
    "enum to a smaller Literal": Pair(
        takes("x: X", enum_(WORDS)), takes("x: Literal['a']"), {"VALUE_REMOVED": "Q", "CLASS_REMOVED": "S"}
    ),
    "StrEnum to Literal": Pair(
        takes("x: X", enum_(WORDS, "enum.StrEnum")), takes("x: Literal['a', 'b']"), {"CLASS_REMOVED": "S"}
    ),
    "str mixed in dropped": class_(enum_(WORDS, "str, enum.Enum"), enum_(WORDS), {"CLASS_CHANGED": "S"}),
    "Enum of numbers to IntEnum": class_(enum_(AB), enum_(AB, "enum.IntEnum"), {}),
    "IntEnum to Enum": class_(enum_(AB, "enum.IntEnum"), enum_(AB), {"CLASS_CHANGED": "S"}),
    "alias gets a value of its own": class_(
        enum_("A = 'a'; B = 'a'"), enum_(WORDS), {"VALUE_ADDED": "R", "VALUE_REASSIGNED": "M"}
    ),
    "member becomes an alias": class_(enum_(WORDS), enum_("A = 'a'; B = 'a'"), {"VALUE_REMOVED": "Q"}),
    "result, enum to Literal": Pair(
        gives("X", enum_(WORDS)), gives("Literal['a', 'b']"), {"CLASS_REMOVED": "S"}
    ),
    "result, Literal to StrEnum": Pair(
        gives("Literal['a', 'b']"), gives("X", enum_(WORDS, "enum.StrEnum")), {"ANNOTATION_CHANGED": "S"}
    ),
    "result, StrEnum to str": Pair(
        gives("X", enum_(WORDS, "enum.StrEnum")), gives("str"), {"RESULT_WIDENED": "Q", "CLASS_REMOVED": "S"}
    ),
    "keys, str to StrEnum": Pair(
        takes("x: dict[str, int]"),
        takes("x: dict[X, int]", enum_(WORDS, "enum.StrEnum")),
        {"TYPE_NARROWED": "QS"},
    ),
    "range to an enum of all its values": Pair(
        takes("x: Annotated[int, msgspec.Meta(ge=1, le=2)]"),
        takes("x: X", enum_(AB)),
        {"ANNOTATION_CHANGED": "S"},
    ),
    "range to a Literal of all its values": type_(
        "Annotated[int, msgspec.Meta(gt=0, lt=5, multiple_of=2)]",
        "Literal[2, 4]",
        {"ANNOTATION_CHANGED": "S"},
    ),
    "range to a Literal of some": type_(
        "Annotated[int, msgspec.Meta(ge=1, le=3)]", "Literal[1, 2]", {"TYPE_NARROWED": "QS"}
    ),
    "range to a Literal, or None": type_(
        "Annotated[int, msgspec.Meta(ge=1, le=2)] | None", "Literal[1, 2, None]", {"ANNOTATION_CHANGED": "S"}
    ),
    "enum to its range": Pair(
        takes("x: X", enum_(AB, "enum.IntEnum")),
        takes("x: Annotated[int, msgspec.Meta(ge=1, le=2)]"),
        {"CLASS_REMOVED": "S"},
    ),
    "enum to a range of less": Pair(
        takes("x: X", enum_(AB, "enum.IntEnum")),
        takes("x: Annotated[int, msgspec.Meta(ge=2, le=2)]"),
        {"VALUE_REMOVED": "Q", "CLASS_REMOVED": "S"},
    ),
    "Literal to what is a multiple": type_(
        "Literal[2, 4]", "Annotated[int, msgspec.Meta(multiple_of=2)]", {"TYPE_WIDENED": "R"}
    ),
    "Literal of one text to None or it": type_("Literal['a']", "Literal['a', None]", {"VALUE_ADDED": "R"}),
    "Literal with None to a union": type_("Literal['a', None]", "Literal['a'] | None", {}),
}

ANYTHING: dict[str, Pair] = {
    "object to int": type_("object", "int", {"TYPE_NARROWED": "QS"}),
    "int to object": type_("int", "object", {"TYPE_WIDENED": "R"}),
    "Any to object": type_("Any", "object", {}),
    "list of Any to list of int": type_("list[Any]", "list[int]", {"TYPE_NARROWED": "QS"}),
    "list of int to list of Any": type_("list[int]", "list[Any]", {"TYPE_WIDENED": "R"}),
    "Sequence of Any to Sequence of str": type_("Sequence[Any]", "Sequence[str]", {"TYPE_NARROWED": "QS"}),
    "dict of Any to dict of int": type_("dict[str, Any]", "dict[str, int]", {"TYPE_NARROWED": "QS"}),
    "dict of int to dict of Any": type_("dict[str, int]", "dict[str, Any]", {"TYPE_WIDENED": "R"}),
    "item of a tuple": type_("tuple[Any, int]", "tuple[str, int]", {"TYPE_NARROWED": "QS"}),
    "Any or None": type_("Any | None", "int | None", {"TYPE_NARROWED": "QS"}),
    "field": class_(struct("a: Any"), struct("a: str"), {"TYPE_NARROWED": "QS"}),
    "Any to a Struct": Pair(takes("x: Any"), takes("x: X", struct("a: int")), {"TYPE_NARROWED": "QS"}),
    "Struct to Any": Pair(
        takes("x: X", struct("a: int")), takes("x: Any"), {"TYPE_WIDENED": "R", "CLASS_REMOVED": "S"}
    ),
    "argument of a generic": Pair(
        takes("x: X[Any]", "class X(msgspec.Struct, Generic[T]):\n    a: T\n"),
        takes("x: X[int]", "class X(msgspec.Struct, Generic[T]):\n    a: T\n"),
        {"TYPE_NARROWED": "QS", "ANNOTATION_CHANGED": "S"},
    ),
    "argument of a generic becomes Any": Pair(
        takes("x: X[int]", "class X(msgspec.Struct, Generic[T]):\n    a: T\n"),
        takes("x: X[Any]", "class X(msgspec.Struct, Generic[T]):\n    a: T\n"),
        {"TYPE_WIDENED": "R"},
    ),
    "result, Any to a record": Pair(gives("Any"), gives("X", struct("a: int")), {"RESULT_NARROWED": "RS"}),
    "result, Any to int": result("Any", "int", {"RESULT_NARROWED": "RS"}),
    "result, int to Any": result("int", "Any", {"RESULT_WIDENED": "Q"}),
    "result, list of Any to list of int": result("list[Any]", "list[int]", {"RESULT_NARROWED": "RS"}),
    "result, list of int to list of Any": result("list[int]", "list[Any]", {"RESULT_WIDENED": "Q"}),
    "result, field of Any": given(struct("a: Any"), struct("a: int"), {"RESULT_NARROWED": "RS"}),
    "result, Any or int": result("Any | int", "int", {"RESULT_NARROWED": "R"}),
}

MAPPINGS: dict[str, Pair] = {
    "dict to a TypedDict": class_(
        "X = dict[str, int]",
        typed_dict("a: int", "total=False"),
        {"KEYS_DROPPED": "M", "ANNOTATION_CHANGED": "S"},
    ),
    "dict to a strict Struct": class_(
        "X = dict[str, int]",
        struct("a: int = 0", "forbid_unknown_fields=True"),
        {"TYPE_NARROWED": "QS"},
    ),
    "dict to a Struct that needs a field": class_(
        "X = dict[str, int]", struct("a: int; b: int = 0"), {"TYPE_NARROWED": "QS", "KEYS_DROPPED": "M"}
    ),
    "Struct to dict": Pair(
        takes("x: X", struct("a: int = 0")),
        takes("x: dict[str, int]"),
        {"KEYS_DROPPED": "M", "CLASS_REMOVED": "S"},
    ),
    "dict of a Literal to a Struct": class_(
        "X = dict[Literal['a', 'b'], int]", struct("a: int = 0; b: int = 0"), {"ANNOTATION_CHANGED": "S"}
    ),
    "dict of a larger Literal to a Struct": class_(
        "X = dict[Literal['a', 'b'], int]",
        struct("a: int = 0"),
        {"KEYS_DROPPED": "M", "ANNOTATION_CHANGED": "S"},
    ),
    "dict of Any to a Struct": class_(
        "X = dict[str, Any]",
        struct("a: int = 0"),
        {"KEYS_DROPPED": "M", "TYPE_NARROWED": "Q", "ANNOTATION_CHANGED": "S"},
    ),
    "Mapping of Any to a TypedDict": class_(
        "X = Mapping[str, Any]",
        typed_dict("a: int", "total=False"),
        {"KEYS_DROPPED": "M", "TYPE_NARROWED": "Q", "ANNOTATION_CHANGED": "S"},
    ),
    "list of dict to list of a Struct": class_(
        "X = dict[str, int]",
        struct("a: int = 0"),
        {"KEYS_DROPPED": "M", "ANNOTATION_CHANGED": "S"},
        annotation="list[X]",
    ),
    "result, dict to a Struct": Pair(
        gives("dict[str, int]"),
        gives("X", struct("a: int = 0")),
        {"KEYS_DROPPED": "M", "ANNOTATION_CHANGED": "S"},
    ),
    "result, Struct to dict": Pair(
        gives("X", struct("a: int = 0")),
        gives("dict[str, int]"),
        {"KEYS_DROPPED": "M", "CLASS_REMOVED": "S"},
    ),
    "result, TypedDict to dict": Pair(
        gives("X", typed_dict("a: int")),
        gives("dict[str, int]"),
        {"RESULT_WIDENED": "Q", "KEYS_DROPPED": "M", "CLASS_REMOVED": "S"},
    ),
    "TypedDict to a Struct": class_(typed_dict("a: int"), struct("a: int"), {"CLASS_CHANGED": "S"}),
    "TypedDict keys in another order": class_(typed_dict("a: int; b: str"), typed_dict("b: str; a: int"), {}),
    "keys with limits, values widened": type_(
        "dict[Annotated[str, msgspec.Meta(max_length=3)], int]",
        "dict[Annotated[str, msgspec.Meta(max_length=3)], int | None]",
        {"TYPE_WIDENED": "RS"},
    ),
    "limits of keys tightened": type_(
        "dict[Annotated[str, msgspec.Meta(max_length=3)], int]",
        "dict[Annotated[str, msgspec.Meta(max_length=2)], int]",
        {"LIMIT_TIGHTENED": "Q"},
    ),
    "keys, a NewType to str": Pair(
        takes("x: dict[X, int]", "X = NewType('X', str)"), takes("x: dict[str, int]"), {"CLASS_REMOVED": "S"}
    ),
    "keys, Decimal to float": type_(
        "dict[decimal.Decimal, int]", "dict[float, int]", {"ANNOTATION_CHANGED": "S"}
    ),
    "keys, float to Decimal": type_(
        "dict[float, int]", "dict[decimal.Decimal, int]", {"ANNOTATION_CHANGED": "S"}
    ),
    "keys, int to float": type_("dict[int, int]", "dict[float, int]", {"TYPE_WIDENED": "RS"}),
    "keys, date to str": type_(
        "dict[dt.date, int]", "dict[str, int]", {"TYPE_WIDENED": "RS", "TEXT_REINTERPRETED": "M"}
    ),
}

HASHED: dict[str, Pair] = {
    "frozen dropped": class_(struct("a: int", "frozen=True"), struct("a: int"), {"CLASS_CHANGED": "S"}),
    "frozen dropped, dataclass": class_(
        data("a: int", "frozen=True"), data("a: int"), {"CLASS_CHANGED": "S"}
    ),
    "frozen dropped, result": given(
        struct("a: int", "frozen=True"), struct("a: int"), {"CLASS_CHANGED": "S"}
    ),
    "frozen dropped, in a list": class_(
        struct("a: int", "frozen=True"), struct("a: int"), {"CLASS_CHANGED": "S"}, annotation="list[X]"
    ),
    "frozen attrs class to a frozen Struct": class_(
        "@attrs.frozen\nclass X:\n    a: int\n", struct("a: int", "frozen=True"), {}
    ),
    "frozen switched on, result": given(struct("a: int"), struct("a: int", "frozen=True"), {}),
    "set of a frozen Struct to a list": class_(
        struct("a: int", "frozen=True") + "Y = set[X]\n",
        struct("a: int", "frozen=True") + "Y = list[X]\n",
        {"REPEATS_DROPPED": "M", "ANNOTATION_CHANGED": "S"},
        annotation="Y",
    ),
    "set of a frozen Struct, which gets a field": class_(
        struct("a: int", "frozen=True"),
        struct("a: int; b: int = 0", "frozen=True"),
        {"FIELD_ADDED": "M"},
        annotation="set[X]",
    ),
}

UNSET_ = "a: int | msgspec.UnsetType = msgspec.UNSET"
DEFAULTS: dict[str, Pair] = {
    "UNSET to a value": class_(struct(UNSET_), struct("a: int = 0"), {"DEFAULT_CHANGED": "SM"}),
    "UNSET to required": class_(struct(UNSET_), struct("a: int"), {"FIELD_MADE_REQUIRED": "QS"}),
    "a value to UNSET": class_(struct("a: int = 0"), struct(UNSET_), {"DEFAULT_CHANGED": "M"}),
    "required to UNSET": class_(struct("a: int"), struct(UNSET_), {"FIELD_MADE_OPTIONAL": "R"}),
    "UNSET to what the worker decides": class_(struct(UNSET_), struct("a: int = int('0')"), {}),
    "result, UNSET to a value": given(struct(UNSET_), struct("a: int = 0"), {}),
    "result, a value to UNSET": given(struct("a: int = 0"), struct(UNSET_), {"FIELD_MADE_OPTIONAL": "S"}),
    "worker-decided parameter to None": Pair(
        takes("x: int | None = int('0')"), takes("x: int | None = None"), {"DEFAULT_CHANGED": "SM"}
    ),
    "list default changed": Pair(
        takes("x: list[int] = []"), takes("x: list[int] = [1]"), {"DEFAULT_CHANGED": "M"}
    ),
    "NamedTuple, default given": class_(row("a: int"), row("a: int = 0"), {}),
    "NamedTuple, default taken away": class_(row("a: int = 0"), row("a: int"), {"FIELD_MADE_REQUIRED": "S"}),
    "field of a TypedDict widened": class_(
        typed_dict("a: int"), typed_dict("a: int | None"), {"TYPE_WIDENED": "R"}
    ),
}

LIMITED: dict[str, Pair] = {
    "NewType with limits around it, unchanged": Pair(
        takes("x: Annotated[X, msgspec.Meta(max_length=3)]", "X = NewType('X', str)"),
        takes("x: Annotated[X, msgspec.Meta(max_length=3)], y: int = 0", "X = NewType('X', str)"),
        {"FIELD_ADDED": "M"},
    ),
    "NewType with limits around it, tightened": Pair(
        takes("x: Annotated[X, msgspec.Meta(max_length=3)]", "X = NewType('X', str)"),
        takes("x: Annotated[X, msgspec.Meta(max_length=2)]", "X = NewType('X', str)"),
        {"LIMIT_TIGHTENED": "Q"},
    ),
    "float to int, both limited": type_(
        "Annotated[float, msgspec.Meta(ge=0)]", "Annotated[int, msgspec.Meta(ge=0)]", {"TYPE_NARROWED": "QS"}
    ),
    "list or None, limit removed": type_(
        "Annotated[list[int], msgspec.Meta(max_length=2)] | None", "list[int] | None", {"LIMIT_LOOSENED": "R"}
    ),
    "multiple of a fraction": meta("multiple_of=0.5", "multiple_of=0.25", "float", {"LIMIT_LOOSENED": "R"}),
    "multiples to float": type_(
        "Annotated[int, msgspec.Meta(multiple_of=2)]", "float", {"TYPE_WIDENED": "R"}
    ),
    "NewType of a NewType, whose base changes": class_(
        "Y = NewType('Y', int)\nX = NewType('X', Y)",
        "Y = NewType('Y', dt.timedelta)\nX = NewType('X', Y)",
        {"TYPE_CHANGED": "QRS"},
    ),
    "short text to UUID": type_(
        "Annotated[str, msgspec.Meta(max_length=8)]",
        "uuid.UUID",
        {"TYPE_NARROWED": "QS", "LIMIT_LOOSENED": "R"},
    ),
    "UUID to text of its length": type_(
        "uuid.UUID",
        "Annotated[str, msgspec.Meta(max_length=36)]",
        {"TYPE_WIDENED": "RS", "TEXT_REINTERPRETED": "M"},
    ),
    "bytes to text of their length": type_(
        "Annotated[bytes, msgspec.Meta(max_length=3)]",
        "Annotated[str, msgspec.Meta(max_length=4)]",
        {"TYPE_WIDENED": "RS", "TEXT_REINTERPRETED": "M"},
    ),
    "bounds that say the same": meta("ge=1, le=9", "gt=0, lt=10", "int", {}),
    "union, limit of a member tightened": type_(
        "Annotated[int, msgspec.Meta(ge=0)] | str",
        "Annotated[int, msgspec.Meta(ge=1)] | str",
        {"LIMIT_TIGHTENED": "Q"},
    ),
}

TAGGED = struct("a: int", "tag='one'", "A")
SHAPES: dict[str, Pair] = {
    "tag taken from a single record": Pair(
        takes("x: A", TAGGED), takes("x: A", struct("a: int", name="A")), {}
    ),
    "tag taken from a strict record": Pair(
        takes("x: A", struct("a: int", "tag='one', forbid_unknown_fields=True", "A")),
        takes("x: A", struct("a: int", "forbid_unknown_fields=True", "A")),
        {"FIELD_REFUSED": "Q"},
    ),
    "number as a tag changed": Pair(
        takes("x: A", struct("a: int", "tag=1", "A")),
        takes("x: A", struct("a: int", "tag=2", "A")),
        {"TAG_CHANGED": "QR"},
    ),
    "tag field of a single record renamed": Pair(
        takes("x: A", struct("a: int", "tag='one', tag_field='k'", "A")),
        takes("x: A", struct("a: int", "tag='one', tag_field='s'", "A")),
        {},
    ),
    "members of a union that holds one of them, in another order": Pair(
        takes("x: A | B", TAGGED + "class B(msgspec.Struct, tag='two'):\n    a: A\n"),
        takes("x: B | A", TAGGED + "class B(msgspec.Struct, tag='two'):\n    a: A\n"),
        {},
    ),
    "None first": type_("int | None", "None | int", {}),
    "int or float to float": type_("int | float", "float", {}),
    "float to int or float": type_("float", "int | float", {}),
    "bool or int to int": type_("bool | int", "int", {"TYPE_NARROWED": "Q"}),
    "Struct to a NamedTuple": class_(
        struct("a: int"), row("a: int"), {"TYPE_CHANGED": "QR", "CLASS_CHANGED": "S"}
    ),
    "NamedTuple to a dataclass": class_(
        row("a: int"), data("a: int"), {"TYPE_CHANGED": "QR", "CLASS_CHANGED": "S"}
    ),
    "array_like Struct to a NamedTuple": class_(
        struct("a: int", "array_like=True"), row("a: int"), {"CLASS_CHANGED": "S"}
    ),
    "tuple to an array_like Struct": Pair(
        takes("x: tuple[int, str]"),
        takes("x: X", struct("a: int; b: str", "array_like=True")),
        {"ANNOTATION_CHANGED": "S"},
    ),
    "generic, argument widened in a result of Sequence": Pair(
        gives("Sequence[X[int]]", "class X(msgspec.Struct, Generic[T]):\n    a: T\n"),
        gives("Sequence[X[int | None]]", "class X(msgspec.Struct, Generic[T]):\n    a: T\n"),
        {"RESULT_WIDENED": "QS", "ANNOTATION_CHANGED": "S"},
    ),
    "generic, argument bool to int": Pair(
        takes("x: X[bool]", "class X(msgspec.Struct, Generic[T]):\n    a: T\n"),
        takes("x: X[int]", "class X(msgspec.Struct, Generic[T]):\n    a: T\n"),
        {"TYPE_CHANGED": "QR", "ANNOTATION_CHANGED": "S"},
    ),
    "external, keys": external("str", "int", {"TYPE_NARROWED": "QS"}, annotation="dict[Fraction, int]"),
    "result, tuple to list": result("tuple[int, ...]", "list[int]", {"ANNOTATION_CHANGED": "S"}),
    "result, set to frozenset": result("set[int]", "frozenset[int]", {"ANNOTATION_CHANGED": "S"}),
    "parameter becomes keyword-only and gets a default": Pair(
        takes("x: int, y: int"), takes("x: int, *, y: int = 0"), {"PARAMETER_KEYWORD_ONLY": "S"}
    ),
    "keyword-only parameter added, required": Pair(
        takes("x: int"), takes("x: int, *, y: int"), {"FIELD_ADDED_REQUIRED": "QSM"}
    ),
    "field that is read by an alias is renamed": class_(
        struct("a: int = msgspec.field(name='x')"),
        struct("b: int = msgspec.field(name='x')"),
        {"ATTRIBUTE_RENAMED": "S"},
    ),
}

ROW = "class X(msgspec.Struct, Generic[T]):\n    a: T\n    b: list[T] = []\n"
MIXED: dict[str, Pair] = {
    "parameter and its type renamed, alias kept": Pair(
        takes("x: X", struct("a: int")),
        takes("y: Y", struct("a: int", name="Y"), options="parameter_aliases={'y': ['x']}"),
        {"FIELD_RENAMED": "RS", "CLASS_REMOVED": "S"},
    ),
    "alias becomes the name, name the alias, with a default": Pair(
        takes("x: int = 0", options="parameter_aliases={'x': ['y']}"),
        takes("y: int = 0", options="parameter_aliases={'y': ['x']}"),
        {"FIELD_RENAMED": "S"},
    ),
    "default of a renamed parameter changed": Pair(
        takes("x: int = 0"),
        takes("y: int = 1", options="parameter_aliases={'y': ['x']}"),
        {"FIELD_RENAMED": "SM", "DEFAULT_CHANGED": "M"},
    ),
    "required parameter becomes optional and its type narrower": Pair(
        takes("x: int | str"), takes("x: int = 0"), {"TYPE_NARROWED": "QS"}
    ),
    "keyword-only parameters in front become positional": Pair(
        takes("*, x: int, y: str"), takes("x: int, y: str"), {}
    ),
    "two required parameters swapped, one renamed": Pair(
        takes("x: int, y: str"),
        takes("z: str, x: int", options="parameter_aliases={'z': ['y']}"),
        {"FIELD_RENAMED": "RS", "PARAMETER_MOVED": "S"},
    ),
    "UNSET parameter gone": Pair(
        takes("x: int, y: int = int('0')"), takes("x: int"), {"FIELD_REMOVED": "SM"}
    ),
    "field of frozen dataclass gets a default": class_(
        data("a: int", "frozen=True"), data("a: int = 0", "frozen=True"), {}
    ),
    "frozen and kw_only switched on": class_(
        struct("a: int; b: int"),
        struct("a: int; b: int", "frozen=True, kw_only=True"),
        {"CLASS_CHANGED": "S", "FIELD_KEYWORD_ONLY": "S"},
    ),
    "frozen key of a mapping to a NewType": Pair(
        takes("x: dict[X, int]", "X = NewType('X', int)"),
        takes("x: dict[X, int]", "X = NewType('X', str)"),
        {"TYPE_WIDENED": "RS"},
    ),
    "field renamed in Python, and its type widened": class_(
        struct("a: int"),
        struct("b: int | None = msgspec.field(name='a')"),
        {"ATTRIBUTE_RENAMED": "S", "TYPE_WIDENED": "R"},
    ),
    "generic, field added with a default": Pair(
        takes("x: X[int]", ROW), takes("x: X[int]", ROW + "    c: int = 0\n"), {"FIELD_ADDED": "M"}
    ),
    "generic, two arguments of which one changes": Pair(
        takes("x: X[int], y: X[str]", ROW),
        takes("x: X[int], y: X[bytes]", ROW),
        {"TYPE_NARROWED": "QS", "ANNOTATION_CHANGED": "S"},
    ),
    "generic, of flags that become an enum": Pair(
        takes("x: X[Y]", ROW + enum_(AB, "enum.Flag", "Y")),
        takes("x: X[Y]", ROW + enum_(AB, name="Y")),
        {"VALUE_REMOVED": "Q", "CLASS_CHANGED": "S"},
    ),
    "tuple of flags to tuple of int": Pair(
        takes("x: tuple[X, int]", FLAG),
        takes("x: tuple[int, int]"),
        {"TYPE_WIDENED": "R", "CLASS_REMOVED": "S"},
    ),
    "tagged union, one member frozen no more": Pair(
        takes(
            "x: A | B", struct("a: int", "tag='one', frozen=True", "A") + struct("b: int", "tag='two'", "B")
        ),
        takes("x: A | B", struct("a: int", "tag='one'", "A") + struct("b: int", "tag='two'", "B")),
        {"CLASS_CHANGED": "S"},
    ),
    "tagged union in another order, a field renamed": Pair(
        takes("x: A | B", struct("a: int", "tag='one'", "A") + struct("b: int", "tag='two'", "B")),
        takes("x: B | A", struct("a: int", "tag='one'", "A") + struct("c: int", "tag='two'", "B")),
        {"FIELD_RENAMED": "QRS"},
    ),
    "Any in a union of containers": type_("list[Any] | None", "list[str] | None", {"TYPE_NARROWED": "QS"}),
    "Any as the value of a key that is widened": type_(
        "dict[int, Any]", "dict[str, Any]", {"TYPE_WIDENED": "RS"}
    ),
    "result, dict of Any to a TypedDict": Pair(
        gives("dict[str, Any]"),
        gives("X", typed_dict("a: int", "total=False")),
        {"RESULT_NARROWED": "R", "KEYS_DROPPED": "M", "ANNOTATION_CHANGED": "S"},
    ),
    "result, frozen Struct to a NamedTuple": given(
        struct("a: int", "frozen=True"), row("a: int"), {"RESULT_CHANGED": "QR", "CLASS_CHANGED": "S"}
    ),
    "result, IntFlag to Flag": given(
        enum_(AB, "enum.IntFlag"), FLAG, {"RESULT_NARROWED": "R", "CLASS_CHANGED": "S"}
    ),
    "result, flag added": given(FLAG, enum_(f"{AB}; C = 4", "enum.Flag"), {"RESULT_WIDENED": "Q"}),
    "external, Any no more": Pair(
        takes("x: Any"), takes("x: Fraction"), {"TYPE_NARROWED": "QS"}, ("", "str")
    ),
    "external, in a frozen Struct": external(
        "str", "int", {"TYPE_CHANGED": "QRS"}, struct("a: Fraction", "frozen=True"), annotation="X"
    ),
    "limit of a default's type tightened": Pair(
        takes("x: Annotated[int, msgspec.Meta(ge=0)] = 5"),
        takes("x: Annotated[int, msgspec.Meta(ge=1)] = 5"),
        {"LIMIT_TIGHTENED": "Q"},
    ),
    "min_length of a set added": type_(
        "set[int]", "Annotated[set[int], msgspec.Meta(min_length=2)]", {"LIMIT_TIGHTENED": "Q"}
    ),
    "list to a set that needs items": type_(
        "list[int]",
        "Annotated[set[int], msgspec.Meta(min_length=1)]",
        {"LIMIT_TIGHTENED": "Q", "REPEATS_DROPPED": "M", "ANNOTATION_CHANGED": "S"},
    ),
}

FINER: dict[str, dict[str, Pair]] = {
    "flags": FLAGS,
    "choice": CHOICES,
    "anything": ANYTHING,
    "mapping": MAPPINGS,
    "hash": HASHED,
    "default": DEFAULTS,
    "limited": LIMITED,
    "shape": SHAPES,
    "mixed": MIXED,
}
