"""``keepsake connect``: ask, try it out, and only then store it.

The hard part is the order. A connection that works must survive somebody who closes the browser
half-way or pastes the wrong secret, so the sign-in is tried with secrets that are only in memory,
and takes the place of the old one when it was shown to work.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from connectors.registry import CONNECTORS

from .authorising import PORT
from .failing import Problem
from .homes import home
from .installing import run_check, show_check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.base import Setting

    from ..wiring import Home


@click.command()
@click.argument("system", type=click.Choice(sorted(CONNECTORS)))
@click.option("--name", "id", help="What to call the connection.  [default: the system's name]")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="Answer a question.")
@click.option("--base-url", help="Another address in place of the system's own (a sandbox).")
@click.option(
    "--browser-port",
    type=click.IntRange(1, 65535),
    default=PORT,
    show_default=True,
    help="Where the browser comes back to on this machine.",
)
@click.option("--json", "as_json", is_flag=True)
def connect(
    system: str,
    id: str | None,
    given: tuple[str, ...],
    base_url: str | None,
    browser_port: int,
    as_json: bool,
) -> None:
    """Add a connection to SYSTEM, or enter its credentials anew.

    Asks for what is needed and tries it out; nothing is stored, and an older sign-in stays,
    unless the system let us in. For scripts, answer with --set; a value of `-` is read from
    standard input, so that secrets stay out of the process list.
    """
    from connectors.registry import connector_class

    from .trying import authorise, try_out

    schema: tuple[Setting, ...] = connector_class(system).settings_schema()
    values = _ask(schema, _given(given))
    public: dict[str, Any] = {
        one.name: values.pop(one.name) for one in schema if one.public and one.name in values
    }
    if base_url:
        public["base_url"] = base_url
    connection = id or system
    with home() as ours:
        _must_fit(ours, connection, system)
        found = authorise(
            system, public, values, clock=ours.clock, port=browser_port, quiet=as_json
        )
        tried = try_out(ours, system, public, found)
        if not as_json:
            show_check(connection, tried.report, as_json=False)
        _store(ours, connection, system, public, tried.secrets)
        if not as_json:
            click.echo(f"Stored as {connection}.")
        report = run_check(ours, connection)
    if as_json:
        show_check(connection, report, as_json=True)
    else:
        click.echo(f"Next: keepsake {'plan' if report.ok else 'check'} {connection}")
    if not report.ok:
        sys.exit(1)


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


def _must_fit(ours: Home, connection: str, system: str) -> None:
    """Refuse a name that cannot be stored before anybody is asked to authorise."""
    from ..store import connections
    from ..store.connections import UnknownConnection

    # A key that cannot be read is found now as well.
    assert ours.vault
    if not connections.SLUG.fullmatch(connection):
        raise Problem("a connection's --name is 1 to 63 of a-z, 0-9 and -, not - first")
    with ours.database.read() as tx:
        try:
            old = connections.get(tx, connection)
        except UnknownConnection:
            return
    if old.system != system:
        raise Problem(f"{connection} is a {old.system} connection; choose another --name")


def _store(
    ours: Home,
    connection: str,
    system: str,
    public: Mapping[str, Any],
    found: Mapping[str, str],
) -> None:
    """Settings and secrets together: whoever reads the one reads the other."""
    from ..store import connection_secrets as secrets
    from ..store import connections
    from ..store.connections import ConnectionState, UnknownConnection

    now = ours.clock()
    with ours.database.write() as tx:
        try:
            old = connections.get(tx, connection)
        except UnknownConnection:
            connections.create(
                tx, id=connection, system=system, name=connection, settings=public, now=now
            )
        else:
            connections.change(tx, connection, settings=public, now=now)
            if old.state is ConnectionState.REMOVED:
                connections.set_state(tx, connection, state=ConnectionState.NEW, now=now)
        secrets.put(tx, ours.vault, connection_id=connection, values=found, now=now)
