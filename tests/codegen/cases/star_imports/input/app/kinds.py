from enum import *


class Kind(StrEnum):
    SEA = auto()
    AIR = auto()
