"""`boilermaker contract breaking`: from two versions of a service's source to an exit status that CI reads."""

import json
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Write = Callable[[str, str], Path]

SERVICE = """
from boilermaker.app import Boilermaker
from boilermaker.transport.memory.bus import InMemoryServiceBus

worker = Boilermaker(None, InMemoryServiceBus(), queue="accounts")


@worker.task
async def create_user(state, email: str, name: str = "nobody") -> int:
    "Create a user."
    return 1
"""

PYPROJECT = """
[tool.boilermaker]
service = "accounts"
queue = "accounts"
source = ["."]
package = "accounts_stubs"
output = "stubs"
"""
COMMITTED = "stubs/accounts_stubs/contract.json"
FORMATS = ("text", "json", "github")
IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")


@pytest.fixture
def old(run: Run, write: Write) -> str:
    """The contract before the change."""
    write("service.py", SERVICE)
    write("pyproject.toml", PYPROJECT)
    return run("contract", "show", "service:worker").stdout


@pytest.fixture
def changed(run: Run, write: Write, old: str) -> str:
    """The contract with another type for a parameter; both are on disk."""
    write("old.json", old)
    write("service.py", SERVICE.replace("email: str", "email: int"))
    now = run("contract", "show", "service:worker").stdout
    write(COMMITTED, now)
    return now


def test_a_finding_ends_with_100_and_says_what_to_do(run: Run, changed: str) -> None:
    """Rule, categories, place, order of deploying, and the way around."""
    done = run("contract", "breaking", "--against", "old.json")

    assert (100, "") == (done.returncode, done.stderr)
    assert "TYPE_CHANGED  QUEUE ROLLOUT SOURCE  create_user: email\n" in done.stdout
    assert "deploy: two steps" in done.stdout
    assert "instead: " in done.stdout
    assert f"{COMMITTED}: 1 finding\n" in done.stdout


def test_no_change_ends_with_0(run: Run, write: Write, old: str) -> None:
    """And says so."""
    write("old.json", old)
    write(COMMITTED, old)

    done = run("contract", "breaking", "--against", "old.json")

    assert (0, f"{COMMITTED}: 0 findings\n", "") == (done.returncode, done.stdout, done.stderr)


def test_the_contract_of_a_revision_is_read_from_git(run: Run, write: Write, old: str) -> None:
    """Under the path that the contract has today, or under another that is named."""
    committed = write(COMMITTED, old)
    folder = committed.parent.parent.parent
    for command in (["init", "-q", "-b", "main"], ["add", COMMITTED], [*IDENTITY, "commit", "-qm", "first"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    write("service.py", SERVICE.replace(', name: str = "nobody"', ""))
    write(COMMITTED, run("contract", "show", "service:worker").stdout)

    for against in ("git:main", f"git:main:{COMMITTED}"):
        done = run("contract", "breaking", "--against", against)

        assert 100 == done.returncode, done.stderr
        assert "FIELD_REMOVED  SOURCE MEANING  create_user: name" in done.stdout


def test_a_revision_that_is_not_there_is_an_error_of_its_own(run: Run, write: Write, old: str) -> None:
    """Exit status 1, not 100: nothing was compared."""
    folder = write(COMMITTED, old).parent.parent.parent
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)

    done = run("contract", "breaking", "--against", "git:elsewhere")

    assert 1 == done.returncode
    assert "git fetch" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_released_package_holds_its_contract(run: Run, write: Write, old: str, changed: str) -> None:
    """As a folder and as a wheel."""
    before = write("released/accounts_stubs/contract.json", old)
    wheel = before.parent.parent / "accounts_stubs-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(before, "accounts_stubs/contract.json")

    for against in (before.parent, wheel):
        assert 100 == run("contract", "breaking", "--against", str(against)).returncode


def test_a_released_source_distribution_holds_its_contract(
    run: Run, write: Write, old: str, changed: str
) -> None:
    """As does the folder that the generator writes into."""
    before = write("released/accounts_stubs/contract.json", old)
    sdist = before.parent.parent.parent / "accounts_stubs-1.tar.gz"
    with tarfile.open(sdist, "w:gz") as archive:
        archive.add(before, "accounts_stubs-1/accounts_stubs/contract.json")

    for against in (before.parent.parent, sdist):
        assert 100 == run("contract", "breaking", "--against", str(against)).returncode


def test_an_installed_package_holds_its_contract(run: Run, write: Write, old: str, changed: str) -> None:
    """By its own name where no distribution lists its files, as with an editable install."""
    folder = write("elsewhere/accounts_stubs/contract.json", old).parent
    (folder / "__init__.py").touch()

    for name in ("accounts_stubs", "accounts-stubs"):
        done = run("contract", "breaking", "--against", f"installed:{name}", PYTHONPATH=str(folder.parent))
        assert 100 == done.returncode, done.stderr


@pytest.mark.parametrize(
    ("against", "told"),
    [
        ("git:", "'' is not a revision"),
        ("git:--output=x", "is not a revision"),
        (
            "git:nowhere",
            "no revision 'nowhere' in this repository; fetch it: `git fetch --depth=1 origin nowhere:nowhere`",
        ),
        ("git:HEAD~5", "if the clone is shallow, fetch its history: `git fetch --unshallow`"),
        ("git:main:stubs", "cannot be read as a contract"),
        (
            "git:main:nowhere/contract.json",
            "if the contract is new, merge it before comparing; if it has moved, pass its earlier path",
        ),
        ("nowhere.json", "cannot be read"),
        ("empty", "contains no files named contract.json; expected exactly one"),
        ("wrong.whl", "is not a wheel"),
        ("wrong.tar.gz", "is not an sdist"),
        ("installed:nowhere", "no distribution or package `nowhere` is installed in this environment"),
        ("installed:../x", "no distribution or package"),
        ("installed:", "no distribution or package"),
        ("wrong.json", "cannot be read as a contract"),
        ("list.json", "cannot be read as a contract: Expected `object`, got `array`"),
        ("deep.json", "cannot be read as a contract: it is nested too deeply"),
        (
            "newer.json",
            "it has format 2, this boilermaker reads 1; use the version that wrote it, or a later one",
        ),
        ("twice.json", "`create_user` appears twice"),
        ("parameters.json", "`email` appears twice"),
        (
            "billing.json",
            "is the contract of `billing` and shares no task with `accounts`; name an earlier contract of `accounts`",
        ),
    ],
)
def test_what_cannot_be_compared_with_is_told_with_a_way_on(
    run: Run, write: Write, old: str, against: str, told: str
) -> None:
    """Exit status 1, not 100, and no traceback."""
    folder = write(COMMITTED, old).parents[2]
    write("empty/readme.txt", "")
    for name in ("wrong.whl", "wrong.tar.gz", "wrong.json"):
        write(name, "wrong")
    write("list.json", "[]")
    write("deep.json", "[" * 100_000)
    tree = json.loads(old)
    (task,) = tree["tasks"]
    for name, members in {
        "newer": {"format": 2, "events": []},
        "twice": {"tasks": [task, task]},
        "parameters": {"tasks": [{**task, "parameters": [*task["parameters"], task["parameters"][0]]}]},
        "billing": {"service": "billing", "tasks": [{**task, "name": "pay"}]},
    }.items():
        write(f"{name}.json", json.dumps({**tree, **members}))
    for command in (["init", "-q", "-b", "main"], ["add", COMMITTED], [*IDENTITY, "commit", "-qm", "first"]):
        subprocess.run(["git", *command], cwd=folder, check=True)

    done = run("contract", "breaking", "--against", against)

    assert 1 == done.returncode
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_shallow_clone_says_what_to_fetch(run: Run, write: Write, old: str) -> None:
    """As CI makes it; once that is fetched, it compares."""
    origin = write(f"origin/{COMMITTED}", old).parents[2]
    for command in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        [*IDENTITY, "commit", "-qm", "first"],
        ["tag", "v1"],
    ):
        subprocess.run(["git", *command], cwd=origin, check=True)
    (origin / COMMITTED).write_text(old.replace("nobody", "anybody"))
    subprocess.run(["git", *IDENTITY, "commit", "-qam", "second"], cwd=origin, check=True)
    clone = origin.parent / "clone"
    subprocess.run(["git", "clone", "-q", "--depth=1", origin.as_uri(), str(clone)], check=True)
    committed = str(clone / COMMITTED)

    early = run("contract", "breaking", "--against", "git:v1", "--contract", committed)
    subprocess.run(["git", "fetch", "-q", "--depth=1", "origin", "tag", "v1"], cwd=clone, check=True)
    late = run("contract", "breaking", "--against", "git:v1", "--contract", committed)

    assert (1, 100) == (early.returncode, late.returncode), late.stderr
    assert "`git fetch --depth=1 origin tag v1`" in early.stderr


def test_what_a_clone_of_one_branch_is_told_to_fetch_can_be_compared_with(
    run: Run, write: Write, old: str
) -> None:
    """The advice is followed to the letter: `git fetch origin BRANCH` alone would keep the branch under no name."""
    origin = write(f"origin/{COMMITTED}", old).parents[2]
    for command in (
        ["init", "-q", "-b", "released"],
        ["add", "."],
        [*IDENTITY, "commit", "-qm", "first"],
        ["checkout", "-q", "-b", "main"],
    ):
        subprocess.run(["git", *command], cwd=origin, check=True)
    (origin / COMMITTED).write_text(old.replace("nobody", "anybody"))
    subprocess.run(["git", *IDENTITY, "commit", "-qam", "second"], cwd=origin, check=True)
    clone = origin.parent / "clone"
    subprocess.run(["git", "clone", "-q", "--depth=1", origin.as_uri(), str(clone)], check=True)

    for against in ("origin/released", "released", "HEAD~1"):
        arguments = ("--against", f"git:{against}", "--contract", str(clone / COMMITTED))
        early = run("contract", "breaking", *arguments)
        advice = early.stderr.partition("`")[2].partition("`")[0]
        subprocess.run(advice.split(), cwd=clone, check=True, capture_output=True)

        assert 1 == early.returncode
        assert 100 == run("contract", "breaking", *arguments).returncode, advice


def test_a_hook_of_git_compares_as_the_shell_does(
    run: Run, write: Write, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git tells hooks of linked work trees where the repository is, and then takes any folder for its top."""
    folder = write(COMMITTED, old).parents[2]
    for command in (["init", "-q", "-b", "main"], ["add", COMMITTED], [*IDENTITY, "commit", "-qm", "first"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    monkeypatch.setenv("GIT_DIR", str(folder / ".git"))

    done = run("contract", "breaking", "--against", "git:main")

    assert 0 == done.returncode, done.stderr


def test_a_service_with_a_new_name_is_compared_by_its_tasks(run: Run, write: Write, old: str) -> None:
    """Another service's contract shares none of them."""
    write("old.json", old)
    write(COMMITTED, old.replace('"service": "accounts"', '"service": "people"'))

    assert 0 == run("contract", "breaking", "--against", "old.json").returncode


def test_programs_read_json(run: Run, changed: str) -> None:
    """All that is known of a finding, in stable names."""
    done = run("contract", "breaking", "--against", "old.json", "--format", "json")

    (finding,) = json.loads(done.stdout)["findings"]
    assert ("TYPE_CHANGED", "create_user", "email", "two steps", None) == tuple(
        finding[name] for name in ("rule", "task", "path", "order", "allowed")
    )
    assert ["QUEUE", "ROLLOUT", "SOURCE"] == finding["categories"]


def test_json_has_the_shape_that_is_documented(run: Run, write: Write, old: str) -> None:
    """Each member of the how-to's sample, and no other."""
    page = (Path(__file__).parents[2] / "docs/how-to/change-a-contract.md").read_text(encoding="utf-8")
    sample = json.loads(page.partition("```json\n")[2].partition("```")[0])
    write("old.json", old)
    write("pyproject.toml", f'{PYPROJECT}\n[tool.boilermaker.allow]\n"TASK_REMOVED make" = "gone"\n')
    write("service.py", SERVICE.replace("email: str", "email: int"))
    write(COMMITTED, run("contract", "show", "service:worker").stdout)

    told = json.loads(run("contract", "breaking", "--against", "old.json", "--format", "json").stdout)

    assert sample.keys() == told.keys()
    for name in ("findings", "idle_reasons"):
        assert [each.keys() for each in sample[name]] == [each.keys() for each in told[name]]
    assert {k: v for k, v in sample["findings"][0].items() if k != "instead"} == {
        k: v for k, v in told["findings"][0].items() if k != "instead"
    }


def test_github_shows_findings_beside_the_handler(run: Run, changed: str) -> None:
    """As workflow commands at the handler's line, escaped as GitHub's toolkit does."""
    done = run("contract", "breaking", "--against", "old.json", "--format", "github")

    title = "TYPE_CHANGED (QUEUE%2C ROLLOUT%2C SOURCE)"
    assert done.stdout.startswith(
        f"::error file=service.py,line={SERVICE_LINE},title={title}::create_user: email: "
    )


def test_findings_that_ask_for_different_orders_ask_for_two_steps(run: Run, write: Write, old: str) -> None:
    """Whoever followed the first one's advice for all of them would break the other."""
    write("old.json", old)
    write("service.py", SERVICE.replace("email: str", "email: str, age: int").replace("-> int", "-> float"))
    write(COMMITTED, run("contract", "show", "service:worker").stdout.replace('"create_user"', '"make_user"'))

    text, json_ = (run("contract", "breaking", "--against", "old.json", "--format", f) for f in FORMATS[:2])

    assert {"worker first", "producers first"} == {f["order"] for f in json.loads(json_.stdout)["findings"]}
    assert "two steps" == json.loads(json_.stdout)["order"]
    assert (
        "\ndeploy all changes: two steps, because some changes need the worker first and others the producers\n"
        in text.stdout
    )


@pytest.mark.parametrize(
    ("old_part", "new_part", "hint"),
    [
        (
            "email: str",
            "email: int",
            'allow={"TYPE_CHANGED email": "..."} at the registration of create_user',
        ),
        (
            "def create_user",
            "def make_user",
            '"TASK_REMOVED create_user" = "..." in [tool.boilermaker.allow]',
        ),
    ],
)
def test_findings_end_with_how_to_allow_what_is_meant(
    run: Run, write: Write, old: str, old_part: str, new_part: str, hint: str
) -> None:
    """With the key that fits the first, and the place that takes it: what is gone has no registration."""
    write("old.json", old)
    write("service.py", SERVICE.replace(old_part, new_part))
    write(COMMITTED, run("contract", "show", "service:worker").stdout)

    done = run("contract", "breaking", "--against", "old.json")

    assert f"if this is intended, allow it with a reason: {hint}" == done.stdout.splitlines()[-1]


def test_categories_can_be_chosen(run: Run, write: Write, old: str) -> None:
    """A new default is a matter of meaning alone."""
    write("old.json", old)
    write("service.py", SERVICE.replace("nobody", "anybody"))
    write(COMMITTED, run("contract", "show", "service:worker").stdout)

    assert 100 == run("contract", "breaking", "--against", "old.json").returncode
    assert 0 == run("contract", "breaking", "--against", "old.json", "--category", "QUEUE").returncode


def test_a_rule_explains_itself(run: Run) -> None:
    """By its id; without one all are listed; a wrong one is met with the nearest."""
    assert "dead-lettered as UnknownTask" in run("contract", "explain", "TASK_REMOVED").stdout
    assert "TASK_REMOVED" in run("contract", "explain").stdout

    wrong = run("contract", "explain", "TASK_REMOVD")

    assert 1 == wrong.returncode
    assert "did you mean TASK_REMOVED?" in wrong.stderr


def test_an_allowed_change_is_told_and_does_not_fail(run: Run, write: Write, old: str) -> None:
    """The reason stands in the registration, and so in the contract."""
    write("old.json", old)
    allowed = SERVICE.replace(
        "@worker.task", '@worker.task(allow={"DEFAULT_CHANGED name": "agreed with everybody"})'
    )
    write("service.py", allowed.replace("nobody", "anybody"))
    write(COMMITTED, run("contract", "show", "service:worker").stdout)

    done = run("contract", "breaking", "--against", "old.json")

    assert 0 == done.returncode, done.stdout
    assert "allowed: agreed with everybody" in done.stdout
    assert "0 findings, 1 allowed" in done.stdout


def test_reasons_that_allow_nothing_are_told_and_fail_nobody(run: Run, write: Write, old: str) -> None:
    """They are left over once a change is released; the next change must not fail because of them."""
    write("old.json", old)
    write(
        "pyproject.toml",
        f'{PYPROJECT}\n[tool.boilermaker.allow]\n"TASK_REMOVD make" = "gone"\n"TASK_ADDED" = " "\n',
    )
    write(
        "service.py", SERVICE.replace("@worker.task", '@worker.task(allow={"DEFAULT_CHANGED nam": "agreed"})')
    )
    write(COMMITTED, run("contract", "show", "service:worker").stdout)

    text, json_, github = (
        run("contract", "breaking", "--against", "old.json", "--format", f) for f in FORMATS
    )

    assert (0, 0, 0) == (text.returncode, json_.returncode, github.returncode), text.stderr
    assert [
        "note  [tool.boilermaker.allow]: 'TASK_REMOVD make' names no rule; did you mean TASK_REMOVED?",
        "note  [tool.boilermaker.allow]: 'TASK_ADDED' has no reason and is ignored; add a reason",
        (
            "note  `allow` of create_user: 'DEFAULT_CHANGED nam' matches no finding here; remove it once the "
            "change it was for is released"
        ),
    ] == [line for line in text.stdout.splitlines() if line.startswith("note")]
    assert ["TASK_REMOVD make", "TASK_ADDED", "DEFAULT_CHANGED nam"] == [
        idle["key"] for idle in json.loads(json_.stdout)["idle_reasons"]
    ]
    assert 3 == github.stdout.count("::warning file=")


def test_an_empty_reason_allows_nothing(run: Run, write: Write, old: str, changed: str) -> None:
    """Whoever reads it later learns nothing."""
    write(
        "pyproject.toml", f'{PYPROJECT}\n[tool.boilermaker.allow]\n"TYPE_CHANGED create_user: email" = " "\n'
    )

    done = run("contract", "breaking", "--against", "old.json")

    assert 100 == done.returncode, done.stdout
    assert "has no reason and is ignored" in done.stdout


def test_what_has_no_registration_is_allowed_in_the_configuration(run: Run, write: Write, old: str) -> None:
    """A task that is gone, by rule and name."""
    write("old.json", old)
    write(
        "pyproject.toml",
        f'{PYPROJECT}\n[tool.boilermaker.allow]\n"TASK_REMOVED create_user" = "nobody calls it"\n',
    )
    write("service.py", SERVICE.replace("@worker.task", '@worker.task(name="other")'))
    write(COMMITTED, run("contract", "show", "service:worker").stdout)

    done = run("contract", "breaking", "--against", "old.json", "--category", "QUEUE")

    assert 0 == done.returncode, done.stdout
    assert "allowed: nobody calls it" in done.stdout


def test_a_contract_that_was_cut_is_told_as_such(run: Run, write: Write, old: str) -> None:
    """A type that is used but not defined, say after a merge."""
    tree = json.loads(old)
    tree["tasks"][0]["result"] = {"kind": "named", "id": "service.User"}
    write("old.json", json.dumps(tree))
    write(COMMITTED, old)

    done = run("contract", "breaking", "--against", "old.json")

    assert 1 == done.returncode
    assert "the type `service.User` is used but not defined" in done.stderr
    assert "Traceback" not in done.stderr


SERVICE_LINE = 1 + SERVICE.splitlines().index(
    'async def create_user(state, email: str, name: str = "nobody") -> int:'
)


def git(folder: Path, *command: str) -> None:
    """A command that goes well."""
    subprocess.run(["git", *IDENTITY, *command], cwd=folder, check=True, capture_output=True)


def test_github_knows_files_by_their_path_in_the_repository(
    run: Run, write: Write, changed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the command runs in a folder of it, and stubs are elsewhere; without git the workspace is its root."""
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    folder = write("services/accounts/service.py", SERVICE).parents[2]
    write("services/accounts/pyproject.toml", PYPROJECT.replace('"stubs"', '"../../stubs"'))
    write("services/accounts/old.json", changed.replace('"name": "int"', '"name": "str"', 1))
    removed = write("services/accounts/removed.json", changed.replace("create_user", "make_user"))
    place = f"file=services/accounts/service.py,line={SERVICE_LINE},"

    def told(against: str, **environ: str) -> str:
        command = ("contract", "breaking", "--against", against, "--format", "github")
        return run(*command, within="services/accounts", **environ).stdout

    assert place in told("old.json", GITHUB_WORKSPACE=str(folder))
    assert "file=service.py" in told("old.json")
    git(folder, "init", "-q")
    assert place in told("old.json")
    assert f"file={COMMITTED},title=TASK_REMOVED" in told(removed.name)


def test_github_shows_what_has_no_handler_beside_the_contract(run: Run, write: Write, old: str) -> None:
    """A task that is gone, a function that appears twice, and code that is elsewhere; decorated, it is the task."""
    write(
        "old.json", old.replace('"name": "create_user"', '"name": "make_user"').replace('"email"', '"mail"')
    )
    write(COMMITTED, old)
    folder = write("more.py", "def create_user():\n    pass\n").parent
    command = ("contract", "breaking", "--against", "old.json", "--format", "github")

    def files() -> dict[str, str]:
        lines = (line.partition("file=")[2] for line in run(*command).stdout.splitlines())
        return {line.partition("title=")[2].split()[0]: line.partition(",title")[0] for line in lines}

    assert {"TASK_REMOVED": COMMITTED, "TASK_ADDED": f"service.py,line={SERVICE_LINE}"} == files()
    write("more.py", SERVICE)
    assert {"TASK_REMOVED": COMMITTED, "TASK_ADDED": COMMITTED} == files()
    (folder / "more.py").unlink()
    write("pyproject.toml", PYPROJECT.replace('source = ["."]', 'source = ["elsewhere"]'))
    assert {"TASK_REMOVED": COMMITTED, "TASK_ADDED": COMMITTED} == files()
