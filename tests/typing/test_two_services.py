"""A result of one service fits a parameter of another where both mean the same class, for both checkers."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

STUBS = Path(__file__).parents[2] / "stubs"
GENERICS = Path(__file__).parents[1] / "codegen" / "cases" / "generics" / "expected"

RIGHT = """
import accounts_stubs
import billing_stubs

user = accounts_stubs.create_user(email="ada@example.org", name="Ada")
user >> billing_stubs.open_invoice(user_id=user.result, plan=accounts_stubs.Plan.PRO)
"""

WRONG = """
import accounts_stubs
import billing_stubs

user = accounts_stubs.create_user(email="ada@example.org", name="Ada")
invoice = billing_stubs.open_invoice(user_id=user.result)
billing_stubs.open_invoice(user_id=invoice.result)
"""


HANDED_ON = """
from generics_stubs import Page, User, page

first = page(page=Page(items=[User(name="Ada")]), of_ints=Page(items=[1]), of_pages=Page(items=[]))
first >> page(page=first.result, of_ints=Page(items=[2]), of_pages=Page(items=[Page(items=[3])]))
"""

FOR_ANOTHER = """
from generics_stubs import Page, User, page

first = page(page=Page(items=[User(name="Ada")]), of_ints=Page(items=[1]), of_pages=Page(items=[]))
page(page=first.result, of_ints=first.result, of_pages=Page(items=[]))
"""


def mypy(path: Path) -> str:
    return _run(path, "mypy", "--strict", "--config-file=", "--cache-dir", str(path.parent / "cache"))


def pyright(path: Path) -> str:
    settings = {
        "typeCheckingMode": "strict",
        "extraPaths": [str(STUBS), str(GENERICS)],
        "reportUnusedExpression": False,  # `a >> b` is what they write
    }
    (path.parent / "pyrightconfig.json").write_text(json.dumps(settings))
    return _run(path, "pyright", "--pythonpath", sys.executable)


def _run(path: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *arguments, path.name],
        cwd=path.parent,
        env={**os.environ, "MYPYPATH": os.pathsep.join(map(str, (STUBS, GENERICS)))},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_a_result_of_one_service_fits_a_parameter_of_the_other(tmp_path: Path, checker) -> None:
    """The stubs of billing import the types that accounts gives."""
    path = tmp_path / "right.py"
    path.write_text(RIGHT)

    told = checker(path)

    assert "Success: no issues found" in told or "0 errors" in told, told


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_another_type_of_the_same_shape_is_refused(tmp_path: Path, checker) -> None:
    """Both are numbers on the wire."""
    path = tmp_path / "wrong.py"
    path.write_text(WRONG)

    told = checker(path)

    assert "Ref[InvoiceId]" in told
    assert {"7"} == set(re.findall(r"wrong\.py:(\d+):", told)), told


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_a_generic_result_fits_a_parameter_with_the_same_arguments(tmp_path: Path, checker) -> None:
    """`Page[User]` of one task is `Page[User]` of the next."""
    path = tmp_path / "handed_on.py"
    path.write_text(HANDED_ON)

    told = checker(path)

    assert "Success: no issues found" in told or "0 errors" in told, told


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_a_generic_result_does_not_fit_other_arguments(tmp_path: Path, checker) -> None:
    """`Page[User]` is no `Page[int]`: the checker names both."""
    path = tmp_path / "for_another.py"
    path.write_text(FOR_ANOTHER)

    told = checker(path)

    assert re.search(r"Ref\[Page\[User\]\].*of_ints|of_ints.*Ref\[Page\[User\]\]", told), told
    assert re.search(r"Page\[int\]", told), told
    assert "Found 1 error" in told or "1 error" in told, told
