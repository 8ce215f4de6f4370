"""Publishing, from asynchronous code (`Client`) and from synchronous code (`SyncClient`).

`home` says which event loop a client's connections live in, `many` publishes in batches.
"""

from boilermaker.client.asynchronous import Client
from boilermaker.client.sealing import Publishable, Scheduled
from boilermaker.client.synchronous import SyncClient

__all__ = ["Client", "Publishable", "Scheduled", "SyncClient"]
