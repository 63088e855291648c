"""Send what our fields should hold and do not: in batches, at the system's own pace.

What is sent is noted before it leaves (``field_states.take``), so a crash in between makes the
value neither lost nor mistaken for a person's. A record that a person changed since we read it
refuses the write; it is fetched again and decided again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from connectors.base import Change, FieldUpdate, WriteOutcome, WriteResult
from connectors.errors import ConnectorError, RateLimited
from connectors.records import RecordKind

from ..store import connections, field_states, inbox, loading
from ..store.connections import ConnectionState
from ..store.field_states import DueWrite
from .base import Base
from .failing import needs_person, stop_connection
from .sync import STORED

BATCH = 100
#: The kind of change that asks for a fresh look at a record which refused our write.
CONFLICT = "conflict"
#: How long a record that changed over there waits to be looked at again, at most, in seconds.
FRESH_LOOK = 120.0
SHORTEST_PAUSE = 5.0
LONGEST_PAUSE = 3600.0
#: After so many failures in a row a record's fields are left alone until their values change.
TRIES_AT_MOST = 10


def flush_all(base: Base) -> bool:
    """Send what is due on every running connection; whether there was anything."""
    with base.database.read() as tx:
        running = connections.find(tx, states=(ConnectionState.READY, ConnectionState.LIVE))
        now = base.clock()
        ready = []
        for one in running:
            kinds = _kinds(tx, one.id)
            due_at = field_states.next_due(tx, connection_id=one.id, kinds=kinds)
            if due_at is not None and due_at <= now:
                ready.append((one.id, kinds))
    # Each gets its batch: a busy connection must not starve the others.
    sent = [flush(base, connection_id, kinds=kinds) for connection_id, kinds in ready]
    return any(sent)


def _kinds(tx: Any, connection_id: str) -> tuple[RecordKind, ...]:
    """While history is still being read, what people feel about us is not known yet: writing it
    after every old ticket would spend their limits on values that are overtaken at once."""
    is_reading_history = inbox.has_open(tx, connection_id=connection_id, kind=STORED)
    return (RecordKind.TICKET,) if is_reading_history else tuple(RecordKind)


def flush(
    base: Base, connection_id: str, *, kinds: Collection[RecordKind] = tuple(RecordKind)
) -> bool:
    """One batch of one connection; whether there was anything to send."""
    with base.database.write() as tx:
        due = field_states.take(
            tx,
            connection_id=connection_id,
            limit=BATCH,
            lease=base.write_lease,
            kinds=kinds,
            now=base.clock(),
        )
        tickets = [one.record.id for one in due if one.record.kind is RecordKind.TICKET]
        versions = loading.ticket_versions(tx, connection_id=connection_id, ticket_ids=tickets)
    if not due:
        return False
    updates = [
        FieldUpdate(record=one.record, values=one.values, version=_version(one, versions))
        for one in due
    ]
    try:
        with base.connector(connection_id) as connector:
            results = connector.write(updates)
    except ConnectorError as error:
        _put_off_all(base, connection_id, due, error)
        return False
    for one, result in zip(due, results, strict=True):
        _end(base, one, result, version=_version(one, versions))
    return True


def _version(one: DueWrite, versions: Mapping[str, str | None]) -> str | None:
    return versions.get(one.record.id) if one.record.kind is RecordKind.TICKET else None


def _end(base: Base, one: DueWrite, result: WriteResult, *, version: str | None) -> None:
    now = base.clock()
    with base.database.write() as tx:
        match result.outcome:
            case WriteOutcome.WRITTEN:
                field_states.written(
                    tx,
                    connection_id=one.connection_id,
                    record=one.record,
                    values=one.values,
                    now=now,
                )
            case WriteOutcome.SKIPPED:
                _leave(tx, one, result.reason, base)
            case WriteOutcome.CONFLICT:
                (look,) = inbox.accept(
                    tx,
                    connection_id=one.connection_id,
                    changes=[
                        Change(
                            # One look for one version, however often it is refused.
                            event_id=f"{CONFLICT}:{one.record}:{version}",
                            record=one.record,
                            kind=CONFLICT,
                            at=now,
                        )
                    ],
                    now=now,
                )
                # A look that others asked for may be over: then nobody will come and hurry this.
                pause = FRESH_LOOK if look.is_new else SHORTEST_PAUSE
                field_states.postpone(
                    tx,
                    connection_id=one.connection_id,
                    record=one.record,
                    fields=list(one.values),
                    error="conflict: changed over there; read again first",
                    next_at=now + timedelta(seconds=pause),
                )
            case WriteOutcome.FAILED if one.attempts >= TRIES_AT_MOST:
                _leave(tx, one, result.reason, base)
            case WriteOutcome.FAILED:
                pause = min(SHORTEST_PAUSE * 2.0**one.attempts, LONGEST_PAUSE)
                field_states.postpone(
                    tx,
                    connection_id=one.connection_id,
                    record=one.record,
                    fields=list(one.values),
                    error=result.reason or "failed",
                    next_at=now + timedelta(seconds=pause),
                )


def _leave(tx: object, one: DueWrite, reason: str, base: Base) -> None:
    field_states.give_up(
        tx,  # type: ignore[arg-type]
        connection_id=one.connection_id,
        record=one.record,
        fields=list(one.values),
        error=reason or "skipped",
        now=base.clock(),
    )


def _put_off_all(
    base: Base, connection_id: str, due: list[DueWrite], error: ConnectorError
) -> None:
    if needs_person(error):
        stop_connection(base, connection_id, error)
    now = base.clock()
    with base.database.write() as tx:
        for one in due:
            pause = (
                error.retry_after
                if isinstance(error, RateLimited)
                else min(SHORTEST_PAUSE * 2.0**one.attempts, LONGEST_PAUSE)
            )
            field_states.postpone(
                tx,
                connection_id=connection_id,
                record=one.record,
                fields=list(one.values),
                error=error.code,
                next_at=now + timedelta(seconds=max(pause, 1.0)),
            )
