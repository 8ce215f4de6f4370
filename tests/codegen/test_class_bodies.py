"""Random classes, held to what a real Python, msgspec and attrs say of them."""

import tempfile
from collections import Counter
from pathlib import Path
from random import Random

from hypothesis import given, note
from hypothesis import strategies as st

from codegen.class_bodies import draw_classes
from codegen.verdicts import Verdict, judged


def verdict_on(random: Random) -> tuple[str, Verdict]:
    classes = draw_classes(random)
    future = random.random() < 0.4
    with tempfile.TemporaryDirectory() as folder:
        verdict = judged(Path(folder), classes, "x: X, y: Y", future=future)
    return f"# annotations are text: {future}\n{classes}", verdict


@given(st.randoms(use_true_random=False))
def test_a_random_class_is_refused_or_read_as_the_worker_has_it(random: Random) -> None:
    """Aliases, options, bases, defaults, names and methods at random; nothing is read otherwise than Python reads it."""
    text, verdict = verdict_on(random)
    note(text)
    note(verdict.raised)
    assert verdict.is_right


def test_some_hundred_classes_of_each_kind_are_read_and_refused() -> None:
    """What is drawn is neither all right nor all wrong, and what the worker takes is mostly read."""
    verdicts = [verdict_on(Random(seed))[1] for seed in range(400)]
    assert all(verdict.is_right for verdict in verdicts)
    kinds = Counter((bool(v.said), bool(v.raised)) for v in verdicts)
    assert kinds[True, True] > 100
    assert kinds[False, False] > 1.5 * kinds[True, False] > 0
