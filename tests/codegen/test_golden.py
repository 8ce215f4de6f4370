"""Each golden folder: a service's source in, the stubs or the errors out, byte for byte."""

from pathlib import Path

import pytest

from boilermaker_codegen.config import Project, load
from boilermaker_codegen.package.render import render
from boilermaker_codegen.package.write import compare, write
from boilermaker_codegen.problems import GenerationError
from boilermaker_codegen.scan import scan
from codegen.golden import ERRORS, PACKAGES


def generated(project: Project) -> dict[str, bytes]:
    found = scan(project)
    return render(found.contract, found.presentation, width=project.config.line_length)


@pytest.mark.parametrize("case", PACKAGES, ids=lambda path: path.name)
def test_a_service_gives_exactly_the_expected_package(case: Path, update_golden: bool) -> None:
    """What is generated from `input/` is what stands in `expected/`."""
    project = load(case / "pyproject.toml")
    files = generated(project)
    if update_golden:
        write(project.package_folder, files)
    assert compare(project.package_folder, files) == ()


@pytest.mark.parametrize("case", ERRORS, ids=lambda path: path.name)
def test_what_is_not_understood_gives_exactly_the_expected_errors(case: Path, update_golden: bool) -> None:
    """All errors of `input/` at once, sorted, each with its place and its wording."""
    with pytest.raises(GenerationError) as caught:
        generated(load(case / "pyproject.toml"))
    told = str(caught.value) + "\n"
    expected = case / "expected_errors.txt"
    if update_golden:
        expected.write_text(told)
    assert told == expected.read_text()
