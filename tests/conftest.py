"""How much hypothesis draws: little by default and in CI, `make test-deep` as much as one likes."""

import os

from hypothesis import HealthCheck, settings

# How fast a machine draws, and how busy it is, says nothing about the code under test.
settings.register_profile(
    "bounded",
    max_examples=30,
    derandomize=True,  # the same on every machine: what is new is looked for by `make test-deep`
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile(
    "deep",
    settings.get_profile("bounded"),
    derandomize=False,
    max_examples=int(os.environ.get("EXAMPLES", "10000")),
    print_blob=True,
)
settings.load_profile("bounded")
