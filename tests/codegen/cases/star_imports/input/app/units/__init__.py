"""Its parts import each other from here, whose names are those that they bring."""

from .basic import *
from .derived import *
