"""A producer service: it imports the stubs and not the worker's code.

Publishes registrations and data pipelines, with callbacks, chains and results that are passed from step to step.
"""

import asyncio
import sys
from collections.abc import Iterator

import accounts_stubs as accounts

from boilermaker import Chain, Client, Task, chain, failure


def registration(email: str, name: str) -> Chain[accounts.UserId, None]:
    """Create a user, then send the welcome email; on failure, record it."""
    user = accounts.create_user(email=email, name=name, plan=accounts.Plan.PRO)
    user.on_failure = accounts.handle_signup_failure(email=email, cause=failure.cause)
    return user >> accounts.send_welcome_email(user_id=user.result)


def pipeline(job_id: str, at_least: int) -> Task[accounts.Batch]:
    """Fetch, validate, save, notify; clean up if any step fails."""
    fetched = accounts.fetch_data(job_id=job_id)
    valid = accounts.validate_data(batch=fetched.result, at_least=at_least)
    saved = accounts.save_to_database(batch=valid.result)
    return chain(
        fetched,
        valid,
        saved,
        accounts.send_notification(saved=saved.result),
        on_failure=accounts.handle_pipeline_failure(cause=failure.cause, batch=fetched.result.or_none()),
    )


def workflows(
    registrations: int, pipelines: int
) -> Iterator[Chain[accounts.UserId, None] | Task[accounts.Batch]]:
    """Every fifth address is taken; every sixth pipeline requires more records than exist."""
    for number in range(registrations):
        address = f"user{number - 1 if number % 5 == 4 else number}@example.org"
        yield registration(address, f"User {number}")
    for number in range(pipelines):
        yield pipeline(f"job-{number}", at_least=1_000_000 if number % 6 == 5 else 1)


async def main(registrations: int, pipelines: int) -> None:
    """Publish all workflows."""
    async with Client.from_env() as client:
        ids = await client.publish_many(workflows(registrations, pipelines))
        print(f"published {len(ids)} workflows")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
