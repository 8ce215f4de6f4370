"""A mail service that remembers."""

from types import SimpleNamespace

from boilermaker import AzureServiceBus, Boilermaker, InMemoryServiceBus


async def send(user_id: str, template: str) -> None:
    app_state.sent.append((user_id, template))


app_state = SimpleNamespace(email_service=SimpleNamespace(send=send), sent=[])
service_bus_client: AzureServiceBus | InMemoryServiceBus  # the test's
worker = Boilermaker(app_state, service_bus_client)

# ---- the sample -------------------------------------------------------------------------------------------

# ✅ Good: Focused, single responsibility
async def send_email(state, user_id: str, template: str):
    await state.email_service.send(user_id, template)

# ❌ Avoid: Too many responsibilities
async def process_user_signup(state, email, name, send_email=True, create_profile=True):
    # This task does too many things
    pass
