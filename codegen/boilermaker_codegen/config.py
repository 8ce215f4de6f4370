"""`[tool.boilermaker]` of the worker service's `pyproject.toml`, read and checked."""

import difflib
import keyword
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec

from boilermaker.evolution.rules import RULES, hint
from boilermaker.tasks.rules import OPTIONS, fault_of
from boilermaker_codegen.problems import GenerationError, Problem

TABLE = "tool.boilermaker"


_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(
    r"v?([0-9]+!)?[0-9]+(\.[0-9]+)*([-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?[0-9]*)?"
    r"(-[0-9]+|[-_.]?(post|rev|r)[-_.]?[0-9]*)?([-_.]?dev[-_.]?[0-9]*)?",
    re.IGNORECASE,
)
Text = Annotated[str, msgspec.Meta(min_length=1)]
Place = Annotated[str, msgspec.Meta(pattern=r"^[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*$")]
"""`package.module:name`."""


class DeclaredTask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A task that is declared here, because its registration cannot be followed in the source.

    Attributes:
        function: the handler, as `package.module:function`.
        registered_in: the module of the registration that this entry declares, if the source does not show which function that registers.
    """

    function: Place
    name: Text | None = None
    queue: Text | None = None
    deprecated: Text | None = None
    aliases: tuple[Text, ...] = ()
    parameter_aliases: dict[str, tuple[Text, ...]] = {}
    allow: dict[str, Text] = {}
    registered_in: Text | None = None

    @property
    def module(self) -> str:
        """The module that the function is named in."""
        return self.function.partition(":")[0]


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a worker service's stubs are generated.

    Attributes:
        service: the service's name, for people and for the contract.
        queue: the queue its tasks are published to, unless a registration names another.
        source: folders that Python has on its path when the service runs, relative to the configuration file.
        package: name of the generated package.
        output: folder into which the package folder is written, relative to the configuration file.
        allow_untyped: accept parameters without annotation, as `Any`.
        exclude: files and folders under `source` whose registrations do not count (tests, examples), as globs.
        line_length: columns that generated lines keep within, as far as they can.
        distribution: name under which the package is distributed; its `pyproject.toml` is then written into `output`.
        version: version of the distribution; the contract's digest is appended.
        allow: reasons for breaking changes that `boilermaker contract breaking` accepts, by rule and place.
        factory: a function that returns the worker, as `package.module:function`.
        tasks: tasks that no registration in the source declares.
        imports: packages whose types producers import from there instead of from the stubs: shared ones, or other services'
            stubs. Each with the requirement (PEP 508) that the stubs' distribution has for it.
        external: third-party types, by full name, each with its wire type as an annotation.
        history: folder in which each contract is kept for workers, relative to the configuration file.
    """

    service: str
    queue: str
    source: tuple[str, ...]
    package: str
    output: str
    allow_untyped: bool = False
    exclude: tuple[str, ...] = ()
    line_length: int = 88
    distribution: str | None = None
    version: str = "0.1.0"
    history: str | None = None
    imports: dict[Text, Text] = {}
    external: dict[Text, Text] = {}
    factory: Place | None = None
    tasks: tuple[DeclaredTask, ...] = ()
    allow: dict[str, str] = {}


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration and the folder that its paths are relative to."""

    folder: Path
    config: Config

    @property
    def package_folder(self) -> Path:
        """Where the generated package is."""
        return self.folder / self.config.output / self.config.package


def load(path: Path) -> Project:
    """Read the configuration.

    Raises:
        GenerationError: the file does not exist, or its table is missing or invalid; the error names every invalid key.
    """
    try:
        tree = tomllib.loads(path.read_bytes().decode())
    except FileNotFoundError:
        raise _wrong(path, "there is no such file; name the configuration with `--config`") from None
    except OSError as error:
        raise _wrong(path, f"cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(path, f"is not TOML: {error}") from None
    tool: Any = tree.get("tool", {})
    table: Any = tool.get("boilermaker") if isinstance(tool, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if not isinstance(table, dict):
        raise _wrong(
            path,
            f"has no `[{TABLE}]` table; add one with `service`, `queue`, `source`, `package` and `output`",
        )
    config = _convert(path, table)  # pyright: ignore[reportUnknownArgumentType]
    _check(path, config)
    return Project(folder=path.resolve().parent, config=config)


def _convert(path: Path, table: dict[str, Any]) -> Config:
    fields = {field.name: field for field in msgspec.structs.fields(Config)}
    messages = [_unknown(key, fields) for key in table if key not in fields]
    for name, field in fields.items():
        if name not in table:
            if field.required:
                messages.append(f"`{TABLE}.{name}` is missing")
            continue
        try:
            msgspec.convert(table[name], field.type)
        except msgspec.ValidationError as error:
            messages.append(f"`{TABLE}.{name}`: {_lower(str(error))}")
    if messages:
        raise GenerationError(
            Problem(path=path.name, id="CONFIG_INVALID", message=message) for message in messages
        )
    return msgspec.convert(table, Config)


def _unknown(key: str, fields: dict[str, Any]) -> str:
    close = difflib.get_close_matches(key, fields, n=1)
    hint = (
        f"did you mean `{close[0]}`?" if close else f"there are {', '.join(f'`{name}`' for name in fields)}"
    )
    return f"`{TABLE}.{key}` is unknown; {hint}"


def _check(path: Path, config: Config) -> None:
    messages: list[str] = []
    if not config.package.isidentifier():
        messages.append(
            f"`{TABLE}.package`: `{config.package}` cannot be imported; use letters, digits and `_`"
        )
    elif keyword.iskeyword(config.package):
        messages.append(f"`{TABLE}.package`: `{config.package}` is a keyword and cannot be imported")
    if not config.source:
        messages.append(f"`{TABLE}.source` is empty; name the folder that holds the service's code")
    for name in ("service", "queue"):
        text: str = getattr(config, name)
        if not text.strip():
            messages.append(f"`{TABLE}.{name}` is empty")
        elif not text.isprintable() or any(mark in text for mark in '`"\\'):
            messages.append(
                f"`{TABLE}.{name}` must not contain line breaks, quotes, backquotes or backslashes"
            )
    if config.line_length < 60:
        messages.append(f"`{TABLE}.line_length` must be at least 60")
    messages += _wrong_distribution(config)
    messages += _wrong_reasons(config.allow)
    messages += (message for task in config.tasks for message in _wrong_options(task))
    for root in config.source:
        folder = path.resolve().parent / root
        if not folder.is_dir():
            messages.append(f"`{TABLE}.source`: there is no folder `{root}`")
        elif (folder / "__init__.py").exists():
            messages.append(
                f"`{TABLE}.source`: `{root}` is a package itself; name its parent folder, the one on "
                "Python's path"
            )
    if messages:
        raise GenerationError(
            Problem(path=path.name, id="CONFIG_INVALID", message=message) for message in messages
        )


def _wrong_distribution(config: Config) -> Iterator[str]:
    if config.distribution is not None and not _DISTRIBUTION.fullmatch(config.distribution):
        yield (
            f"`{TABLE}.distribution` is not a valid distribution name: use letters, digits and `-` `_` `.` "
            "between them (PEP 508)"
        )
    if not _VERSION.fullmatch(config.version):
        yield (
            f'`{TABLE}.version` is not a valid version; write one without a local part, such as "1.2.0" '
            "(PEP 440)"
        )
    for package, requirement in config.imports.items():
        if not requirement.isprintable():
            yield f"`{TABLE}.imports`: the requirement of `{package}` has unprintable characters"


def _wrong_reasons(allow: dict[str, str]) -> Iterator[str]:
    for key, reason in allow.items():
        rule = key.partition(" ")[0]
        if rule not in RULES:
            yield f"`{TABLE}.allow` names no rule: {rule!r}; {hint(rule)}"
        elif not reason.strip():
            yield f"`{TABLE}.allow` has no reason for {key!r}; say why"


def _wrong_options(task: DeclaredTask) -> Iterator[str]:
    for option in OPTIONS:
        value: object = getattr(task, option, None)
        fault = None if value is None else fault_of(option, value)
        if fault is not None:
            yield f"`{TABLE}.tasks`: `{option}` of `{task.function}` {fault}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _wrong(path: Path, message: str) -> GenerationError:
    return GenerationError([Problem(path=path.name, id="CONFIG_INVALID", message=message)])
