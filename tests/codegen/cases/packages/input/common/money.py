import msgspec


class Money(msgspec.Struct, frozen=True):
    amount: int
    currency: str = "EUR"
