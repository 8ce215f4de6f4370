"""JSON Schema (draft 2020-12) of the payloads that a worker accepts, from its contract alone: for producers and checks without Python."""

import itertools
import re
from collections.abc import Mapping
from typing import Any

from boilermaker.contract.definitions import (
    Default,
    Definition,
    EnumDefinition,
    NewTypeDefinition,
    RecordDefinition,
)
from boilermaker.contract.generics import definition_of
from boilermaker.contract.tasks import Contract, TaskContract
from boilermaker.contract.types import (
    Constrained,
    Container,
    LiteralOf,
    MappingOf,
    Named,
    Scalar,
    ScalarName,
    TupleOf,
    Type,
    UnionOf,
    Variable,
    parts_of,
)

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
# RFC 3339 without the offset, for naive times: there is no `format` for these
_DATE, _TIME, _OFFSET = r"\d{4}-\d{2}-\d{2}", r"\d{2}:\d{2}:\d{2}(\.\d+)?", r"([Zz]|[+-]\d{2}:?\d{2})"
_SCALARS: dict[ScalarName, Schema] = {
    "any": {},
    "none": {"type": "null"},
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "str": {"type": "string"},
    "bytes": {"type": "string", "contentEncoding": "base64"},
    "bytearray": {"type": "string", "contentEncoding": "base64"},
    "datetime": {"type": "string", "pattern": f"^{_DATE}[Tt ]{_TIME}{_OFFSET}?$"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "pattern": f"^{_TIME}{_OFFSET}?$"},
    "timedelta": {"type": "string", "format": "duration"},
    "uuid": {"type": "string", "format": "uuid"},
    "decimal": {"type": ["string", "number"], "format": "decimal"},
}
_NUMBERS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
}
_LENGTHS = {
    "min_length": ("minLength", "minItems", "minProperties"),
    "max_length": ("maxLength", "maxItems", "maxProperties"),
}
_WORD = re.compile(r"[^a-zA-Z0-9.\-_]")
_SETS = frozenset({"set", "MutableSet", "frozenset", "Set"})


def payload_schema(contract: Contract, task: TaskContract) -> Schema:
    """The schema of a task's payload: its arguments, under the current names of its parameters."""
    schemas = _Schemas(contract.types)
    properties: Schema = {}
    for parameter in task.parameters:
        properties[parameter.name] = _with_default(schemas.of(parameter.type), parameter.default)
    schema: Schema = {"$schema": _DIALECT, "title": task.name, "type": "object", "properties": properties}
    if task.doc is not None:
        schema["description"] = task.doc
    if task.deprecated is not None:
        schema["deprecated"] = True
    schema["required"] = [parameter.name for parameter in task.parameters if parameter.default is None]
    definitions = schemas.definitions()
    return schema | {"$defs": definitions} if definitions else schema


class _Schemas:
    """Schemas of types; definitions are in `$defs`, under the names of their classes."""

    def __init__(self, types: Mapping[str, Definition]) -> None:
        self._types = types
        self._names: dict[Named, str] = {}
        self._waiting: list[Named] = []

    def of(self, type_: Type) -> Schema:
        match type_:
            case Scalar(name=name):
                return dict(_SCALARS[name])
            case LiteralOf(values=values):
                return {"enum": list(values)}
            case Container(container=container, item=item):
                schema: Schema = {"type": "array", "items": self.of(item)}
                return schema | {"uniqueItems": True} if container in _SETS else schema
            case TupleOf(items=items):
                count = len(items)
                schema = {"type": "array", "minItems": count, "maxItems": count}
                return schema | {"prefixItems": [self.of(item) for item in items]} if items else schema
            case MappingOf(key=key, value=value):
                schema = {"type": "object", "additionalProperties": self.of(value)}
                return schema | ({"propertyNames": names} if (names := self._key(key)) else {})
            case UnionOf(members=members):
                return {"anyOf": self._members(members)}
            case Constrained():
                return self._constrained(type_)
            case Named():
                definition = definition_of(type_, self._types)
                if isinstance(definition, NewTypeDefinition):
                    return self.of(definition.type)
                return {"$ref": f"#/$defs/{self._name(type_)}"}
            case Variable():  # it was replaced by the arguments
                return {}

    def _members(self, members: tuple[Type, ...]) -> list[Schema]:
        """Records in a union of records require their tags; a single one does not."""
        named = {m: definition_of(m, self._types) for m in members if isinstance(m, Named)}
        records = {m: definition for m, definition in named.items() if _is_object(definition)}
        schemas = [self.of(member) for member in members]
        for member, schema in zip(members, schemas, strict=True):
            record = records.get(member) if isinstance(member, Named) and len(records) > 1 else None
            if isinstance(record, RecordDefinition) and record.tag is not None:
                schema["required"] = [record.tag_field or "type"]
        return schemas

    def _constrained(self, type_: Constrained) -> Schema:
        schema = self.of(type_.type)
        given = {
            name: value
            for name in type_.__struct_fields__
            if name != "type" and (value := getattr(type_, name)) is not None
        }
        more: Schema = {_NUMBERS[name]: value for name, value in given.items() if name in _NUMBERS}
        if "pattern" in given:
            more["pattern"] = given["pattern"]
        if "tz" in given and "pattern" in schema:
            more["pattern"] = schema["pattern"].replace(f"{_OFFSET}?", _OFFSET if given["tz"] else "")
        for name, keywords in _LENGTHS.items():
            if name in given:
                more |= _length(given[name], keywords, schema)
        return schema | more

    def _key(self, type_: Type) -> Schema:
        """Keys are strings, numbers too; if JSON Schema cannot describe such a string, only the worker checks it."""
        match type_:
            case UnionOf(members=members):
                keys = [self._key(member) for member in members]
                return {"anyOf": keys} if all(keys) else {}
            case LiteralOf(values=values):
                return {"enum": [str(value) for value in values]}
            case Scalar(name="int"):
                return {"pattern": "^-?[0-9]+$"}
            case Constrained(type=Scalar(name="str")) | Scalar(name="uuid" | "date"):
                return {name: value for name, value in self.of(type_).items() if name != "type"}
            case Named(id=id_):
                definition = self._types[id_]
                if isinstance(definition, NewTypeDefinition):
                    return self._key(definition.type)
                if isinstance(definition, EnumDefinition) and not _is_wide(definition):
                    return {"enum": [str(value) for value in _values(definition)]}
                return {}
            case _:
                return {}

    # ---- definitions

    def definitions(self) -> dict[str, Schema]:
        """All definitions that are referred to."""
        found: dict[str, Schema] = {}
        while self._waiting:
            named = self._waiting.pop()
            definition = definition_of(named, self._types)
            if isinstance(definition, EnumDefinition):
                found[self._name(named)] = _enum(definition)
            elif isinstance(definition, RecordDefinition):
                found[self._name(named)] = self._record(definition)
        return dict(sorted(found.items()))

    def _name(self, named: Named) -> str:
        if named not in self._names:
            self._waiting.append(named)
            self._names[named] = self._free(_WORD.sub("_", self._word(named)))
        return self._names[named]

    def _free(self, name: str) -> str:
        """Arguments may be types without a name: `Box[A | B]`."""
        taken = set(self._names.values())
        number = next(n for n in itertools.count(1) if (name if n == 1 else f"{name}_{n}") not in taken)
        return name if number == 1 else f"{name}_{number}"

    def _word(self, type_: Type) -> str:
        match type_:
            case Scalar():
                return type_.name
            case Named(id=id_, arguments=arguments):
                name = self._types[id_].name
                rivals = [other for other, definition in self._types.items() if definition.name == name]
                return "_".join([name if len(rivals) == 1 else id_, *map(self._word, arguments)])
            case _:
                return "_".join([str(type_.__struct_config__.tag), *map(self._word, parts_of(type_))])

    def _record(self, record: RecordDefinition) -> Schema:
        fields = {f.wire or f.name: _with_default(self.of(f.type), f.default) for f in record.fields}
        needed = [
            f.wire or f.name for f in record.fields if f.default is None and f.name not in record.optional
        ]
        schema: Schema = {"title": record.name} | ({"description": record.doc} if record.doc else {})
        if record.array_like or record.style == "namedtuple":
            return schema | _array(record, list(fields.values()))
        if record.tag is not None:
            field = record.tag_field or "type"
            fields = {field: {"const": record.tag}, **fields}
        schema |= {"type": "object", "properties": fields, "required": needed}
        return schema | {"additionalProperties": False} if record.forbid_unknown_fields else schema


def _is_object(definition: Definition) -> bool:
    return (
        isinstance(definition, RecordDefinition)
        and not definition.array_like
        and definition.style != "namedtuple"
    )


def _with_default(schema: Schema, default: object) -> Schema:
    return schema | {"default": default.value} if isinstance(default, Default) else schema


def _length(length: int, keywords: tuple[str, str, str], schema: Schema) -> Schema:
    of_text, of_array, of_object = keywords
    found: Schema = {}
    for each in schema.get("anyOf", [schema]):
        match each:
            case {"contentEncoding": "base64"}:  # four characters for three bytes
                found[of_text] = -(-length // 3) * 4
            case {"type": "string"}:
                found[of_text] = length
            case {"type": "array"}:
                found[of_array] = length
            case {"type": "object"}:
                found[of_object] = length
            case _:
                pass
    return found


def _array(record: RecordDefinition, fields: list[Schema]) -> Schema:
    tag: list[Schema] = [] if record.tag is None else [{"const": record.tag}]
    items = [*tag, *fields]
    needed = [n for n, field in enumerate(record.fields, len(tag) + 1) if field.default is None]
    schema: Schema = {"type": "array", "minItems": max(needed, default=len(tag))}
    if items:
        schema["prefixItems"] = items
    is_exact = record.forbid_unknown_fields or record.style == "namedtuple"
    return schema | {"maxItems": len(items)} if is_exact else schema


def _enum(definition: EnumDefinition) -> Schema:
    schema: Schema = {"title": definition.name} | ({"description": definition.doc} if definition.doc else {})
    values = _values(definition)
    if not _is_wide(definition):
        return schema | {"enum": values}
    is_text = isinstance(values[0], str)
    schema |= {"type": "string" if is_text else "integer", "examples": values}
    return schema | ({"minimum": 0, "maximum": definition.mask} if definition.base == "Flag" else {})


def _values(definition: EnumDefinition) -> list[Any]:
    return list(dict.fromkeys(member.value for member in definition.members))


def _is_wide(definition: EnumDefinition) -> bool:
    """Whether values other than those of its members are accepted: flags can be combined, and `_missing_` may accept any value."""
    return definition.base in ("Flag", "IntFlag") or definition.is_open
