from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="evolution")

OLD_NAMES = ("make_user", "new_user")


@worker.task(
    aliases=OLD_NAMES,
    allow={
        "FIELD_REMOVED nickname": "no producer has passed it since March",
        "DEFAULT_CHANGED": "agreed with the two teams that publish it",
    },
)
async def create_user(state, email: str, name: str = "") -> int:
    """Create a user."""
    return 1


async def forget_user(state, account: str) -> None: ...


worker.register_async(forget_user, aliases=["drop_user"], parameter_aliases={"account": ["user", "email"]})
