"""With `__all__`: what is not listed stays here."""

from app.colours import *
from app.private import *

__all__ = ["Address", "Town"] + ["Colour"]


@dataclass
class Address:
    town: Town


class Hidden:
    pass
