"""What the generator accepts of a registration the worker accepts, and what one refuses the other refuses in the same words."""

import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, note
from hypothesis import strategies as st

from boilermaker.contract import agreed, to_json
from boilermaker.errors import RegistrationError
from boilermaker_codegen.config import load
from boilermaker_codegen.problems import GenerationError
from boilermaker_codegen.scan import scan
from codegen.conftest import PYPROJECT, WriteProject
from codegen.live import importable, service

_SERVICE = """\
import enum
from datetime import timedelta

from boilermaker import Boilermaker, InMemoryServiceBus, retries
from boilermaker.retries import NoRetry, RetryMode, RetryPolicy

QUICK = RetryPolicy(max_tries=3, delay=1)
worker = Boilermaker(object(), InMemoryServiceBus(), queue="accounts")


class Plain(enum.Enum):
    A = "a"


class Count(enum.Enum):
    ONE = 1


class Text(str, enum.Enum):
    A = "a"


class Name(enum.StrEnum):
    A = "a"


class Number(enum.IntEnum):
    ONE = 1


class Constants:
    A = "a"


class Own(LookupError): ...


class Mixed(Constants, Own): ...


class Exit(SystemExit): ...


MEMBER = Plain.A
MEMBERS = [Plain.A, "b"]


def policy():
    return QUICK


async def {function}(state, a: int, b: str = "") -> None: ...


worker.register_many_async([{functions}]{options})
"""

_texts = st.one_of(
    st.text(max_size=6),
    st.sampled_from(["", " ", "x", "old name", "a", "b", "naïve", "x" * 128, "x" * 129, "q" * 260, "q" * 261, "line\nbreak",
                     "\x00", "\ud800", "\u202e", "FIELD_REMOVED a", "FIELD_REMOVD", "because"]),
)  # fmt: skip
_values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-2, 4), st.floats(allow_nan=False, allow_infinity=False), _texts, st.binary(max_size=2),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.tuples(inner),
        st.dictionaries(_texts, inner, max_size=2),
        st.dictionaries(st.integers(0, 1), inner, max_size=1),
    ),
    max_leaves=4,
).map(repr)  # fmt: skip
_policies = st.sampled_from([
    "retries.NoRetry()", "NoRetry()", "NoRetry", "RetryPolicy", "RetryPolicy()", "RetryPolicy.default()", "RetryPolicy.default",
    "RetryPolicy.no_retry()", "QUICK", "policy", "RetryMode.Fixed", "retries.RetryPolicy(2, 1.5, retry_mode=RetryMode.Linear)",
    "timedelta(seconds=1)", "None",
])  # fmt: skip
_durations = st.sampled_from([
    "0", "-1", "1", "0.0", "1e-9", "1e999", "-1e999", "3153600000", "3153600001", '"1"', "True", "timedelta()",
    "timedelta(seconds=-1)", "timedelta(days=36500)", "timedelta(days=36501)", "None",
])  # fmt: skip
_exceptions = st.sampled_from([
    "ValueError", "(OSError, LookupError)", "()", "(ValueError, 1)", "[ValueError]", "int", "KeyboardInterrupt", "BaseException",
    "retries.RetryException", "policy", "Own", "Mixed", "Constants", "(Own, Constants)", "Own()", "Exit", '"ValueError"', "ValueError()", "None",
])  # fmt: skip
_constants = st.sampled_from([
    "Plain.A", "Count.ONE", "Plain.A.value", "Text.A", "Name.A", "Number.ONE", "Constants.A", "MEMBER", "MEMBERS", "[Name.A]",
    "(Plain.A,)", "{'a': [Text.A]}", "{'a': [Plain.A]}", "{'FIELD_REMOVED a': Plain.A}", "{'FIELD_REMOVED a': Name.A}",
])  # fmt: skip
_OPTIONS = ("name", "queue", "policy", "should_dead_letter", "acks_late", "retry_on", "give_up_on", "timeout", "max_lock_renewal", "cancel_on_lost_lock",
            "deprecated", "aliases", "parameter_aliases", "allow", "polciy", "colour")  # fmt: skip
_names = st.lists(_texts, max_size=3)
_FITTING = {
    "name": _texts.map(repr),
    "queue": _texts.map(repr),
    "deprecated": _texts.map(repr),
    "policy": _policies,
    "retry_on": _exceptions,
    "give_up_on": _exceptions,
    "timeout": _durations,
    "max_lock_renewal": _durations,
    "aliases": _names.map(repr),
    "parameter_aliases": st.dictionaries(st.sampled_from("abc"), _names, max_size=2).map(repr),
    "allow": st.dictionaries(_texts, _texts, max_size=2).map(repr),
}


@st.composite
def _options(draw: st.DrawFn) -> dict[str, str]:
    """Options by name, as they would be written."""
    names = draw(st.lists(st.sampled_from(_OPTIONS), unique=True, max_size=3))
    return {
        name: draw(
            st.one_of(_FITTING.get(name, st.booleans().map(repr)), _policies, _durations, _constants, _values)
        )
        for name in names
    }


def _live(config: Path) -> str | bytes:
    """The live contract, or why a registration is refused, without its place and the function's name."""
    try:
        with service(config) as (found, worker):
            return to_json(agreed(worker.contract(), found.contract))
    except RegistrationError as error:
        return re.sub(r"^.*?\.py:\d+: (`\w+`) of `\w+`", r"\1", str(error), flags=re.DOTALL)


def _refused(config: Path) -> str | None:
    """Why the worker refuses to be imported."""
    errors = RegistrationError, TypeError, ValueError
    with importable(config.parent / "src"), pytest.raises(errors) as caught:
        __import__("service")
    return re.sub(r"^.*?\.py:\d+: (`\w+`) of `\w+`", r"\1", str(caught.value), flags=re.DOTALL)


def _both(source: str) -> tuple[str | bytes, str | bytes]:
    """What the generator and the live worker say: a contract each, or the words of a refusal."""
    with tempfile.TemporaryDirectory() as name:
        config = Path(name) / "pyproject.toml"
        config.write_text(PYPROJECT)
        (config.parent / "src").mkdir()
        (config.parent / "src" / "service.py").write_text(source)
        try:
            generated = to_json(scan(load(config)).contract)
        except GenerationError as error:
            told = re.sub(r"^(`\w+`) of `\w+`", r"\1", error.problems[0].message)
            return told, _refused(config) or ""
        return generated, _live(config)


def _source(options: dict[str, str], function: str = "send", times: int = 1) -> str:
    given = "".join(f", {name}={value}" for name, value in options.items())
    functions = ", ".join([function] * times)
    return _SERVICE.format(function=function, functions=functions, options=given)


@given(_options())
@example({"name": repr("x" * 129)})
@example({"queue": "''"})
@example({"deprecated": "''"})
@example({"deprecated": repr("\ud800")})
@example({"parameter_aliases": "{'a': ['']}"})
@example({"parameter_aliases": "{'a': ['b']}"})
@example({"policy": "retries.NoRetry"})
@example({"timeout": "0"})
@example({"max_lock_renewal": "0"})
@example({"acks_late": "'no'"})
@example({"cancel_on_lost_lock": "None"})
@example({"timeout": "1e999"})
@example({"name": "Plain.A"})
@example({"name": "Text.A"})
@example({"aliases": "MEMBERS"})
@example({"timeout": "Count.ONE"})
@example({"timeout": "Number.ONE"})
def test_generator_and_worker_have_one_rulebook_for_options(options: dict[str, str]) -> None:
    """Right and wrong ones of every kind: the same contract, or a refusal in the same words."""
    source = _source(options)
    note(source)
    generated, live = _both(source)
    assert generated == live


def test_what_python_itself_refuses_is_refused(project: WriteProject) -> None:
    """A keyword or a parameter that appears twice: its parser for trees takes both."""
    twice = _source({"name": "'a'"}).replace("name='a'", "name='a', name='b'")
    with pytest.raises(GenerationError, match="`name` is given twice; keep one of them"):
        scan(load(project(service=twice)))
    double = _source({}).replace("b: str", "a: str")
    with pytest.raises(GenerationError, match="`send` has two parameters `a`, which is a syntax error"):
        scan(load(project(service=double)))


@pytest.mark.parametrize(
    ("function", "options", "times"),
    [
        ("x" * 129, {}, 1),
        ("x" * 129, {"name": "'short'"}, 1),
        ("send", {"name": "'one'"}, 2),
        ("send", {"aliases": "['one']"}, 2),
        ("send", {"name": "'one'"}, 0),
        ("send", {"policy": "RetryPolicy(max_tries=0)"}, 1),
        ("send", {"policy": "RetryPolicy(tries=2)"}, 1),
    ],
)
def test_what_the_function_has_to_do_with_its_options_is_judged_alike(
    function: str, options: dict[str, Any], times: int
) -> None:
    """A name that is too long as the function's own, one name for several, a policy whose arguments Python rejects."""
    generated, live = _both(_source(options, function, times))
    if isinstance(generated, str) and "RetryPolicy(" in generated:
        generated = generated.partition(": ")[2].removesuffix("; correct it")
        live = str(live).removeprefix("RetryPolicy.__init__(): ")
    assert generated == live
