"""Somebody else's client: publishes what is no task of ours, with the bare SDK, until it is told to stop.

python -m torture.stranger FILE SEED: what is surely sent is written to the file, one message id in each line.
"""

import asyncio
import json
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient
from azure.servicebus.exceptions import ServiceBusError

QUEUE = "torture"
_PAUSE_SECONDS = 0.02


def garbage(draw: random.Random) -> bytes:
    """A body that no worker may take for a task of its own."""
    kinds = [
        b"",
        draw.randbytes(draw.randrange(1, 2000)),
        b"[" * 5000,
        b"null",
        b'{"v":1}',
        b"{}\n" * 2000,
        json.dumps({"function_name": "no_such_task", "payload": {"args": [], "kwargs": {}}}).encode(),
        _envelope(draw, "no_such_task", {"number": 1}),
        _envelope(draw, "begin", {"number": "\ud800"}),
        _envelope(draw, "begin", {"number": 1.5}),
        _envelope(draw, "begin", {"number": None, "secret": "x" * 5000}),
        _envelope(draw, "mend", {}),
        _envelope(draw, "begin", {"number": 1})[: draw.randrange(1, 60)],
    ]
    return draw.choice(kinds)


def _envelope(draw: random.Random, task: str, payload: dict[str, Any]) -> bytes:
    workflow = f"stranger-{draw.getrandbits(60):x}"
    header = {
        "boilermaker": 1, "workflow": workflow, "seed": "0" * 32, "at": 0, "lines": [[0, 0]], "queues": [QUEUE]
    }  # fmt: skip
    line = {"task": task, "payload": payload, "then": None}
    return b"\n".join(json.dumps(part).encode() for part in (header, line))


async def main(path: Path, seed: int) -> None:
    """Publish, and write down what arrived."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    parent = os.getppid()
    draw = random.Random(seed)
    connection_string = os.environ["SERVICE_BUS_CONNECTION_STRING"]
    number = 0
    with path.open("w") as sent:
        # a torture that was killed itself stops nobody: its strangers notice
        while not stop.is_set() and os.getppid() == parent:
            try:
                async with (
                    ServiceBusClient.from_connection_string(connection_string, retry_total=0) as client,
                    client.get_queue_sender(QUEUE) as sender,
                ):
                    while not stop.is_set() and os.getppid() == parent:
                        number += 1
                        name = f"garbage-{seed}-{number}"
                        subject = draw.choice([None, "begin", "\u202e"])
                        await sender.send_messages(
                            ServiceBusMessage(garbage(draw), message_id=name, subject=subject), timeout=2
                        )
                        sent.write(f"{name}\n")
                        await asyncio.sleep(_PAUSE_SECONDS)
            except (
                ServiceBusError,
                ValueError,
                TypeError,
            ) as error:  # the SDK raises these for a bus that babbles
                sys.stderr.write(f"{type(error).__name__}: {error}\n")
                await asyncio.sleep(0.2)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
