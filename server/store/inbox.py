"""What webhooks told us, kept once until it is worked off.

One row is one change. ``accept`` is the only way in and is harmless to repeat; the pump claims
rows in order of their ids, hands them to the engine (an id names the work there, so handing one
over twice does it once) and ``done`` or ``failed`` ends them. A row that was pumped and that nobody
works on any more is released back to waiting.

    waiting -> pumped -> done | failed        failed -> waiting (retry)
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import Row, delete, func, select, update

from connectors.base import Change
from connectors.records import RecordKind, RecordRef

from .statements import insert
from .tables import inbox

#: Longer event ids are kept by their digest: an index has room for a few thousand bytes only.
LONGEST_KEY = 200


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """``id`` is None for a duplicate: it is in the inbox already, or was."""

    event_id: str
    id: int | None

    @property
    def is_new(self) -> bool:
        return self.id is not None


@dataclass(frozen=True, kw_only=True)
class InboxEntry:
    """One change in the inbox. ``attempts``: how often it was pumped."""

    id: int
    connection_id: str
    change: Change
    received_at: datetime
    pumped_at: datetime | None
    done_at: datetime | None
    failed_at: datetime | None
    attempts: int
    error: str | None


@dataclass(frozen=True, kw_only=True)
class InboxCounts:
    waiting: int
    pumped: int
    failed: int
    oldest_waiting_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """What one webhook, poll or backfill brought."""

    connection_id: str
    changes: tuple[Change, ...]
    at: datetime


def accept(
    tx: Transaction, *, connection_id: str, changes: Sequence[Change], now: datetime
) -> list[Accepted]:
    """Keep each change unless an equal event came before. One answer a change, in order.

    Nothing is accepted before the transaction is committed.
    """
    arrival = Arrival(connection_id=connection_id, changes=tuple(changes), at=now)
    return accept_all(tx, [arrival])[0]


def accept_all(tx: Transaction, arrivals: Sequence[Arrival]) -> list[list[Accepted]]:
    """``accept`` for many at once, in one statement; one list an arrival, in order."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for arrival in arrivals:
        for change in arrival.changes:
            dedup = dedup_key(change.event_id)
            row = _row(arrival.connection_id, dedup, change, arrival.at)
            rows.setdefault((arrival.connection_id, dedup), row)
    new: dict[tuple[str, str], int] = {}
    # In arrival order, except where writers run side by side: two who bring the same events in
    # different orders would wait for each other for ever.
    keys = list(rows) if tx.dialect.name == "sqlite" else sorted(rows)
    if keys:
        statement = (
            insert(tx, inbox)
            .on_conflict_do_nothing(index_elements=["connection_id", "dedup"])
            .returning(inbox.c.id, inbox.c.connection_id, inbox.c.dedup)
        )
        for id, connection_id, dedup in tx.execute(statement, [rows[key] for key in keys]):
            new[connection_id, dedup] = id
    # Of equal changes that came together the first is new, the others are its duplicates.
    return [
        [
            Accepted(
                event_id=change.event_id,
                id=new.pop((arrival.connection_id, dedup_key(change.event_id)), None),
            )
            for change in arrival.changes
        ]
        for arrival in arrivals
    ]


def dedup_key(event_id: str) -> str:
    """What makes an event the same event: its id, or the digest of a very long one."""
    if len(event_id) <= LONGEST_KEY:
        return event_id
    return "sha256:" + hashlib.sha256(event_id.encode("utf-8", "surrogatepass")).hexdigest()


def claim(tx: Transaction, *, limit: int = 200, now: datetime) -> list[InboxEntry]:
    """Mark the next waiting entries as pumped and return them, oldest first.

    Commit, then hand them to the engine: after a crash in between, they are ``unended``. Pumps
    side by side on PostgreSQL get different rows.
    """
    next_ids = (
        select(inbox.c.id)
        .where(inbox.c.pumped_at.is_(None))
        .order_by(inbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = tx.scalars(next_ids).all()
    if not ids:
        return []
    statement = (
        update(inbox)
        .where(inbox.c.id.in_(ids))
        .values(pumped_at=now, attempts=inbox.c.attempts + 1)
        .returning(inbox)
    )
    return sorted((_value(row) for row in tx.execute(statement)), key=lambda entry: entry.id)


def get(tx: Transaction, id: int) -> InboxEntry | None:
    """One entry, or None when it was purged."""
    row = tx.execute(select(inbox).where(inbox.c.id == id)).one_or_none()
    return None if row is None else _value(row)


def done(tx: Transaction, *, ids: Collection[int], now: datetime) -> None:
    """These are worked off. Repeats keep the first time."""
    tx.execute(
        update(inbox)
        .where(inbox.c.id.in_(ids), inbox.c.done_at.is_(None))
        .values(done_at=now, failed_at=None, error=None)
    )


def failed(tx: Transaction, *, id: int, error: str, now: datetime) -> None:
    """This one is beyond trying. ``error`` is a code and advice, never a customer's text."""
    tx.execute(
        update(inbox)
        .where(inbox.c.id == id, inbox.c.done_at.is_(None))
        .values(failed_at=now, error=error)
    )


def retry(tx: Transaction, *, ids: Collection[int]) -> int:
    """Let failed entries wait for the pump again; returns how many."""
    statement = (
        update(inbox)
        .where(inbox.c.id.in_(ids), inbox.c.failed_at.is_not(None))
        .values(failed_at=None, error=None, pumped_at=None)
    )
    return tx.execute(statement).rowcount


def retry_all(tx: Transaction, *, connection_id: str) -> int:
    """Let everything of one connection that failed wait for the pump again (it works again)."""
    statement = (
        update(inbox)
        .where(inbox.c.connection_id == connection_id, inbox.c.failed_at.is_not(None))
        .values(failed_at=None, error=None, pumped_at=None)
    )
    return tx.execute(statement).rowcount


def unended(tx: Transaction, *, pumped_before: datetime, limit: int = 200) -> list[InboxEntry]:
    """Entries handed over before then and still open, longest first."""
    query = (
        select(inbox)
        .where(
            inbox.c.pumped_at < pumped_before,
            inbox.c.done_at.is_(None),
            inbox.c.failed_at.is_(None),
        )
        .order_by(inbox.c.pumped_at)
        .limit(limit)
    )
    return [_value(row) for row in tx.execute(query)]


def has_open(tx: Transaction, *, connection_id: str, kind: str) -> bool:
    """Whether a change of this kind waits or is under way. Quick whatever the history."""
    mine = (inbox.c.connection_id == connection_id, inbox.c.kind == kind)
    waiting = (inbox.c.pumped_at.is_(None),)
    pumped = (
        inbox.c.done_at.is_(None),
        inbox.c.failed_at.is_(None),
        inbox.c.pumped_at.is_not(None),
    )
    return any(
        tx.scalar(select(inbox.c.id).where(*mine, *state).limit(1)) is not None
        for state in (pumped, waiting)
    )


def looked_at(tx: Transaction, *, ids: Collection[int], now: datetime) -> None:
    """These are still under way: look at them again no sooner than others handed over now."""
    tx.execute(
        update(inbox)
        .where(inbox.c.id.in_(ids), inbox.c.pumped_at.is_not(None))
        .values(pumped_at=now)
    )


def release(tx: Transaction, *, ids: Collection[int]) -> None:
    """Let these wait for the pump again: nobody works on them any more."""
    tx.execute(
        update(inbox)
        .where(inbox.c.id.in_(ids), inbox.c.done_at.is_(None), inbox.c.failed_at.is_(None))
        .values(pumped_at=None)
    )


def purge(tx: Transaction, *, done_before: datetime, limit: int = 10_000) -> int:
    """Forget what was done before then, the oldest first; returns how many.

    A purged event that is sent again is accepted again, so keep more days than senders retry.
    """
    old = select(inbox.c.id).where(inbox.c.done_at < done_before)
    old = old.order_by(inbox.c.done_at).limit(limit)
    return tx.execute(delete(inbox).where(inbox.c.id.in_(old))).rowcount


def counts(tx: Transaction) -> InboxCounts:
    """The whole inbox in numbers, from partial indexes: done rows cost nothing."""
    waiting = inbox.c.pumped_at.is_(None)
    open_ = inbox.c.done_at.is_(None) & inbox.c.failed_at.is_(None) & inbox.c.pumped_at.is_not(None)
    oldest = select(inbox.c.received_at).where(waiting).order_by(inbox.c.id).limit(1)
    row = tx.execute(
        select(
            select(func.count()).select_from(inbox).where(waiting).scalar_subquery().label("w"),
            select(func.count()).select_from(inbox).where(open_).scalar_subquery().label("p"),
            select(func.count())
            .select_from(inbox)
            .where(inbox.c.failed_at.is_not(None))
            .scalar_subquery()
            .label("f"),
            oldest.scalar_subquery().label("oldest"),
        )
    ).one()
    return InboxCounts(waiting=row.w, pumped=row.p, failed=row.f, oldest_waiting_at=row.oldest)


def failures(tx: Transaction, *, limit: int = 50) -> list[InboxEntry]:
    """The latest failed entries, newest first."""
    query = (
        select(inbox)
        .where(inbox.c.failed_at.is_not(None))
        .order_by(inbox.c.failed_at.desc(), inbox.c.id.desc())
        .limit(limit)
    )
    return [_value(row) for row in tx.execute(query)]


def _row(connection_id: str, dedup: str, change: Change, now: datetime) -> dict[str, Any]:
    return {
        "connection_id": connection_id,
        "dedup": dedup,
        "event_id": change.event_id,
        "record_kind": change.record.kind,
        "record_id": change.record.id,
        "kind": change.kind,
        "partition": change.partition,
        "at": change.at,
        "received_at": now,
    }


def _value(row: Row[Any]) -> InboxEntry:
    return InboxEntry(
        id=row.id,
        connection_id=row.connection_id,
        change=Change(
            event_id=row.event_id,
            record=RecordRef(kind=RecordKind(row.record_kind), id=row.record_id),
            kind=row.kind,
            at=row.at,
            partition=row.partition,
        ),
        received_at=row.received_at,
        pumped_at=row.pumped_at,
        done_at=row.done_at,
        failed_at=row.failed_at,
        attempts=row.attempts,
        error=row.error,
    )
