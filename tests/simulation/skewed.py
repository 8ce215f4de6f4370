"""The clock of a worker in a simulated world: its own wall clock is wrong, and what the bus states bounds the error."""

from boilermaker.transport.clock import ServiceClock
from simulation.scenario import Skew
from simulation.virtual import VirtualLoop


def skewed_clock(skew: Skew, loop: VirtualLoop) -> ServiceClock:
    """A clock as `AzureServiceBus` has it, on a machine whose clocks are wrong like this."""
    began = loop.bus_seconds() - loop.time()

    def elapsed() -> float:
        return loop.time() * (1 + skew.drift)

    def wall() -> float:
        stepped = sum(by for at, by in skew.steps if at <= loop.time())
        return began + elapsed() + skew.offset + stepped

    return ServiceClock(wall, elapsed)
