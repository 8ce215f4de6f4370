"""A worker of boilermaker-servicebus 1.x. Runs in that package's own environment, not in ours.

`python old_worker.py CONNECTION_STRING QUEUE` works until it is killed.
"""

import asyncio
import sys

from aio_azure_clients_toolbox import ManagedAzureServiceBusSender
from boilermaker.sample import STATIC_DEBUG_TASK

from boilermaker import Boilermaker


class State:
    """1.x holds a weak reference to it."""


async def create_user(state, email, name="nobody"): ...


async def main():
    state = State()
    bus = ManagedAzureServiceBusSender(
        "unused",
        sys.argv[2],
        connection_string=sys.argv[1],
        ready_message=STATIC_DEBUG_TASK.model_dump_json(),
    )
    await Boilermaker(state, bus).register_many_async([create_user]).run()


asyncio.run(main())
