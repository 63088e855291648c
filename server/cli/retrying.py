"""``keepsake retry``: what was put aside waits again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from .homes import actor, home

if TYPE_CHECKING:
    from ..store.inbox import InboxEntry

#: The most entries looked at and shown by ``--list``.
MOST = 100_000
SHOWN = 50


@click.command()
@click.argument("connection")
@click.option("--list", "only_list", is_flag=True, help="Show what was put aside; change nothing.")
@click.option("--json", "as_json", is_flag=True)
def retry(connection: str, only_list: bool, as_json: bool) -> None:
    """Let what was put aside on CONNECTION be tried again, by the next worker.

    An entry is put aside when trying it again seemed pointless. Mend what its error says first;
    what still cannot be done is put aside again.
    """
    from ..store import audit, connections, inbox
    from ..store.connections import ConnectionState

    with home() as ours:
        if only_list:
            with ours.database.read() as tx:
                connections.get(tx, connection)
                failures = inbox.failures(tx, limit=MOST)
            _show([one for one in failures if one.connection_id == connection], as_json)
            return
        now = ours.clock()
        with ours.database.write() as tx:
            state = connections.get(tx, connection).state
            count = inbox.retry_all(tx, connection_id=connection)
            if count:
                audit.note(tx, actor=actor(), action="retry", subject=connection, now=now)
    if as_json:
        click.echo(json.dumps({"connection": connection, "retried": count}))
        return
    click.echo(
        f"{count} {'waits' if count == 1 else 'wait'} again." if count else "Nothing was put aside."
    )
    if count and state is ConnectionState.NEEDS_PERSON:
        click.echo(f"The connection itself needs somebody first: keepsake check {connection}")


def _show(failures: list[InboxEntry], as_json: bool) -> None:
    """Ids, codes and advice: nothing a customer wrote."""
    if as_json:
        told = [
            {
                "id": one.id,
                "kind": one.change.kind,
                "record": f"{one.change.record.kind.value}/{one.change.record.id}",
                "attempts": one.attempts,
                "failed_at": one.failed_at.isoformat() if one.failed_at else None,
                "error": one.error,
            }
            for one in failures
        ]
        click.echo(json.dumps(told))
        return
    for one in failures[:SHOWN]:
        record = f"{one.change.record.kind.value}/{one.change.record.id}"
        click.echo(f"{one.id}  {one.change.kind}  {record}  {one.error or ''}")
    if len(failures) > SHOWN:
        click.echo(f"and {len(failures) - SHOWN} more (--json lists all)")
    if not failures:
        click.echo("Nothing was put aside.")
