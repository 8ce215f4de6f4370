from typing import Dict, TypeVar

T = TypeVar("T")

Names = Dict[str, T]
Renamed = Names
