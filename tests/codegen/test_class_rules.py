"""Classes that cannot be made are refused before anybody tries: each rule is held against who made it."""

from pathlib import Path

import pytest

from codegen.class_rules import FINE, REFUSED
from codegen.verdicts import judged


@pytest.mark.parametrize("classes", [text for texts in REFUSED.values() for text in texts])
def test_what_python_msgspec_or_attrs_refuse_is_refused_by_the_generator(
    classes: str, tmp_path: Path
) -> None:
    """A real Python raises when it imports the class or when the worker registers it; the generator says so of the class."""
    verdict = judged(tmp_path, classes)
    assert verdict.raised
    assert "CLASS_REFUSED" in verdict.said


@pytest.mark.parametrize("classes", FINE)
def test_what_comes_close_to_a_rule_is_read_as_the_worker_has_it(classes: str, tmp_path: Path) -> None:
    """The contract of the source is that of the live class."""
    verdict = judged(tmp_path, classes)
    assert not verdict.said
    assert not verdict.raised
    assert verdict.scanned == verdict.live
