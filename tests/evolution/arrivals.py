"""What arrives of a message that nobody refuses: values that are dropped without an error are `MEANING`."""

from typing import Any, cast

import msgspec

from boilermaker.contract import Contract, RecordDefinition
from boilermaker.evolution.findings import Finding
from evolution.live import Live

DROPPING = frozenset(
    {
        "FIELD_ADDED",
        "FIELD_ADDED_REQUIRED",
        "FIELD_REMOVED",
        "FIELD_REMOVED_REQUIRED",
        "KEYS_DROPPED",
        "REPEATS_DROPPED",
    }
)
"""The rules that say, with `MEANING`, that values are dropped."""

Tags = frozenset[tuple[str, str | int]]


def written_out(contract: Contract) -> Contract:
    """A contract whose records write their defaults: what is left out because it is the default is not dropped."""
    return msgspec.structs.replace(
        contract,
        types={
            id_: msgspec.structs.replace(definition, omit_defaults=False)
            if isinstance(definition, RecordDefinition)
            else definition
            for id_, definition in contract.types.items()
        },
    )


def tags_of(contract: Contract) -> Tags:
    """The tags of all records: no values of the message, and not missed."""
    records = [d for d in contract.types.values() if isinstance(d, RecordDefinition)]
    return frozenset((each.tag_field or "type", each.tag) for each in records if each.tag is not None)


def is_whole(message: bytes, reader: Live, tags: Tags) -> bool:
    """Whether all values of a payload are there after it was read."""
    value = msgspec.json.decode(message, type=reader.payload, dec_hook=reader.externals.decode_hook)
    arrived = msgspec.json.decode(msgspec.json.encode(value, enc_hook=reader.externals.encode))
    return _are_kept(msgspec.json.decode(message), arrived, tags)


def _are_kept(sent: Any, arrived: Any, tags: Tags) -> bool:
    match sent, arrived:
        case dict(), dict():
            found = {_key(name): value for name, value in cast("dict[str, Any]", arrived).items()}
            return all(
                _are_kept(value, found[_key(name)], tags)
                if _key(name) in found
                else _is_tag(name, value, tags)
                for name, value in cast("dict[str, Any]", sent).items()
            )
        case list(), list():
            items, others = cast("list[Any]", sent), cast("list[Any]", arrived)
            return len(items) <= len(others) and all(
                _are_kept(one, other, tags) for one, other in zip(items, others, strict=False)
            )
        case _:
            return True


def _is_tag(name: str, value: Any, tags: Tags) -> bool:
    return isinstance(value, str | int) and (name, value) in tags


def _key(name: str) -> str | float:
    """Keys that are numbers may be written another way."""
    try:
        return float(name)
    except ValueError:
        return name


def dropping(findings: list[Finding]) -> bool:
    """Whether findings say that values are dropped."""
    return any(f.rule in DROPPING and "MEANING" in f.categories for f in findings)
