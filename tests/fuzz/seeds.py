"""Bodies to begin with: real ones, and those that people with bad intentions write."""

import json
from typing import Any

from fuzz.probe import CANARY

_HEADER: dict[str, Any] = {
    "boilermaker": 1, "workflow": "w", "seed": "5eed" * 8, "at": 0, "lines": [[0, 2]], "queues": ["jobs", "other"],
    "otherwise": [2],
    "policies": [{"max_tries": 3, "delay": 1.0, "delay_max": 9.0, "retry_mode": "Fixed"}],
    "digests": {"jobs": {"first": "94ec83dd21341b5d"}},
}  # fmt: skip
_PAYLOAD: dict[str, Any] = {
    "text": CANARY, "number": 7, "real": 0.5, "money": "12.50", "when": "2026-01-02T03:04:05Z", "lasts": "PT5S",
    "key": "b3c7a1de-0f4e-4a5b-9a57-7d0d3c1fb0c5", "colour": "red", "word": "b",
    "tree": {"text": CANARY, "children": [{"text": CANARY}]}, "anything": {CANARY: [1, None]}, "data": "AAEC",
}  # fmt: skip
_LEGACY: dict[str, Any] = {
    "function_name": "first", "task_id": "t", "attempts": {"attempts": 0}, "acks_late": True,
    "policy": {"max_tries": 3, "delay": 1, "delay_max": 9, "retry_mode": 1}, "should_dead_letter": True,
    "payload": {"args": [CANARY], "kwargs": {"number": 1}}, "on_success": None, "on_failure": None,
}  # fmt: skip


def body(
    payload: str | None = None, header: dict[str, Any] | None = None, line: dict[str, Any] | None = None
) -> bytes:
    """An envelope of three steps, with another payload, or with other members of its header or first line."""
    first = {"task": "first", "payload": _PAYLOAD, "keep": 1, **(line or {})}
    lines = [
        json.dumps({**_HEADER, **(header or {})}),
        json.dumps(first),
        json.dumps(
            {"task": "second", "payload": {"text": CANARY}, "refs": {"number": 0}, "queue": 1, "then": None}
        ),
        json.dumps(
            {"task": "third", "payload": {}, "refs": {"text": "failure"}, "then": None, "otherwise": []}
        ),
    ]
    if payload is not None:
        lines[1] = lines[1].replace(json.dumps(_PAYLOAD), payload)
    return "\n".join(lines).encode()


def legacy(**members: Any) -> bytes:
    """A message of boilermaker-servicebus 1.x with other members."""
    return json.dumps({**_LEGACY, **members}).encode()


SEEDS: list[bytes] = [
    body(),
    body(
        header={"at": 1, "lines": [[1, 3]], "otherwise": [3], "kept": {"0": [1, 7]}},
        line={"refs": {"number": 0}, "keep": None},
    ),
    body(
        header={
            "failure": {
                "task": "first",
                "reason": "TaskFailed",
                "description": "d",
                "attempt": 1,
                "message_id": "m",
            }
        }
    ),
    legacy(),
    legacy(on_success=_LEGACY, on_failure=_LEGACY),
]
