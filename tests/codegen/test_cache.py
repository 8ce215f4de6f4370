"""A scan with the cache of earlier scans finds what one without finds, whatever happened to the files in between."""

import os
import random
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from boilermaker.contract import Scalar
from boilermaker_codegen import commands
from boilermaker_codegen.cache import FOLDER, Cache
from boilermaker_codegen.config import load
from boilermaker_codegen.problems import GenerationError
from boilermaker_codegen.scan import scan
from boilermaker_codegen.source import parse, text
from boilermaker_codegen.source.trimming import Trimmed
from boilermaker_codegen.types.presentation import Alias, Presentation
from codegen.conftest import SERVICE, WriteProject
from codegen.golden import ERRORS, PACKAGES

TYPES = "import enum\n\n\nclass State(enum.Enum):\n    A = 1\n"
JOBS = """\
import datetime

from app.kinds import Kind
from service import worker
from types_ import State


@worker.task
async def move(state, to: State, kind: Kind, on: datetime.date) -> None: ...
"""


LATE = JOBS.replace("move", "late")
BYSTANDER = "#" * (len(LATE) - 1) + "\n"


@pytest.fixture(autouse=True)
def _files_are_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if all files had been written ten seconds ago: those written just now are read at each run."""
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 10_000_000_000)


def outcome(config: Path, *, is_cached: bool) -> object:
    """The contract, and where aliases stand in it; or the text of the errors."""
    project = load(config)
    try:
        found = scan(project, Cache(project) if is_cached else None)
    except GenerationError as error:
        return str(error)
    return found.contract, found.presentation


def is_warm(config: Path) -> bool:
    """Whether a scan parses nothing."""
    with pytest.MonkeyPatch.context() as patch:
        parsed: list[object] = []
        original = parse.parse
        patch.setattr(parse, "parse", lambda file, data: parsed.append(file) or original(file, data))
        outcome(config, is_cached=True)
    return not parsed


@pytest.fixture
def warm(project: WriteProject, tmp_path: Path) -> Path:
    """A service that has been scanned."""
    config = project(types_=TYPES, jobs=JOBS, bystander=BYSTANDER)
    (tmp_path / "src" / "app").mkdir()
    (tmp_path / "src" / "app" / "base.py").write_text("Kind = int\n")
    (tmp_path / "src" / "app" / "kinds.py").write_text("from .base import Kind as Kind\n")
    outcome(config, is_cached=True)
    assert is_warm(config)
    return config


def _write_over(path: Path, text: str) -> None:
    """Another text with the size and the modification time of the one before."""
    before = path.stat()
    path.write_text(text)
    assert path.stat().st_size == before.st_size
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


EVENTS: dict[str, Callable[[Path], object]] = {
    "a type changed": lambda src: (src / "types_.py").write_text(TYPES + "    B = 2\n"),
    "a type changed, size and time the same": lambda src: _write_over(
        src / "types_.py", TYPES.replace("A = 1", "A = 2")
    ),
    "a bystander registers, size and time the same": lambda src: _write_over(src / "bystander.py", LATE),
    "a task added": lambda src: (src / "jobs.py").write_text(
        JOBS + "\n\n@worker.task\nasync def more(state) -> None: ...\n"
    ),
    "a module of tasks removed": lambda src: (src / "jobs.py").unlink(),
    "a type's module removed": lambda src: (src / "types_.py").unlink(),
    "a type's module renamed": lambda src: (src / "types_.py").rename(src / "kinds.py"),
    "a module of tasks renamed": lambda src: (src / "jobs.py").rename(src / "work.py"),
    "a module made a package": lambda src: (
        (src / "types_").mkdir(),
        (src / "types_.py").rename(src / "types_" / "__init__.py"),
    ),
    "a module made a package, which moves its relative imports": lambda src: (
        (src / "app" / "kinds").mkdir(),
        (src / "app" / "kinds.py").rename(src / "app" / "kinds" / "__init__.py"),
    ),
    "a module with tasks added": lambda src: (src / "late.py").write_text(LATE),
    "a task's name taken": lambda src: (src / "late.py").write_text(JOBS),
    "an external module shadowed": lambda src: (src / "datetime.py").write_text("date = str\n"),
    "the worker gone": lambda src: (src / "service.py").write_text("worker = 1\n"),
    "an alias appears": lambda src: (
        (src / "service.py").write_text(SERVICE + "\njob = worker.task\n"),
        (src / "bystander.py").write_text(
            "from service import job\n\n@job\nasync def odd(state) -> None: ...\n"
        ),
    ),
    "an alias under another name": lambda src: (
        (src / "service.py").write_text(SERVICE + "\njob = worker.task\n"),
        (src / "between.py").write_text("from service import job as duty\n"),
        (src / "bystander.py").write_text(
            "from between import duty\n\n@duty\nasync def odd(state) -> None: ...\n"
        ),
    ),
    "the types excluded": lambda src: (src.parent / "pyproject.toml").write_text(
        (src.parent / "pyproject.toml").read_text() + 'exclude = ["src/jobs.py"]\n'
    ),
}


@pytest.mark.parametrize("event", EVENTS)
def test_what_happened_since_the_last_scan_is_seen(warm: Path, tmp_path: Path, event: str) -> None:
    """The cache is asked after each kind of change, and again after all is as it was before."""
    before = outcome(warm, is_cached=False)
    assert not isinstance(before, str), before
    shutil.copytree(tmp_path / "src", tmp_path / "kept")
    pyproject = warm.read_text()
    EVENTS[event](tmp_path / "src")
    assert outcome(warm, is_cached=True) == outcome(warm, is_cached=False)
    assert outcome(warm, is_cached=True) == outcome(warm, is_cached=False)
    shutil.rmtree(tmp_path / "src")
    (tmp_path / "kept").rename(tmp_path / "src")
    warm.write_text(pyproject)
    assert outcome(warm, is_cached=True) == before


@pytest.mark.parametrize("case", [*PACKAGES, *ERRORS], ids=lambda path: path.name)
def test_any_edit_of_any_service_is_seen(case: Path, tmp_path: Path) -> None:
    """Files are deleted, emptied, cut, swapped, made packages, and their lines moved about, with one cache all the way."""
    folder = tmp_path / "case"
    shutil.copytree(case, folder)
    config, draw = folder / "pyproject.toml", random.Random(case.name)
    outcome(config, is_cached=True)
    for _ in range(8):
        roots = [folder / root for root in load(config).config.source]
        files = sorted(path for root in roots for path in root.rglob("*.py"))
        if not files:
            break
        _edit(draw, draw.choice(files), draw.choice(files))
        assert outcome(config, is_cached=True) == outcome(config, is_cached=False)


def _edit(draw: random.Random, path: Path, other: Path) -> None:
    data = path.read_bytes()
    match draw.randrange(8):
        case 5 | 6 | 7:
            lines = data.split(b"\n")
            at, line = (
                draw.randrange(len(lines)),
                draw.choice([b"# a comment", b"", b"    # one more", draw.choice(lines)]),
            )
            lines[at : at + draw.randrange(2)] = [line]
            path.write_bytes(b"\n".join(lines))
        case 0:
            path.unlink()
        case 1:
            path.write_bytes(b"")
        case 2:
            path.write_bytes(data[: len(data) // 2])
        case 3:
            path.write_bytes(other.read_bytes())
            other.write_bytes(data)
        case _:
            folder = path.with_suffix("")
            if path.name != "__init__.py" and not folder.exists():
                folder.mkdir()
                path.rename(folder / "__init__.py")


@pytest.mark.parametrize(
    "binds",
    ["Kind = str\n", "from text import *\n", "\uff2bind = str\n"],
)
def test_a_module_that_has_given_nothing_by_a_star_may_give_it_later(
    project: WriteProject, tmp_path: Path, binds: str
) -> None:
    """Where no file mentions a name, none is parsed for it; what one begins to say is seen."""
    later = "from numbers_ import *\nfrom others import *\n"
    job = "from service import worker\nfrom kinds import Kind\n\n\n@worker.task\nasync def do(state, kind: Kind) -> None: ...\n"
    config = project(
        jobs=job, kinds=later, numbers_="Kind = int\n", others="x = 1  # \u00e9\n", text="Kind = str\n"
    )
    before = outcome(config, is_cached=True)
    assert is_warm(config)
    others = tmp_path / "src" / "others.py"
    others.write_text("y = 2  # \u00e9\n")
    assert is_warm(config)
    others.write_text(binds)
    assert outcome(config, is_cached=True) == outcome(config, is_cached=False) != before


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "another form", "a folder"])
def test_a_damaged_cache_counts_as_none(warm: Path, tmp_path: Path, damage: str) -> None:
    """It is found out by its digest, and replaced."""
    (path,) = (tmp_path / FOLDER).glob("scan-*")
    data = path.read_bytes()
    match damage:
        case "cut":
            path.write_bytes(data[: len(data) // 2])
        case "flipped":
            path.write_bytes(data.replace(b'"A"', b'"Z"', 1))
        case "emptied":
            path.write_bytes(b"")
        case "another form":
            path.write_bytes(b"[" * 100_000)
        case _:
            path.unlink()
            path.mkdir()
    assert outcome(warm, is_cached=True) == outcome(warm, is_cached=False)
    assert is_warm(warm) is (damage != "a folder")


def test_a_scan_goes_on_where_the_cache_cannot_be_written(project: WriteProject, tmp_path: Path) -> None:
    """A file in the folder's place stops even root."""
    config = project()
    (tmp_path / FOLDER).write_text("")
    assert outcome(config, is_cached=True) == outcome(config, is_cached=False)


def test_the_cache_keeps_itself_out_of_version_control(warm: Path, tmp_path: Path) -> None:
    """Nobody has to know that it exists."""
    assert (tmp_path / FOLDER / ".gitignore").read_text() == "*\n"


def test_another_version_of_a_library_has_a_cache_of_its_own(
    warm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Going back finds the one from before."""
    with monkeypatch.context() as patch:
        patch.setattr("importlib.metadata.version", lambda name: "0.0.1")
        assert not is_warm(warm)
    assert is_warm(warm)
    assert len(list((tmp_path / FOLDER).glob("scan-*"))) == 2


def test_files_written_just_now_are_read_again(
    project: WriteProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a file system with coarse clocks, a second change would leave no trace in their times."""
    config = project(bystander="x = 1\n")
    monkeypatch.undo()
    found = load(config)
    scan(found, Cache(found))
    assert Cache(found).load().facts == {}


def test_a_scan_without_changes_does_not_import_the_parser(warm: Path) -> None:
    """That alone would take a quarter of a second."""
    program = (
        "import sys; from pathlib import Path; from boilermaker_codegen.cache import Cache;"
        "from boilermaker_codegen.config import load; from boilermaker_codegen.scan import scan;"
        "project = load(Path(sys.argv[1])); scan(project, Cache(project)); print('libcst' in sys.modules)"
    )
    command = [sys.executable, "-c", program, str(warm)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False\n"


BODY = '''\
@worker.task
async def heavy(state, to: State) -> str:
    """What it does.

    # no comment
    """
    total = 1
    total += 1
    return str(total)
'''

IDLE = {
    "a comment": (TYPES, "# what follows\n" + TYPES),
    "an empty line": (TYPES, TYPES.replace("    A", "\n    A")),
    "a comment in a class": (TYPES, TYPES.replace("    A", "    # the first\n    A")),
    "what a handler does": (
        JOBS + BODY,
        JOBS + BODY.replace("    total += 1\n", "    if total:\n        total *= 2\n"),
    ),
    "how long a handler is": (JOBS + BODY, JOBS + BODY.replace("    total += 1\n", "")),
    "ends of lines": (TYPES, TYPES.replace("\n", "\r\n")),
}


@pytest.mark.parametrize("edit", IDLE)
def test_an_edit_that_means_nothing_to_producers_is_not_parsed(warm: Path, tmp_path: Path, edit: str) -> None:
    """Most edits are of what handlers do."""
    before, after = IDLE[edit]
    path = tmp_path / "src" / ("types_.py" if TYPES in before else "jobs.py")
    path.write_text(before)
    found = outcome(warm, is_cached=True)
    path.write_bytes(after.encode())
    assert is_warm(warm)
    assert found == outcome(warm, is_cached=True) == outcome(warm, is_cached=False)


@pytest.mark.parametrize(
    ("before", "after"),
    [("# no comment", "# other words"), ("    # no comment\n", ""), ("does.\n", "does.\n\n")],
)
def test_what_looks_like_a_comment_in_a_docstring_is_seen(
    warm: Path, tmp_path: Path, before: str, after: str
) -> None:
    """It arrives in the stubs."""
    path = tmp_path / "src" / "jobs.py"
    path.write_text(JOBS + BODY)
    found = outcome(warm, is_cached=True)
    path.write_text(JOBS + BODY.replace(before, after))
    assert found != outcome(warm, is_cached=True) == outcome(warm, is_cached=False)


def test_scans_at_the_same_time_do_no_harm(project: WriteProject, tmp_path: Path) -> None:
    """Each replaces the cache as a whole."""
    config = project(types_=TYPES, jobs=JOBS.replace("app.kinds", "types_").replace("Kind", "State"))
    command = [sys.executable, "-m", "boilermaker.cli", "stubs", "generate", "--config", str(config)]
    runs = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(4)]
    assert [run.wait() for run in runs] == [0, 0, 0, 0]
    assert is_warm(config)
    left = sorted(path.name for path in (tmp_path / FOLDER).iterdir())
    assert [name.partition("-")[0] for name in left] == [".gitignore", "package", "scan"]


def test_a_full_disk_costs_the_cache_alone(project: WriteProject, tmp_path: Path) -> None:
    """Nothing half written stays, and the next scan finds what there is."""
    config = project(jobs=JOBS.replace("app.kinds", "types_").replace("Kind", "State"), types_=TYPES)
    expected = outcome(config, is_cached=False)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        assert outcome(config, is_cached=True) == expected
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == [".gitignore"]
    assert outcome(config, is_cached=True) == expected
    assert is_warm(config)


def test_the_cache_may_be_deleted_while_scans_go_on(warm: Path, tmp_path: Path) -> None:
    """It is made again."""
    expected = outcome(warm, is_cached=False)
    is_over = threading.Event()

    def delete() -> None:
        while not is_over.is_set():
            shutil.rmtree(tmp_path / FOLDER, ignore_errors=True)

    thread = threading.Thread(target=delete)
    thread.start()
    try:
        for _ in range(30):
            assert outcome(warm, is_cached=True) == expected
    finally:
        is_over.set()
        thread.join()
    assert outcome(warm, is_cached=True) == expected
    assert is_warm(warm)


def test_a_package_comes_from_the_cache_for_its_own_contract_alone(warm: Path, tmp_path: Path) -> None:
    """Another contract, other aliases in it, a damaged cache or no cache: it is made anew."""
    project = load(warm)
    cache, found = Cache(project), scan(project)
    contract, presentation = found.contract, found.presentation
    renamed = Presentation(aliases={"app.base.Kind": Alias(name="Sort", type=Scalar(name="int"))})
    files = {"tasks.py": "größe = 1\n".encode()}
    assert cache.package(contract, presentation) is None
    cache.keep_package(contract, presentation, files)
    assert cache.package(contract, presentation) == files
    assert cache.package(contract, renamed) is None
    assert cache.package(msgspec.structs.replace(contract, queue="other"), presentation) is None
    (path,) = (tmp_path / FOLDER).glob("package-*")
    path.write_bytes(path.read_bytes().replace(b"= 1", b"= 2"))
    assert cache.package(contract, presentation) is None


def _poison(config: Path, files: dict[str, str]) -> None:
    """What somebody leaves who may write to the cache: another package for the right contract, with the right digest."""
    project = load(config)
    found, contents = scan(project), {name: text.encode() for name, text in files.items()}
    Cache(project).keep_package(found.contract, found.presentation, contents)


def _stubs(command: str, config: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    program = [sys.executable, "-m", "boilermaker.cli", "stubs", command, "--config", str(config), *options]
    return subprocess.run(program, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("options", [(), ("--cache",)])
def test_check_does_not_believe_a_package_in_the_cache(warm: Path, options: tuple[str, ...]) -> None:
    """A package that is not what the source says stays one, whatever the cache says."""
    _stubs("generate", warm)
    package = warm.parent / "stubs" / "accounts_stubs"
    files = {path.name: path.read_text() for path in package.iterdir()}
    files["tasks.py"] += "import os\n"
    (package / "tasks.py").write_text(files["tasks.py"])
    _poison(warm, files)

    checked = _stubs("check", warm, *options)

    assert 1 == checked.returncode
    assert "tasks.py: not as generated" in checked.stderr


def test_check_does_not_believe_what_the_cache_says_of_the_source(warm: Path) -> None:
    """A task that is in the cache and not in the source is in no package that is up to date."""
    _stubs("generate", warm)
    source = warm.parent / "src" / "jobs.py"
    stat = source.stat()
    project = load(warm)
    memory = Cache(project).load()
    text = msgspec.json.encode(memory).decode().replace('"name":"move"', '"name":"other"')
    poisoned = msgspec.json.decode(text, type=type(memory))
    Cache(project).save(poisoned.facts, poisoned.units)
    os.utime(source, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert "changed" in _stubs("generate", warm).stdout

    assert 1 == _stubs("check", warm).returncode


def test_no_name_in_the_cache_leads_out_of_the_package(warm: Path, tmp_path: Path) -> None:
    """A package whose files have other names is made anew."""
    _poison(warm, {"../../outside.py": "import os\n", "tasks.py": ""})

    assert 0 == _stubs("generate", warm).returncode

    assert not (tmp_path / "outside.py").exists()
    assert (tmp_path / "stubs" / "accounts_stubs" / "tasks.py").read_text()


def test_a_run_without_changes_makes_no_package_anew(warm: Path) -> None:
    """A file of it that was changed by hand is put right all the same."""
    command = [sys.executable, "-m", "boilermaker.cli", "stubs", "generate", "--config", str(warm)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    tasks = warm.parent / "stubs" / "accounts_stubs" / "tasks.py"
    right = tasks.read_bytes()
    tasks.write_bytes(right + b"# by hand\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "render", lambda *_, **__: pytest.fail("made anew"))
        done = CliRunner().invoke(commands.stubs, ["generate", "--config", str(warm)])
    assert done.exit_code == 0, done.output
    assert tasks.read_bytes() == right


def test_nothing_is_left_behind_without_a_cache(project: WriteProject, tmp_path: Path) -> None:
    """`--no-cache` neither reads nor writes one."""
    config = project()
    command = [
        sys.executable,
        "-m",
        "boilermaker.cli",
        "stubs",
        "generate",
        "--no-cache",
        "--config",
        str(config),
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert not (tmp_path / FOLDER).exists()


@pytest.mark.parametrize("case", [*PACKAGES, *ERRORS], ids=lambda path: path.name)
def test_leaving_out_bodies_changes_no_result(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a column of an error either."""
    config = case / "pyproject.toml"
    trimmed = outcome(config, is_cached=False)
    monkeypatch.setattr(text, "trimmed", lambda text, tree: Trimmed(text, {}, text))
    assert trimmed == outcome(config, is_cached=False)
