"""Which worker the fixture `worker` is, in runs of pytest of their own."""

import pytest

SERVICE = """
from boilermaker import Boilermaker, InMemoryServiceBus

own = InMemoryServiceBus()
worker = Boilermaker("own", own, queue="q")
number = 7


@worker.task
async def ping(state): ...


def make(bus):
    return Boilermaker("made", bus, queue="q").register_async(ping)


def make_nothing(bus): ...
"""
TEST = """
import service


def test_worker(worker, bus, published):
    assert (worker.bus, worker.state) == (bus, "STATE")
    worker.state = "changed"
    task = worker.create_task(service.ping)
    assert (task.name, published.tasks) == ("ping", [])


def test_again(worker):
    assert worker.state == "STATE"
"""


def run(pytester: pytest.Pytester, target: str, state: str = "") -> pytest.RunResult:
    """A run whose setting `boilermaker_worker` is this."""
    pytester.makepyfile(service=SERVICE, test_service=TEST.replace("STATE", state))
    return pytester.runpytest("-p", "no:asyncio", "-o", f"boilermaker_worker={target}", "-o", "pythonpath=.")


@pytest.mark.parametrize(("target", "state"), [("service:worker", "own"), ("service:make", "made")])
def test_the_worker_is_the_one_that_the_setting_names(
    pytester: pytest.Pytester, target: str, state: str
) -> None:
    """A worker of a module, or what a function makes for the test's bus; each test finds it as it was."""
    run(pytester, target, state).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("", "no worker configured: set `boilermaker_worker = module:worker` in pytest's configuration, or define a fixture"),
        ("service:none", "`boilermaker_worker = service:none`: module 'service' has no attribute 'none'. Use module:worker;"),
        ("nowhere:worker", "`boilermaker_worker = nowhere:worker`: No module named 'nowhere'. Use module:worker;"),
        ("a b", "`boilermaker_worker = a b`: invalid format: 'a b'. Use module:worker; the setting `pythonpath`"),
        ("service:number", "must name a worker or a function that creates one for a given bus, not a `int`"),
        ("service:make_nothing", "must name a worker or a function that creates one for a given bus, not a `NoneType`"),
    ],
)  # fmt: skip
def test_a_setting_that_names_no_worker_is_told(pytester: pytest.Pytester, target: str, told: str) -> None:
    """What was found in its place, and what to write."""
    result = run(pytester, target)
    result.assert_outcomes(errors=2)
    assert told in str(result.stdout)


def test_the_plugin_loads_nothing_that_is_not_asked_for(pytester: pytest.Pytester) -> None:
    """Every run of pytest pays for it where Boilermaker is installed."""
    pytester.makepyfile("""
        import sys

        def test_modules():
            assert "boilermaker.testing.plugin" in sys.modules
            heavy = ("boilermaker.app", "boilermaker.testing.strategies", "msgspec", "azure")
            assert [name for name in heavy if name in sys.modules] == []
    """)
    pytester.runpytest_subprocess("-p", "no:asyncio", "-p", "no:xdist").assert_outcomes(passed=1)
