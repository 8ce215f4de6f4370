"""Lists what its parts list: their names are bound by importing from them."""

from .flat import *
from .solid import *

__all__ = flat.__all__ + ["Scale"]
__all__.extend(solid.__all__)

Scale = float
