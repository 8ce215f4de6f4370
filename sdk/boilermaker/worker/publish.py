"""The only publisher of what follows from an outcome: decided, saved where there is an outcome store, then published.

Whatever happens, a message comes to one verdict. One that cannot be published is a failure, and leads to what follows from
that.
"""

import random

from boilermaker.envelope import Next, codec, outgoing
from boilermaker.envelope.codec import Envelope
from boilermaker.errors import EnvelopeError, MessageTooLargeError
from boilermaker.tasks.registration import Registration
from boilermaker.telemetry import trace
from boilermaker.transport.port import Delivery, OutgoingMessage
from boilermaker.worker.decide import Circumstances, decide, without_callbacks
from boilermaker.worker.outcome import Failed, Outcome, Verdict, make_record, read_record
from boilermaker.worker.workshop import Workshop


class Publishing:
    """What one delivery leads to.

    Attributes:
        cause: names the delivery's message in the ids of all that it leads to.
    """

    def __init__(self, workshop: Workshop, delivery: Delivery) -> None:
        self._shop = workshop
        self._delivery = delivery
        self.cause = delivery.message_id or f"sequence-number-{delivery.sequence_number}"

    async def recall(self) -> Verdict | None:
        """What an earlier delivery of this message came to, where it was saved."""
        store = self._shop.outcomes
        if store is None:
            return None
        record = await self._shop.patience.until_it_works(
            "ask the outcome store", lambda: store.load(self._record_key)
        )
        return None if record is None else read_record(record)

    async def carry_out(
        self, envelope: Envelope, outcome: Outcome | Verdict, registration: Registration | None
    ) -> Verdict:
        """Publish what follows from an outcome; where that cannot be, what follows from this failure."""
        around = Circumstances(
            registration=registration,
            limits=self._shop.limits,
            queues=self._shop.queues,
            message_id=self.cause,
            jitter=random.random(),  # noqa: S311 - spreads retries, keeps no secret
        )
        try:
            if isinstance(outcome, Verdict):
                verdict = outcome
            else:
                verdict = await self._remember(decide(envelope, outcome, around))
            await self._publish(envelope, verdict)
        except MessageTooLargeError as error:
            failed = Failed(reason="ResultTooLarge", description=str(error))
        except EnvelopeError as error:
            failed = Failed(reason="UndecodableMessage", description=str(error))
        else:
            return verdict
        verdict = decide(envelope, failed, around)
        try:
            await self._publish(envelope, verdict)
        except MessageTooLargeError as error:
            return without_callbacks(verdict, str(error))
        return verdict

    async def _remember(self, verdict: Verdict) -> Verdict:
        """Save a verdict; what was saved first is what counts."""
        store = self._shop.outcomes
        if store is None:
            return verdict
        record = make_record(verdict)
        kept = await self._shop.patience.until_it_works(
            "write to the outcome store", lambda: store.save(self._record_key, record)
        )
        return verdict if kept == record else read_record(kept)

    @property
    def _record_key(self) -> str:
        return f"{self._shop.queue}/{self.cause}"

    async def _publish(self, envelope: Envelope, verdict: Verdict) -> None:
        """Publish everything, or wait until it can be; raises MessageTooLargeError, EnvelopeError."""
        for next_ in verdict.publish:

            async def send(next_: Next = next_) -> None:
                sender = await self._shop.client.sender(next_.queue)
                await sender.send(self._sealed(envelope, next_, sender.max_message_size))

            await self._shop.patience.until_it_works(f"publish to `{next_.queue}`", send)

    def _sealed(self, envelope: Envelope, next_: Next, max_message_size: int) -> OutgoingMessage:
        body = codec.advance(envelope, next_)
        limit = (
            outgoing.limit_for(max_message_size) + outgoing.HEADROOM_BYTES // 2
        )  # results may use half of the headroom
        if len(body) > limit:
            raise MessageTooLargeError(
                f"with what is kept for later steps the envelope has {len(body):,} bytes, "
                f"`{next_.queue}` takes {limit:,}"
            )
        return self._message(envelope, next_, body)

    def _message(self, envelope: Envelope, next_: Next, body: bytes) -> OutgoingMessage:
        return outgoing.message(
            body=body,
            message_id=codec.message_id(self.cause, next_.slot),
            task=next_.task,
            workflow=envelope.header.workflow,
            digest=next_.digest,
            trace=trace.of_properties(self._delivery.properties),
            delay=next_.delay,
            clock=self._shop.clock,
        )
