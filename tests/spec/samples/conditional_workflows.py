"""Orders of every kind."""

from types import SimpleNamespace

from boilermaker import AzureServiceBus, Boilermaker, InMemoryServiceBus


class Database:
    async def get_order(self, order_id: str) -> SimpleNamespace:
        return SimpleNamespace(
            total=2000 if order_id == "large" else 20, customer=SimpleNamespace(is_premium=order_id == "premium")
        )


app_state = SimpleNamespace(db=Database())
service_bus_client: AzureServiceBus | InMemoryServiceBus  # the test's
worker = Boilermaker(app_state, service_bus_client)

# ---- the sample -------------------------------------------------------------------------------------------

async def process_order(state, order_id: str):
    """Process an order and determine next steps."""
    order = await state.db.get_order(order_id)

    if order.total > 1000:
        return "high_value"
    elif order.customer.is_premium:
        return "premium"
    else:
        return "standard"

async def high_value_processing(state):
    """Special processing for high-value orders."""
    print("💎 High-value order processing")

async def premium_processing(state):
    """Processing for premium customers."""
    print("⭐ Premium customer processing")

async def standard_processing(state):
    """Standard order processing."""
    print("📦 Standard processing")

# You'd need to implement conditional logic in your tasks
# since Boilermaker doesn't have built-in conditional routing
