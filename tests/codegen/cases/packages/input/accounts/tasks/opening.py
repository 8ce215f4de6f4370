import accounts
import common.money
from common import money as m

from accounts import Account, UserId
from ..app import worker
from .. import types


@worker.task
async def open_account(state, owner: UserId, start: common.money.Money = None) -> Account:
    """Open an account."""


@worker.task()
async def close_account(state, account: types.Account, rest: "m.Money", heir: accounts.types.UserId = accounts.types.UserId("")) -> None:
    """Close an account."""
