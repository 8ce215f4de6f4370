"""Publishing, from asynchronous code (`Client`) and from synchronous code (`SyncClient`).

`sealing` turns a workflow into a message, `many` publishes in batches, `home` decides which event loop owns a client's
connections. What a workflow is is in `workflow`, its wire format in `envelope`, connections to the bus in `transport`.
"""

from boilermaker.client.asynchronous import Client
from boilermaker.client.sealing import Publishable, Scheduled
from boilermaker.client.synchronous import SyncClient

__all__ = ["Client", "Publishable", "Scheduled", "SyncClient"]
