"""The wire format of messages: a workflow, its current step, and results kept for later steps.

`structs` defines the parts. `codec` encodes and decodes them, `lines` decodes single steps on demand, `ahead` computes what
can still follow, `identity` derives message ids, `legacy` reads messages of boilermaker-servicebus 1.x, and `outgoing` sets
the properties that any Service Bus tool shows. Arguments and results are encoded in `payload`.
"""

from boilermaker.envelope.structs import Edges, Header, Kept, Next, Step, StepLine, WireRef

__all__ = ["Edges", "Header", "Kept", "Next", "Step", "StepLine", "WireRef"]
