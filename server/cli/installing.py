"""``keepsake check|plan|apply|remove``: what an admin does with a connection that is there."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from .homes import actor, home

if TYPE_CHECKING:
    from connectors.base import CheckReport, Plan

    from ..wiring import Home


@click.command()
@click.argument("connection")
@click.option("--json", "as_json", is_flag=True)
def check(connection: str, as_json: bool) -> None:
    """Test CONNECTION: who we are there, what we may do, which limits apply."""
    with home() as ours:
        report = run_check(ours, connection)
    show_check(connection, report, as_json)
    if not report.ok:
        sys.exit(1)


@click.command()
@click.argument("connection")
@click.option("--json", "as_json", is_flag=True)
def plan(connection: str, as_json: bool) -> None:
    """Show what `apply` would create on CONNECTION. Changes nothing."""
    from enrichment.fields import FIELDS

    from ..pipeline.install import plan as make_plan

    with home() as ours:
        made = make_plan(ours.base, connection, FIELDS, webhook_url=webhook_url(ours, connection))
    _show_plan(made, as_json)


@click.command()
@click.argument("connection")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True)
def apply(connection: str, yes: bool, as_json: bool) -> None:
    """Create fields and webhook on CONNECTION, as planned. Safe to repeat."""
    from enrichment.fields import FIELDS

    from ..pipeline.install import apply as run
    from ..pipeline.install import plan as make_plan

    with home() as ours:
        url = webhook_url(ours, connection)
        made = make_plan(ours.base, connection, FIELDS, webhook_url=url)
        if not as_json:
            _show_plan(made, as_json=False)
        if not made.is_empty and not yes and not as_json:
            click.confirm("Create these?", abort=True)
        result = run(ours.base, ours.vault, connection, FIELDS, webhook_url=url, by=actor())
    if as_json:
        click.echo(json.dumps({"connection": connection, "made": sorted(result.installation.made)}))
    else:
        click.echo(f"Done. Next: keepsake sync {connection}")


@click.command()
@click.argument("connection")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True)
def remove(connection: str, yes: bool, as_json: bool) -> None:
    """Take away over there what Keepsake created on CONNECTION, values included."""
    from ..pipeline.install import remove as run

    if not yes:
        click.confirm(
            f"Delete Keepsake's fields (with their values) and webhook on {connection}?", abort=True
        )
    with home() as ours:
        gone = run(ours.base, ours.vault, connection, by=actor())
    if as_json:
        click.echo(json.dumps({"connection": connection, "removed": [one.target for one in gone]}))
        return
    for one in gone:
        click.echo(f"  removed {one.target}")
    click.echo("Nothing of ours is left over there.")


def webhook_url(ours: Home, connection: str) -> str:
    """Where the system's webhooks for this connection go."""
    return f"{ours.settings.public_url}/webhooks/{connection}"


def run_check(ours: Home, connection: str) -> CheckReport:
    """Look at a stored connection; one that is fit goes on, with what was put aside."""
    from ..pipeline.install import check as run

    return run(ours.base, connection, by=actor())


def show_check(connection: str, report: CheckReport, as_json: bool) -> None:
    """Each thing that was looked at, and what to do about it."""
    if as_json:
        items = [
            {"name": one.name, "ok": one.ok, "detail": one.detail, "advice": one.advice}
            for one in report.items
        ]
        told = {
            "connection": connection,
            "ok": report.ok,
            "identity": report.identity,
            "items": items,
        }
        click.echo(json.dumps(told))
        return
    for one in report.items:
        mark = click.style("ok  ", fg="green") if one.ok else click.style("no  ", fg="red")
        click.echo(f"  {mark}{one.name}: {one.detail}")
        if one.advice:
            click.echo(f"      {one.advice}")


_MARKS = {"create": "+", "change": "~", "keep": " "}


def _show_plan(made: Plan, as_json: bool) -> None:
    if as_json:
        steps = [
            {"id": one.id, "kind": one.kind.value, "target": one.target, "detail": one.detail}
            for one in made.steps
        ]
        click.echo(json.dumps({"steps": steps, "by_hand": list(made.by_hand)}))
        return
    for one in made.steps:
        detail = f"  ({one.detail})" if one.detail else ""
        click.echo(f"  {_MARKS[one.kind.value]} {one.target}{detail}")
    for step in made.by_hand:
        click.echo(f"  ! by hand: {step}")
    if made.is_empty:
        click.echo("  Everything is there already.")
