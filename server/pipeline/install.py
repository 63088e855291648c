"""Connections from first check to removal: what an admin does, step by step.

Everything made over there is noted before the next thing is made, so an apply that breaks off
half-way is resumed and makes nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from connectors.base import CheckReport, FieldSpec, Installation, Plan, PlanStep, StepKind
from connectors.errors import ConnectorError
from connectors.records import RecordKind

from ..security.secrets import Vault
from ..store import audit, connection_secrets, connections, field_states, inbox
from ..store.connections import Connection, ConnectionState
from .base import Base
from .failing import needs_person, stop_connection


def check(base: Base, connection_id: str, *, by: str) -> CheckReport:
    """Look at a connection; one that works again goes on where it stopped."""
    try:
        with base.connector(connection_id) as connector:
            report = connector.check()
    except ConnectorError as error:
        if needs_person(error):
            stop_connection(base, connection_id, error)
        raise
    now = base.clock()
    with base.database.write() as tx:
        connection = connections.change(tx, connection_id, identity=report.identity, now=now)
        if report.ok:
            is_installed = bool(connection.installation.made)
            state = ConnectionState.LIVE if is_installed else ConnectionState.READY
            connections.set_state(tx, connection_id, state=state, now=now)
            inbox.retry_all(tx, connection_id=connection_id)
        audit.note(tx, actor=by, action="check", subject=connection_id, now=now)
    return report


def plan(
    base: Base, connection_id: str, fields: Sequence[FieldSpec], *, webhook_url: str | None
) -> Plan:
    """What ``apply`` would do; changes nothing."""
    with base.connector(connection_id) as connector:
        return connector.plan(fields, webhook_url=webhook_url)


def apply(
    base: Base,
    vault: Vault,
    connection_id: str,
    fields: Sequence[FieldSpec],
    *,
    webhook_url: str | None,
    by: str,
) -> Connection:
    """Make what is missing over there. Safe to repeat, also after a crash half-way."""
    keep = _keeper(base, vault, connection_id)
    with base.database.read() as tx:
        is_first = not connections.get(tx, connection_id).installation.made
    if is_first and _was_here_before(base, connection_id, fields, webhook_url):
        with base.database.write() as tx:
            connections.adopt(tx, connection_id, now=base.clock())
    with base.connector(connection_id) as connector:
        made = connector.apply(fields, webhook_url=webhook_url, keep=keep)
    keep(made)
    now = base.clock()
    with base.database.write() as tx:
        inbox.retry_all(tx, connection_id=connection_id)
        audit.note(tx, actor=by, action="apply", subject=connection_id, now=now)
        return connections.set_state(tx, connection_id, state=ConnectionState.LIVE, now=now)


def remove(base: Base, vault: Vault, connection_id: str, *, by: str) -> tuple[PlanStep, ...]:
    """Take away over there what we made, then let go of the connection's secrets. What was
    remembered stays until it is deleted."""

    keep = _keeper(base, vault, connection_id)
    with base.connector(connection_id) as connector:
        gone = connector.remove(keep=keep)
    now = base.clock()
    with base.database.write() as tx:
        left = replace(connections.get(tx, connection_id).installation, webhook_secret=None)
        connections.change(tx, connection_id, installation=left, now=now)
        connections.set_state(tx, connection_id, state=ConnectionState.REMOVED, now=now)
        connection_secrets.forget(tx, connection_id=connection_id)
        audit.note(tx, actor=by, action="remove", subject=connection_id, now=now)
    return gone


def _keeper(base: Base, vault: Vault, connection_id: str) -> Callable[[Installation], None]:
    """Notes what stands over there. A field that is gone, or was made anew, is empty: what we
    knew of its values goes in the same transaction, or its emptiness would pass for an edit."""

    def keep(installation: Installation) -> None:
        with base.database.write() as tx:
            before = connections.get(tx, connection_id).installation.made
            connection_secrets.keep_installation(
                tx,
                vault,
                connection_id=connection_id,
                installation=installation,
                now=base.clock(),
            )
            for step, id in before.items():
                if step.startswith("field:") and installation.made.get(step) != id:
                    _, kind, key = step.split(":", 2)
                    field_states.forget(
                        tx,
                        connection_id=connection_id,
                        record_kind=RecordKind(kind),
                        fields=[key],
                    )

    return keep


def _was_here_before(
    base: Base, connection_id: str, fields: Sequence[FieldSpec], webhook_url: str | None
) -> bool:
    """Whether fields of ours stand over there although we know of none: another installation, or
    this one before its data were lost, filled them."""
    planned = plan(base, connection_id, fields, webhook_url=webhook_url)
    return any(
        step.id.startswith("field:") and step.kind is not StepKind.CREATE for step in planned.steps
    )
