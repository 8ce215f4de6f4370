"""Log fields: they identify the message that a log line is about, while it is handled. Formatting is in `cli.logs`.

They are in a context variable, so that log lines of the application have them as well, also in threads.
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
        attempt: number of the execution under the task's policy, from 1.
        delivery_count: how often the message was delivered before.
        queue: the queue that it was received from.
        trace: the W3C trace context in the message.
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
        """The fields by name; `trace_id` only if the message has one."""
        found = trace_id(self.trace)
        return self._values if found is None else {**self._values, "trace_id": found}

    def json(self) -> str:
        """The fields as members of a JSON object; encoded once for all lines of a message."""
        if self._json is None:
            members = (f'"{name}": {_encoded(value)}' for name, value in self.values().items())
            self._json = legible(", ".join(members))
        return self._json


current: ContextVar[LogFields | None] = ContextVar("boilermaker_log_fields", default=None)
"""The fields of the message that is being handled."""
