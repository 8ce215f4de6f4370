"""The commands: what they write, print and exit with."""

import json
import shutil
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from boilermaker.contract import contract_digest, from_json
from boilermaker_codegen.commands import stubs
from codegen.conftest import PYPROJECT, SERVICE, WriteProject


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(stubs, [str(argument) for argument in arguments])


def listing(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_generate_writes_the_package_and_says_what_it_did(project: WriteProject, tmp_path: Path) -> None:
    """One line for each file, and a summary."""
    config = project()
    done = run("generate", "--config", config)
    assert done.exit_code == 0, done.output
    assert sorted(listing(tmp_path / "stubs/accounts_stubs")) == [
        "__init__.py", "contract.json", "payloads.py", "py.typed", "tasks.py",
    ]  # fmt: skip
    assert "added" in done.stdout
    assert "1 task, 0 types, contract " in done.stdout


def test_check_is_content_right_after_generate(project: WriteProject, tmp_path: Path) -> None:
    """And neither it nor a second `generate` touches a byte or a time stamp."""
    config = project()
    run("generate", "--config", config)
    folder = tmp_path / "stubs/accounts_stubs"
    before = listing(folder), {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    checked, again = run("check", "--config", config), run("generate", "--config", config)
    assert (checked.exit_code, again.exit_code) == (0, 0)
    assert checked.stdout == again.stdout
    assert "up to date" in checked.stdout
    assert before == (listing(folder), {path: path.stat().st_mtime_ns for path in folder.iterdir()})


def test_check_names_missing_outdated_and_orphaned_files_and_changes_nothing(
    project: WriteProject, tmp_path: Path
) -> None:
    """A unified diff on standard output, the files on standard error, exit status 1."""
    config = project()
    run("generate", "--config", config)
    folder = tmp_path / "stubs/accounts_stubs"
    (folder / "models.py").write_bytes((folder / "tasks.py").read_bytes())
    (folder / "payloads.py").unlink()
    project(service=SERVICE.replace("email", "address"))
    before = listing(folder)
    done = run("check", "--config", config)
    assert done.exit_code == 1
    assert [line.rpartition("/")[2] for line in done.stderr.splitlines()] == [
        "__init__.py: not as generated",
        "contract.json: not as generated",
        "models.py: orphaned: no longer part of the package",
        "payloads.py: missing",
        "tasks.py: not as generated",
        "5 files are not up to date; run `boilermaker stubs generate` and commit the result",
    ]
    assert "-def create_user(email: Arg[str]) -> Task[int]:" in done.stdout
    assert "+def create_user(address: Arg[str]) -> Task[int]:" in done.stdout
    assert listing(folder) == before


def test_generate_removes_what_it_wrote_once_and_keeps_what_others_wrote(
    project: WriteProject, tmp_path: Path
) -> None:
    """Orphans are known by the first line of generated files."""
    config = project(service=SERVICE.replace("-> int", "-> Plan").replace(
        "worker =", "import enum\nclass Plan(enum.StrEnum):\n    FREE = 'free'\n\nworker ="))  # fmt: skip
    run("generate", "--config", config)
    folder = tmp_path / "stubs/accounts_stubs"
    (folder / "by_hand.py").write_text("x = 1\n")
    assert (folder / "models.py").exists()
    project()
    done = run("generate", "--config", config)
    assert "removed" in done.stdout
    assert not (folder / "models.py").exists()
    assert (folder / "by_hand.py").read_text() == "x = 1\n"


def test_generate_never_overwrites_a_package_that_it_did_not_write(
    project: WriteProject, tmp_path: Path
) -> None:
    """A wrong `package` in the configuration costs nobody their code."""
    folder = tmp_path / "stubs/accounts_stubs"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("precious = 1\n")
    done = run("generate", "--config", project())
    assert done.exit_code == 1
    assert done.stderr.splitlines()[0].endswith(
        "__init__.py: PACKAGE_NOT_GENERATED: was not generated and is not overwritten; choose another `package` or `output`, or delete it"
    )
    assert listing(folder) == {"__init__.py": b"precious = 1\n"}


def test_tasks_that_would_be_one_function_are_told(project: WriteProject) -> None:
    """Names on the wire that differ may be one in Python."""
    twice = SERVICE.replace("@worker.task", '@worker.task(name="create-user")')
    other = "from service import worker\n\n\n@worker.task(name='create.user')\nasync def create_user(state) -> None: ...\n"
    done = run("check", "--config", project(service=twice, other=other))
    assert done.exit_code == 1
    assert (
        "NAMES_CLASH: the tasks `create-user` and `create.user` would both become the function `create_user`"
        in done.stderr
    )


def test_a_package_folder_that_can_be_none_is_told(project: WriteProject, tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "stubs").write_text("")
    done = run("generate", "--config", project())
    assert done.exit_code == 1
    assert done.stderr.splitlines()[0].endswith("PACKAGE_NOT_WRITTEN: cannot be read: Not a directory")


def test_errors_are_told_all_at_once_and_nothing_is_written(project: WriteProject, tmp_path: Path) -> None:
    """Each with its place, then how many; what stands stays."""
    config = project()
    run("generate", "--config", config)
    before = listing(tmp_path / "stubs/accounts_stubs")
    project(service=SERVICE.replace("email: str", "email: Email, plan"))
    done = run("generate", "--config", config)
    assert done.exit_code == 1
    assert [line.partition("src/")[2] for line in done.stderr.splitlines()[:2]] == [
        "service.py:7:37: NAME_UNKNOWN: `Email` is not defined in src/service.py; define or import it at module level",
        (
            "service.py:7:44: PARAMETER_UNANNOTATED: parameter `plan` of `create_user` has no annotation; annotate it (`Any` if it may be "
            "anything), or set `allow_untyped = true`"
        ),
    ]
    assert done.stderr.splitlines()[2] == (
        "2 problems; nothing was written (`boilermaker stubs explain NAME_UNKNOWN` explains it)"
    )
    assert listing(tmp_path / "stubs/accounts_stubs") == before


@pytest.mark.parametrize(
    ("command", "not_done"),
    [
        ("generate", "nothing was written"),
        ("check", "the stubs were not compared"),
        ("show", "no task is shown"),
    ],
)
def test_each_command_says_what_it_did_not_do(project: WriteProject, command: str, not_done: str) -> None:
    """Only one of them ever writes."""
    done = run(command, "--config", project(service=SERVICE.replace("email: str", "email: Email")))
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1] == (
        f"1 problem; {not_done} (`boilermaker stubs explain NAME_UNKNOWN` explains it)"
    )


def test_show_lists_name_queue_parameters_result_and_source(project: WriteProject) -> None:
    """A line a row where it is piped, and one object a line in JSON, by the same names."""
    config = project()
    done, as_json = run("show", "--config", config), run("show", "--config", config, "--json")

    head, row = (line.split("\t") for line in done.stdout.splitlines())
    assert ["create_user", "accounts", "email: str", "int", "src/service.py:7", "-"] == row
    found = json.loads(as_json.stdout)
    assert head == list(found)
    assert ("create_user", ["email: str"], None) == (found["task"], found["parameters"], found["deprecated"])


def test_the_nearest_configuration_upwards_is_taken(
    project: WriteProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As other tools do."""
    project()
    monkeypatch.chdir(tmp_path / "src")
    assert run("generate").exit_code == 0
    assert (tmp_path / "stubs/accounts_stubs/tasks.py").exists()


@pytest.mark.parametrize(
    ("pyproject", "message"),
    [
        ("", "pyproject.toml: CONFIG_INVALID: has no `[tool.boilermaker]` table; add one with `service`, `queue`, `source`, `package` and `output`"),
        ("[tool]\nboilermaker = 3\n", "pyproject.toml: CONFIG_INVALID: has no `[tool.boilermaker]` table; add one with `service`, `queue`, `source`, `package` and `output`"),
        ("[tool", "pyproject.toml: CONFIG_INVALID: is not TOML: Expected ']' at the end of a table declaration (at end of document)"),
        (PYPROJECT + "packge = 'x'\n", "pyproject.toml: CONFIG_INVALID: `tool.boilermaker.packge` is unknown; did you mean `package`?"),
        (PYPROJECT.replace('queue = "accounts"\n', ""), "pyproject.toml: CONFIG_INVALID: `tool.boilermaker.queue` is missing"),
        (PYPROJECT.replace('["src"]', '"src"'), "pyproject.toml: CONFIG_INVALID: `tool.boilermaker.source`: expected `array`, got `str`"),
        (PYPROJECT.replace('["src"]', "[]"), "pyproject.toml: CONFIG_INVALID: `tool.boilermaker.source` is empty; name the folder that holds the service's code"),
        (PYPROJECT.replace('["src"]', '["sources"]'), "pyproject.toml: CONFIG_INVALID: `tool.boilermaker.source`: there is no folder `sources`"),
        (PYPROJECT.replace("accounts_stubs", "accounts-stubs"), "pyproject.toml: CONFIG_INVALID: `tool.boilermaker.package`: `accounts-stubs` cannot be imported; use letters, digits and `_`"),
        (PYPROJECT.replace('service = "accounts"', r'service = "a\nb"'), "pyproject.toml: CONFIG_INVALID: `tool.boilermaker.service` must not contain line breaks, quotes, backquotes or backslashes"),
        (PYPROJECT.replace('queue = "accounts"', 'queue = " "'), "pyproject.toml: CONFIG_INVALID: `tool.boilermaker.queue` is empty"),
        (PYPROJECT + "line_length = 20\n", "pyproject.toml: CONFIG_INVALID: `tool.boilermaker.line_length` must be at least 60"),
        (PYPROJECT + "allow = {'TASK_REMOVD make' = 'gone'}\n", "pyproject.toml: CONFIG_INVALID: `tool.boilermaker.allow` names no rule: 'TASK_REMOVD'; did you mean TASK_REMOVED?"),
        (PYPROJECT + "allow = {'TASK_REMOVED make' = ' '}\n", "pyproject.toml: CONFIG_INVALID: `tool.boilermaker.allow` has no reason for 'TASK_REMOVED make'; say why"),
        (PYPROJECT.replace("accounts_stubs", "class"), "pyproject.toml: CONFIG_INVALID: `tool.boilermaker.package`: `class` is a keyword and cannot be imported"),
        (PYPROJECT + 'distribution = "a\\"b"\n', "pyproject.toml: CONFIG_INVALID: `tool.boilermaker.distribution` is not a valid distribution name: use letters, digits and `-` `_` `.` between them (PEP 508)"),
        (PYPROJECT + 'version = "1.0+local"\n', 'pyproject.toml: CONFIG_INVALID: `tool.boilermaker.version` is not a valid version; write one without a local part, such as "1.2.0" (PEP 440)'),
        (PYPROJECT + '[[tool.boilermaker.tasks]]\nfunction = "service:create_user"\nname = " "\n', "pyproject.toml: CONFIG_INVALID: `tool.boilermaker.tasks`: `name` of `service:create_user` must have 1 to 128 printable characters, at least one of them not a space"),
        (PYPROJECT + "allow_untyped = 'yes'\n", "pyproject.toml: CONFIG_INVALID: `tool.boilermaker.allow_untyped`: expected `bool`, got `str`"),
    ],
)  # fmt: skip
def test_a_wrong_configuration_is_told_with_file_and_key(
    project: WriteProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pyproject: str, message: str
) -> None:
    """And nothing is scanned."""
    project(pyproject)
    monkeypatch.chdir(tmp_path)
    done = run("check")
    assert (done.exit_code, done.stderr) == (
        1,
        (
            f"{message}\n1 problem; the stubs were not compared (`boilermaker stubs explain CONFIG_INVALID` "
            "explains it)\n"
        ),
    )


def test_a_source_root_that_is_a_package_is_refused(
    project: WriteProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its modules would be called otherwise than Python imports them."""
    project(__init__="")
    monkeypatch.chdir(tmp_path)
    assert run("check").stderr.splitlines()[0] == (
        "pyproject.toml: CONFIG_INVALID: `tool.boilermaker.source`: `src` is a package itself; name its "
        "parent folder, the one on Python's path"
    )


def test_a_missing_configuration_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the option that names one."""
    monkeypatch.chdir(tmp_path)
    assert run("check", "--config", "nope.toml").stderr.splitlines()[0] == (
        "nope.toml: CONFIG_INVALID: there is no such file; name the configuration with `--config`"
    )


def test_a_distribution_is_written_beside_the_package(project: WriteProject, tmp_path: Path) -> None:
    """Its version tells the contract; `check` misses it; what somebody wrote by hand is not overwritten."""
    config = project(pyproject=f'{PYPROJECT}distribution = "accounts-stubs"\nversion = "2.1"\n')

    missing = run("check", "--config", config)
    written = run("generate", "--config", config)

    assert (1, 0) == (missing.exit_code, written.exit_code), written.output
    table = tomllib.loads((tmp_path / "stubs/pyproject.toml").read_text())["project"]
    digest = json.loads((tmp_path / "stubs/accounts_stubs/contract.json").read_text())["digest"]
    assert ("accounts-stubs", f"2.1+c{digest}", ["boilermaker-sdk>=0.1"]) == tuple(
        table[key] for key in ("name", "version", "dependencies")
    )
    (tmp_path / "stubs/pyproject.toml").write_text("[project]\n")
    assert "was not generated and is not overwritten" in run("generate", "--config", config).stderr


def test_two_services_do_not_overwrite_each_others_distribution(
    project: WriteProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one is refused before anything is written, and the first stays up to date."""
    monkeypatch.chdir(tmp_path)
    first = project(pyproject=f'{PYPROJECT}distribution = "stubs"\n')
    assert 0 == run("generate", "--config", first).exit_code
    second = tmp_path / "billing.toml"
    second.write_text(first.read_text().replace("accounts", "billing"))

    done = run("generate", "--config", second)

    assert (1, False) == (done.exit_code, (tmp_path / "stubs/billing_stubs").exists())
    assert done.stderr.splitlines()[0] == (
        "stubs/pyproject.toml: CONFIG_INVALID: is the distribution of `accounts_stubs`; give each service "
        "its own `output`, or delete the folder `accounts_stubs` if `billing_stubs` replaces it"
    )
    assert 0 == run("check", "--config", first).exit_code
    shutil.rmtree(tmp_path / "stubs/accounts_stubs")
    assert 0 == run("generate", "--config", second).exit_code
    assert 0 == run("check", "--config", second).exit_code


def test_the_history_keeps_each_contract(project: WriteProject, tmp_path: Path) -> None:
    """By its digest; earlier ones stay."""
    text = f'{PYPROJECT}history = "contracts"\n'
    run("generate", "--config", project(pyproject=text))
    config = project(service=SERVICE.replace("email", "address"), pyproject=text)

    missing = run("check", "--config", config)
    run("generate", "--config", config)

    assert 1 == missing.exit_code
    kept = {path.stem: from_json(path.read_bytes()) for path in (tmp_path / "contracts").iterdir()}
    assert 2 == len(kept)
    assert all(name == contract_digest(contract) for name, contract in kept.items())
