"""The dead-letter sub-queue of one queue, and what can be done with what lies there."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import msgspec

from boilermaker.dead_letters import again, letter
from boilermaker.dead_letters.letter import DeadLetter, Selection
from boilermaker.dead_letters.taking import Taking
from boilermaker.errors import BusError, EnvelopeError, MessageTooLargeError, SettlementError
from boilermaker.transport.port import Bus, Delivery, Message, Receiver, Sender

SUB_QUEUE = "/$deadletterqueue"
_PAGE = 100


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """What was there when somebody looked: later steps touch nothing that came since.

    Attributes:
        selection: what was looked for.
        count: how many it takes.
        total: how many there are in all.
        last: the highest sequence number.
        absent: sequence numbers that were named and are not there.
    """

    selection: Selection
    count: int
    total: int
    last: int
    absent: frozenset[int] = frozenset()


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one dead letter.

    Attributes:
        is_done: False where it was left as it is; `detail` says why.
        workflow: id of the workflow that it was sent again as, if it was.
    """

    letter: DeadLetter
    is_done: bool
    detail: str = ""
    workflow: str | None = None


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all of them.

    Attributes:
        left: looked at and left as they are.
        missed: selected but not received: somebody else has locked or taken them.
    """

    done: int = 0
    left: int = 0
    missed: int = 0


class _Done(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become of a dead letter on whose account something was done."""

    is_kept: bool = False
    workflow: str | None = None


Tell = Callable[[Fate], object]
_Act = Callable[[Delivery, DeadLetter], Awaitable[_Done]]


class DeadLetters:
    """The dead letters of a queue.

        letters = DeadLetters(AzureServiceBus.from_env(), "accounts")
        await letters.replay(await letters.survey(Selection(tasks=frozenset({"create_user"}))))

    Args:
        bus: the Service Bus namespace. The caller closes it.
        queue: the queue whose dead letters are meant.
    """

    def __init__(self, bus: Bus, queue: str) -> None:
        self._bus = bus
        self.queue = queue
        self._looking = bus.receiver(queue + SUB_QUEUE)
        self._senders: dict[str, Sender] = {}

    async def browse(self, selection: Selection | None = None) -> AsyncIterator[DeadLetter]:
        """Look at them by rising sequence number; nothing is locked, and only a page is held. Raises BusError."""
        wanted = selection or Selection()
        following = 1
        while page := await self._looking.peek(_PAGE, following):
            following = max(following, *(message.sequence_number for message in page)) + 1
            for message in page:
                found = letter.read(message, self.queue)
                if wanted.takes(found):
                    yield found

    async def find(self, sequence_number: int) -> Message | None:
        """The dead letter of this sequence number, body and all; None where there is none. Raises BusError."""
        page = await self._looking.peek(1, sequence_number)
        return page[0] if page and page[0].sequence_number == sequence_number else None

    async def survey(self, selection: Selection | None = None) -> Survey:
        """Count what a selection takes now. Raises BusError."""
        wanted = selection or Selection()
        count = total = last = 0
        absent = set(wanted.numbers)
        async for found in self.browse():
            total, last = total + 1, max(last, found.sequence_number)
            count += wanted.takes(found)
            absent.discard(found.sequence_number)
        return Survey(selection=wanted, count=count, total=total, last=last, absent=frozenset(absent))

    async def replay(self, survey: Survey, tell: Tell | None = None) -> Tally:
        """Publish the tasks of dead letters again, to their queue, each as a new workflow at its first attempt.

        A dead letter is removed once the bus has confirmed its replay. One that holds no envelope stays.

        Raises:
            BusError: the bus failed; what was not replayed by then stays. Doing it again is safe.
        """

        async def act(delivery: Delivery, _: DeadLetter) -> _Done:
            sender = await self._sender(self.queue)
            message = again.replay_of(delivery, self.queue, self._bus.clock)
            await sender.send(message)
            return _Done(workflow=message.correlation_id)

        return await self._with_each(survey, act, tell)

    async def purge(self, survey: Survey, tell: Tell | None = None) -> Tally:
        """Remove dead letters for good.

        Raises:
            BusError: the bus failed; what was not removed by then stays.
        """

        async def act(_: Delivery, __: DeadLetter) -> _Done:
            return _Done()

        return await self._with_each(survey, act, tell)

    async def sweep(
        self,
        survey: Survey,
        *,
        forwards_to: Iterable[str] = (),
        keep: bool = False,
        tell: Tell | None = None,
    ) -> Tally:
        """Publish the failure callbacks of what the bus has buried by itself: see `BUS_REASONS`.

        A dead letter whose failure is told is removed, so that no later sweep tells it again. Those without failure
        callbacks stay.

        Args:
            survey: what to look at.
            forwards_to: further queues that failure callbacks may go to.
            keep: leave them; a later sweep tells again, which duplicate detection drops within its window only.
            tell: called with what became of each.

        Raises:
            BusError: the bus failed. Doing it again is safe.
        """
        queues = frozenset({self.queue, *forwards_to})

        async def act(delivery: Delivery, found: DeadLetter) -> _Done:
            for queue, message in again.failure_of(delivery, found, self.queue, queues, self._bus.clock):
                await (await self._sender(queue)).send(message)
            return _Done(is_kept=keep)

        return await self._with_each(survey, act, tell)

    async def _with_each(self, survey: Survey, act: _Act, tell: Tell | None) -> Tally:
        receiver = self._bus.receiver(self.queue + SUB_QUEUE)
        done = left = 0

        def is_wanted(delivery: Delivery) -> bool:
            if (
                delivery.sequence_number > survey.last
            ):  # it came since: a replay that has failed again, perhaps
                return False
            return survey.selection.takes(letter.read(delivery, self.queue))

        try:
            await receiver.open()  # patience is for messages, not for connecting
            async with Taking(receiver, is_wanted, wanted=survey.count, total=survey.total) as taking:
                async for batch in taking.batches():
                    fates = await asyncio.gather(
                        *(self._with_one(receiver, taking, delivery, act) for delivery in batch),
                        return_exceptions=True,
                    )
                    for fate in fates:
                        if isinstance(fate, BaseException):
                            raise fate
                        done, left = done + fate.is_done, left + (not fate.is_done)
                        if tell is not None:
                            tell(fate)
        finally:
            await receiver.close()
        return Tally(done=done, left=left, missed=survey.count - done - left)

    async def _with_one(self, receiver: Receiver, taking: Taking, delivery: Delivery, act: _Act) -> Fate:
        found = letter.read(delivery, self.queue)
        try:
            done = await act(delivery, found)
        except (EnvelopeError, again.Unsent, MessageTooLargeError) as error:
            taking.hold(delivery)
            return Fate(letter=found, is_done=False, detail=str(error))
        except BusError:
            taking.hold(delivery)
            raise
        if done.is_kept:
            taking.hold(delivery)
            return Fate(letter=found, is_done=True)
        try:
            await receiver.complete(delivery)
        except SettlementError as error:
            detail = f"it may not have been removed: {error}"
            return Fate(letter=found, is_done=False, detail=detail, workflow=done.workflow)
        return Fate(letter=found, is_done=True, workflow=done.workflow)

    async def _sender(self, queue: str) -> Sender:
        if queue not in self._senders:
            self._senders[queue] = self._bus.sender(queue)
        await self._senders[queue].open()
        return self._senders[queue]
