"""What a service that still uses boilermaker-servicebus 1.x does. Runs in that package's own environment, not in ours.

`python publisher.py CONNECTION_STRING QUEUE` publishes each message of `messages()`;
`python publisher.py --record FOLDER` writes each as it would travel.
"""

import asyncio
import sys
from pathlib import Path

from aio_azure_clients_toolbox import ManagedAzureServiceBusSender
from boilermaker.sample import STATIC_DEBUG_TASK
from boilermaker.task import TaskGraph

from boilermaker import Boilermaker, retries


class State:
    """1.x holds a weak reference to it, which a plain None cannot have."""


async def create_user(state, email, name="nobody"): ...


async def welcome(state, user_id): ...


async def archive(state, record): ...


async def oops(state): ...


async def flaky(state, tag): ...


QUICK = retries.RetryPolicy(max_tries=2, delay=0, delay_max=0)


def messages(app):
    """Tasks by what they show."""
    single = app.create_task(create_user, "a@b.org", name="Ada")

    both = app.create_task(create_user, "c@d.org")
    both.on_success = app.create_task(welcome, user_id=7)
    both.on_failure = app.create_task(oops)

    chained = app.chain(
        app.create_task(create_user, "e@f.org", "Eve"),
        app.create_task(archive, {"nested": [1, 2.5, None, "ü"]}, policy=QUICK),
        app.create_task(welcome, 8),
        on_failure=app.create_task(oops),
    )

    retried = app.create_task(flaky, "retried", policy=QUICK)
    retried.on_failure = app.create_task(oops)
    retried.record_attempt()

    exhausted = app.create_task(flaky, "exhausted", policy=QUICK)
    exhausted.on_failure = app.create_task(oops)
    for _ in range(2):
        exhausted.record_attempt()

    careless = app.create_task(flaky, "careless", policy=retries.NoRetry())
    careless.should_dead_letter = False
    careless.acks_late = False

    member = app.create_task(create_user, "g@h.org")
    TaskGraph().add_task(member)

    long = app.chain(*(app.create_task(welcome, number) for number in range(150)))
    return {
        "single": single,
        "both": both,
        "chained": chained,
        "retried": retried,
        "exhausted": exhausted,
        "careless": careless,
        "graph": member,
        "long": long,
        "probe": STATIC_DEBUG_TASK,
    }


async def publish(app):
    for name, task in messages(app).items():
        if name != "probe":  # the package sends that by itself
            await app.publish_task(task)
    await app.close()


def main():
    state = State()
    # As the package's own `AzureServiceBus` does, which takes no connection string.
    bus = ManagedAzureServiceBusSender(
        "unused",
        sys.argv[2],
        connection_string=sys.argv[1],
        ready_message=STATIC_DEBUG_TASK.model_dump_json(),
    )
    app = Boilermaker(state, bus).register_many_async([create_user, welcome, archive, oops, flaky])
    if sys.argv[1] == "--record":
        for name, task in messages(app).items():
            Path(sys.argv[2], f"{name}.json").write_text(task.model_dump_json())
    else:
        asyncio.run(publish(app))


main()
