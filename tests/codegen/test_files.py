"""Files as they lie about on disks: broken, in other encodings, linked, locked, gone. Each has a clear result."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from boilermaker_codegen.cache import Cache
from boilermaker_codegen.config import load
from boilermaker_codegen.problems import GenerationError
from boilermaker_codegen.scan import scan
from codegen.conftest import PYPROJECT, SERVICE, WriteProject

HEAD = b"from service import worker\n\n\n"
JOB = b"@worker.task\nasync def greet(state, name: str) -> None: ...\n"
JOBS = HEAD + JOB


def told(config: Path) -> str:
    """The problems of a service."""
    with pytest.raises(GenerationError) as caught:
        scan(load(config))
    return "\n".join(
        str(problem).replace(f"{problem.id}: ", "").replace(", or list the file under `exclude`", "")
        for problem in caught.value.problems
    )


def task_names(config: Path) -> list[str]:
    return [task.name for task in scan(load(config)).contract.tasks]


BROKEN = {
    "in a string": (JOBS + b"x = 'abc", "6:5: is not valid Python: unterminated string literal"),
    "in a string over lines": (JOBS + b"x = '''a\nb\n", "6:5: is not valid Python: unterminated triple-quoted"),
    "in a call": (JOBS + b"x = f(1,\n  2,\n", "6:6: is not valid Python: '(' was never closed"),
    "in a number": (JOBS + b"x = 0x", "6:6: is not valid Python: invalid hexadecimal literal"),
    "in a keyword": (JOBS + b"async de", "6:7: is not valid Python: invalid syntax"),
    "after a backslash": (JOBS + b"x = 1 + \\", "6:10: is not valid Python: unexpected EOF"),
    "before a body": (JOBS + b"if x:\n", "6:1: is not valid Python: expected an indented block"),
    "a wrong bracket": (JOBS + b"x = (1, 2]\n", "6:10: is not valid Python: closing parenthesis ']'"),
    "a wrong indent": (JOBS + b"def f():\n    x\n   y\n", "8:4: is not valid Python: unindent does not match"),
    "tabs and spaces": (JOBS + b"def f():\n\tx\n        y\n", "8:9: is not valid Python: inconsistent use of tabs"),
    "a merge conflict": (HEAD + b"<<<<<<< HEAD\n" + JOB, "4:1: is not valid Python: invalid syntax"),
    "older Python": (JOBS + b"print 'abc'\n", "6:1: is not valid Python: Missing parentheses in call to 'print'"),
    "a typographer's quotes": (JOBS + "x = “a”\n".encode(), "6:5: is not valid Python: invalid character '“'"),
    "a null byte": (JOBS + b"x = 'a\0'\n", "6:7: has a null byte here; remove it"),
    "a control character": (JOBS + b"\x1a", "6:1: is not valid Python: invalid non-printable character U+001A"),
    "after a byte order mark": (b"\xef\xbb\xbf" + JOBS + b"x = (", "6:5: is not valid Python: '(' was never closed"),
    "lines that end in CR LF": (JOBS.replace(b"\n", b"\r\n") + b"x = (", "6:5: is not valid Python: '(' was never"),
    "lines that end in CR": (JOBS.replace(b"\n", b"\r") + b"x = (", "6:5: is not valid Python: '(' was never"),
    "a form feed": (HEAD + b"\x0c\n" + JOB + b"x = (", "7:5: is not valid Python: '(' was never closed"),
    "a long line": (JOBS + b"x = '" + b"a" * 100_000 + b"' y", "6:100008: is not valid Python: invalid syntax"),
    "newer Python, then a fault": (HEAD + b"type X = int\n" + JOB + b"x = = 1\n", "7:5: is not valid Python: invalid"),
    "deep brackets": (JOBS + b"x = " + b"[" * 300 + b"]" * 300, "6:205: is nested too deeply for Python"),
    "deep blocks": (
        JOBS + b"".join(b" " * i + b"if x:\n" for i in range(120)),
        "106:1: is nested too deeply for Python",
    ),
    "Latin-1": (JOBS + b"x = 'caf\xe9'\n", "6:9: is not valid UTF-8 here; save it as UTF-8"),
    "Latin-1 after an umlaut": (JOBS + "ü = '".encode() + b"\xe9'\n", "6:6: is not valid UTF-8 here"),
    "Latin-1 in lines that end in CR": (JOBS.replace(b"\n", b"\r") + b"x = '\xe9'", "6:6: is not valid UTF-8 here"),
    "UTF-16": (JOBS.decode().encode("utf-16"), "1:1: is not valid UTF-8 here; save it as UTF-8"),
    "a codec that is not for text": (b"# coding: rot13\n" + JOBS, "1:1: cannot be read as rot13; save it as"),
    "an unknown encoding": (b"# coding: klingon\n" + JOBS, "1:1: declares an encoding that Python does not know"),
    "two encodings": (b"\xef\xbb\xbf# coding: latin-1\n" + JOBS, "1:1: starts with UTF-8's byte order mark, but"),
    "declared Latin-1, with a fault": (
        b"# coding: latin-1\n" + JOBS + b"x = '\xe9' y\n",
        "7:9: is not valid Python: invalid syntax",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_fault_is_told_at_its_line_and_column(project: WriteProject, name: str) -> None:
    """As Python tells it, whatever ends the lines and whatever the encoding."""
    data, expected = BROKEN[name]
    config = project()
    (config.parent / "src" / "jobs.py").write_bytes(data)
    assert told(config).startswith(f"src/jobs.py:{expected}")


# Python 3.11 parses what is between the braces of an f-string by itself: its columns are not the file's.
COLUMN_IN_BRACES = "x = f'{a b".index("b") + 1 if sys.version_info < (3, 12) else None


@pytest.mark.parametrize(
    ("line", "column"),
    [("x = f'{a b}'", COLUMN_IN_BRACES), ("x = '\\N{no such}'", None)],
    ids=["in an f-string", "an escape"],
)
def test_a_fault_within_a_string_is_told_as_the_running_python_tells_it(
    project: WriteProject, line: str, column: int | None
) -> None:
    """In its words, and at its column where that is one of the file; both differ between versions."""
    data = JOBS + line.encode() + b"\n"
    with pytest.raises(SyntaxError) as own:
        compile(data, "jobs.py", "exec")
    message = own.value.msg.removeprefix("(unicode error) ")
    config = project()
    (config.parent / "src" / "jobs.py").write_bytes(data)
    place = f"src/jobs.py:6:{column or own.value.offset}"
    assert told(config) == f"{place}: is not valid Python: {message}; correct it"


READABLE = {
    "a byte order mark": b"\xef\xbb\xbf" + JOBS,
    "declared Latin-1": b"# -*- coding: latin-1 -*-\n" + JOBS + b"x = 'caf\xe9'\n",
    "an encoding in the second line": b"#!python\n# vim: set fileencoding=cp1252 :\n" + JOBS + b"x = '\x80'\n",
    "lines that end in CR LF": JOBS.replace(b"\n", b"\r\n"),
    "lines that end in CR": JOBS.replace(b"\n", b"\r"),
    "lines that end in all ways": JOBS.replace(b"\n", b"\r\n", 2).replace(b"\n", b"\r", 1) + b"x = 1\r\n\ry = 1\n",
    "form feeds": HEAD + b"\x0c\n" + JOB + b"\x0c",
    "no line end at the end": JOBS.rstrip(),
    "a line of three million characters": JOBS + b"x = '" + b"a" * 3_000_000 + b"'\n",
    "tabs": HEAD + b"@worker.task\nasync def greet(state):\n\tif state:\n\t\treturn\n",
    "grammar newer than the oldest Python": HEAD + b"type X = int\n" + JOB + b"x = f'{d['a']}'\n",
}  # fmt: skip


@pytest.mark.parametrize("name", READABLE)
def test_what_python_reads_is_read(project: WriteProject, name: str) -> None:
    """Encodings, byte order marks and line ends make no difference."""
    config = project()
    (config.parent / "src" / "jobs.py").write_bytes(READABLE[name])
    assert task_names(config) == ["create_user", "greet"]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\x0c", b"x = (", b"caf\xe9", bytes(range(256))])
def test_a_file_that_cannot_register_may_hold_anything(project: WriteProject, data: bytes) -> None:
    """Nobody asks for what is in it."""
    config = project()
    (config.parent / "src" / "other.py").write_bytes(data)
    assert task_names(config) == ["create_user"]


def test_a_broken_file_is_told_where_a_task_needs_it(project: WriteProject) -> None:
    """A type that a task takes comes from it."""
    config = project(
        models="class User(\n", jobs=HEAD.decode() + "from models import User\n\n" + JOB.decode().replace("str", "User")
    )  # fmt: skip
    assert told(config) == "src/models.py:1:11: is not valid Python: '(' was never closed; correct it"


# ---- names, links and what is no file


def test_files_whose_names_python_cannot_import_are_left_alone(project: WriteProject) -> None:
    """Names that are no text, or no identifier, in folders and files."""
    config = project()
    source = os.fsencode(config.parent / "src")
    for name in (b"caf\xe9.py", b"a-b.py", b"1.py", b".hidden.py", b"a b.py"):
        with open(os.path.join(source, name), "wb") as file:  # noqa: PTH118, PTH123 - pathlib has no bytes
            file.write(JOBS)
    os.mkdir(os.path.join(source, b"caf\xe9"))  # noqa: PTH102, PTH118
    assert task_names(config) == ["create_user"]


def test_a_service_may_be_in_a_folder_whose_name_is_no_text(tmp_path: Path) -> None:
    """Its configuration is found from there, a cache is kept, and what is wrong is told."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    (folder / "src").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "src" / "service.py").write_text(SERVICE)
    project = load(folder / "pyproject.toml")
    assert scan(project, Cache(project)).contract == scan(project, Cache(project)).contract
    (folder / "src" / "jobs.py").write_bytes(JOBS + b"x = (")
    command = [sys.executable, "-m", "boilermaker.cli", "stubs", "generate", "--config", str(folder / "pyproject.toml")]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, b"src/jobs.py:6:5: FILE_NOT_PYTHON: is not valid Python" in done.stderr) == (
        1,
        True,
    ), done.stderr


def test_links_that_lead_in_circles_are_not_followed(project: WriteProject) -> None:
    """To itself, to the folder around, to the top."""
    config = project()
    source = config.parent / "src"
    (source / "itself").symlink_to(source / "itself")
    (source / "around").symlink_to(source)
    (source / "above").symlink_to(config.parent)
    (source / "top").symlink_to("/")
    assert task_names(config) == ["create_user"]


def test_a_package_that_is_a_link_is_read(project: WriteProject, tmp_path: Path) -> None:
    """Python follows links, so tasks may stand behind one."""
    config = project()
    (tmp_path / "shared" / "inner").mkdir(parents=True)
    (tmp_path / "shared" / "jobs.py").write_bytes(JOBS)
    (tmp_path / "shared" / "inner" / "back").symlink_to(tmp_path / "shared")
    (tmp_path / "src" / "shared").symlink_to(tmp_path / "shared")
    (tmp_path / "src" / "twice").symlink_to(tmp_path / "shared")
    assert task_names(config) == ["create_user", "greet"]
    assert scan(load(config)).modules == {"service", "shared.jobs"}


def test_a_file_that_two_names_lead_to_registers_once(project: WriteProject, tmp_path: Path) -> None:
    """Under its own name; under the name of the first link where it has none of its own."""
    config = project(jobs=JOBS.decode())
    (tmp_path / "src" / "again.py").symlink_to(tmp_path / "src" / "jobs.py")
    (tmp_path / "outside.py").write_bytes(JOBS.replace(b"greet", b"wave"))
    for name in ("there", "here"):
        (tmp_path / "src" / f"{name}.py").symlink_to(tmp_path / "outside.py")
    assert task_names(config) == ["create_user", "greet", "wave"]
    assert scan(load(config)).modules == {"service", "jobs", "here"}


@pytest.mark.parametrize(
    ("target", "reason"),
    [("nothing.py", "No such file or directory"), ("src/lost.py", "Too many levels of symbolic links")],
)
def test_a_link_to_nothing_is_told(project: WriteProject, tmp_path: Path, target: str, reason: str) -> None:
    """What was there may have held tasks."""
    config = project()
    (tmp_path / "src" / "lost.py").symlink_to(tmp_path / target)
    assert (
        told(config) == f"src/lost.py: cannot be read: {reason}; make it readable, or list it under `exclude`"
    )


def test_sockets_and_folders_with_a_modules_name_are_left_alone(project: WriteProject) -> None:
    """There is nothing to read in them."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        config = project()
        server.bind(f"{folder}/s.py")  # the path of a socket must be short
        (config.parent / "src" / "socket_.py").symlink_to(f"{folder}/s.py")
        (config.parent / "src" / "folder.py").mkdir()
        (config.parent / "src" / "linked.py").symlink_to(folder)
        assert task_names(config) == ["create_user"]


def test_a_file_that_fails_when_it_is_read_is_told(project: WriteProject) -> None:
    """Disks fail. This one starts with a page that is not mapped."""
    config = project()
    (config.parent / "src" / "failing.py").symlink_to("/proc/self/mem")
    assert told(config) == (
        "src/failing.py: cannot be read: Input/output error; make it readable, or list it under `exclude`"
    )


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may read; those of pytest are the owner's alone."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("name", ["locked", "locked.py"])
def test_what_may_not_be_read_is_told_unless_it_is_excluded(open_folder: Path, name: str) -> None:
    """A folder or a file that another user keeps to himself may hold tasks."""
    config = open_folder / "pyproject.toml"
    config.write_text(PYPROJECT)
    (open_folder / "src").mkdir()
    (open_folder / "src" / "service.py").write_text(SERVICE)
    locked = open_folder / "src" / name
    locked.write_bytes(JOBS) if name.endswith(".py") else locked.mkdir()
    locked.chmod(0)
    how = "read" if name.endswith(".py") else "listed"
    assert _as_nobody(told, config).startswith(f"src/{name}: cannot be {how}: Permission denied; make it")
    config.write_text(f'{PYPROJECT}exclude = ["src/locked*"]\n')
    assert _as_nobody(task_names, config) == ["create_user"]


def test_a_folder_that_may_not_be_written_costs_the_cache_alone(open_folder: Path) -> None:
    """Contracts are checked in places where nothing may be left, too."""
    config = open_folder / "pyproject.toml"
    config.write_text(PYPROJECT)
    (open_folder / "src").mkdir()
    (open_folder / "src" / "service.py").write_text(SERVICE)
    open_folder.chmod(0o555)

    def cached(path: Path) -> list[str]:
        found = load(path)
        return [task.name for task in scan(found, Cache(found)).contract.tasks]

    assert _as_nobody(cached, config) == ["create_user"]
    assert sorted(path.name for path in open_folder.iterdir()) == ["pyproject.toml", "src"]
    open_folder.chmod(0o755)


def _as_nobody(call: object, config: Path) -> object:
    """What a call gives to a user without rights; this one, unless he is root."""
    assert callable(call)
    is_root = os.geteuid() == 0
    task_names(config.parent / "pyproject.toml") if not is_root else None
    if is_root:
        os.seteuid(65534)
    try:
        return call(config)
    finally:
        if is_root:
            os.seteuid(0)


# ---- while the scan goes on


def test_files_may_come_change_and_go_while_they_are_scanned(project: WriteProject, tmp_path: Path) -> None:
    """Each scan gives a contract or problems, and the last one gives what is there."""
    config = project(jobs=JOBS.decode())
    is_over = threading.Event()

    def change() -> None:
        number = 0
        while not is_over.is_set():
            number += 1
            folder = tmp_path / "src" / f"package_{number % 3}"
            folder.mkdir(exist_ok=True)
            (folder / "work.py").write_bytes(JOBS.replace(b"greet", b"greet_%d" % (number % 3)))
            (tmp_path / "src" / "jobs.py").write_bytes(JOBS[: number % len(JOBS)])
            (folder / "work.py").unlink()
            folder.rmdir()

    thread = threading.Thread(target=change)
    thread.start()
    try:
        found = load(config)
        for _ in range(30):
            with contextlib.suppress(GenerationError):
                scan(found, Cache(found))
    finally:
        is_over.set()
        thread.join()
    (tmp_path / "src" / "jobs.py").write_bytes(JOBS)
    assert [task.name for task in scan(found, Cache(found)).contract.tasks] == ["create_user", "greet"]
