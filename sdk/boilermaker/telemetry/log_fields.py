"""What log lines carry beside their text: which message they are about. Bound while a message is handled.

A context variable, so that lines of the application carry the fields as well, those of plain handlers in threads too.
"""

import json
from collections.abc import Mapping
from contextvars import ContextVar

from boilermaker.failure import legible
from boilermaker.telemetry.trace import trace_id

_encoded = json.JSONEncoder(ensure_ascii=False).encode


class LogFields:
    """The fields of one message.

    Attributes:
        task: the task's name.
        workflow: the workflow's id, the same in all its messages.
        message_id: the message's id.
        attempt: which execution by the task's policy, from 1.
        delivery_count: how often the message was delivered before.
        queue: where it was received.
        trace: the W3C trace context that it carries.
    """

    __slots__ = ("_json", "_values", "trace")

    def __init__(
        self,
        *,
        task: str,
        workflow: str,
        message_id: str,
        attempt: int,
        delivery_count: int,
        queue: str,
        trace: Mapping[str, str],
    ) -> None:
        self.trace = trace
        self._values: dict[str, str | int] = {
            "task": task,
            "workflow": workflow,
            "message_id": message_id,
            "attempt": attempt,
            "delivery_count": delivery_count,
            "queue": queue,
        }
        self._json: str | None = None

    def values(self) -> dict[str, str | int]:
        """By name; `trace_id` only where the message has one."""
        found = trace_id(self.trace)
        return self._values if found is None else {**self._values, "trace_id": found}

    def json(self) -> str:
        """As members of a JSON object, made once for all lines of a message."""
        if self._json is None:
            members = (f'"{name}": {_encoded(value)}' for name, value in self.values().items())
            self._json = legible(", ".join(members))
        return self._json


current: ContextVar[LogFields | None] = ContextVar("boilermaker_log_fields", default=None)
"""Of the message that is being handled."""
