"""Output of findings: as text, as JSON and as GitHub workflow commands."""

from collections.abc import Sequence

import click

from boilermaker.cli.places import Place, Places
from boilermaker.cli.terminal import Column, Styled, Table, one_line, say, say_json, say_wrapped
from boilermaker.evolution.findings import Finding, Idle, order_of
from boilermaker.evolution.rules import CATEGORIES, RULES, Rule

_COLOURS = {"QUEUE": "red", "ROLLOUT": "red", "SOURCE": "yellow", "MEANING": "magenta"}


def print_text(findings: Sequence[Finding], idle: Sequence[Idle], place: str) -> None:
    """Print a paragraph for each finding, a line for each unused reason, and a summary."""
    for finding in findings:
        categories = [Styled(f"{name} ", fg=_COLOURS[name], bold=True) for name in finding.categories]
        say(Styled(finding.rule, bold=True), "  ", *categories, f" {one_line(finding.place)}")
        if finding.reason is not None:
            say_wrapped(f"{finding.text}; allowed: {finding.reason}", "    ")
            continue
        say_wrapped(finding.text, "    ")
        say_wrapped(f"deploy: {finding.order}", "    ")
        say_wrapped(f"instead: {finding.definition.instead}", "    ")
    for each in idle:
        say(Styled("note", bold=True), f"  {one_line(f'{each.place}: {each.key!r} {each.text}')}")
    open_ = [finding for finding in findings if finding.reason is None]
    allowed = len(findings) - len(open_)
    if findings or idle:
        say()
    say(f"{place}: {_count(len(open_), 'finding')}{f', {allowed} allowed' if allowed else ''}")
    if len(open_) > 1:
        say_wrapped(f"deploy all changes: {_order(open_)}")
    if open_:
        say(one_line(f"if this is intended, allow it with a reason: {_allowing(open_[0])}"))


def _allowing(finding: Finding) -> str:
    """How to allow a finding. A removed task has no registration, nor has a change that belongs to no task."""
    if finding.task and finding.rule != "TASK_REMOVED":
        key = f"{finding.rule} {finding.path}".rstrip()
        return f'allow={{"{key}": "..."}} at the registration of {finding.task}'
    return f'"{finding.rule} {finding.place}" = "..." in [tool.boilermaker.allow]'


def _order(findings: Sequence[Finding]) -> str:
    order = order_of(findings)
    is_split = order == "two steps" and all(finding.order != order for finding in findings)
    return (
        f"{order}, because some changes need the worker first and others the producers" if is_split else order
    )


def print_json(findings: Sequence[Finding], idle: Sequence[Idle], place: str) -> None:
    """Print one object; `docs/how-to/change-a-contract.md` describes it."""
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
    say_json(tree, indent=2)


def print_github(findings: Sequence[Finding], idle: Sequence[Idle], places: Places) -> None:
    """Print workflow commands; GitHub shows them at the handler, or at the contract."""
    for finding in findings:
        level = "notice" if finding.reason is not None else "error"
        title = f"{finding.rule} ({', '.join(finding.categories)})"
        said = f"allowed: {finding.reason}" if finding.reason is not None else f"deploy: {finding.order}"
        message = f"{finding.place}: {finding.text}; {said}. {finding.definition.instead}"
        _print_command(level, places.of(finding.task), title, message)
    for each in idle:
        place = places.of(each.task)
        _print_command("warning", place, "unused reason", f"{each.place}: {each.key!r} {each.text}")


def _print_command(level: str, place: Place, title: str, message: str) -> None:
    line = "" if place.line is None else f",line={place.line}"
    file, title = (_escaped(text, is_property=True) for text in (place.file, title))
    say(f"::{level} file={file}{line},title={title}::{_escaped(message)}")


def print_rule(rule: Rule, *, is_json: bool = False) -> None:
    """Print one rule in full."""
    if is_json:
        say_json(_row(rule))
        return
    say(Styled(rule.id, bold=True))
    say_wrapped(rule.text)
    say()
    for name in rule.categories:
        say_wrapped(f"{name}: {CATEGORIES[name]}", further="    ")
    for heading, text in (("why", rule.explanation), ("deploy", rule.order), ("instead", rule.instead)):
        say_wrapped(f"{heading}: {text}", further="    ")


def print_rules(*, is_json: bool = False) -> None:
    """Print all rules, one row each."""
    table = Table(
        (Column("rule"), Column("categories", " ".join), Column("text", wraps=True)), is_json=is_json
    )
    for rule in RULES.values():
        table.add(_row(rule))
    table.end()


def _row(rule: Rule) -> dict[str, object]:
    return {
        "rule": rule.id,
        "categories": rule.categories,
        "text": rule.text,
        "why": rule.explanation,
        "deploy": rule.order,
        "instead": rule.instead,
    }


def print_page() -> None:
    """Print all rules as the reference page."""
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
and they decide the order of deployment: a change that breaks messages in the queue needs the producers first, one that breaks
the rollout needs the worker first, and one that breaks both needs two steps; code alone is changed together with its stubs.
"""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _escaped(text: str, *, is_property: bool = False) -> str:
    """As GitHub's toolkit escapes the data and the properties of workflow commands."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if is_property else text
