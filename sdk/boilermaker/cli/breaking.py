"""`boilermaker contract breaking` and `explain`: what a change of the contract breaks, before it is merged."""

import sys
from pathlib import Path
from typing import get_args

import click

from boilermaker.cli import against as earlier
from boilermaker.cli.committed import configured, read, reasons, shown, sources
from boilermaker.cli.findings import print_github, print_json, print_page, print_rule, print_rules, print_text
from boilermaker.cli.places import Places
from boilermaker.cli.terminal import json_option
from boilermaker.evolution.compare import allowed, compare, idle
from boilermaker.evolution.rules import RULES, Category, hint

FOUND = 100
"""Exit status for findings; 1 means that the comparison failed."""

_FORMATS = {"text": print_text, "json": print_json}


@click.command()
@click.option(
    "--against",
    required=True,
    metavar="EARLIER",
    help="The earlier contract: git:REVISION[:PATH], a contract.json, a folder, wheel or sdist that contains one, or "
    "installed:DISTRIBUTION.",
)
@click.option(
    "--contract",
    "path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The current contract.json.  [default: from [tool.boilermaker] in the nearest pyproject.toml]",
)
@click.option(
    "--format", "format_", type=click.Choice((*_FORMATS, "github")), default="text", show_default=True
)
@click.option("--json", "format_", flag_value="json", help="The same as --format json.")
@click.option(
    "--category",
    "categories",
    type=click.Choice(get_args(Category)),
    multiple=True,
    help="Report only findings of this category. May be repeated.  [default: all]",
)
def breaking(against: str, path: Path | None, format_: str, categories: tuple[Category, ...]) -> None:
    """Report breaking changes since an earlier contract.

    Exit status 100 if there are any that the source does not allow.

    \b
    QUEUE    the new worker rejects messages published earlier
    ROLLOUT  the old worker rejects messages of new producers
    SOURCE   producers' code no longer type-checks
    MEANING  nothing fails, but behaviour changes silently
    """  # noqa: D301 - click's marker for a block that is not rewrapped is the control character
    path = configured() if path is None else path
    new, beside = read(path), reasons()
    old = earlier.load(against, path)
    earlier.check_service(against, old, new)
    found = allowed(compare(old, new), beside)
    findings = [each for each in found if not categories or set(each.categories) & set(categories)]
    unused = idle(found, new, beside)
    if format_ == "github":
        print_github(findings, unused, Places(path, new, sources()))
    else:
        _FORMATS[format_](findings, unused, shown(path))
    if any(finding.reason is None for finding in findings):
        sys.exit(FOUND)


@click.command()
@click.argument("rule", required=False)
@click.option(
    "--format", "format_", type=click.Choice(("text", "markdown")), default="text", show_default=True
)
@json_option
def explain(rule: str | None, format_: str, *, is_json: bool) -> None:
    """Explain one RULE, or list all rules.

    An explanation says what the change breaks, in which order to deploy, and how to avoid the break.
    """
    if rule is None:
        print_page() if format_ == "markdown" and not is_json else print_rules(is_json=is_json)
        return
    found = RULES.get(rule.upper())
    if found is None:
        raise click.ClickException(f"no rule {rule!r}; {hint(rule)}")
    print_rule(found, is_json=is_json)
