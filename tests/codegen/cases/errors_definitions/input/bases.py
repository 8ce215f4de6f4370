import enum
import sys


class Optional(enum.Enum):
    """Which members those have that inherit from it depends on a condition, at a place of its own."""

    if sys.platform == "win32":
        DRIVE = "d"
