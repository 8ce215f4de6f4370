"""What travels in one message: a workflow, where we are in it, and results kept for later steps.

`structs` says what it is made of. `codec` makes bytes of it and reads them back, `lines` reads those of single steps when
they are asked for, `legacy` those of boilermaker-servicebus 1.x, and `outgoing` gives them what any Service Bus tool shows.
"""

from boilermaker.envelope.structs import Edges, Header, Kept, Next, Step, StepLine, WireRef

__all__ = ["Edges", "Header", "Kept", "Next", "Step", "StepLine", "WireRef"]
