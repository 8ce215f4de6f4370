"""Carries out the publishing part of a verdict: saves it in the outcome store, if there is one, then publishes.

Each message has exactly one verdict. If its messages are rejected permanently, that is a failure of the task, with a verdict
of its own. Nothing else publishes what follows from an outcome. Verdicts come from `decide`; settling is in `settle`.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Literal

from boilermaker.envelope import Next, codec, identity, outgoing
from boilermaker.envelope.codec import Envelope
from boilermaker.errors import (
    BusError,
    EnvelopeError,
    MessageTooLargeError,
    OutcomeStoreError,
    QueueNotFoundError,
)
from boilermaker.tasks.registration import Registration
from boilermaker.telemetry import trace
from boilermaker.transport.port import Delivery, OutgoingMessage
from boilermaker.worker.decide import Circumstances, decide, not_forked, without_callbacks
from boilermaker.worker.outcome import Failed, Forked, Outcome, Record, Verdict, make_record, read_record
from boilermaker.worker.workshop import Workshop

log = logging.getLogger("boilermaker.app")

_BEGUN_AT_A_TIME = 4  # messages of a fork that are encoded together: encoding a hundred large envelopes at once takes seconds


Hold = Callable[[], Awaitable[None]]
"""Returns if the worker still holds the delivery's lock; raises asyncio.CancelledError if the lock is lost."""


class Publishing:
    """Publishes what follows from one delivery. Nothing is saved or published once its lock is lost.

    Attributes:
        cause: id of the delivery's message, from which the ids of following messages derive.
    """

    def __init__(self, workshop: Workshop, delivery: Delivery, hold: Hold) -> None:
        self._shop = workshop
        self._hold = hold
        self._delivery = delivery
        self._seed: str | None = None  # the seed of the saved outcome, if there is one
        self.cause = identity.own_id(delivery, workshop.queue)

    async def recall(self, envelope: Envelope) -> Verdict | None:
        """The verdict of an earlier delivery of this message, if one was saved."""
        store = self._shop.outcomes
        if store is None:
            return None
        key = self._record_key(envelope)
        kept = await self._shop.patience.until_it_works("read the outcome store", lambda: store.load(key))
        return None if kept is None else self._recalled(kept)

    async def carry_out(
        self, envelope: Envelope, outcome: Outcome | Verdict, registration: Registration | None
    ) -> Verdict:
        """Publish what follows from an outcome; if that is rejected permanently, what follows from this failure."""
        around = Circumstances(
            queue=self._shop.queue,
            registration=registration,
            limits=self._shop.limits,
            queues=self._shop.queues,
            message_id=self.cause,
            jitter=random.random(),  # noqa: S311 - jitter, not a secret
            now=self._shop.clock.now(),
        )
        try:
            verdict = await self._settled_on(envelope, outcome, around)
            error = await self._publish(envelope, verdict)
        except EnvelopeError as undecodable:
            failed = Failed(reason="UndecodableMessage", description=str(undecodable))
        else:
            if error is None:
                return verdict
            failed = _unpublished(error)
            if verdict.word == "Forked":  # the failure itself was dead-lettered before
                return not_forked(verdict, failed)
            if verdict.word == "Failed":
                return without_callbacks(verdict, str(error))
        verdict = decide(envelope, failed, around)
        error = await self._publish(envelope, verdict)
        return verdict if error is None else without_callbacks(verdict, str(error))

    async def _settled_on(
        self, envelope: Envelope, outcome: Outcome | Verdict, around: Circumstances
    ) -> Verdict:
        """The verdict of an outcome, saved if there is a store; if the store rejects it, the verdict of that failure."""
        if isinstance(outcome, Verdict):
            return outcome
        verdict = decide(envelope, outcome, around)
        if isinstance(outcome, Forked):
            return verdict  # it is the same on each delivery
        try:
            return await self._remember(envelope, verdict)
        except OutcomeStoreError as error:
            log.error("[%s] The outcome was not saved: %s", envelope.current.task, error)  # noqa: TRY400 - the text is enough
            failed = decide(envelope, Failed(reason="OutcomeNotSaved", description=str(error)), around)
        try:
            return await self._remember(envelope, failed)
        except OutcomeStoreError:
            return failed

    async def _remember(self, envelope: Envelope, verdict: Verdict) -> Verdict:
        """Save a verdict, and return the one that was saved first.

        Raises:
            OutcomeStoreError: the store accepts other records but rejects this one.
        """
        store = self._shop.outcomes
        if store is None:
            return verdict
        await self._hold()
        key, record = (
            self._record_key(envelope),
            make_record(Record(verdict=verdict, seed=envelope.header.seed)),
        )
        kept = await self._shop.patience.until_it_works(
            "write to the outcome store", lambda: store.save(key, record)
        )
        return verdict if kept == record else self._recalled(kept)

    def _recalled(self, kept: bytes) -> Verdict:
        record = read_record(kept)
        self._seed = record.seed
        return record.verdict

    def _record_key(self, envelope: Envelope) -> str:
        return identity.record_key(self._shop.queue, self.cause, codec.fingerprint(envelope))

    async def _publish(self, envelope: Envelope, verdict: Verdict) -> BusError | None:
        """Publish all messages, waiting if necessary; returns the error of one that can never be published. Raises EnvelopeError."""
        if len(verdict.publish) == 1:  # nearly always
            fates = [await self._fate(envelope, verdict.publish[0])]
        else:  # concurrently, so that none waits for the queue of another
            fates = await asyncio.gather(
                *(
                    self._fate(envelope, next_, turn=number // _BEGUN_AT_A_TIME)
                    for number, next_ in enumerate(verdict.publish)
                )
            )
        for fate in fates:
            if isinstance(fate, EnvelopeError):
                raise fate
        return next((fate for fate in fates if isinstance(fate, BusError)), None)

    async def _fate(
        self, envelope: Envelope, next_: Next, *, turn: int = 0
    ) -> BusError | EnvelopeError | None:
        """Publish one message, after so many iterations of the event loop; returns its error, or None once published."""
        for _ in range(turn):
            await asyncio.sleep(0)

        async def send() -> None:
            sender = await self._shop.client.sender(next_.queue)
            await self._hold()
            await sender.send(self._sealed(envelope, next_, sender.max_message_size))

        try:
            await self._shop.patience.until_published(next_.queue, send, self)
        except (BusError, EnvelopeError) as error:
            return error
        return None

    def _sealed(self, envelope: Envelope, next_: Next, max_message_size: int) -> OutgoingMessage:
        named = identity.derived(self._seed or envelope.header.seed, self._shop.queue, self.cause, next_.slot)
        body = codec.advance(envelope, next_, named.seed)
        limit = (
            outgoing.limit_for(max_message_size) + outgoing.HEADROOM_BYTES // 2
        )  # kept results may use half of the headroom
        if len(body) > limit:
            raise MessageTooLargeError(
                f"with the results kept for later steps the envelope has {len(body):,} bytes, `{next_.queue}` accepts "
                f"{limit:,}; return a reference to large data instead of the data"
            )
        return self._message(envelope, next_, named.id, body)

    def _message(self, envelope: Envelope, next_: Next, message_id: str, body: bytes) -> OutgoingMessage:
        return outgoing.message(
            body=body,
            message_id=message_id,
            task=next_.task,
            workflow=envelope.header.workflow,
            digest=next_.digest,
            trace=trace.of_properties(self._delivery.properties),
            delay=next_.delay,
            clock=self._shop.clock,
        )


def _unpublished(error: BusError) -> Failed:
    """The failure of a task whose next message is rejected permanently."""
    if isinstance(error, MessageTooLargeError):
        return Failed(reason="ResultTooLarge", description=str(error))
    return Failed(reason=reason_of(error), description=str(error))


def reason_of(error: BusError) -> Literal["QueueNotFound", "PublishRefused"]:
    """The dead-letter reason for a queue that cannot be published to, or that rejects the message."""
    return "QueueNotFound" if isinstance(error, QueueNotFoundError) else "PublishRefused"
