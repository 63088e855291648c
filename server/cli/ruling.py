"""``keepsake rules``: what rules there are, whether their tests pass, and why one did not fire."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from .failing import Problem
from .homes import home, settings


@click.group()
def rules() -> None:
    """List, test and explain rules."""


@rules.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_rules(as_json: bool) -> None:
    """The rules in force: the shipped ones and those in your rules folder."""
    from rules.errors import RuleError
    from rules.loader import load_folder, load_library

    folder = settings().rules_dir
    try:
        found = load_library()
        if folder.is_dir():
            found = load_folder(folder, onto=found)
    except RuleError as error:
        raise Problem(str(error)) from error
    if as_json:
        told = [
            {
                "id": rule.id,
                "title": rule.title,
                "version": rule.version,
                "enabled": rule.enabled,
                "approval": rule.approval.value,
            }
            for rule in found
        ]
        click.echo(json.dumps(told))
        return
    for rule in found:
        state = "on " if rule.enabled else "off"
        asks = "asks first" if rule.approval.value == "required" else "acts at once"
        click.echo(f"{state}  {rule.id}  ({asks})  {rule.title}")


@rules.command("test")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
def test_rules(paths: tuple[Path, ...], as_json: bool) -> None:
    """Run the tests beside rules: those at PATHS, or the shipped ones and your rules folder."""
    from rules.errors import RuleError
    from rules.testing import run_tests

    try:
        reports = [run_tests(list(paths))]
        folder = settings().rules_dir
        if not paths and folder.is_dir():
            reports.append(run_tests([folder]))
    except RuleError as error:
        raise Problem(str(error)) from error
    if as_json:
        click.echo(json.dumps([report.to_json() for report in reports]))
    else:
        for report in reports:
            click.echo(report.render())
    if not all(report.ok for report in reports):
        sys.exit(1)


@rules.command("explain")
@click.option("--rule", help="Only this rule.")
@click.option("--ticket", help="Only this ticket, as connection/id.")
@click.option("--limit", type=click.IntRange(1, 200), default=10, show_default=True)
def explain(rule: str | None, ticket: str | None, limit: int) -> None:
    """Why rules fired, or did not: the latest verdicts with their reasons."""
    from rules.trace import Trace

    from ..store import verdicts

    connection_id, _, ticket_id = (ticket or "").partition("/")
    with home() as ours, ours.database.read() as tx:
        found = verdicts.latest(
            tx,
            rule=rule,
            connection_id=connection_id or None,
            ticket_id=ticket_id or None,
            limit=limit,
        )
    if not found:
        click.echo("no verdicts yet")
    for one in found:
        click.echo(f"{one.at:%Y-%m-%d %H:%M}  {one.connection_id}/{one.ticket_id}")
        click.echo(Trace.from_json(one.trace).render())
