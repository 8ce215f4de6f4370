"""A database and a mail service in memory stand in for real ones."""

from types import SimpleNamespace

from boilermaker import AzureServiceBus, Boilermaker, InMemoryServiceBus
from boilermaker.failure import TaskFailureResult


class DuplicateEmailError(Exception): ...


class Database:
    def __init__(self) -> None:
        self.users: list[str] = []

    async def create_user(self, email: str, name: str) -> str:
        if email in self.users:
            raise DuplicateEmailError
        self.users.append(email)
        return f"user-{len(self.users)}"


class Recorder:
    def __init__(self) -> None:
        self.seen: list[str] = []

    async def send_welcome(self, user_id: str) -> None:
        self.seen.append(user_id)

    async def track_failed_signup(self, email: str) -> None:
        self.seen.append(email)


app_state = SimpleNamespace(db=Database(), email_service=Recorder(), analytics=Recorder())
service_bus_client: AzureServiceBus | InMemoryServiceBus  # the test's
worker = Boilermaker(app_state, service_bus_client)

# ---- the sample -------------------------------------------------------------------------------------------

async def create_user(state, email: str, name: str):
    """Create a new user account."""
    try:
        user_id = await state.db.create_user(email, name)
        print(f"✅ User created: {user_id}")
        return user_id
    except DuplicateEmailError:
        return TaskFailureResult  # Don't retry duplicates

async def send_welcome_email(state, user_id: str = None):
    """Send welcome email to new user."""
    if user_id:
        await state.email_service.send_welcome(user_id)
        print(f"📧 Welcome email sent to user {user_id}")

async def handle_signup_failure(state, email: str = None):
    """Handle failed user creation."""
    if email:
        await state.analytics.track_failed_signup(email)
        print(f"❌ Signup failed for {email}")

worker.register_many_async([create_user, send_welcome_email, handle_signup_failure])  # the setup's

# Set up the workflow
signup_task = worker.create_task(create_user, "user@example.com", "John Doe")
welcome_task = worker.create_task(send_welcome_email)
failure_task = worker.create_task(handle_signup_failure, email="user@example.com")

signup_task.on_success = welcome_task
signup_task.on_failure = failure_task

await worker.publish_task(signup_task)
