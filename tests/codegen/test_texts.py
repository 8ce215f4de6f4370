"""Any text of a service is escaped or refused: what is written imports, holds the same values, and shows what it holds."""

import importlib
import re
import tempfile
import typing
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, note
from hypothesis import strategies as st

from boilermaker.contract import Default, from_json, to_json
from boilermaker.contract.texts import hides
from boilermaker.errors import RegistrationError
from boilermaker_codegen.config import load
from boilermaker_codegen.package.render import render
from boilermaker_codegen.problems import GenerationError
from boilermaker_codegen.scan import scan
from codegen.conftest import PYPROJECT, WriteProject
from codegen.live import importable

_HEAD = """\
import dataclasses
import enum
import typing

import attrs
import msgspec

from boilermaker import Boilermaker, InMemoryServiceBus

worker = Boilermaker(None, InMemoryServiceBus(), queue="q")


"""
_TASK = "@worker.task{0}\nasync def send(state, x: {1}) -> int:\n    {2}\n"

Probe = Callable[[ModuleType], Any]


def _task(annotation: str, *, options: str = "", doc: str = "...") -> str:
    return _TASK.format(options, annotation, doc)


def _target(package: ModuleType) -> Any:
    return vars(package.tasks)["_send"].target


def _field(package: ModuleType) -> Any:
    return msgspec.structs.fields(package.payloads.Send)[0]


def _hint(package: ModuleType) -> Any:
    return typing.get_type_hints(package.payloads.Send, include_extras=True)["x"]


def _first(items: Any) -> Any:
    return next(iter(items))


# Where a text may stand: the source with `TEXT` for it, and where the package holds its value, if it holds it as it is.
_PLACES: dict[str, tuple[str, Probe | None]] = {
    "a function's docstring": (_task("int", doc="TEXT"), None),
    "a class's docstring": ("@dataclasses.dataclass\nclass C:\n    TEXT\n    a: int\n\n\n" + _task("C"), None),
    "an enum's docstring": ("class C(enum.Enum):\n    TEXT\n    A = 1\n\n\n" + _task("C"), None),
    "deprecated": (_task("int", options="(deprecated=TEXT)"), lambda p: p.tasks.send.__deprecated__),
    "name": (_task("int", options="(name=TEXT)"), lambda p: _target(p).name),
    "queue": (_task("int", options="(queue=TEXT)"), lambda p: _target(p).queue),
    "aliases": (_task("int", options="(aliases=[TEXT])"), None),
    "parameter_aliases": (_task("int", options="(parameter_aliases={'x': [TEXT]})"), None),
    "a reason": (_task("int", options="(allow={'FIELD_REMOVED a': TEXT})"), None),
    "a pattern": (_task("typing.Annotated[str, msgspec.Meta(pattern=TEXT)]"), lambda p: _hint(p).__metadata__[0].pattern),
    "a tag": ("class C(msgspec.Struct, tag=TEXT):\n    a: int\n\n\n" + _task("C"), lambda p: p.models.C.__struct_config__.tag),
    "a tag's field": (
        "class C(msgspec.Struct, tag='c', tag_field=TEXT):\n    a: int\n\n\n" + _task("C"),
        lambda p: p.models.C.__struct_config__.tag_field,
    ),
    "a field's name": (
        "class C(msgspec.Struct):\n    a: int = msgspec.field(name=TEXT)\n\n\n" + _task("C"),
        lambda p: msgspec.structs.fields(p.models.C)[0].encode_name,
    ),
    "a renamed field": (
        "class C(msgspec.Struct, rename={'a': TEXT}):\n    a: int\n\n\n" + _task("C"),
        lambda p: msgspec.structs.fields(p.models.C)[0].encode_name,
    ),
    "an attribute's alias": ("@attrs.define\nclass C:\n    a: int = attrs.field(alias=TEXT)\n\n\n" + _task("C"), None),
    "a default": (_task("str = TEXT"), lambda p: _field(p).default),
    "a default in a list": (_task("list[str] = [TEXT]"), lambda p: _first(_field(p).default_factory())),
    "a key of a default": (_task("dict[str, int] = {TEXT: 1}"), lambda p: _first(_field(p).default_factory())),
    "a field's default": ("@dataclasses.dataclass\nclass C:\n    a: str = TEXT\n\n\n" + _task("C"), lambda p: p.models.C().a),
    "in a record": (
        "@dataclasses.dataclass(frozen=True)\nclass C:\n    a: str\n\n\n" + _task("C = C(TEXT)"),
        lambda p: _field(p).default.a,
    ),
    "an enum's value": ("class C(enum.Enum):\n    A = TEXT\n\n\n" + _task("C"), lambda p: p.models.C.A.value),
    "a StrEnum's value": ("class C(enum.StrEnum):\n    A = TEXT\n\n\n" + _task("C = C.A"), lambda p: _field(p).default.value),
    "a literal": (_task("typing.Literal[TEXT]"), lambda p: typing.get_args(_hint(p))[0]),
    "a NewType's name": ("N = typing.NewType(TEXT, int)\n\n\n" + _task("N"), None),
    "a key of a TypedDict": ("C = typing.TypedDict('C', {TEXT: int})\n\n\n" + _task("C"), None),
}  # fmt: skip
_TEXTS = ["a\x00b", "\ud800", "\ud83d\ude00", "\u202eb", "a\nb", "a\rb", "\x85", "\u2028", "\x1b[31m", '\\"\\"\\"', 'a"""b', "'''", "\ufeff",
          "{}", "{{ x }}{% y %}", "x\\", "\\N{BULLET}", "\\u", "\t", "\x0c", "\xa0", "\u200d", "\U000e0041", "a" * 300, "class"]  # fmt: skip
_any_text = st.one_of(st.text(st.characters(exclude_categories=()), max_size=8), st.sampled_from(_TEXTS))


@pytest.mark.parametrize(("source", "probe"), _PLACES.values(), ids=_PLACES)
def test_any_text_is_escaped_or_refused(source: str, probe: Probe | None) -> None:
    """Drawn from all of Unicode, lone surrogates too, and from what is known to break out."""

    @given(_any_text)
    def holds(text: str) -> None:
        _check(source.replace("TEXT", ascii(text)), text, probe)

    for text in _TEXTS:
        holds = example(text)(holds)
    holds()


def _check(source: str, text: str, probe: Probe | None) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pyproject.toml").write_text(PYPROJECT)
        (folder / "src").mkdir()
        (folder / "src" / "service.py").write_text(_HEAD + source)
        try:
            contract = scan(load(folder / "pyproject.toml")).contract
        except GenerationError as error:
            _check_told(error)
            return
        package = folder / "stubs" / "accounts_stubs"
        package.mkdir(parents=True)
        for file, data in render(contract, width=88).items():
            assert not hides(data.decode().replace("\n", "")), file
            (package / file).write_bytes(data)
        assert contract == from_json(to_json(contract))
        with importable(package.parent):
            written = importlib.import_module("accounts_stubs")
            for part in ("models", "tasks", "payloads"):
                if (package / f"{part}.py").exists():
                    importlib.import_module(f"accounts_stubs.{part}")
            if probe is not None and not _is_left_to_worker(written):
                assert text == probe(written)


def _is_left_to_worker(written: ModuleType) -> bool:
    """What has no form on the wire (a lone surrogate as a default) never leaves the worker, and is not in the package."""
    fields = [*msgspec.structs.fields(written.payloads.Send)]
    models = getattr(written, "models", None)
    if models is not None:
        fields += getattr(models.C, "__dataclass_fields__", {}).values()
    return any(field.default is msgspec.UNSET for field in fields)


def _check_told(error: GenerationError) -> None:
    for problem in error.problems:
        note(str(problem))
        assert ("src/service.py", True, True) == (problem.path, problem.line > 0, problem.column > 0)
        assert not hides(str(problem).replace("\n", ""))


_LONG = "1" * 5_000
_WIDE = str(2**64)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (_task(f"int = {_LONG}"), "src/service.py:14:32: FILE_NOT_PYTHON: is not valid Python: Exceeds the limit (4300 digits)"),
        (f"X = {_LONG}\n" + _task("int"), "src/service.py:13:5: FILE_NOT_PYTHON: is not valid Python: Exceeds the limit (4300 digits)"),
        (_task(f"typing.Literal[{_WIDE}]"), "integers in literals and enums from -2**63 to 2**63 - 1 only"),
        (f"class C(enum.Enum):\n    A = {_WIDE}\n\n\n" + _task("C"), "integers in literals and enums from -2**63 to 2**63 - 1 only"),
    ],
)  # fmt: skip
def test_a_number_that_no_reader_takes_is_refused_with_its_place(
    project: WriteProject, source: str, told: str
) -> None:
    """By the generator in words, and by Python or the worker when the module is imported."""
    path = project(service=_HEAD + source)
    with pytest.raises(GenerationError, match=re.escape(told)):
        scan(load(path))
    with importable(path.parent / "src"), pytest.raises((SyntaxError, RegistrationError)):
        importlib.import_module("service")


def test_a_number_of_many_digits_is_a_default_as_any(project: WriteProject) -> None:
    """As long as Python reads it: up to 4,300 digits in decimal."""
    found = scan(load(project(service=_HEAD + _task(f"int = {_LONG[:4300]}"))))
    assert Default(value=int(_LONG[:4300])) == found.contract.tasks[0].parameters[0].default
