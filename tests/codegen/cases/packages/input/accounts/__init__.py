"""The accounts service."""

from .types import Account as Account
from .types import UserId
from . import types as types
