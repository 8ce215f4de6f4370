"""Findings as people, programs and GitHub read them."""

import textwrap
from collections.abc import Sequence

import click
import msgspec

from boilermaker.evolution.findings import Finding
from boilermaker.evolution.rules import CATEGORIES, RULES, Rule

_COLOURS = {"QUEUE": "red", "ROLLOUT": "red", "SOURCE": "yellow", "MEANING": "magenta"}


def print_text(findings: Sequence[Finding], place: str) -> None:
    """A paragraph for each finding, and a sum."""
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
    open_ = [finding for finding in findings if finding.reason is None]
    allowed = len(findings) - len(open_)
    if findings:
        click.echo()
    click.echo(f"{place}: {_count(len(open_), 'finding')}{f', {allowed} allowed' if allowed else ''}")


def print_json(findings: Sequence[Finding], place: str) -> None:
    """One object; its shape is documented in the reference."""
    tree = {
        "contract": place,
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
    }
    click.echo(msgspec.json.format(msgspec.json.encode(tree), indent=2))


def print_github(findings: Sequence[Finding], place: str) -> None:
    """Workflow commands that GitHub shows beside the file."""
    for finding in findings:
        level = "notice" if finding.reason is not None else "error"
        title = _escaped(f"{finding.rule} ({', '.join(finding.categories)})", is_property=True)
        said = f"allowed: {finding.reason}" if finding.reason is not None else f"deploy: {finding.order}"
        message = f"{finding.place}: {finding.text}; {said}. {finding.definition.instead}"
        click.echo(f"::{level} file={_escaped(place, is_property=True)},title={title}::{_escaped(message)}")


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


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _escaped(text: str, *, is_property: bool = False) -> str:
    """As GitHub's toolkit escapes the data and the properties of workflow commands."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if is_property else text
