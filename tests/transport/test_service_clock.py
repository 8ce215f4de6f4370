"""The service's time, from what it states about messages, whatever the machine's own clock says."""

from datetime import UTC, datetime, timedelta

import pytest

from boilermaker.transport.clock import ServiceClock

_BEGIN = datetime(2030, 1, 1, tzinfo=UTC)
_LOCK = 10.0


class Machine:
    """A machine whose wall clock is wrong, and a service whose clock is right."""

    def __init__(self, wrong: float) -> None:
        self.seconds = 5000.0
        self.wrong = wrong
        self.clock = ServiceClock(lambda: self.service.timestamp() + self.wrong, lambda: self.seconds)

    @property
    def service(self) -> datetime:
        """What the service's clock shows."""
        return _BEGIN + timedelta(seconds=self.seconds)

    @property
    def error(self) -> float:
        """By how much what is believed of the service's clock is ahead of it."""
        return (self.clock.now() - self.service).total_seconds()

    def receive(self, waited: float) -> None:
        """A message that waited so long in the queue."""
        self.clock.note_enqueued(self.service - timedelta(seconds=waited), self.seconds)

    def renew(self, age: float) -> None:
        """A lock that is so old is renewed."""
        self.clock.note_locked(self.service + timedelta(seconds=_LOCK - age), self.seconds)


@pytest.mark.parametrize("wrong", [-3600.0, 0.0, 3600.0])
def test_without_a_word_of_the_service_the_wall_clock_counts(wrong: float) -> None:
    """A producer that never receives knows nothing else; it may be set at any time."""
    machine = Machine(wrong)
    assert machine.error == pytest.approx(wrong)
    machine.wrong += 60
    assert machine.error == pytest.approx(wrong + 60)


def test_a_wall_clock_that_is_set_later_changes_nothing() -> None:
    """Once the service has said something."""
    machine = Machine(0)
    machine.receive(waited=1)
    for wrong in (-30.0, 7200.0):
        machine.wrong = wrong
        assert machine.error == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("wrong", [-12.0, -7200.0])
def test_a_clock_that_is_behind_is_put_right_by_a_message_that_did_not_wait(wrong: float) -> None:
    """It was enqueued before it came, so it is at least that late."""
    machine = Machine(wrong)
    machine.receive(waited=8)
    assert machine.error == pytest.approx(max(wrong, -8))
    machine.receive(waited=0.02)
    assert machine.error == pytest.approx(-0.02)
    machine.receive(waited=3600)
    assert machine.error == pytest.approx(-0.02)


def test_a_clock_that_is_ahead_is_put_right_by_a_renewal() -> None:
    """It was in time, so it is not later than when the lock ended. A fresh lock then seems to last half of its time or more."""
    machine = Machine(7200)
    machine.receive(waited=0)
    assert machine.error == pytest.approx(7200)
    machine.renew(age=0)
    assert 0 <= machine.error <= _LOCK / 2
    machine.seconds += _LOCK / 3
    machine.renew(age=_LOCK / 3)
    assert 0 <= machine.error <= _LOCK / 3 + 0.01


def test_the_service_may_change_its_clock() -> None:
    """What it states last counts; what it stated long ago fades, for clocks drift apart."""
    machine = Machine(0)
    machine.receive(waited=0)
    machine.clock.note_enqueued(machine.service + timedelta(seconds=100), machine.seconds)
    assert machine.error == pytest.approx(100)
    machine.renew(age=2)
    assert machine.error == pytest.approx(8)
    machine.seconds += 8 / 1e-3
    assert machine.error == pytest.approx(0, abs=0.01)
