"""The contract of a worker: its tasks, their parameters, types and results, as plain values.

The generator derives a contract from source text, the worker derives one from live functions; both use this
package's types, so they can be compared. Canonical JSON of it is committed with the stubs as
`contract.json`. Nothing here depends on how either side derives it.
"""

from boilermaker.contract.agreement import agreed
from boilermaker.contract.canonical import from_json, to_json
from boilermaker.contract.definitions import (
    BY_WORKER,
    AnyDefault,
    ByWorker,
    Default,
    Definition,
    EnumDefinition,
    Field,
    Member,
    NewTypeDefinition,
    RecordDefinition,
    RecordStyle,
)
from boilermaker.contract.depth import TOO_DEEP, Depths
from boilermaker.contract.digests import contract_digest, task_digest, task_digests
from boilermaker.contract.externals import external_id, unfit_wire
from boilermaker.contract.generics import bound, definition_of, records_in, substituted, variables_in
from boilermaker.contract.json_schema import payload_schema
from boilermaker.contract.tasks import Contract, Parameter, TaskContract
from boilermaker.contract.types import (
    Constrained,
    Container,
    ContainerName,
    LiteralOf,
    MappingName,
    MappingOf,
    Named,
    Scalar,
    ScalarName,
    TupleOf,
    Type,
    UnionOf,
    Variable,
    named_in,
    union,
    with_parts,
    within,
)

__all__ = [
    "BY_WORKER",
    "TOO_DEEP",
    "AnyDefault",
    "ByWorker",
    "Constrained",
    "Container",
    "ContainerName",
    "Contract",
    "Default",
    "Definition",
    "Depths",
    "EnumDefinition",
    "Field",
    "LiteralOf",
    "MappingName",
    "MappingOf",
    "Member",
    "Named",
    "NewTypeDefinition",
    "Parameter",
    "RecordDefinition",
    "RecordStyle",
    "Scalar",
    "ScalarName",
    "TaskContract",
    "TupleOf",
    "Type",
    "UnionOf",
    "Variable",
    "agreed",
    "bound",
    "contract_digest",
    "definition_of",
    "external_id",
    "from_json",
    "named_in",
    "payload_schema",
    "records_in",
    "substituted",
    "task_digest",
    "task_digests",
    "to_json",
    "unfit_wire",
    "union",
    "variables_in",
    "with_parts",
    "within",
]
