import enum


class Color(enum.Enum):
    RED = "r"


def make(): ...
