"""The arguments with which code creates a task or a record, by name and by position."""

import msgspec

from boilermaker.contract import BY_WORKER, RecordDefinition, TaskContract, Type


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """One argument of a task or a record, as code passes it.

    Attributes:
        label: its name in Python.
        path: where it is on the wire.
        default: the same as in the contract.
        is_optional: a key of a TypedDict that may be missing.
        is_unpacked: identified by position when the record is unpacked.
        is_item: has a position on the wire, and no name.
        is_omitted: omitted from messages if it equals its default.
        aliases: other names under which it is accepted.
    """

    label: str
    wire: str
    path: str
    type: Type
    default: object = None
    is_optional: bool = False
    is_keyword_only: bool = False
    is_unpacked: bool = False
    is_item: bool = False
    is_omitted: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def is_required(self) -> bool:
        """Whether it is required in code."""
        return self.default is None and not self.is_optional

    @property
    def may_be_missing(self) -> bool:
        """Whether code that reads it must check whether it exists."""
        return self.is_optional or self.default == BY_WORKER


def made_of_task(task: TaskContract) -> list[Made]:
    """The arguments of a generated function."""
    return [
        Made(
            label=p.name,
            wire=p.name,
            path=p.name,
            type=p.type,
            default=p.default,
            is_keyword_only=p.keyword_only,
            aliases=p.aliases,
        )
        for p in task.parameters
    ]


def made_of_record(record: RecordDefinition, path: str, *, is_by_name: bool) -> list[Made]:
    """The arguments of the class's constructor; by name only, if positions are not to be compared."""
    is_array = record.array_like or record.style == "namedtuple"
    first = 1 if is_array and record.tag is not None else 0
    return [
        Made(
            label=f.name,
            wire=f.wire or f.name,
            path=f"{path}[{at}]" if is_array else f"{path}.{f.wire or f.name}",
            type=f.type,
            default=f.default,
            is_optional=f.name in record.optional,
            is_keyword_only=is_by_name or record.kw_only or record.style == "typeddict",
            is_unpacked=record.style == "namedtuple",
            is_item=is_array,
            is_omitted=record.omit_defaults and not is_array,
        )
        for at, f in enumerate(record.fields, first)
    ]
