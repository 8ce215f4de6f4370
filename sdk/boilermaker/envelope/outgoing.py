"""An envelope as an outgoing message: the properties that any Service Bus tool shows, and its size limit.

The body is encoded in `codec`.
"""

import datetime as dt
from collections.abc import Mapping

from boilermaker.envelope import codec
from boilermaker.transport.port import Clock, OutgoingMessage, PropertyValue

HEADROOM_BYTES = 8 * 1024
"""Reserved for what the broker and later steps add: properties, a kept result, the dead-letter reason and description."""


def message(
    *,
    body: bytes,
    message_id: str,
    task: str,
    workflow: str,
    digest: str | None,
    trace: Mapping[str, str],
    delay: float,
    clock: Clock,
) -> OutgoingMessage:
    """One message. `delay` is in seconds; 0 sends it without a scheduled enqueue time."""
    properties: dict[str, PropertyValue] = dict(trace)
    if digest is not None:
        properties["contract-digest"] = digest
    return OutgoingMessage(
        body=body,
        message_id=message_id,
        subject=task,
        content_type=codec.CONTENT_TYPE,
        correlation_id=workflow,
        properties=properties,
        scheduled_enqueue_time=clock.now() + dt.timedelta(seconds=delay) if delay > 0 else None,
    )


def limit_for(max_message_size: int) -> int:
    """The maximum size of a body, in bytes, in a queue that accepts messages of this size."""
    return max_message_size - min(HEADROOM_BYTES, max_message_size // 8)
