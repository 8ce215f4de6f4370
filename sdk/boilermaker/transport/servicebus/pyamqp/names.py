"""The private names of azure-servicebus that are used here, in one table that is checked before anything is changed.

`tests/sdk_names` renames each in a copy of the SDK and runs workers on it: if one is missing, `..plain` is used instead, and no
message is lost. A test ensures that no other private name is used.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from azure.servicebus.aio import ServiceBusReceiver, ServiceBusSender

Part = str
"""`owner` is the SDK's sender or receiver, `handler` its AMQP client; `module` is an imported module."""

REQUIRED: Mapping[Part, Sequence[str]] = {
    "owner": ("_handler", "_amqp_transport"),
    "handler": ("_connection", "_link", "auth_complete_async"),
    "connection": (
        "_error", "_get_remote_timeout", "_idle_timeout", "_incoming_endpoints",
        "_last_frame_sent_time", "_process_incoming_frame", "_remote_max_frame_size", "_transport", "listen",
    ),
    "transport": ("_read_buffer", "reader", "write", "writer"),
    "link": ("_session", "current_link_credit", "delivery_count", "flow", "get_state", "handle", "remote_handle"),
    "session": (
        "_outgoing_flow", "channel", "incoming_window", "next_incoming_id", "next_outgoing_id",
        "outgoing_window", "remote_incoming_window", "remote_outgoing_window", "target_incoming_window",
    ),
}  # fmt: skip
"""If one of these is missing, the SDK's public methods are used."""

OF_RECEIVERS: Mapping[Part, Sequence[str]] = {"link": ("received_delivery_id",)}
"""The same, for receivers only."""

IMPORTED: Sequence[str] = ("decode_frame", "Message", "MessageException")
"""The same, for imported names."""

OPTIONAL: Mapping[Part, Sequence[str]] = {
    "owner": ("_create_handler", "_max_message_size_on_link", "_mgmt_request_response_with_retry"),
    "handler": ("_keep_alive_thread", "open_async"),
    "error": ("_condition",),
    "message": ("_is_deferred_message",),
    "amqp_transport": ("AMQP_LONG_VALUE", "create_servicebus_exception", "handle_amqp_mgmt_error"),
}
"""Each is used if it exists; the code works without it."""

_PATHS: Mapping[Part, Sequence[str]] = {
    "owner": (),
    "handler": ("_handler",),
    "connection": ("_handler", "_connection"),
    "transport": ("_handler", "_connection", "_transport"),
    "link": ("_handler", "_link"),
    "session": ("_handler", "_link", "_session"),
}


class Parts(NamedTuple):
    """The internal objects of an open sender or receiver."""

    handler: Any
    connection: Any
    transport: Any
    link: Any
    session: Any


class UnknownSDKError(AttributeError):
    """This version of the SDK lacks a name that is used here; nothing was changed."""


def parts(owner: ServiceBusReceiver | ServiceBusSender) -> Parts:
    """The internal objects of an open sender or receiver.

    Raises:
        UnknownSDKError: a name is missing.
    """
    found: dict[Part, Any] = {}
    for part, path in _PATHS.items():
        reached: Any = owner
        for name in path:
            reached = _attribute(reached, name, part)
        wanted = REQUIRED[part]
        if isinstance(owner, ServiceBusReceiver):
            wanted = (*wanted, *OF_RECEIVERS.get(part, ()))
        for name in wanted:
            _attribute(reached, name, part)
        found[part] = reached
    if not hasattr(found["link"].get_state(), "value"):
        raise UnknownSDKError("the state of a link has no value")
    del found["owner"]
    return Parts(**found)


def every() -> list[str]:
    """All names of the tables, each once."""
    tables = (*REQUIRED.values(), *OF_RECEIVERS.values(), *OPTIONAL.values(), IMPORTED)
    return sorted({name for table in tables for name in table})


def _attribute(holder: Any, name: str, part: Part) -> Any:
    try:
        return getattr(holder, name)
    except AttributeError:
        raise UnknownSDKError(f"its {part} has no `{name}`") from None
