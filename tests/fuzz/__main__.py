"""`make fuzz`: a coverage-guided fuzzer on all that a worker reads of a body."""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["boilermaker"]):
    from fuzz import probe, seeds


def main() -> None:
    """Run until something is found, or as long as libFuzzer is told: `-max_total_time=60`."""
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(seeds.SEEDS):
            (Path(corpus) / str(number)).write_bytes(seed)
        atheris.Setup([sys.argv[0], *sys.argv[1:], "-timeout=10", "-max_len=8192", corpus], probe.probe)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
