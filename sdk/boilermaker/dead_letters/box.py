"""The dead-letter sub-queue of one queue, and the operations on its messages."""

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
    """The dead letters at one point in time: later operations ignore dead letters that arrived since.

    Attributes:
        selection: the selection that was counted.
        count: number of dead letters that match it.
        total: number of all dead letters.
        last: the highest sequence number.
        absent: selected sequence numbers that do not exist.
    """

    selection: Selection
    count: int
    total: int
    last: int
    absent: frozenset[int] = frozenset()


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """The result for one dead letter.

    Attributes:
        is_done: False if it was left unchanged; `detail` says why.
        workflow: id of the workflow that replays it; None if it was not replayed.
    """

    letter: DeadLetter
    is_done: bool
    detail: str = ""
    workflow: str | None = None


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Totals for all selected dead letters.

    Attributes:
        left: received and left unchanged.
        missed: selected but not received, because another receiver has locked or settled them.
    """

    done: int = 0
    left: int = 0
    missed: int = 0


class _Done(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with a dead letter after its messages were published."""

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
        queue: the queue whose dead letters to use.
    """

    def __init__(self, bus: Bus, queue: str) -> None:
        self._bus = bus
        self.queue = queue
        self._looking = bus.receiver(queue + SUB_QUEUE)
        self._senders: dict[str, Sender] = {}

    async def browse(self, selection: Selection | None = None) -> AsyncIterator[DeadLetter]:
        """Yield dead letters by ascending sequence number. Locks nothing and buffers one page. Raises BusError."""
        wanted = selection or Selection()
        following = 1
        while page := await self._looking.peek(_PAGE, following):
            following = max(following, *(message.sequence_number for message in page)) + 1
            for message in page:
                found = letter.read(message, self.queue)
                if wanted.takes(found):
                    yield found

    async def find(self, sequence_number: int) -> Message | None:
        """The dead letter with this sequence number, including its body; None if there is none. Raises BusError."""
        page = await self._looking.peek(1, sequence_number)
        return page[0] if page and page[0].sequence_number == sequence_number else None

    async def survey(self, selection: Selection | None = None) -> Survey:
        """Count the dead letters that match a selection now. Raises BusError."""
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

        A dead letter is removed once the broker has acknowledged its replay. One without an envelope stays.

        Raises:
            BusError: the bus failed; dead letters not yet replayed stay. Repeating the call is safe.
        """

        async def act(delivery: Delivery, _: DeadLetter) -> _Done:
            sender = await self._sender(self.queue)
            message = again.replay_of(delivery, self.queue, self._bus.clock)
            await sender.send(message)
            return _Done(workflow=message.correlation_id)

        return await self._with_each(survey, act, tell)

    async def purge(self, survey: Survey, tell: Tell | None = None) -> Tally:
        """Delete dead letters permanently.

        Raises:
            BusError: the bus failed; dead letters not yet deleted stay.
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
        """Publish the failure callbacks of messages that the broker itself dead-lettered: see `BUS_REASONS`.

        A dead letter whose callbacks are published is removed, so that no later sweep publishes them again. Those without
        failure callbacks stay.

        Args:
            survey: the dead letters to process.
            forwards_to: further queues that failure callbacks may be published to.
            keep: keep processed dead letters; a later sweep publishes their callbacks again, which duplicate detection
                drops only within its window.
            tell: called with the result for each dead letter.

        Raises:
            BusError: the bus failed. Repeating the call is safe.
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
            ):  # arrived after the survey, perhaps a replay that failed again
                return False
            return survey.selection.takes(letter.read(delivery, self.queue))

        try:
            await receiver.open()  # connecting does not count as waiting for messages
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
            detail = f"the dead letter may not have been removed: {error}"
            return Fate(letter=found, is_done=False, detail=detail, workflow=done.workflow)
        return Fate(letter=found, is_done=True, workflow=done.workflow)

    async def _sender(self, queue: str) -> Sender:
        if queue not in self._senders:
            self._senders[queue] = self._bus.sender(queue)
        await self._senders[queue].open()
        return self._senders[queue]
