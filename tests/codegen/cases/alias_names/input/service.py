from typing import Annotated, Optional, TypeAlias, Union

import msgspec
import trees
import types_
from trees import Job, Node, Page, Tree
from types_ import Email, Instant, Payment, Percent, Recipients, Share, UserId, _Token, note
from types_ import Cash

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(object(), InMemoryServiceBus(), queue="alias_names")

Amount = Annotated[int, msgspec.Meta(gt=0)]
Amounts: TypeAlias = dict[UserId, Amount]
Copy: TypeAlias = Email
Address = Union[Email, None]
Unused = dict[str, "Amount"]


@worker.task
async def pay(
    state,
    payment: Payment,
    user: UserId,
    spare: Payment | None = None,
    fallback: Payment = Cash(),
    either: Optional[Union[Payment, int]] = None,
    card: Payment | types_.Card | None = None,
) -> Payment: ...


@worker.task
async def mail(
    state,
    to: Recipients,
    sender: Email = "a@b.org",
    copy: Copy = None,
    blind: Address = None,
    at: Instant | None = None,
    email_: note = "",
) -> Email | None: ...


@worker.task
async def grow(state, node: Node, tree: Tree, nodes: trees.Nodes) -> Node | None: ...


@worker.task
async def resend(state, how: types_.resend, token: _Token, share: Share = None) -> Percent: ...


@worker.task
async def work(
    state,
    job: Job,
    mine: trees.Status,
    theirs: types_.Status,
    page: Page[Email],
    pages: Page[list[Payment]],
    amounts: Amounts,
    short: Annotated[Email, msgspec.Meta(min_length=3)],
    described: Annotated[Email, "whose"],
    kind: Job.Kind = "large",
) -> tuple[Amount, Email, str]: ...
