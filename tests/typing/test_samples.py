"""The user guide's samples under `mypy --strict`."""

import subprocess
import sys
from pathlib import Path

SAMPLES = Path(__file__).parents[1] / "spec" / "samples"
BASICS = "basic_callback_setup"
FOLLOW_BASICS = ("direct_assignment", "shift_operator", "chain_method")

# What the page's samples leave out, and what no module may have and they show all the same.
ALLOWED = [
    "--disable-error-code=no-untyped-def",  # handlers without a return type, states without one
    "--disable-error-code=top-level-await",
    "--implicit-optional",  # `user_id: str = None`
]


def test_mypy_understands_the_samples(tmp_path: Path) -> None:
    """Strict, bodies of unannotated functions included; a wrong call beside them is found.

    One limit of mypy's own: it makes `[f, g]` a `list[function]` where f and g differ in their parameters, and forgets
    that they are async. The list handed to `register_many_async` as a literal passes.
    """
    modules: list[str] = []
    for path in sorted(SAMPLES.glob("*.py")):
        before = (SAMPLES / f"{BASICS}.py").read_text() if path.stem in FOLLOW_BASICS else ""
        (tmp_path / path.name).write_text(before + path.read_text())
        modules.append(path.name)
    (tmp_path / "wrong.py").write_text(
        (SAMPLES / f"{BASICS}.py").read_text() + "\nworker.create_task(main_task, 7)\n"
    )

    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", "cache", *ALLOWED),
            *modules,
            "wrong.py",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    errors = {line.partition(":")[0]: line for line in done.stdout.splitlines() if ": error: " in line}
    assert 13 == len(modules)
    assert {"wrong.py", "data_pipeline.py"} == set(errors), done.stdout + done.stderr
    assert '"create_task" of "Boilermaker" matches argument types' in errors["wrong.py"]
    assert 'incompatible type "function"' in errors["data_pipeline.py"]
