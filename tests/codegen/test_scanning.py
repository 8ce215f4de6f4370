"""What scanning does and does not do to the files that it finds."""

import ast
import contextlib
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import boilermaker
from boilermaker_codegen.config import load
from boilermaker_codegen.package.render import render
from boilermaker_codegen.problems import GenerationError
from boilermaker_codegen.scan import scan
from boilermaker_codegen.source import files as source_files
from boilermaker_codegen.source import parse as source_parse
from codegen.conftest import PYPROJECT, SERVICE, WriteProject
from codegen.golden import CASES

PROGRAM = """
import hashlib, sys
from pathlib import Path
from boilermaker_codegen.config import load
from boilermaker_codegen.package.render import render
from boilermaker_codegen.scan import scan
found = scan(load(Path(sys.argv[1])))
for name, data in sorted(render(found.contract, width=88).items()):
    print(name, hashlib.sha256(data).hexdigest())
"""


def task_names(config: Path) -> list[str]:
    return [task.name for task in scan(load(config)).contract.tasks]


@pytest.mark.parametrize("name", ["registrations", "recursion", "defaults", "names"])
def test_the_same_bytes_come_from_any_folder_and_any_hash_seed(tmp_path: Path, name: str) -> None:
    """Nothing depends on where the service is, or on the order of a set."""
    elsewhere = tmp_path / "somewhere" / "else"
    shutil.copytree(CASES / name, elsewhere)
    told = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM, str(folder / "pyproject.toml")],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for folder, seed in ((CASES / name, "0"), (elsewhere, "1"), (elsewhere, "42"))
    }
    assert len(told) == 1


def test_the_same_bytes_come_from_any_file_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """File systems list in an order of their own."""
    project = load(CASES / "registrations" / "pyproject.toml")
    expected = render(scan(project).contract, width=88)
    files = source_files.walk(project)
    shuffled = random.Random(3).sample(files, len(files))
    assert shuffled != list(files)
    monkeypatch.setattr("boilermaker_codegen.scan.walk", lambda _: tuple(shuffled))
    assert render(scan(project).contract, width=88) == expected


def test_scanned_code_is_never_imported(project: WriteProject) -> None:
    """A module that raises when it is imported scans well, even where the worker is in it."""
    config = project(service=SERVICE + "\nraise RuntimeError('imported')\n")
    assert task_names(config) == ["create_user"]
    assert "service" not in sys.modules


def test_a_folder_that_is_a_link_to_itself_is_walked_once(project: WriteProject, tmp_path: Path) -> None:
    """Links to folders are not followed."""
    config = project()
    (tmp_path / "src" / "again").symlink_to(tmp_path / "src", target_is_directory=True)
    assert task_names(config) == ["create_user"]


def test_environments_caches_and_the_package_itself_are_not_walked(
    project: WriteProject, tmp_path: Path
) -> None:
    """A virtual environment under a source root holds other people's workers."""
    config = project(PYPROJECT.replace('output = "stubs"', 'output = "src"'))
    for folder in (".hidden", "venv", "node_modules", "accounts_stubs"):
        (tmp_path / "src" / folder).mkdir()
        (tmp_path / "src" / folder / "other.py").write_text(SERVICE.replace("create_user", "other"))
    (tmp_path / "src" / "venv" / "pyvenv.cfg").touch()
    assert task_names(config) == ["create_user"]


def test_registrations_in_excluded_files_do_not_count_but_their_types_do(project: WriteProject) -> None:
    """Tests and examples register tasks that are nobody's business."""
    config = project(
        PYPROJECT + 'exclude = ["src/test_*"]\n',
        test_service=SERVICE.replace("create_user", "tested") + "\nName = str\n",
        other="from service import worker\nfrom test_service import Name\n\n"
        "@worker.task\nasync def greet(state, name: Name) -> None: ...\n",
    )
    assert task_names(config) == ["create_user", "greet"]


def test_a_copy_of_boilermaker_beside_the_service_is_no_part_of_it(
    project: WriteProject, tmp_path: Path
) -> None:
    """Workers made from it are workers."""
    config = project()
    shutil.copytree(Path(boilermaker.__file__).parent, tmp_path / "src" / "boilermaker")
    assert task_names(config) == ["create_user"]


FOREIGN = {
    "celery": "from celery import Celery\n\napp = Celery()\n\n\n@app.task(bind=True)\nasync def add(x): ...\n",
    "celery, shared": "from celery import shared_task\n\n\n@shared_task\nasync def add(x): ...\n",
    "invoke": "from invoke import task\n\n\n@task(pre=[])\ndef build(c): ...\n",
    "prefect": "import prefect\nfrom prefect import task\n\n\n@task\nasync def a(): ...\n\n\n@prefect.task\nasync def b(): ...\n",
    "airflow": "from airflow.decorators import dag, task\n\n\n@dag()\ndef d():\n    @task.branch\n    def b(): ...\n",
    "locust": "from locust import HttpUser, task\n\n\nclass User(HttpUser):\n    @task(3)\n    async def x(self): ...\n",
    "asyncio": "import asyncio\n\n\nasync def a(group: asyncio.TaskGroup):\n    task = group.create_task(a(group))\n    a.task = task\n",
    "calls of calls": "class A:\n    def task(self, *a, **k): ...\n\n\nA().task(1, b=2)(3, *[4], c=5, **{})(6)\n",
    "getattr": "class A:\n    task = 1\n\n\nprint(getattr(A, 'task'))\n",
}  # fmt: skip


@pytest.mark.parametrize("name", FOREIGN)
def test_tasks_of_other_libraries_are_not_mistaken_for_ours(project: WriteProject, name: str) -> None:
    """Neither registered nor told, beside tasks of ours."""
    job = "from service import worker\n\n\n@worker.task\nasync def ours(state) -> None: ...\n"
    assert task_names(project(jobs=FOREIGN[name] + job)) == ["create_user", "ours"]


@pytest.mark.parametrize(
    "text",
    [
        "from service import worker as self\n\njob = self.task\n",
        "from service import worker\n\nself = worker\njob = self.task\n",
        "from service import worker\n\nself: object = worker\njob = self.task\n",
    ],
    ids=["imported", "bound", "annotated"],
)
def test_a_worker_may_have_the_name_of_a_method_s_first_parameter(project: WriteProject, text: str) -> None:
    """`self.task` is left out of the search in modules that bind no `self` of their own."""
    config = project(jobs=f"{text}\n\n@job\nasync def greet(state) -> None: ...\n")
    assert task_names(config) == ["create_user", "greet"]


def test_a_decorator_of_an_object_s_own_is_told(project: WriteProject) -> None:
    """A method that registers with `self.task` may be a worker's."""
    method = "class Api:\n    def add(self):\n        @self.task\n        async def run(state): ...\n"
    with pytest.raises(
        GenerationError, match=r"src/api.py:3:10: REGISTRATION_UNFOLLOWED: `self.task` may register a task"
    ):
        scan(load(project(api=method)))


def test_an_alias_registers_under_whatever_name_it_is_imported(project: WriteProject) -> None:
    """Nothing in the last module speaks of tasks or of workers."""
    config = project(
        aliases="from service import worker\n\njob = worker.task\n",
        between="from aliases import job as duty\n",
        late="from between import duty\n\n\n@duty\nasync def greet(state) -> None: ...\n",
    )
    assert task_names(config) == ["create_user", "greet"]


@pytest.mark.parametrize(
    "text",
    [
        "x = y.task" + ".a" * 20_000,
        "x = y.task" + "()" * 9_000,
        "x = y.task" + "()" * 3_000,
        "x = y.task" + " or a" * 9_000,
        "x = " + "[" * 3_000 + "y.task" + "]" * 3_000,
    ],
    ids=["attributes", "calls", "3,000 calls", "or", "lists"],
)
def test_source_that_is_nested_too_deeply_is_told(project: WriteProject, text: str) -> None:
    """The parser would overflow the stack, and the process end without a word."""
    with pytest.raises(GenerationError) as caught:
        scan(load(project(deep=text)))
    told = str(caught.value).replace(":1:205:", ":")  # of brackets, Python tells where
    assert told == (
        "src/deep.py: TOO_DEEP: is nested too deeply for Python; simplify it, or list the file under `exclude`"
    )


@pytest.mark.parametrize("fault", ["", "x = = 1\n"], ids=["newer grammar", "a fault"])
def test_source_that_this_python_does_not_parse_may_be_nested_too_deeply(
    project: WriteProject, fault: str
) -> None:
    """Then there is no tree whose levels can be counted."""
    newer = "def f[T = int](): ...\n"  # Python 3.13
    text = f"{newer}x = y.task{'.a' * 20_000}\n{fault}"
    with pytest.raises(GenerationError, match="TOO_DEEP: is nested too deeply for Python"):
        scan(load(project(deep=text)))


def test_a_long_union_is_no_deep_one(project: WriteProject) -> None:
    """1,000 members are read, although each is a level in the tree."""
    config = project(
        service=SERVICE.replace("email: str", "email: " + " | ".join(["int", "str"] * 500)),
    )
    assert task_names(config) == ["create_user"]


def test_source_cut_anywhere_gives_a_package_or_errors_but_no_crash(
    project: WriteProject, tmp_path: Path
) -> None:
    """Files that end in the middle of a token, lines that are missing: whatever an editor saves."""
    source = (CASES / "structs" / "input" / "service.py").read_text()
    config, draw = project(), random.Random(7)
    for _ in range(120):
        cut, line = draw.randrange(len(source)), draw.randrange(source.count("\n"))
        lines = source.splitlines(keepends=True)
        broken = draw.choice(
            [
                source[:cut],
                "".join(lines[:line] + lines[line + 1 :]),
                source[:cut] + " worker " + source[cut:],
            ]
        )
        (tmp_path / "src" / "service.py").write_text(broken)
        with contextlib.suppress(GenerationError):
            render(scan(load(config)).contract, width=88)


def _large(line: str, count: int) -> str:
    return "".join(line.replace("#", str(number)) for number in range(count))


LARGE = {
    "a dict": "DATA = {\n"
    + _large('    "key_#": {"id": #, "tags": ["a", "b", #], "rate": #.5},\n', 6_000)
    + "}\n",
    "one line": "DATA = [" + _large("(#, 'name #', -#, None), ", 12_000) + "]\n",
    "a text in pieces": "TEXT = (\n" + _large("    'line #'\n", 15_000) + ")\n",
    "functions": _large("def f_#(x: int = #) -> int:\n    y = x + #\n    return y\n\n\n", 6_000),
    "decorated functions": "import app\n"
    + _large("@app.route('/#')\ndef f_#(x):\n    return x\n\n\n", 6_000),
    "classes": _large(
        "class C_#(Base):\n    a = Field(#)\n\n    def get(self):\n        return #\n\n\n", 15_000
    ),
    "constants": _large("CONSTANT_# = #\n", 20_000),
    "calls": _large("add('name #', {'a': #})\n", 12_000),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_large_module_takes_no_longer_than_python_takes_to_parse_it_a_few_times(
    project: WriteProject, name: str
) -> None:
    """Hundreds of kilobytes of what no task needs beside a task, whose error is told at its place."""
    source = "from service import worker\n\n" + LARGE[name]
    job = "\nKind = int\n\n\n@worker.task\nasync def greet(state, kind: Kind, wrong: Wrong) -> None: ...\n"
    started = time.process_time()
    ast.parse(source)
    parsing = time.process_time() - started
    config = project(jobs=source + job)
    started = time.process_time()
    with pytest.raises(GenerationError) as caught:
        scan(load(config))
    taken = time.process_time() - started
    line = source.count("\n") + 6
    assert str(caught.value).startswith(f"src/jobs.py:{line}:43: NAME_UNKNOWN: `Wrong` is not defined")
    assert taken < 6 * parsing + 2


@pytest.mark.parametrize("kept", ["", "def Missing(): ...\n"], ids=["nowhere", "bound beside the stars"])
def test_modules_that_star_import_each_other_are_looked_through_once(
    project: WriteProject, kept: str
) -> None:
    """Each of twenty imports everything from all others: there are more ways through them than could ever be walked."""
    parts = range(20)
    stars = {own: "".join(f"from .part_{n} import *\n" for n in parts if n != own) for own in (*parts, None)}
    job = "from service import worker\nfrom parts import Missing\n\n\n@worker.task\nasync def do(state, x: Missing): ...\n"
    modules = {f"parts/part_{n}": f"{stars[n]}Kind_{n} = int\n" for n in parts}
    config = project(**modules, **{"parts/__init__": stars[None]}, jobs=job)
    with pytest.raises(GenerationError, match="6:24: NAME_UNKNOWN: `Missing` is not defined"):
        scan(load(config))


def test_a_pipe_with_a_modules_name_is_not_waited_for(project: WriteProject) -> None:
    """Nobody writes into it."""
    config = project()
    os.mkfifo(config.parent / "src" / "pipe.py")

    assert scan(load(config)).contract.tasks


def test_a_dataclass_that_python_would_refuse_is_refused_in_its_words(project: WriteProject) -> None:
    """The words differ between versions of Python."""
    parent = "from dataclasses import dataclass\n@dataclass\nclass Parent:\n    x: int = 0\n"
    source = f"{parent}@dataclass\nclass Child(Parent):\n    y: str\n{SERVICE}@worker.task\nasync def take(state, c: Child): ...\n"
    told = (
        r"src/service.py:6:7: CLASS_REFUSED: Python rejects `Child`: non-default argument 'y' follows "
        r"default argument"
    )
    with pytest.raises(GenerationError, match=told):
        scan(load(project(service=source)))


def _starred(write: WriteProject, modules: int) -> Path:
    """A service whose modules of tasks each take types from others by `import *`, in an order that meets each again late."""
    types = {
        f"types_{n}": f"from dataclasses import dataclass\n\n\n@dataclass\nclass Type{n}:\n    a: int\n"
        for n in range(modules)
    }
    tasks = {
        f"tasks_{n}": f"from service import worker\nfrom types_{n} import *\nfrom types_{(n * 7) % modules} import *\n\n\n"
        f"@worker.task\nasync def task_{n}(state, x: Type{n}) -> Type{(n * 7) % modules}: ...\n"
        for n in range(modules)
    }
    return write(**types, **tasks)


@pytest.mark.parametrize("kept", [None, 200], ids=["as it is", "with no room"])
def test_each_module_is_parsed_once_where_there_is_room(
    project: WriteProject, monkeypatch: pytest.MonkeyPatch, kept: int | None
) -> None:
    """Modules that many others import from stay in memory; with no room the contract is the same."""
    config = _starred(project, 71)
    parsed: list[str] = []
    original = source_parse.parse
    monkeypatch.setattr(
        source_parse, "parse", lambda file, data: parsed.append(file.module) or original(file, data)
    )
    if kept is not None:
        monkeypatch.setattr(source_parse, "_KEPT", kept)

    found = scan(load(config))

    assert 72 == len(found.contract.tasks)
    assert (kept is None) == (len(parsed) == len(set(parsed)))
