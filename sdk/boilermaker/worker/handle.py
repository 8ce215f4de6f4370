"""How one delivery is handled: decode, find the task, run its handler, decide, publish, settle. Every message goes this way.

Receiving is in `loop`; each step is in a module of its own: `execute`, `decide`, `publish`, `settle`.
"""

import asyncio
import logging
import time
from collections.abc import Mapping

import msgspec

from boilermaker.attempt import Attempt, Cause
from boilermaker.envelope import legacy
from boilermaker.envelope.codec import Envelope
from boilermaker.errors import EnvelopeError
from boilermaker.tasks.registration import Registration
from boilermaker.telemetry import log_fields, trace
from boilermaker.telemetry.log_fields import LogFields
from boilermaker.transport.port import Delivery, Receiver
from boilermaker.worker.decide import handlers_of
from boilermaker.worker.execute import execute, prepare
from boilermaker.worker.execution import Execution
from boilermaker.worker.locks import LockKeeper
from boilermaker.worker.outcome import (
    Blocked,
    Complete,
    DeadLetter,
    Failed,
    Forked,
    Outcome,
    Rejected,
    Succeeded,
    Verdict,
)
from boilermaker.worker.patience import Trouble
from boilermaker.worker.publish import Publishing, reason_of
from boilermaker.worker.settle import settle
from boilermaker.worker.threads import Threads
from boilermaker.worker.turns import Turns
from boilermaker.worker.workshop import Workshop

log = logging.getLogger("boilermaker.app")


class Handling:
    """One delivery being handled."""

    def __init__(
        self,
        workshop: Workshop,
        receiver: Receiver,
        locks: LockKeeper,
        threads: Threads,
        turns: Turns,
        delivery: Delivery,
    ) -> None:
        self._shop = workshop
        self._receiver = receiver
        self._locks = locks
        self._threads = threads
        self._turns = turns
        self.delivery = delivery
        self._publishing = Publishing(workshop, delivery, self._hold)
        self._task: asyncio.Task[None] | None = None
        self._execution: Execution | None = None
        self.is_lost = False
        """True once the lock of the message is lost."""
        self.is_settled = False
        """True once settling has begun, so that the message can no longer be released."""
        self.is_concluded = False
        """True once it has a verdict, and what follows from it is published."""
        self.is_interrupted = False
        """True once the worker has cancelled it."""
        self._has_ended = False

    @property
    def name(self) -> str:
        """The name of the task whose handler runs; the message's sequence number before the task is known."""
        execution = self._execution
        number = self.delivery.sequence_number
        return f"sequence_number={number}" if execution is None else execution.registration.name

    @property
    def is_concluding(self) -> bool:
        """Whether its handler has ended but the message is not settled yet."""
        return self._has_ended and not self.is_settled

    def start(self) -> asyncio.Task[None]:
        """Begin to handle it, and to renew its lock."""
        self._task = asyncio.create_task(self.run())
        self._locks.watch(self.delivery, self._lose)
        return self._task

    def interrupt(self, cause: Cause) -> None:
        """Cancel it, at whatever step it is."""
        self.is_interrupted = True
        if self._execution is not None:
            self._execution.interrupt(cause)
        elif self._task is not None:
            self._task.cancel()

    def _lose(self, why: str) -> None:
        self.is_lost = True
        execution, becomes = self._execution, "is cancelled"
        is_ended = execution is None or execution.registration.cancel_on_lost_lock
        if execution is None:
            becomes = "has ended, nothing is published" if self._has_ended else "has not started"
        if not is_ended or (execution is not None and execution.is_in_thread):
            becomes = "continues, its outcome is discarded"
        log.warning(
            "Lock lost of sequence_number=%s: %s; its handler %s, the message is redelivered",
            self.delivery.sequence_number,
            why,
            becomes,
        )
        if is_ended:
            self.interrupt(Cause.LOCK_LOST)

    async def run(self) -> None:
        """Handle the delivery, from decoding to settling.

        Raises:
            asyncio.CancelledError: cancelled before the end; unless `is_settled`, the message is still locked.
        """
        started = time.perf_counter()
        try:
            envelope = legacy.read(self.delivery.body, self._shop.queue)
            step = envelope.current
        except EnvelopeError as error:
            await self._undecodable(error)
            return
        registration = self._shop.registry.get(step.task)
        carried = trace.of_properties(self.delivery.properties)
        log_fields.current.set(self._log_fields(envelope, carried))
        if envelope.header.fork:
            await self._conclude(envelope, Forked(), registration, started)
            return
        if (verdict := await self._publishing.recall(envelope)) is not None:
            await self._conclude(envelope, verdict, registration, started)
            return
        log.info("[%s] Begin Task sequence_number=%s", step.task, self.delivery.sequence_number)
        if step.args is not None:
            log.info("[%s] Published by boilermaker-servicebus 1.x", step.task)
        outcome = self._known_before(envelope, registration) or await self._blocked(envelope)
        if outcome is None and registration is not None:
            outcome = await self._run_handler(envelope, registration)
        if outcome is not None:
            await self._conclude(envelope, outcome, registration, started)

    async def _run_handler(self, envelope: Envelope, registration: Registration) -> Outcome | None:
        """Run the handler, after settling if `acks_late` is False; None if there is no outcome and the message is redelivered."""
        arguments = prepare(envelope, registration, self._shop.history)
        if isinstance(arguments, Rejected):
            return arguments
        if not await self._take_turn(registration):
            return None
        early = envelope.current.acks_late
        acks_late = registration.acks_late if early is None else early
        if not acks_late and not await self._settle(Complete(), is_confirmed=True):
            return None
        outcome = await self._execute(envelope, registration, arguments)
        self._has_ended = True
        if self.is_lost:
            log.warning(
                "[%s] Discarded the outcome of sequence_number=%s: its lock was lost while the handler ran",
                envelope.current.task,
                self.delivery.sequence_number,
            )
            return None
        return outcome

    async def _take_turn(self, registration: Registration) -> bool:
        """Wait until the handler may start, and make sure that the lock is held; False if the lock is lost."""
        while True:
            if registration.signature.is_async:
                await self._turns.wait()
            if self._locks.is_held(self.delivery):
                return not self.is_lost
            if not await self._locks.secure(self.delivery):
                return False
            if not self._locks.is_held(self.delivery):
                return (
                    True  # the bus did not respond: run nevertheless, the lock is checked before publishing
                )

    async def _hold(self) -> None:
        """Renew the lock if it may have expired, for example while this process was paused.

        Raises:
            asyncio.CancelledError: the lock is lost, the message is redelivered.
        """
        if not self.is_settled and (self.is_lost or not await self._locks.secure(self.delivery)):
            raise asyncio.CancelledError

    def _known_before(self, envelope: Envelope, registration: Registration | None) -> Outcome | None:
        """The outcome of a message whose handler must not run; None if it is to run."""
        count = self.delivery.delivery_count
        if count >= self._shop.limits.max_deliveries:
            return Failed(
                reason="DeliveriesExhausted",
                description=f"delivered {count} times without an outcome: each time its worker crashed or lost the lock",
            )
        if (expires := envelope.current.expires) is not None and expires <= self._shop.clock.now():
            return Failed(reason="Expired", description=f"did not start before {expires:%Y-%m-%dT%H:%M:%S%z}")
        then = envelope.current.then
        try:
            next_queue = None if then is None else envelope.steps[then].queue
        except EnvelopeError as error:
            return Rejected(reason="UndecodableMessage", description=str(error))
        policy = envelope.header.policy or envelope.current.policy
        if policy is not None and envelope.header.attempt > policy.max_tries:
            # Boilermaker does not publish such a message; 1.x does, and only finds on receiving it that no try is left.
            return Failed(reason="RetriesExhausted", description=f"gave up after {policy.max_tries} tries")
        if registration is None and legacy.is_probe(envelope.current):
            return Succeeded()
        if registration is None:
            return Rejected(
                reason="UnknownTask",
                description="no task of that name is registered with this worker",
                may_heal=True,
            )
        if next_queue is not None and next_queue not in self._shop.queues:
            return Rejected(
                reason="QueueNotAllowed",
                description=f"the next step is for the queue `{next_queue}`, which is not in this worker's `forwards_to`",
            )
        return None

    async def _blocked(self, envelope: Envelope) -> Blocked | Rejected | None:
        """Why the handler is not run yet: the queue of a following step does not accept messages; None if it can run.

        A redelivered message is run in any case: an earlier delivery may have published the next message already.
        """
        current, shop = envelope.current, self._shop
        if self.delivery.delivery_count:
            return None
        if current.then is not None and (queue := envelope.steps[current.then].queue) != shop.queue:
            trouble = await shop.patience.trouble_with(queue, lambda: shop.client.sender(queue))
            if trouble is not None:
                return _waits_for(queue, trouble)
        if shop.patience.waiting >= shop.patience.crowd:  # a handler that fails would only wait as well
            for step in handlers_of(envelope):
                trouble = shop.patience.known_trouble_with(step.queue)
                if trouble is not None and step.queue != shop.queue:
                    return _waits_for(step.queue, trouble)
        return None

    async def _execute(
        self, envelope: Envelope, registration: Registration, arguments: msgspec.Struct
    ) -> Outcome:
        told = Attempt(
            id=self._publishing.cause,
            workflow=envelope.header.workflow,
            task=envelope.current.task,
            number=envelope.header.attempt,
            delivery_count=self.delivery.delivery_count,
        )
        if registration.max_lock_renewal is not None:
            self._locks.limit(self.delivery, registration.max_lock_renewal)
        fields = log_fields.current.get()
        try:
            with (
                trace.continued({} if fields is None else fields.trace),
                Execution(registration, told, self._threads, self._hold) as self._execution,
            ):
                self._execution.limit(envelope.current.timeout)
                return await execute(
                    envelope.current, self._execution, arguments, self._shop.state, self._shop.describe_error
                )
        finally:
            self._execution = None

    def _log_fields(self, envelope: Envelope, carried: Mapping[str, str]) -> LogFields:
        return LogFields(
            task=envelope.current.task,
            workflow=envelope.header.workflow,
            message_id=self._publishing.cause,
            attempt=envelope.header.attempt,
            delivery_count=self.delivery.delivery_count,
            queue=self._shop.queue,
            trace=carried,
        )

    async def _conclude(
        self,
        envelope: Envelope,
        outcome: Outcome | Verdict,
        registration: Registration | None,
        started: float,
    ) -> None:
        await self._hold()
        verdict = await self._publishing.carry_out(envelope, outcome, registration)
        self.is_concluded = True
        self._log(envelope.current.task, verdict, time.perf_counter() - started)
        if not self.is_settled:
            await self._settle(verdict.settlement, is_confirmed=self._shop.is_confirmed)

    async def _undecodable(self, error: EnvelopeError) -> None:
        log.error("Undecodable message sequence_number=%s: %s", self.delivery.sequence_number, error)
        if not self.is_settled:
            await self._settle(DeadLetter("UndecodableMessage", str(error)), is_confirmed=True)

    async def _settle(self, settlement: Complete | DeadLetter, *, is_confirmed: bool) -> bool:
        self.is_settled = True
        self._locks.forget(self.delivery)
        return await settle(self._receiver, self.delivery, settlement, is_confirmed=is_confirmed)

    def _log(self, task: str, verdict: Verdict, seconds: float) -> None:
        number = self.delivery.sequence_number
        if verdict.word in {
            "Forked",
            "Waiting",
        }:  # `patience` logs once, for all messages, what they wait for
            log.debug("[%s] %s sequence_number=%s: %s", task, verdict.word, number, verdict.detail)
            return
        extra: dict[str, object] = {"outcome": verdict.word.lower(), "seconds": round(seconds, 6)}
        if verdict.word == "Completed":
            log.info("[%s] Completed Task sequence_number=%s in %.5fs", task, number, seconds, extra=extra)
            return
        if isinstance(verdict.settlement, DeadLetter):
            extra["reason"] = verdict.settlement.reason
        log.log(
            logging.ERROR if verdict.word == "Failed" else logging.WARNING,
            "[%s] %s Task sequence_number=%s in %.5fs: %s",
            task,
            verdict.word,
            number,
            seconds,
            verdict.detail,
            extra=extra,
        )


def _waits_for(queue: str, trouble: Trouble) -> Blocked | Rejected:
    error = trouble.error
    if error.is_transient:
        return Blocked(
            description=f"a following step is for the queue `{queue}`, which does not work: {error}",
            wait=trouble.wait_seconds,
        )
    return Rejected(reason=reason_of(error), description=str(error), may_heal=True)
