"""Findings as people, programs and GitHub read them."""

import textwrap
from collections.abc import Sequence

import click
import msgspec

from boilermaker.cli.places import Place, Places
from boilermaker.evolution.findings import Finding, Idle, order_of
from boilermaker.evolution.rules import CATEGORIES, RULES, Rule

_COLOURS = {"QUEUE": "red", "ROLLOUT": "red", "SOURCE": "yellow", "MEANING": "magenta"}


def print_text(findings: Sequence[Finding], idle: Sequence[Idle], place: str) -> None:
    """A paragraph for each finding, a line for each reason that allows nothing, and a sum."""
    for finding in findings:
        styled = " ".join(click.style(name, fg=_COLOURS[name], bold=True) for name in finding.categories)
        rule = click.style(finding.rule, bold=True)
        click.echo(f"{rule}  {styled}  {finding.place}")
        if finding.reason is not None:
            click.echo(f"    {finding.text}; allowed: {finding.reason}")
            continue
        click.echo(f"    {finding.text}")
        click.echo(f"    deploy: {finding.order}")
        click.echo(textwrap.indent(textwrap.fill(f"instead: {finding.definition.instead}", 100), "    "))
    for each in idle:
        click.echo(f"{click.style('note', bold=True)}  {each.place}: {each.key!r} {each.text}")
    open_ = [finding for finding in findings if finding.reason is None]
    allowed = len(findings) - len(open_)
    if findings or idle:
        click.echo()
    click.echo(f"{place}: {_count(len(open_), 'finding')}{f', {allowed} allowed' if allowed else ''}")
    if len(open_) > 1:
        click.echo(f"deploy all of it: {_order(open_)}")
    if open_:
        click.echo(f"meant as it is? say why: {_allowing(open_[0])}")


def _allowing(finding: Finding) -> str:
    """How the source allows it; a task that is gone has no registration, nor has what belongs to no task."""
    if finding.task and finding.rule != "TASK_REMOVED":
        key = f"{finding.rule} {finding.path}".rstrip()
        return f'allow={{"{key}": "..."}} at the registration of {finding.task}'
    return f'"{finding.rule} {finding.place}" = "..." in [tool.boilermaker.allow]'


def _order(findings: Sequence[Finding]) -> str:
    order = order_of(findings)
    is_split = order == "two steps" and all(finding.order != order for finding in findings)
    return f"{order}, for some asks for the worker first and some for the producers" if is_split else order


def print_json(findings: Sequence[Finding], idle: Sequence[Idle], place: str) -> None:
    """One object; its shape stands in `docs/how-to/change-a-contract.md`."""
    tree = {
        "contract": place,
        "order": order_of(finding for finding in findings if finding.reason is None),
        "findings": [
            {
                "rule": finding.rule,
                "categories": finding.categories,
                "task": finding.task or None,
                "path": finding.path or None,
                "text": finding.text,
                "explanation": finding.definition.explanation,
                "order": finding.order,
                "instead": finding.definition.instead,
                "allowed": finding.reason,
            }
            for finding in findings
        ],
        "idle_reasons": [
            {"task": each.task or None, "key": each.key, "reason": each.reason, "text": each.text}
            for each in idle
        ],
    }
    click.echo(msgspec.json.format(msgspec.json.encode(tree), indent=2))


def print_github(findings: Sequence[Finding], idle: Sequence[Idle], places: Places) -> None:
    """Workflow commands that GitHub shows beside the handler, or beside the contract."""
    for finding in findings:
        level = "notice" if finding.reason is not None else "error"
        title = f"{finding.rule} ({', '.join(finding.categories)})"
        said = f"allowed: {finding.reason}" if finding.reason is not None else f"deploy: {finding.order}"
        message = f"{finding.place}: {finding.text}; {said}. {finding.definition.instead}"
        _print_command(level, places.of(finding.task), title, message)
    for each in idle:
        place = places.of(each.task)
        _print_command(
            "warning", place, "reason that allows nothing", f"{each.place}: {each.key!r} {each.text}"
        )


def _print_command(level: str, place: Place, title: str, message: str) -> None:
    line = "" if place.line is None else f",line={place.line}"
    file, title = (_escaped(text, is_property=True) for text in (place.file, title))
    click.echo(f"::{level} file={file}{line},title={title}::{_escaped(message)}")


def print_rule(rule: Rule) -> None:
    """A rule with all that is known of it."""
    click.secho(rule.id, bold=True)
    click.echo(f"{rule.text}\n")
    for name in rule.categories:
        click.echo(textwrap.fill(f"{name}: {CATEGORIES[name]}", 100, subsequent_indent="    "))
    for heading, text in (("why", rule.explanation), ("deploy", rule.order), ("instead", rule.instead)):
        click.echo(textwrap.fill(f"{heading}: {text}", 100, subsequent_indent="    "))


def print_rules() -> None:
    """All rules, a line each."""
    for rule in RULES.values():
        click.echo(f"{rule.id:<24} {' '.join(rule.categories):<30} {rule.text}")


def print_page() -> None:
    """All rules as the page of the reference."""
    click.echo(_INTRODUCTION)
    click.echo("| category | what breaks |\n| --- | --- |")
    for name, text in CATEGORIES.items():
        click.echo(f"| `{name}` | {text} |")
    for rule in RULES.values():
        click.echo(f"\n## {rule.id}\n\n*{', '.join(rule.categories)}*: {rule.text}.\n\n{rule.explanation}\n")
        click.echo(f"Deploy: {rule.order}.\n\nInstead: {rule.instead}")


_INTRODUCTION = """\
# Breaking changes

<!-- Generated by `boilermaker contract explain --format markdown`: change the table of rules, not this file. -->

What `boilermaker contract breaking` finds. Ids are stable. A finding breaks some of the categories that its rule names,
and is to be deployed in the order that follows from them: what breaks messages in the queue asks for producers first,
what breaks the rollout for the worker first, what breaks both for two steps; code alone is changed together with its stubs.
"""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _escaped(text: str, *, is_property: bool = False) -> str:
    """As GitHub's toolkit escapes the data and the properties of workflow commands."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if is_property else text
