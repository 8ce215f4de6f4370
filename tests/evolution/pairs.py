"""Changes as a reviewer would try them: the worker's source before and after, and what the verdict must be.

The verdicts are written by hand. Two oracles check them: msgspec, and type checkers over a producer that was written for
the stubs from before.
"""

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
from evolution.finer_pairs import FINER

TWO = "@worker.task\nasync def {}(state, x: int) -> None: ...\n\n\n@worker.task\nasync def {}(state, x: int) -> None: ...\n"
TREE = struct("value: {}; children: list['X'] = []")

TASKS: dict[str, Pair] = {
    "task removed": Pair(TWO.format("work", "other"), takes("x: int"), {"TASK_REMOVED": "QS"}),
    "task added": Pair(takes("x: int"), TWO.format("work", "other"), {"TASK_ADDED": "R"}),
    "task renamed": Pair(
        takes("x: int"),
        takes("x: int").replace("work(", "labour("),
        {"TASK_REMOVED": "QS", "TASK_ADDED": "R"},
    ),
    "task renamed, old name kept on the wire": Pair(
        takes("x: int"),
        takes("x: int", options="name='work'").replace("work(", "labour("),
        {"FUNCTION_RENAMED": "S"},
    ),
    "task renamed, alias kept": Pair(
        takes("x: int"),
        takes("x: int", options="aliases=['work']").replace("work(", "labour("),
        {"TASK_RENAMED": "R", "FUNCTION_RENAMED": "S"},
    ),
    "task renamed on the wire alone": Pair(
        takes("x: int"), takes("x: int", options="name='labour', aliases=['work']"), {"TASK_RENAMED": "R"}
    ),
    "alias added": Pair(takes("x: int"), takes("x: int", options="aliases=['labour']"), {}),
    "alias removed": Pair(
        takes("x: int", options="aliases=['labour']"), takes("x: int"), {"TASK_REMOVED": "Q"}
    ),
    "two tasks merged": Pair(
        TWO.format("work", "other"), takes("x: int", options="aliases=['other']"), {"FUNCTION_RENAMED": "S"}
    ),
    "two tasks merged, other parameters": Pair(
        "@worker.task\nasync def work(state, x: int) -> None: ...\n\n\n@worker.task\nasync def other(state, y: str) -> None: ...\n",
        takes("x: int", options="aliases=['other']"),
        {"FUNCTION_RENAMED": "S", "FIELD_ADDED_REQUIRED": "QSM", "FIELD_REMOVED_REQUIRED": "RSM"},
    ),
    "one task split, alias moved": Pair(
        takes("x: int", options="aliases=['other']"), TWO.format("work", "other"), {}
    ),
    "task moved to another queue": Pair(
        takes("x: int"), takes("x: int", options="queue='p'"), {"QUEUE_CHANGED": "QR"}
    ),
    "queue said outright": Pair(takes("x: int"), takes("x: int", options="queue='q'"), {}),
    "deprecated added": Pair(takes("x: int"), takes("x: int", options="deprecated='use other'"), {}),
    "deprecated removed": Pair(takes("x: int", options="deprecated='use other'"), takes("x: int"), {}),
    "docstring changed": Pair(
        takes("x: int").replace("...", "'Old.'"), takes("x: int").replace("...", "'New.'"), {}
    ),
    "policy changed": Pair(takes("x: int"), takes("x: int", options="should_dead_letter=False"), {}),
}

PARAMETERS: dict[str, Pair] = {
    "added, required": Pair(takes("x: int"), takes("x: int, y: int"), {"FIELD_ADDED_REQUIRED": "QSM"}),
    "added, with default": Pair(takes("x: int"), takes("x: int, y: int = 0"), {"FIELD_ADDED": "M"}),
    "added before another, with default": Pair(
        takes("x: int = 0"), takes("y: int = 0, x: int = 0"), {"FIELD_ADDED": "M", "PARAMETER_MOVED": "M"}
    ),
    "added keyword-only, with default": Pair(
        takes("x: int"), takes("x: int, *, y: int = 0"), {"FIELD_ADDED": "M"}
    ),
    "removed, required": Pair(takes("x: int, y: str"), takes("x: int"), {"FIELD_REMOVED_REQUIRED": "RSM"}),
    "removed, with default": Pair(takes("x: int, y: str = ''"), takes("x: int"), {"FIELD_REMOVED": "SM"}),
    "renamed": Pair(takes("x: int"), takes("y: int"), {"FIELD_RENAMED": "QRS"}),
    "renamed, with default": Pair(takes("x: int = 0"), takes("y: int = 0"), {"FIELD_RENAMED": "SM"}),
    "renamed with alias": Pair(
        takes("x: int"), takes("y: int", options="parameter_aliases={'y': ['x']}"), {"FIELD_RENAMED": "RS"}
    ),
    "renamed, the old worker knew the new name": Pair(
        takes("x: int", options="parameter_aliases={'x': ['y']}"),
        takes("y: int", options="parameter_aliases={'y': ['x']}"),
        {"FIELD_RENAMED": "S"},
    ),
    "renamed back to an old name": Pair(
        takes("x: int", options="parameter_aliases={'x': ['y']}"), takes("y: int"), {"FIELD_RENAMED": "QS"}
    ),
    "alias of a parameter added": Pair(
        takes("x: int"), takes("x: int", options="parameter_aliases={'x': ['y']}"), {}
    ),
    "alias of a parameter removed": Pair(
        takes("x: int", options="parameter_aliases={'x': ['y']}"), takes("x: int"), {"ALIAS_REMOVED": "Q"}
    ),
    "reordered": Pair(takes("x: int, y: str"), takes("y: str, x: int"), {"PARAMETER_MOVED": "S"}),
    "keyword-only": Pair(
        takes("x: int, y: str"), takes("x: int, *, y: str"), {"PARAMETER_KEYWORD_ONLY": "S"}
    ),
    "no longer keyword-only": Pair(takes("x: int, *, y: str"), takes("x: int, y: str"), {}),
    "keyword-only, reordered": Pair(takes("*, x: int, y: str"), takes("*, y: str, x: int"), {}),
    "default given": Pair(takes("x: int"), takes("x: int = 0"), {}),
    "default taken away": Pair(takes("x: int = 0"), takes("x: int"), {"FIELD_MADE_REQUIRED": "S"}),
    "default changed": Pair(takes("x: int = 0"), takes("x: int = 1"), {"DEFAULT_CHANGED": "M"}),
    "default left to the worker": Pair(
        takes("x: int = 0"), takes("x: int = int('0')"), {"DEFAULT_CHANGED": "M"}
    ),
    "default taken from the worker": Pair(
        takes("x: int = int('0')"), takes("x: int = 0"), {"DEFAULT_CHANGED": "SM"}
    ),
    "default that the worker decides changed": Pair(
        takes("x: int = int('0')"), takes("x: int = int('1')"), {}
    ),
    "worker decides what was required": Pair(
        takes("x: int"), takes("x: int = int('0')"), {"FIELD_MADE_OPTIONAL": "R"}
    ),
    "what the worker decided is required": Pair(
        takes("x: int = int('0')"), takes("x: int"), {"FIELD_MADE_REQUIRED": "QS"}
    ),
    "added, the worker decides": Pair(
        takes("x: int"), takes("x: int, y: int = int('0')"), {"FIELD_ADDED": "M"}
    ),
    "removed, the worker decided": Pair(
        takes("x: int, y: str = str()"), takes("x: int"), {"FIELD_REMOVED": "SM"}
    ),
    "renamed, the worker decides": Pair(
        takes("x: int = int('0')"), takes("y: int = int('0')"), {"FIELD_RENAMED": "SM"}
    ),
    "default None in place of a value": Pair(
        takes("x: int | None = 0"), takes("x: int | None = None"), {"DEFAULT_CHANGED": "M"}
    ),
    "default and type changed": Pair(
        takes("x: int = 0"), takes("x: str = ''"), {"TYPE_CHANGED": "QRS", "DEFAULT_CHANGED": "M"}
    ),
    "default 0 to False": Pair(
        takes("x: int | bool = 0"), takes("x: int | bool = False"), {"DEFAULT_CHANGED": "M"}
    ),
    "default 0 to False deep inside": Pair(
        takes("x: dict[str, list[int | bool]] = {'a': [0]}"),
        takes("x: dict[str, list[int | bool]] = {'a': [False]}"),
        {"DEFAULT_CHANGED": "M"},
    ),
    "default 1 to 1.0": Pair(takes("x: float = 1"), takes("x: float = 1.0"), {}),
    "default of a value that changed": Pair(
        takes("x: X = X.A", enum_("A = 'a'; B = 'b'")),
        takes("x: X = X.A", enum_("A = 'z'; B = 'b'")),
        {"VALUE_REMOVED": "Q", "VALUE_ADDED": "R", "DEFAULT_CHANGED": "M"},
    ),
    "renamed with alias, of another type": Pair(
        takes("x: int"),
        takes("y: str", options="parameter_aliases={'y': ['x']}"),
        {"FIELD_RENAMED": "RS", "TYPE_NARROWED": "QS"},
    ),
    "two renamed with aliases": Pair(
        takes("x: int, y: int"),
        takes("a: int, b: int", options="parameter_aliases={'a': ['x'], 'b': ['y']}"),
        {"FIELD_RENAMED": "RS"},
    ),
    "two renamed with aliases, and swapped": Pair(
        takes("x: int, y: int"),
        takes("a: int, b: int", options="parameter_aliases={'b': ['x'], 'a': ['y']}"),
        {"FIELD_RENAMED": "RS", "PARAMETER_MOVED": "SM"},
    ),
    "two of one type renamed": Pair(
        takes("x: int, y: int"),
        takes("a: int, b: int"),
        {"FIELD_REMOVED_REQUIRED": "RSM", "FIELD_ADDED_REQUIRED": "QSM"},
    ),
    "alias of another parameter, which is needed": Pair(
        takes("x: int, y: int", options="parameter_aliases={'x': ['z']}"),
        takes("x: int, y: int", options="parameter_aliases={'y': ['z']}"),
        {"ALIAS_REMOVED": "Q"},
    ),
    "alias is a parameter now": Pair(
        takes("x: int", options="parameter_aliases={'x': ['z']}"),
        takes("x: int, z: int = 0"),
        {"ALIAS_REMOVED": "Q", "FIELD_ADDED": "M"},
    ),
    "alias of what has a default is a parameter now": Pair(
        takes("x: int = 1", options="parameter_aliases={'x': ['z']}"),
        takes("x: int = 1, z: int = 0"),
        {"ALIAS_REMOVED": "M", "FIELD_ADDED": "M"},
    ),
    "first of three removed": Pair(
        takes("x: int, y: str, z: str"),
        takes("y: str, z: str"),
        {"FIELD_REMOVED_REQUIRED": "RSM", "PARAMETER_MOVED": "S"},
    ),
    "swapped, of one type": Pair(takes("x: str, y: str"), takes("y: str, x: str"), {"PARAMETER_MOVED": "SM"}),
    "added in the middle, required": Pair(
        takes("x: str, y: str"),
        takes("x: str, z: str, y: str"),
        {"FIELD_ADDED_REQUIRED": "QSM", "PARAMETER_MOVED": "S"},
    ),
    "added in the middle, with default": Pair(
        takes("x: int, y: str = ''"),
        takes("x: int, z: str = '', y: str = ''"),
        {"FIELD_ADDED": "M", "PARAMETER_MOVED": "M"},
    ),
    "removed in the middle, with default": Pair(
        takes("x: int, y: str = '', z: str = ''"),
        takes("x: int, z: str = ''"),
        {"FIELD_REMOVED": "SM", "PARAMETER_MOVED": "SM"},
    ),
    "two parameters become a record": Pair(
        takes("street: str, city: str"),
        takes("address: X", struct("street: str; city: str")),
        {"FIELD_REMOVED_REQUIRED": "RSM", "FIELD_ADDED_REQUIRED": "QSM"},
    ),
    "default of a nested record changed": Pair(
        takes("x: X = X(1)", struct("a: int; b: int = 0")),
        takes("x: X = X(2)", struct("a: int; b: int = 0")),
        {"DEFAULT_CHANGED": "M"},
    ),
}

SCALARS: dict[str, Pair] = {
    "int to float": type_("int", "float", {"TYPE_WIDENED": "R"}),
    "float to int": type_("float", "int", {"TYPE_NARROWED": "QS"}),
    "int to bool": type_("int", "bool", {"TYPE_CHANGED": "QRS"}),
    "bool to int": type_("bool", "int", {"TYPE_CHANGED": "QR"}),
    "int to str": type_("int", "str", {"TYPE_CHANGED": "QRS"}),
    "int to decimal": type_("int", "decimal.Decimal", {"TYPE_WIDENED": "RS"}),
    "float to decimal": type_("float", "decimal.Decimal", {"TYPE_WIDENED": "RS"}),
    "decimal to float": type_("decimal.Decimal", "float", {"TYPE_NARROWED": "QS"}),
    "bytes to str": type_("bytes", "str", {"TYPE_WIDENED": "RS", "TEXT_REINTERPRETED": "M"}),
    "str to bytes": type_("str", "bytes", {"TYPE_NARROWED": "QS"}),
    "bytes to bytearray": type_("bytes", "bytearray", {"ANNOTATION_CHANGED": "S"}),
    "str to UUID": type_("str", "uuid.UUID", {"TYPE_NARROWED": "QS"}),
    "UUID to str": type_("uuid.UUID", "str", {"TYPE_WIDENED": "RS", "TEXT_REINTERPRETED": "M"}),
    "datetime to date": type_("dt.datetime", "dt.date", {"TYPE_CHANGED": "QR"}),
    "date to datetime": type_("dt.date", "dt.datetime", {"TYPE_CHANGED": "QRS"}),
    "datetime to time": type_("dt.datetime", "dt.time", {"TYPE_CHANGED": "QRS"}),
    "timedelta to int": type_("dt.timedelta", "int", {"TYPE_CHANGED": "QRS"}),
    "date to str": type_("dt.date", "str", {"TYPE_WIDENED": "RS", "TEXT_REINTERPRETED": "M"}),
    "str to Any": type_("str", "Any", {"TYPE_WIDENED": "R"}),
    "Any to str": type_("Any", "str", {"TYPE_NARROWED": "QS"}),
    "None allowed": type_("int", "int | None", {"TYPE_WIDENED": "R"}),
    "None forbidden": type_("int | None", "int", {"TYPE_NARROWED": "QS"}),
    "union grows": type_("int | None", "int | str | None", {"MEMBER_ADDED": "R"}),
    "union shrinks": type_("int | str | None", "int | None", {"MEMBER_REMOVED": "QS"}),
    "union in another order": type_("int | str", "str | int", {}),
    "union to one type": type_("int | str", "str", {"TYPE_NARROWED": "QS"}),
    "literal grows": type_("Literal['a']", "Literal['a', 'b']", {"VALUE_ADDED": "R"}),
    "literal shrinks": type_("Literal['a', 'b']", "Literal['a']", {"VALUE_REMOVED": "QS"}),
    "literal in another order": type_("Literal['a', 'b']", "Literal['b', 'a']", {}),
    "literal to str": type_("Literal['a', 'b']", "str", {"TYPE_WIDENED": "R"}),
    "str to literal": type_("str", "Literal['a', 'b']", {"TYPE_NARROWED": "QS"}),
    "literal of numbers to text": type_(
        "Literal[1, 2]", "Literal['1', '2']", {"VALUE_ADDED": "R", "VALUE_REMOVED": "QS"}
    ),
    "bool to literal": type_("bool", "Literal[True]", {"VALUE_REMOVED": "QS"}),
    "another type or None": type_("int | None", "str | None", {"TYPE_CHANGED": "QRS"}),
    "Literal of 1 to Literal of True": type_(
        "Literal['a', 1]", "Literal['a', True]", {"VALUE_ADDED": "R", "VALUE_REMOVED": "QS"}
    ),
    "bool to a Literal of texts": type_("bool", "Literal['yes', 'no']", {"TYPE_CHANGED": "QRS"}),
    "Literal or None": type_("Literal['a', 'b'] | None", "Literal['a', 'b']", {"TYPE_NARROWED": "QS"}),
    "Decimal to int": type_("decimal.Decimal", "int", {"TYPE_NARROWED": "QS"}),
    "NewType to an enum": Pair(
        takes("x: X, y: X | None", "X = NewType('X', str)"),
        takes("x: X, y: X | None", enum_("A = 'a'")),
        {"TYPE_NARROWED": "Q", "CLASS_CHANGED": "S"},
    ),
    "NewType added": class_("X = NewType('X', str)", "X = str", {"CLASS_REMOVED": "S"}),
    "NewType removed": class_("X = str", "X = NewType('X', str)", {"ANNOTATION_CHANGED": "S"}),
    "NewType of another base": class_(
        "X = NewType('X', str)", "X = NewType('X', int)", {"TYPE_CHANGED": "QRS"}
    ),
    "NewType of a NewType": class_(
        "Y = NewType('Y', str)\nX = NewType('X', str)",
        "Y = NewType('Y', str)\nX = NewType('X', Y)",
        {"ANNOTATION_CHANGED": "S"},
        annotation="X | tuple[Y]",
    ),
}

COLLECTIONS: dict[str, Pair] = {
    "list of Literal 1 to list of Literal True": type_(
        "list[Literal[1]]", "list[Literal[True]]", {"VALUE_ADDED": "R", "VALUE_REMOVED": "QS"}
    ),
    "list to set": type_("list[int]", "set[int]", {"REPEATS_DROPPED": "M", "ANNOTATION_CHANGED": "S"}),
    "set to list": type_("set[int]", "list[int]", {"REPEATS_DROPPED": "M", "ANNOTATION_CHANGED": "S"}),
    "list to frozenset": type_(
        "list[int]", "frozenset[int]", {"REPEATS_DROPPED": "M", "ANNOTATION_CHANGED": "S"}
    ),
    "list to Sequence": type_("list[int]", "Sequence[int]", {}),
    "Sequence to list": type_("Sequence[int]", "list[int]", {"ANNOTATION_CHANGED": "S"}),
    "list to tuple": type_("list[int]", "tuple[int, ...]", {"ANNOTATION_CHANGED": "S"}),
    "tuple to list": type_("tuple[int, ...]", "list[int]", {"ANNOTATION_CHANGED": "S"}),
    "tuple fixed to variable": type_("tuple[int, int]", "tuple[int, ...]", {"TYPE_WIDENED": "R"}),
    "tuple variable to fixed": type_("tuple[int, ...]", "tuple[int, int]", {"TYPE_NARROWED": "QS"}),
    "tuple longer": type_("tuple[int, str]", "tuple[int, str, int]", {"LENGTH_CHANGED": "QRS"}),
    "tuple shorter": type_("tuple[int, str]", "tuple[int]", {"LENGTH_CHANGED": "QRS"}),
    "tuple item changed": type_("tuple[int, str]", "tuple[int, int]", {"TYPE_CHANGED": "QRS"}),
    "str to list of str": type_("str", "list[str]", {"TYPE_CHANGED": "QRS"}),
    "str to Sequence of str": type_("str", "Sequence[str]", {"TYPE_CHANGED": "QR"}),
    "list item widened": type_("list[int]", "list[float]", {"TYPE_WIDENED": "RS"}),
    "list item may be None": type_("list[int]", "list[int | None]", {"TYPE_WIDENED": "RS"}),
    "Sequence item widened": type_("Sequence[int]", "Sequence[float]", {"TYPE_WIDENED": "R"}),
    "set item narrowed": type_("set[str]", "set[uuid.UUID]", {"TYPE_NARROWED": "QS"}),
    "dict key str to int": type_("dict[str, int]", "dict[int, int]", {"TYPE_NARROWED": "QS"}),
    "dict key int to str": type_("dict[int, int]", "dict[str, int]", {"TYPE_WIDENED": "RS"}),
    "dict key str to literal": type_("dict[str, int]", "dict[Literal['a'], int]", {"TYPE_NARROWED": "QS"}),
    "dict value changed": type_("dict[str, int]", "dict[str, str]", {"TYPE_CHANGED": "QRS"}),
    "dict value widened": type_("dict[str, int]", "dict[str, int | None]", {"TYPE_WIDENED": "RS"}),
    "dict to Mapping": type_("dict[str, int]", "Mapping[str, int]", {}),
    "Mapping value widened": type_("Mapping[str, int]", "Mapping[str, float]", {"TYPE_WIDENED": "R"}),
    "dict to a Struct": class_(
        "X = dict[str, int]",
        struct("a: int = 0; b: int = 0"),
        {"KEYS_DROPPED": "M", "ANNOTATION_CHANGED": "S"},
    ),
    "list to dict": type_("list[int]", "dict[str, int]", {"TYPE_CHANGED": "QRS"}),
}

LIMITS: dict[str, Pair] = {
    "ge tightened": meta("ge=0", "ge=1", "int", {"LIMIT_TIGHTENED": "Q"}),
    "ge loosened": meta("ge=1", "ge=0", "int", {"LIMIT_LOOSENED": "R"}),
    "gt said as ge": meta("gt=0", "ge=1", "int", {}),
    "gt said as ge, for floats": meta("gt=0", "ge=1", "float", {"LIMIT_TIGHTENED": "Q"}),
    "le tightened": meta("le=10", "le=9", "float", {"LIMIT_TIGHTENED": "Q"}),
    "le to lt": meta("le=10", "lt=10", "float", {"LIMIT_TIGHTENED": "Q"}),
    "lt loosened": meta("lt=10", "", "int", {"LIMIT_LOOSENED": "R"}),
    "multiple_of added": meta("", "multiple_of=2", "int", {"LIMIT_TIGHTENED": "Q"}),
    "multiple_of divides": meta("multiple_of=4", "multiple_of=2", "int", {"LIMIT_LOOSENED": "R"}),
    "multiple_of changed": meta(
        "multiple_of=2", "multiple_of=3", "int", {"LIMIT_TIGHTENED": "Q", "LIMIT_LOOSENED": "R"}
    ),
    "pattern added": meta("", "pattern='^a'", "str", {"LIMIT_TIGHTENED": "Q"}),
    "pattern removed": meta("pattern='^a'", "", "str", {"LIMIT_LOOSENED": "R"}),
    "pattern changed": meta(
        "pattern='^a'", "pattern='^b'", "str", {"LIMIT_TIGHTENED": "Q", "LIMIT_LOOSENED": "R"}
    ),
    "min_length of text added": meta("", "min_length=1", "str", {"LIMIT_TIGHTENED": "Q"}),
    "max_length of text loosened": meta("max_length=3", "max_length=4", "str", {"LIMIT_LOOSENED": "R"}),
    "max_length of bytes tightened": meta("max_length=4", "max_length=3", "bytes", {"LIMIT_TIGHTENED": "Q"}),
    "min_length of a list added": meta("", "min_length=1", "list[int]", {"LIMIT_TIGHTENED": "Q"}),
    "max_length of a list removed": meta("max_length=2", "", "list[int]", {"LIMIT_LOOSENED": "R"}),
    "max_length of a dict tightened": meta(
        "max_length=2", "max_length=1", "dict[str, int]", {"LIMIT_TIGHTENED": "Q"}
    ),
    "tz asked for": meta("", "tz=True", "dt.datetime", {"LIMIT_TIGHTENED": "Q"}),
    "tz no longer asked for": meta("tz=True", "", "dt.datetime", {"LIMIT_LOOSENED": "R"}),
    "tz switched": meta(
        "tz=True", "tz=False", "dt.datetime", {"LIMIT_TIGHTENED": "Q", "LIMIT_LOOSENED": "R"}
    ),
    "tz of a time asked for": meta("", "tz=True", "dt.time", {"LIMIT_TIGHTENED": "Q"}),
    "limits of a type that became wider": type_(
        "Annotated[int, msgspec.Meta(ge=0)]", "float", {"TYPE_WIDENED": "R"}
    ),
    "limits within a list": type_(
        "list[Annotated[int, msgspec.Meta(ge=0)]]",
        "list[Annotated[int, msgspec.Meta(ge=1)]]",
        {"LIMIT_TIGHTENED": "Q"},
    ),
    "limits within a NewType": class_(
        "X = NewType('X', Annotated[str, msgspec.Meta(max_length=3)])",
        "X = NewType('X', Annotated[str, msgspec.Meta(max_length=2)])",
        {"LIMIT_TIGHTENED": "Q"},
    ),
    "title added": meta("", "title='A number'", "int", {}),
}

ENUMS: dict[str, Pair] = {
    "value added": class_(enum_("A = 'a'"), enum_("A = 'a'; B = 'b'"), {"VALUE_ADDED": "R"}),
    "value removed": class_(enum_("A = 'a'; B = 'b'"), enum_("A = 'a'"), {"VALUE_REMOVED": "QS"}),
    "alias removed": class_(enum_("A = 'a'; B = 'a'"), enum_("A = 'a'"), {"MEMBER_NAME_REMOVED": "S"}),
    "alias added": class_(enum_("A = 'a'"), enum_("A = 'a'; B = 'a'"), {}),
    "member renamed": class_(enum_("A = 'a'"), enum_("B = 'a'"), {"MEMBER_NAME_REMOVED": "S"}),
    "member renamed, name kept as alias": class_(enum_("A = 'a'"), enum_("B = 'a'; A = 'a'"), {}),
    "value of a member changed": class_(
        enum_("A = 'a'"), enum_("A = 'b'"), {"VALUE_REMOVED": "Q", "VALUE_ADDED": "R"}
    ),
    "values swapped": class_(enum_("A = 'a'; B = 'b'"), enum_("A = 'b'; B = 'a'"), {"VALUE_REASSIGNED": "M"}),
    "members in another order": class_(enum_("A = 'a'; B = 'b'"), enum_("B = 'b'; A = 'a'"), {}),
    "members with auto() in another order": class_(
        enum_("A = enum.auto(); B = enum.auto()"),
        enum_("B = enum.auto(); A = enum.auto()"),
        {"VALUE_REASSIGNED": "M"},
    ),
    "StrEnum with auto(), member renamed": class_(
        enum_("A = enum.auto()", "enum.StrEnum"),
        enum_("B = enum.auto()", "enum.StrEnum"),
        {"VALUE_REMOVED": "QS", "VALUE_ADDED": "R"},
    ),
    "Enum to StrEnum": class_(enum_("A = 'a'"), enum_("A = 'a'", "enum.StrEnum"), {}),
    "StrEnum to Enum": class_(enum_("A = 'a'", "enum.StrEnum"), enum_("A = 'a'"), {"CLASS_CHANGED": "S"}),
    "None forbidden": Pair(
        takes("x: X | None", enum_("A = 'a'")), takes("x: X", enum_("A = 'a'")), {"TYPE_NARROWED": "QS"}
    ),
    "None allowed": Pair(
        takes("x: X", enum_("A = 'a'")), takes("x: X | None", enum_("A = 'a'")), {"TYPE_WIDENED": "R"}
    ),
    "bool to an enum": Pair(
        takes("x: bool = False"),
        takes("x: X = X.OFF", enum_("ON = 'on'; OFF = 'off'")),
        {"TYPE_CHANGED": "QRS", "DEFAULT_CHANGED": "M"},
    ),
    "enum to a NewType": class_(
        enum_("A = 'a'"), "X = NewType('X', str)", {"TYPE_WIDENED": "R", "CLASS_CHANGED": "S"}
    ),
    "enum to a Struct": class_(
        enum_("A = 'a'"), struct("a: str"), {"TYPE_CHANGED": "QR", "CLASS_CHANGED": "S"}
    ),
    "one of int values counted anew": class_(
        enum_("A = 1; B = 2; C = 3"),
        enum_("A = 0; B = 1; C = 2"),
        {"VALUE_REMOVED": "Q", "VALUE_ADDED": "R", "VALUE_REASSIGNED": "M"},
    ),
    "enum to str": Pair(
        takes("x: X", enum_("A = 'a'")), takes("x: str"), {"TYPE_WIDENED": "R", "CLASS_REMOVED": "S"}
    ),
    "StrEnum to str": Pair(
        takes("x: X", enum_("A = 'a'", "enum.StrEnum")),
        takes("x: str"),
        {"TYPE_WIDENED": "R", "CLASS_REMOVED": "S"},
    ),
    "str to enum": Pair(takes("x: str"), takes("x: X", enum_("A = 'a'")), {"TYPE_NARROWED": "QS"}),
    "enum to Literal": Pair(
        takes("x: X", enum_("A = 'a'")),
        takes("x: Literal['a']"),
        {"CLASS_REMOVED": "S"},
    ),
    "values of another kind": class_(
        enum_("A = 1; B = 2"), enum_("A = '1'; B = '2'"), {"VALUE_REMOVED": "Q", "VALUE_ADDED": "R"}
    ),
    "flag added": class_(
        enum_("A = 1", "enum.Flag"), enum_("A = 1; B = 2", "enum.Flag"), {"VALUE_ADDED": "R"}
    ),
    "flag removed": class_(
        enum_("A = 1; B = 2", "enum.Flag"), enum_("A = 1", "enum.Flag"), {"VALUE_REMOVED": "QS"}
    ),
    "name for two flags removed": class_(
        enum_("A = 1; B = 2; BOTH = 3", "enum.Flag"),
        enum_("A = 1; B = 2", "enum.Flag"),
        {"MEMBER_NAME_REMOVED": "S"},
    ),
    "flag of an IntFlag removed": class_(
        enum_("A = 1; B = 2", "enum.IntFlag"), enum_("A = 1", "enum.IntFlag"), {"MEMBER_NAME_REMOVED": "S"}
    ),
    "flag of an IntFlag added": class_(
        enum_("A = 1", "enum.IntFlag"), enum_("A = 1; B = 2", "enum.IntFlag"), {}
    ),
}

RECORDS: dict[str, Pair] = {
    "field added, required": class_(
        struct("a: int"), struct("a: int; b: int"), {"FIELD_ADDED_REQUIRED": "QSM"}
    ),
    "field added, with default": class_(struct("a: int"), struct("a: int; b: int = 0"), {"FIELD_ADDED": "M"}),
    "field added in the middle, with default": class_(
        struct("a: int; c: str = ''"),
        struct("a: int; b: int = 0; c: str = ''"),
        {"FIELD_ADDED": "M", "FIELD_MOVED": "S"},
    ),
    "field removed, required": class_(
        struct("a: int; b: str"), struct("a: int"), {"FIELD_REMOVED_REQUIRED": "RSM"}
    ),
    "field removed, with default": class_(
        struct("a: int; b: str = ''"), struct("a: int"), {"FIELD_REMOVED": "SM"}
    ),
    "field renamed": class_(struct("a: int; b: str"), struct("a: int; c: str"), {"FIELD_RENAMED": "QRS"}),
    "field renamed in Python, name= keeps the wire": class_(
        struct("a: int"), struct("b: int = msgspec.field(name='a')"), {"ATTRIBUTE_RENAMED": "S"}
    ),
    "name= of a field changed": class_(
        struct("a: int = msgspec.field(name='x')"),
        struct("a: int = msgspec.field(name='y')"),
        {"FIELD_RENAMED": "QR"},
    ),
    "rename= added": class_(
        struct("first_name: str"), struct("first_name: str", "rename='camel'"), {"FIELD_RENAMED": "QR"}
    ),
    "names on the wire swapped, of one type": class_(
        struct("a: int; b: int"),
        struct("a: int = msgspec.field(name='b'); b: int = msgspec.field(name='a')"),
        {"FIELD_MOVED": "M"},
    ),
    "names on the wire swapped, of other types": class_(
        struct("a: int; b: str"),
        struct("a: int = msgspec.field(name='b'); b: str = msgspec.field(name='a')"),
        {"TYPE_CHANGED": "QR"},
    ),
    "rename= added, to fields of one type": class_(
        struct("first_name: str; last_name: str = ''"),
        struct("first_name: str; last_name: str = ''", "rename='camel'"),
        {"FIELD_RENAMED": "QRM"},
    ),
    "rename= added, in a list": class_(
        struct("first_name: str; last_name: str"),
        struct("first_name: str; last_name: str", "rename='camel'"),
        {"FIELD_RENAMED": "QR"},
        annotation="list[X]",
    ),
    "rename= added to a parent": Pair(
        takes("x: X", struct("i_d: int", name="P") + "class X(P):\n    n_m: int\n"),
        takes("x: X", struct("i_d: int", "rename='kebab'", "P") + "class X(P):\n    n_m: int\n"),
        {"FIELD_RENAMED": "QR"},
    ),
    "field moved up to the parent": Pair(
        takes("x: X", struct("a: int", name="P") + "class X(P):\n    b: int\n"),
        takes("x: X", struct("a: int; b: int", name="P") + "class X(P):\n    pass\n"),
        {},
    ),
    "field renamed, in a dict of lists": class_(
        struct("a: int; b: str"),
        struct("a: int; c: str"),
        {"FIELD_RENAMED": "QRS"},
        annotation="dict[str, list[X]]",
    ),
    "rename= added, where no name changes": class_(
        struct("name: str"), struct("name: str", "rename='camel'"), {}
    ),
    "rename= taken away, with name= in its place": class_(
        struct("first_name: str", "rename='camel'"),
        struct("first_name: str = msgspec.field(name='firstName')"),
        {},
    ),
    "fields reordered": class_(struct("a: int; b: str"), struct("b: str; a: int"), {"FIELD_MOVED": "S"}),
    "kw_only switched on": class_(
        struct("a: int; b: str"), struct("a: int; b: str", "kw_only=True"), {"FIELD_KEYWORD_ONLY": "S"}
    ),
    "kw_only switched off": class_(struct("a: int; b: str", "kw_only=True"), struct("a: int; b: str"), {}),
    "kw_only of a dataclass, by KW_ONLY": class_(
        data("a: int; b: str"), data("a: int; _: KW_ONLY; b: str"), {"FIELD_KEYWORD_ONLY": "S"}
    ),
    "frozen switched on": class_(struct("a: int"), struct("a: int", "frozen=True"), {"CLASS_CHANGED": "S"}),
    "forbid_unknown_fields switched on": class_(
        struct("a: int"), struct("a: int", "forbid_unknown_fields=True"), {}
    ),
    "forbid_unknown_fields, and a field is gone": class_(
        struct("a: int; b: str = ''"),
        struct("a: int", "forbid_unknown_fields=True"),
        {"FIELD_REFUSED": "Q", "FIELD_REMOVED": "S"},
    ),
    "forbid_unknown_fields before, and a field is new": class_(
        struct("a: int", "forbid_unknown_fields=True"), struct("a: int; b: str = ''"), {"FIELD_REFUSED": "R"}
    ),
    "omit_defaults switched on": class_(struct("a: int = 0"), struct("a: int = 0", "omit_defaults=True"), {}),
    "omit_defaults, default changed": class_(
        struct("a: int = 0", "omit_defaults=True"),
        struct("a: int = 1", "omit_defaults=True"),
        {"DEFAULT_CHANGED": "M"},
    ),
    "omit_defaults, default taken away": class_(
        struct("a: int = 0", "omit_defaults=True"),
        struct("a: int", "omit_defaults=True"),
        {"FIELD_MADE_REQUIRED": "QS"},
    ),
    "omit_defaults, default given": class_(
        struct("a: int", "omit_defaults=True"),
        struct("a: int = 0", "omit_defaults=True"),
        {"FIELD_MADE_OPTIONAL": "R"},
    ),
    "default of a field left to the worker": class_(
        struct("a: int = 0"), struct("a: int = int('0')"), {"DEFAULT_CHANGED": "M"}
    ),
    "worker decides a field that was required": class_(
        data("a: int"), data("a: int = int('0')"), {"FIELD_MADE_OPTIONAL": "R"}
    ),
    "a field that the worker decided is required": class_(
        data("a: int = field(default_factory=int)"), data("a: int"), {"FIELD_MADE_REQUIRED": "QS"}
    ),
    "default of a field given": class_(struct("a: int"), struct("a: int = 0"), {}),
    "default of a field taken away": class_(
        struct("a: int = 0"), struct("a: int"), {"FIELD_MADE_REQUIRED": "S"}
    ),
    "field may be None": class_(struct("a: int"), struct("a: int | None"), {"TYPE_WIDENED": "R"}),
    "field may no longer be None": class_(struct("a: int | None"), struct("a: int"), {"TYPE_NARROWED": "QS"}),
    "list of a field widened": class_(
        struct("a: list[int]"), struct("a: list[float]"), {"TYPE_WIDENED": "RS"}
    ),
    "array_like switched on": class_(
        struct("a: int"), struct("a: int", "array_like=True"), {"TYPE_CHANGED": "QR"}
    ),
    "array_like, field added at the end": class_(
        struct("a: int", "array_like=True"),
        struct("a: int; b: int = 0", "array_like=True"),
        {"FIELD_ADDED": "M"},
    ),
    "array_like, field added at the end, required": class_(
        struct("a: int", "array_like=True"),
        struct("a: int; b: int", "array_like=True"),
        {"FIELD_ADDED_REQUIRED": "QSM"},
    ),
    "array_like, field inserted in the middle": class_(
        struct("a: int; c: str", "array_like=True"),
        struct("a: int; b: int; c: str", "array_like=True"),
        {"TYPE_CHANGED": "QR", "FIELD_ADDED_REQUIRED": "QSM", "FIELD_MOVED": "S"},
    ),
    "array_like, field inserted of the same type": class_(
        struct("a: int; c: int", "array_like=True"),
        struct("a: int; b: int; c: int", "array_like=True"),
        {"FIELD_ADDED_REQUIRED": "QSM", "FIELD_MOVED": "SM"},
    ),
    "array_like, fields of one type swapped": class_(
        struct("a: int; b: int", "array_like=True"),
        struct("b: int; a: int", "array_like=True"),
        {"FIELD_MOVED": "SM"},
    ),
    "array_like, field renamed": class_(
        struct("a: int; b: int", "array_like=True"),
        struct("a: int; c: int", "array_like=True"),
        {"ATTRIBUTE_RENAMED": "S"},
    ),
    "array_like, tag given": class_(
        struct("a: int; b: str", "array_like=True"),
        struct("a: int; b: str", "array_like=True, tag='one'"),
        {"TAG_CHANGED": "QR"},
    ),
    "NamedTuple, field renamed": class_(
        row("a: int; b: int"), row("a: int; c: int"), {"ATTRIBUTE_RENAMED": "S"}
    ),
    "array_like, last field removed": class_(
        struct("a: int; b: int", "array_like=True"),
        struct("a: int", "array_like=True"),
        {"FIELD_REMOVED_REQUIRED": "RSM"},
    ),
    "NamedTuple extended, with default": class_(
        row("a: int"), row("a: int; b: int = 0"), {"FIELD_REFUSED": "R"}
    ),
    "NamedTuple extended, required": class_(
        row("a: int"), row("a: int; b: int"), {"FIELD_REFUSED": "R", "FIELD_ADDED_REQUIRED": "QS"}
    ),
    "NamedTuple, fields of one type swapped": class_(
        row("a: int; b: int"), row("b: int; a: int"), {"FIELD_MOVED": "SM"}
    ),
    "NamedTuple to tuple": Pair(
        takes("x: X", row("a: int; b: str")), takes("x: tuple[int, str]"), {"CLASS_REMOVED": "S"}
    ),
    "tuple to NamedTuple": Pair(
        takes("x: tuple[int, str]"), takes("x: X", row("a: int; b: str")), {"ANNOTATION_CHANGED": "S"}
    ),
    "total switched off": class_(
        typed_dict("a: int"), typed_dict("a: int", "total=False"), {"FIELD_MADE_OPTIONAL": "R"}
    ),
    "total switched on": class_(
        typed_dict("a: int", "total=False"), typed_dict("a: int"), {"FIELD_MADE_REQUIRED": "QS"}
    ),
    "Required to NotRequired": class_(
        typed_dict("a: int"), typed_dict("a: NotRequired[int]"), {"FIELD_MADE_OPTIONAL": "R"}
    ),
    "NotRequired to Required": class_(
        typed_dict("a: int; b: str", "total=False"),
        typed_dict("a: Required[int]; b: str", "total=False"),
        {"FIELD_MADE_REQUIRED": "QS"},
    ),
    "total switched off, and Required": class_(
        typed_dict("a: int"), typed_dict("a: Required[int]", "total=False"), {}
    ),
    "TypedDict key added": class_(
        typed_dict("a: int"), typed_dict("a: int; b: int"), {"FIELD_ADDED_REQUIRED": "QSM"}
    ),
    "TypedDict key added, not required": class_(
        typed_dict("a: int"), typed_dict("a: int; b: NotRequired[int]"), {"FIELD_ADDED": "M"}
    ),
    "TypedDict key removed": class_(
        typed_dict("a: int; b: str"), typed_dict("a: int"), {"FIELD_REMOVED_REQUIRED": "RSM"}
    ),
    "TypedDict to dict": Pair(
        takes("x: X", typed_dict("a: int; b: int")),
        takes("x: dict[str, int]"),
        {"TYPE_WIDENED": "R", "KEYS_DROPPED": "M", "CLASS_REMOVED": "S"},
    ),
    "attrs to Struct": class_("@attrs.define\nclass X:\n    a: int\n", struct("a: int"), {}),
    "attrs, alias of a field changed": class_(
        "@attrs.define\nclass X:\n    a: int\n",
        "@attrs.define\nclass X:\n    a: int = attrs.field(alias='b')\n",
        {"ATTRIBUTE_RENAMED": "S"},
    ),
    "dataclass to Struct": class_(data("a: int"), struct("a: int"), {"CLASS_CHANGED": "S"}),
    "dataclass to TypedDict": class_(data("a: int"), typed_dict("a: int"), {"CLASS_CHANGED": "S"}),
    "another class of that name": Pair(
        takes("x: X", struct("a: int")),
        takes(
            "x: X, y: Y.X | None = None",
            struct("a: int") + "class Y:\n    class X(msgspec.Struct):\n        b: int\n",
        ),
        {"CLASS_REMOVED": "S", "FIELD_ADDED": "M"},
    ),
    "class renamed": Pair(
        takes("x: X", struct("a: int")), takes("x: Y", struct("a: int", name="Y")), {"CLASS_REMOVED": "S"}
    ),
    "class replaced by another that is there": Pair(
        takes("x: X, y: Y", struct("a: int") + struct("a: int", name="Y")),
        takes("x: Y, y: Y", struct("a: int", name="Y")),
        {"CLASS_REMOVED": "S"},
    ),
    "parameter takes another class that is alike": Pair(
        takes("x: X, y: Y", struct("a: int") + struct("a: int", name="Y")),
        takes("x: Y, y: X", struct("a: int") + struct("a: int", name="Y")),
        {"ANNOTATION_CHANGED": "S"},
    ),
    "changed deep inside": class_(
        struct("a: int", name="In") + struct("b: dict[str, list[In]] | None"),
        struct("a: str", name="In") + struct("b: dict[str, list[In]] | None"),
        {"TYPE_CHANGED": "QRS"},
    ),
    "recursive type, changed": class_(TREE.format("int"), TREE.format("str"), {"TYPE_CHANGED": "QRS"}),
    "recursive type, widened": class_(TREE.format("int"), TREE.format("int | None"), {"TYPE_WIDENED": "R"}),
    "type parameter unrolled": class_(
        struct("a: int", name="In") + struct("b: In"),
        struct("b: int"),
        {"TYPE_CHANGED": "QR", "CLASS_REMOVED": "S"},
    ),
}

TAGS = struct("a: int", "tag='one'", "A") + struct("b: str", "tag='two'", "B")
UNIONS: dict[str, Pair] = {
    "member added": Pair(
        takes("x: A | B", TAGS),
        takes("x: A | B | C", TAGS + struct("c: int", "tag='three'", "C")),
        {"MEMBER_ADDED": "R"},
    ),
    "member removed": Pair(
        takes("x: A | B | C", TAGS + struct("c: int", "tag='three'", "C")),
        takes("x: A | B", TAGS),
        {"MEMBER_REMOVED": "Q", "CLASS_REMOVED": "S"},
    ),
    "members in another order": Pair(takes("x: A | B", TAGS), takes("x: B | A", TAGS), {}),
    "member renamed, tag kept": Pair(
        takes("x: A | B", TAGS), takes("x: A | Z", TAGS.replace("class B", "class Z")), {"CLASS_REMOVED": "S"}
    ),
    "member renamed, tag from the class's name": Pair(
        takes("x: A | B", struct("a: int", "tag=True", "A") + struct("b: str", "tag=True", "B")),
        takes("x: A | Z", struct("a: int", "tag=True", "A") + struct("b: str", "tag=True", "Z")),
        {"MEMBER_REMOVED": "Q", "MEMBER_ADDED": "R", "CLASS_REMOVED": "S"},
    ),
    "tag changed": Pair(
        takes("x: A | B", TAGS), takes("x: A | B", TAGS.replace("'two'", "'three'")), {"TAG_CHANGED": "QR"}
    ),
    "tags swapped": Pair(
        takes("x: A | B", TAGS),
        takes("x: A | B", TAGS.replace("'two'", "'x'").replace("'one'", "'two'").replace("'x'", "'one'")),
        {"TAG_CHANGED": "QR"},
    ),
    "tags of records that are alike swapped": Pair(
        takes("x: A | B", TAGS.replace("b: str", "a: int")),
        takes(
            "x: A | B",
            TAGS.replace("b: str", "a: int")
            .replace("'two'", "'x'")
            .replace("'one'", "'two'")
            .replace("'x'", "'one'"),
        ),
        {"TAG_CHANGED": "M"},
    ),
    "tag of a single record changed": Pair(
        takes("x: A", TAGS), takes("x: A", TAGS.replace("'one'", "'three'")), {"TAG_CHANGED": "QR"}
    ),
    "tag given to a single record": Pair(
        takes("x: A", struct("a: int", name="A")), takes("x: A", struct("a: int", "tag='one'", "A")), {}
    ),
    "tag field renamed": Pair(
        takes("x: A | B", TAGS.replace("tag=", "tag_field='kind', tag=")),
        takes("x: A | B", TAGS.replace("tag=", "tag_field='sort', tag=")),
        {"TAG_CHANGED": "QR"},
    ),
    "tag field renamed to a name that was the default": Pair(
        takes("x: A | B", TAGS.replace("tag=", "tag_field='type', tag=")), takes("x: A | B", TAGS), {}
    ),
    "union of records to one of them": Pair(
        takes("x: A | B", TAGS), takes("x: A", TAGS), {"MEMBER_REMOVED": "Q", "CLASS_REMOVED": "S"}
    ),
    "one record to a union": Pair(takes("x: A", TAGS), takes("x: A | B", TAGS), {"MEMBER_ADDED": "R"}),
    "untagged record to a union of tagged ones": Pair(
        takes("x: A", struct("a: int", name="A")),
        takes("x: A | B", TAGS),
        {"TAG_CHANGED": "Q", "MEMBER_ADDED": "R"},
    ),
    "field of a member changed": Pair(
        takes("x: list[A | B]", TAGS),
        takes("x: list[A | B]", TAGS.replace("b: str", "b: int")),
        {"TYPE_CHANGED": "QRS"},
    ),
}

RESULTS: dict[str, Pair] = {
    "changed": result("int", "str", {"RESULT_CHANGED": "QRS"}),
    "may be None": result("int", "int | None", {"RESULT_WIDENED": "QS"}),
    "may no longer be None": result("int | None", "int", {"RESULT_NARROWED": "R"}),
    "int to float": result("int", "float", {"RESULT_WIDENED": "QS"}),
    "float to int": result("float", "int", {"RESULT_NARROWED": "R"}),
    "None to a value": result("None", "int", {"RESULT_CHANGED": "QRS"}),
    "a value to None": result("int", "None", {"RESULT_CHANGED": "QRS"}),
    "None to Any": result("None", "Any", {"RESULT_WIDENED": "Q"}),
    "list item narrowed": result("list[int | None]", "list[int]", {"RESULT_NARROWED": "RS"}),
    "Sequence item narrowed": result("Sequence[int | None]", "Sequence[int]", {"RESULT_NARROWED": "R"}),
    "list to Sequence": result("list[int]", "Sequence[int]", {"ANNOTATION_CHANGED": "S"}),
    "Sequence to list": result("Sequence[int]", "list[int]", {}),
    "list to set": result("list[int]", "set[int]", {"ANNOTATION_CHANGED": "S"}),
    "datetime to date": result("dt.datetime", "dt.date", {"RESULT_CHANGED": "QRS"}),
    "date to datetime": result("dt.date", "dt.datetime", {"RESULT_CHANGED": "QR"}),
    "str to a NewType": given("X = str", "X = NewType('X', str)", {}),
    "NewType to str": given("X = NewType('X', str)", "X = str", {"CLASS_REMOVED": "S"}),
    "limit tightened": result(
        "Annotated[int, msgspec.Meta(ge=0)]", "Annotated[int, msgspec.Meta(ge=1)]", {"RESULT_NARROWED": "R"}
    ),
    "limit loosened": result("Annotated[int, msgspec.Meta(ge=1)]", "int", {"RESULT_WIDENED": "Q"}),
    "literal grows": result("Literal['a']", "Literal['a', 'b']", {"RESULT_WIDENED": "QS"}),
    "literal shrinks": result("Literal['a', 'b']", "Literal['a']", {"RESULT_NARROWED": "R"}),
    "enum grows": given(enum_("A = 'a'"), enum_("A = 'a'; B = 'b'"), {"RESULT_WIDENED": "Q"}),
    "enum shrinks": given(
        enum_("A = 'a'; B = 'b'"), enum_("A = 'a'"), {"RESULT_NARROWED": "R", "MEMBER_NAME_REMOVED": "S"}
    ),
    "field became optional": given(struct("a: int"), struct("a: int | None"), {"RESULT_WIDENED": "QS"}),
    "field may no longer be None": given(struct("a: int | None"), struct("a: int"), {"RESULT_NARROWED": "R"}),
    "field added": given(struct("a: int"), struct("a: int; b: str"), {"RESULT_NARROWED": "R"}),
    "field added, with default": given(struct("a: int"), struct("a: int; b: str = ''"), {}),
    "field removed": given(struct("a: int; b: str"), struct("a: int"), {"RESULT_WIDENED": "QS"}),
    "field renamed in Python alone": given(
        struct("a: int"), struct("b: int = msgspec.field(name='a')"), {"ATTRIBUTE_RENAMED": "S"}
    ),
    "field removed, with default": given(
        struct("a: int; b: str = ''"), struct("a: int"), {"FIELD_REMOVED": "SM"}
    ),
    "worker decides a field": given(data("a: int"), data("a: int = int('0')"), {"RESULT_WIDENED": "QS"}),
    "worker no longer decides a field": given(
        data("a: int = int('0')"), data("a: int"), {"RESULT_NARROWED": "R"}
    ),
    "TypedDict key may be left out": given(
        typed_dict("a: int"), typed_dict("a: NotRequired[int]"), {"RESULT_WIDENED": "QS"}
    ),
    "field renamed": given(struct("a: int"), struct("b: int"), {"FIELD_RENAMED": "QRS"}),
    "field with default renamed": given(struct("a: int = 0"), struct("b: int = 0"), {"FIELD_RENAMED": "SM"}),
    "rename= added": given(
        struct("first_name: str; last_name: str"),
        struct("first_name: str; last_name: str", "rename='camel'"),
        {"FIELD_RENAMED": "QR"},
    ),
    "default that is left out changed": given(
        struct("a: int = 0", "omit_defaults=True"),
        struct("a: int = 1", "omit_defaults=True"),
        {"DEFAULT_CHANGED": "M"},
    ),
    "default that is written out changed": given(struct("a: int = 0"), struct("a: int = 1"), {}),
    "another type or None": result("int | None", "str | None", {"RESULT_CHANGED": "QRS"}),
    "enum or None": Pair(
        gives("X", enum_("A = 'a'")), gives("X | None", enum_("A = 'a'")), {"RESULT_WIDENED": "QS"}
    ),
    "NewType to an enum": given(
        "X = NewType('X', str)", enum_("A = 'a'"), {"RESULT_NARROWED": "R", "CLASS_CHANGED": "S"}
    ),
    "NamedTuple extended": given(row("a: int"), row("a: int; b: int"), {"RESULT_CHANGED": "QRS"}),
    "NamedTuple to tuple": Pair(
        gives("X", row("a: int; b: str")),
        gives("tuple[int, str]"),
        {"CLASS_REMOVED": "S"},
    ),
    "tuple to NamedTuple": Pair(gives("tuple[int, str]"), gives("X", row("a: int; b: str")), {}),
    "class renamed": Pair(
        gives("X", struct("a: int")), gives("Y", struct("a: int", name="Y")), {"CLASS_REMOVED": "S"}
    ),
    "two results swapped": Pair(
        gives("X", struct("a: int") + struct("a: int", name="Y"))
        + "\n\n@worker.task\nasync def other(state) -> Y: ...\n",
        gives("Y", struct("a: int") + struct("a: int", name="Y"))
        + "\n\n@worker.task\nasync def other(state) -> X: ...\n",
        {"ANNOTATION_CHANGED": "S"},
    ),
    "union grows": Pair(gives("A", TAGS), gives("A | B", TAGS), {"RESULT_WIDENED": "QS"}),
    "union shrinks": Pair(
        gives("A | B", TAGS), gives("A", TAGS), {"RESULT_NARROWED": "R", "CLASS_REMOVED": "S"}
    ),
}

PAGE = "class X(msgspec.Struct, Generic[T]):\n    items: list[T]\n    next: T | None = None\n"
NODE = "@dataclass\nclass X(Generic[T]):\n    value: T\n    children: 'list[X[T]]' = field(default_factory=list)\n"
MARKER = "class X(msgspec.Struct, Generic[T]):\n    a: int\n"
GENERICS: dict[str, Pair] = {
    "argument changed": Pair(
        takes("x: X[int]", PAGE),
        takes("x: X[str]", PAGE),
        {"TYPE_CHANGED": "QRS", "ANNOTATION_CHANGED": "S"},
    ),
    "argument of a recursive type changed": Pair(
        takes("x: X[int]", NODE), takes("x: X[str]", NODE), {"TYPE_CHANGED": "QRS", "ANNOTATION_CHANGED": "S"}
    ),
    "argument widened": Pair(
        takes("x: X[int]", PAGE),
        takes("x: X[float]", PAGE),
        {"TYPE_WIDENED": "RS", "ANNOTATION_CHANGED": "S"},
    ),
    "argument of a result widened": Pair(
        gives("X[int]", PAGE), gives("X[float]", PAGE), {"RESULT_WIDENED": "QS", "ANNOTATION_CHANGED": "S"}
    ),
    "argument that is never used changed": Pair(
        takes("x: X[int]", MARKER), takes("x: X[str]", MARKER), {"ANNOTATION_CHANGED": "S"}
    ),
    "field added to the argument": Pair(
        takes("x: X[Y]", PAGE + struct("a: int", name="Y")),
        takes("x: X[Y]", PAGE + struct("a: int; b: int", name="Y")),
        {"FIELD_ADDED_REQUIRED": "QSM"},
    ),
    "type variable renamed": Pair(takes("x: X[int]", PAGE), takes("x: X[int]", PAGE.replace("T", "U")), {}),
    "type variable added": Pair(
        takes("x: X[int]", PAGE),
        takes("x: X[int, str]", PAGE.replace("[T]", "[T, U]", 1)),
        {"CLASS_CHANGED": "S"},
    ),
    "type variables swapped with their arguments": Pair(
        takes("x: X[int, str]", "class X(msgspec.Struct, Generic[T, U]):\n    a: T\n    b: U\n"),
        takes("x: X[str, int]", "class X(msgspec.Struct, Generic[U, T]):\n    a: T\n    b: U\n"),
        {"ANNOTATION_CHANGED": "S"},
    ),
    "class made generic": Pair(
        takes("x: X", struct("items: list[int]; next: int | None = None")),
        takes("x: X[int]", PAGE),
        {"CLASS_CHANGED": "S"},
    ),
    "generic written out": Pair(
        takes("x: X[int]", PAGE),
        takes("x: X", struct("items: list[int]; next: int | None = None")),
        {"CLASS_CHANGED": "S"},
    ),
    "generic parent instead of its fields": Pair(
        takes("x: Y", struct("items: list[int]; next: int | None = None; a: int = 1", name="Y")),
        takes("x: Y", PAGE + "class Y(X[int]):\n    a: int = 1\n"),
        {},
    ),
}

WIRE = struct("top: {}; bottom: int", name="Wire")
EXTERNALS: dict[str, Pair] = {
    "travels as before": external("str", "str", {}),
    "str to int": external("str", "int", {"TYPE_CHANGED": "QRS"}),
    "int to float": external("int", "float", {"TYPE_WIDENED": "R"}),
    "str to datetime": external("str", "datetime.datetime", {"TYPE_NARROWED": "QS"}),
    "list to tuple": external("list[int]", "tuple[int, ...]", {"ANNOTATION_CHANGED": "S"}),
    "tuple longer": external("tuple[int, int]", "tuple[int, int, int]", {"LENGTH_CHANGED": "QRS"}),
    "limit tightened": external(
        "list[str]", "list[typing.Annotated[str, msgspec.Meta(max_length=9)]]", {"LIMIT_TIGHTENED": "Q"}
    ),
    "str to a Struct": external("str", "service.Wire", {"TYPE_CHANGED": "QRS"}, WIRE.format("int")),
    "or None": external("str", "int", {"TYPE_CHANGED": "QRS"}, annotation="Fraction | None"),
    "in a list of a Struct": external(
        "int", "str", {"TYPE_CHANGED": "QRS"}, struct("a: list[Fraction]"), annotation="dict[str, X]"
    ),
    "field of the Struct that travels changed": Pair(
        takes("x: Fraction", WIRE.format("int")),
        takes("x: Fraction", WIRE.format("str")),
        {"TYPE_CHANGED": "QRS"},
        ("service.Wire", "service.Wire"),
    ),
    "of a result": Pair(
        gives("list[Fraction]"), gives("list[Fraction]"), {"RESULT_CHANGED": "QRS"}, ("str", "int")
    ),
    "str becomes one": Pair(takes("x: str"), takes("x: Fraction"), {"ANNOTATION_CHANGED": "S"}, ("", "str")),
    "becomes str": Pair(takes("x: Fraction"), takes("x: str"), {"CLASS_REMOVED": "S"}, ("str", "")),
    "becomes a class of the service": Pair(
        takes("x: Fraction"),
        takes("x: X.Fraction", "class X:\n    class Fraction(msgspec.Struct):\n        a: int\n"),
        {"TYPE_CHANGED": "QR", "CLASS_CHANGED": "S"},
        ("str", ""),
    ),
}

PAIRS: dict[str, Pair] = {
    f"{group}: {name}": pair
    for group, pairs in {
        "task": TASKS,
        "parameter": PARAMETERS,
        "type": SCALARS,
        "collection": COLLECTIONS,
        "limit": LIMITS,
        "enum": ENUMS,
        "record": RECORDS,
        "union": UNIONS,
        "result": RESULTS,
        "generic": GENERICS,
        "external": EXTERNALS,
        **FINER,
    }.items()
    for name, pair in pairs.items()
}
