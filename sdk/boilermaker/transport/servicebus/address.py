"""Parses namespaces and connection strings. Values here are never printed in full, since they contain keys.

Connection strings are parsed here, not by the SDK, so that a malformed one is reported when the service is configured,
without importing azure.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from boilermaker.errors import ConfigurationError

# Names as in the portal; compared case-insensitively, as the SDK does.
_PARTS = (
    "Endpoint",
    "SharedAccessKeyName",
    "SharedAccessKey",
    "SharedAccessSignature",
    "EntityPath",
    "UseDevelopmentEmulator",
)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?|\[[0-9A-Fa-f:]+\](?::\d{1,5})?")
_SECRET = re.compile(r"(SharedAccess(?:Key|Signature)\s*=|\bsig=)[^;&\s]*", re.IGNORECASE)


class Address(NamedTuple):
    """A namespace and how to authenticate: either a connection string or a credential.

    Attributes:
        host: host name, with a port for the local bus.
        entity: the connection string's EntityPath.
        connection_string: without EntityPath, with which the SDK would reject any other queue.
        credential: called when a connection is opened.
    """

    host: str
    entity: str | None = None
    connection_string: str | None = None
    credential: Callable[[], Any] | None = None

    def __repr__(self) -> str:
        return f"Address({self.host!r})"


def from_namespace(text: str, *, credential: Callable[[], Any] | None = None) -> Address:
    """Parse a namespace: a host name, or a URL of it.

    Raises:
        ConfigurationError: the text is neither.
    """
    host = re.sub(r"^(sb|https|amqps)://", "", text.strip()).rstrip("/").removesuffix(":443")
    if not _HOST.fullmatch(host):
        raise ConfigurationError(
            "the Service Bus namespace is not a host name: use <name>.servicebus.windows.net, or its URL"
        )
    return Address(host, credential=credential)


def from_connection_string(text: str) -> Address:
    """Parse a connection string.

    Raises:
        ConfigurationError: a part is missing, malformed or contradicts another part.
    """
    parts = _parts(text)
    endpoint = parts.get("Endpoint", "")
    host = re.sub(r"^\w+://", "", endpoint).rstrip("/")
    if "://" not in endpoint or not _HOST.fullmatch(host):
        raise _malformed("`Endpoint` must be sb://<name>.servicebus.windows.net/")
    key, name, signature = (
        parts.get(part) for part in ("SharedAccessKey", "SharedAccessKeyName", "SharedAccessSignature")
    )
    if signature and (key or name):
        raise _malformed("it has both a `SharedAccessSignature` and a `SharedAccessKey`")
    if not signature and not (key and name):
        raise _malformed("it needs `SharedAccessKeyName` and `SharedAccessKey`, or a `SharedAccessSignature`")
    # The SDK only accepts "true" in lower case; some tools write "True".
    if "UseDevelopmentEmulator" in parts:
        parts["UseDevelopmentEmulator"] = parts["UseDevelopmentEmulator"].lower()
    entity = parts.pop("EntityPath", None)
    cleaned = ";".join(f"{part}={value}" for part, value in parts.items())
    return Address(host, entity=entity or None, connection_string=cleaned)


def redact(text: str) -> str:
    """`text` without keys and signatures, on one line, truncated for logs."""
    return _SECRET.sub(r"\1...", " ".join(text.split()))[:600]


def _parts(text: str) -> dict[str, str]:
    known = {part.lower(): part for part in _PARTS}
    parts: dict[str, str] = {}
    for piece in text.strip().strip(";").split(";"):
        name, separator, value = piece.partition("=")
        part = known.get(name.strip().lower())
        if not separator:
            raise _malformed("each part must be name=value, with semicolons between parts")
        if part is not None:  # unknown parts are for other clients
            parts[part] = value.strip()
    return parts


def _malformed(reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"the Service Bus connection string is malformed: {reason}. "
        "Copy all of it from the portal (Shared access policies), or from `boilermaker local`."
    )
