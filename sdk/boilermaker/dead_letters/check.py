"""Checks whether a dead letter's task would be accepted today, by a live worker or by a contract."""

from boilermaker import payload
from boilermaker.contract import Contract
from boilermaker.envelope import codec, legacy
from boilermaker.envelope.codec import Envelope
from boilermaker.evolution import values
from boilermaker.payload import UnfitValue
from boilermaker.tasks.history import History
from boilermaker.tasks.registry import Registry
from boilermaker.worker.execute import arguments_of


def against_worker(envelope: Envelope, registry: Registry, history: History) -> tuple[str, ...]:
    """Why a worker with these registrations would reject the current step; empty if it would accept it.

    Raises:
        EnvelopeError: the step cannot be read.
    """
    registration = registry.get(envelope.current.task)
    if registration is None:
        return (f"the worker has no task `{envelope.current.task}`",)
    try:
        arguments_of(envelope, registration, history)
    except UnfitValue as unfit:
        return unfit.problems
    return ()


def against_contract(envelope: Envelope, contract: Contract) -> tuple[str, ...]:
    """Why a worker with this contract would reject the current step; empty if it would accept it.

    Raises:
        EnvelopeError: the step cannot be read.
    """
    step = envelope.current
    task = next((task for task in contract.tasks if step.task in (task.name, *task.aliases)), None)
    if task is None:
        return (f"the contract has no task `{step.task}`",)
    try:
        found = payload.plain(legacy.bound(step, task.parameters), codec.results_for(envelope, step))
    except UnfitValue as unfit:
        return unfit.problems
    return tuple(values.payload_misfits(found, task, contract.types))
