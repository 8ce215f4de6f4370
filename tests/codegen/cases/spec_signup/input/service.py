from boilermaker.failure import TaskFailureResult

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="spec-signup")


class DuplicateEmailError(Exception):
    pass


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


async def handle_signup_failure(state, email: str = None):
    """Handle failed user creation."""


worker.register_async(create_user)
worker.register_async(send_welcome_email)
worker.register_async(handle_signup_failure)
