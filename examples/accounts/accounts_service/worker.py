"""The worker service: plain async functions, registered as tasks.

Run it with `boilermaker worker accounts_service.worker:worker`.
"""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import certifi

from accounts_service.database import Database, DuplicateEmailError
from accounts_service.model import Batch, Certificate, Email, Plan, UserId
from boilermaker import AzureServiceBus, Boilermaker, retries
from boilermaker.failure import FailureInfo, TaskFailed, TaskFailureResult


@dataclass
class State:
    """The state that tasks share: the database, fetched data, and which jobs were tried before."""

    db: Database = field(default_factory=lambda: Database(os.environ.get("ACCOUNTS_DB", "accounts.db")))
    cache: dict[str, list[Certificate]] = field(default_factory=dict[str, list[Certificate]])
    tried: set[str] = field(default_factory=set[str])


worker = Boilermaker(
    State(),
    AzureServiceBus.from_env(),
    queue="accounts",
    service="accounts",
    forwards_to=["billing"],  # workflows may continue on this queue
)

QUICK = retries.RetryPolicy(max_tries=3, delay=0.2, delay_max=1, retry_mode=retries.RetryMode.Fixed)


@worker.task(policy=retries.NoRetry())
async def create_user(state: State, email: Email, name: str, plan: Plan = Plan.FREE) -> UserId:
    """Create a user account.

    Fails permanently if the address is taken: a retry would not help.
    """
    try:
        return UserId(state.db.create_user(email, name, plan.value))
    except DuplicateEmailError:
        return TaskFailureResult


@worker.task(policy=QUICK)
async def send_welcome_email(state: State, user_id: UserId, template: str = "welcome") -> None:
    """Send the welcome email to a new user."""
    key = f"welcome {user_id}"
    if user_id % 10 == 0 and key not in state.tried:
        state.tried.add(key)
        state.db.note("mail server busy")
        raise retries.RetryException("the mail server is busy")
    state.db.welcome(user_id)
    state.db.note(f"mail {template}")


@worker.task(policy=retries.NoRetry())
async def handle_signup_failure(state: State, email: str, cause: FailureInfo | None = None) -> None:
    """Record a failed registration and its reason."""
    state.db.note(f"signup failed: {cause.reason if cause else 'unknown'}")


@worker.task(policy=QUICK)
async def fetch_data(state: State, job_id: str, source: str = "certifi") -> Batch:
    """Read the certificates of the CA bundle; the first try of every fourth job finds it busy."""
    if job_id.endswith(("0", "4", "8")) and job_id not in state.tried:
        state.tried.add(job_id)
        state.db.note("source busy")
        raise ConnectionError(source)
    state.cache[job_id] = _certificates(Path(certifi.where()).read_text())
    return Batch(job_id=job_id, records=len(state.cache[job_id]), fetched_at=datetime.now(UTC))


@worker.task(policy=retries.NoRetry())
async def validate_data(state: State, batch: Batch, at_least: int = 1) -> Batch:
    """Check that enough records were fetched."""
    if batch.records < at_least:
        raise TaskFailed(f"{batch.records} records, at least {at_least} were expected")
    return batch


@worker.task(policy=retries.NoRetry())
async def save_to_database(state: State, batch: Batch) -> int:
    """Save the records; a second run replaces them."""
    certificates = state.cache.pop(batch.job_id)
    state.db.save_records(batch.job_id, [(c.subject, c.size) for c in certificates])
    return batch.records


@worker.task(policy=retries.NoRetry())
async def send_notification(state: State, saved: int) -> None:
    """Notify users of new data."""
    state.db.note("notified")


@worker.task(policy=retries.NoRetry())
async def handle_pipeline_failure(state: State, cause: FailureInfo, batch: Batch | None = None) -> None:
    """Clean up after a failed pipeline."""
    if batch is not None:
        state.cache.pop(batch.job_id, None)
    state.db.note(f"pipeline failed: {cause.reason}")


def _certificates(bundle: str) -> list[Certificate]:
    found: list[Certificate] = []
    subject = ""
    size = 0
    for line in bundle.splitlines():
        if line.startswith("# Subject:"):
            subject, size = line.removeprefix("# Subject:").strip(), 0
        elif line.startswith("-----END"):
            found.append(Certificate(subject=subject, size=size))
        else:
            size += len(line)
    return found
