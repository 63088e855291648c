"""``keepsake connect|check|plan|apply|remove``: what an admin does with a connection."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from connectors.registry import CONNECTORS

from .failing import Problem
from .homes import actor, home

if TYPE_CHECKING:
    from connectors.base import CheckReport, Plan, Setting

    from ..wiring import Home


@click.command()
@click.argument("system", type=click.Choice(sorted(CONNECTORS)))
@click.option("--name", "id", help="What to call the connection.  [default: the system's name]")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="Answer a question.")
@click.option("--base-url", help="Another address in place of the system's own (a sandbox).")
@click.option("--json", "as_json", is_flag=True)
def connect(
    system: str, id: str | None, given: tuple[str, ...], base_url: str | None, as_json: bool
) -> None:
    """Add a connection to SYSTEM, or enter its credentials anew.

    Asks for what is needed. For scripts, answer with --set; a value of `-` is read from
    standard input, so that secrets stay out of the process list.
    """
    from connectors.registry import connector_class

    answers = _given(given)
    schema: tuple[Setting, ...] = connector_class(system).settings_schema()
    values = _ask(schema, answers)
    connection = id or system
    with home() as ours:
        _store(ours, connection, system, schema, values, base_url)
        if values.get("kind") == "oauth":
            _authorise(ours, connection, values, base_url)
        report = _check(ours, connection)
    _show_check(connection, report, as_json)
    if not as_json:
        click.echo(f"Next: keepsake plan {connection}")
    if not report.ok:
        sys.exit(1)


@click.command()
@click.argument("connection")
@click.option("--json", "as_json", is_flag=True)
def check(connection: str, as_json: bool) -> None:
    """Test CONNECTION: who we are there, what we may do, which limits apply."""
    with home() as ours:
        report = _check(ours, connection)
    _show_check(connection, report, as_json)
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


def _given(given: tuple[str, ...]) -> dict[str, str]:
    answers = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            raise click.UsageError(f"--set wants NAME=VALUE, not {name!r}")
        answers[name] = sys.stdin.readline().rstrip("\n") if value == "-" else value
    return answers


def _ask(schema: tuple[Setting, ...], answers: dict[str, str]) -> dict[str, str]:
    known = {setting.name for setting in schema}
    unknown = sorted(set(answers) - known)
    if unknown:
        raise click.UsageError(
            f"there is no setting {unknown[0]!r}; there are {', '.join(sorted(known))}"
        )
    values: dict[str, str] = {}
    for setting in schema:
        if setting.kinds and values.get("kind") not in setting.kinds:
            continue
        value = answers.get(setting.name)
        if value is None:
            if not sys.stdin.isatty():
                if not setting.required:
                    continue
                raise click.UsageError(f"answer with --set {setting.name}=...")
            if setting.help:
                click.echo(setting.help)
            value = click.prompt(
                setting.prompt,
                hide_input=setting.secret,
                type=click.Choice(setting.choices) if setting.choices else str,
                default=None if setting.required else "",
            )
        if setting.choices and value not in setting.choices:
            raise click.UsageError(f"{setting.name} is one of {', '.join(setting.choices)}")
        values[setting.name] = setting.tidy(value) if setting.tidy else value
    return values


def _store(
    ours: Home,
    connection: str,
    system: str,
    schema: tuple[Setting, ...],
    values: dict[str, str],
    base_url: str | None,
) -> None:
    from ..store import connection_secrets as secrets
    from ..store import connections
    from ..store.connections import ConnectionState, UnknownConnection

    open_names = {setting.name for setting in schema if setting.public}
    public: dict[str, Any] = {name: values[name] for name in open_names if name in values}
    if base_url:
        public["base_url"] = base_url
    now = ours.clock()
    with ours.database.write() as tx:
        try:
            old = connections.get(tx, connection)
        except UnknownConnection:
            try:
                connections.create(
                    tx, id=connection, system=system, name=connection, settings=public, now=now
                )
            except ValueError as error:
                raise Problem(str(error)) from error
        else:
            if old.system != system:
                raise Problem(f"{connection} is a {old.system} connection; choose another --name")
            connections.change(tx, connection, settings=public, now=now)
            if old.state is ConnectionState.REMOVED:
                connections.set_state(tx, connection, state=ConnectionState.NEW, now=now)
        secrets.put(
            tx,
            ours.vault,
            connection_id=connection,
            values={name: value for name, value in values.items() if name not in open_names},
            now=now,
        )


def _authorise(ours: Home, connection: str, values: dict[str, str], base_url: str | None) -> None:
    """Send the admin to the consent page and take the code they come back with."""
    from .authorising import authorise

    tokens = authorise(values, base_url=base_url, clock=ours.clock)
    from ..store import connection_secrets as secrets

    with ours.database.write() as tx:
        secrets.put(tx, ours.vault, connection_id=connection, values=tokens, now=ours.clock())


def _check(ours: Home, connection: str) -> CheckReport:
    from ..pipeline.install import check as run

    return run(ours.base, connection, by=actor())


def _show_check(connection: str, report: CheckReport, as_json: bool) -> None:
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
