"""Pull what changed, page by page, and put every changed ticket into the inbox.

Where the connector can hand out what was said in bulk, that is stored first, and tickets are
enriched from our copy without a call each; only what changed within the minutes that exports hold
back is fetched whole. The first pull of a connection is its backfill: its tickets enter the inbox
at the end, oldest first. Pages are stored before cursors (in one transaction), so a crash repeats
a page and loses none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.base import Change, Connector, Cursor
from connectors.records import Contact, RecordKind, RecordRef, SurveyResponse, Ticket

from ..store import connections, edits, inbox, leases, loading, records
from .base import Base

#: Accounts and contacts first: whoever a ticket names is known when it comes.
ORDER = (RecordKind.ACCOUNT, RecordKind.CONTACT, RecordKind.TICKET, RecordKind.SURVEY)

#: The kinds of changes we make ourselves. A STORED ticket is whole in our copy.
POLLED = "polled"
STORED = "stored"

#: Exports hold back the newest minutes: what changed so recently is fetched whole instead.
HELD_BACK = timedelta(minutes=2)

_DONE = "backfill"


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """``queued``: changes that entered the inbox; what was there already is not counted."""

    records: int
    interactions: int
    queued: int
    was_backfill: bool


#: Called after each page: what was pulled ("ticket", "interaction") and how many.
Progress = Callable[[str, int], None]


def silent(_what: str, _count: int) -> None:
    """No progress to show."""


def sync(
    base: Base,
    connection_id: str,
    connector: Connector,
    *,
    since: datetime,
    progress: Progress = silent,
) -> Pulled:
    """Pull everything new. Raises ``ConnectorError``; whatever came before it is kept."""
    began = base.clock()
    with base.database.read() as tx:
        is_first = connections.cursor_of(tx, connection_id, kind=_DONE) is None
    in_bulk = getattr(connector, "pull_interactions", None)
    #: A ticket that has not changed since then is whole in our copy once the pull is through.
    whole_before = began - HELD_BACK if in_bulk is not None else datetime.min.replace(tzinfo=UTC)
    pulled = queued = said = 0
    for kind in ORDER:
        if kind is RecordKind.TICKET and in_bulk is not None:
            for count in _pull_interactions(base, connection_id, in_bulk, since):
                said += count
                progress("interaction", count)
        for records_, entered in _pull(
            base, connection_id, connector, kind, since, None if is_first else whole_before
        ):
            pulled += records_
            queued += entered
            progress(kind.value, records_)
    if is_first:
        queued += _queue_backfill(base, connection_id, whole_before=whole_before)
    return Pulled(records=pulled, interactions=said, queued=queued, was_backfill=is_first)


def _pull(
    base: Base,
    connection_id: str,
    connector: Connector,
    kind: RecordKind,
    since: datetime,
    whole_before: datetime | None,
) -> Iterator[tuple[int, int]]:
    """Pages of one kind. ``whole_before``: None in a backfill, which queues its tickets later."""
    with base.database.read() as tx:
        cursor = connections.cursor_of(tx, connection_id, kind=kind)
    more = True
    while more:
        page = connector.pull(kind, cursor, since=since)
        now = base.clock()
        with base.database.write() as tx:
            changed = set(
                records.store_page(tx, connection_id=connection_id, records=page.records, now=now)
            )
            changes: list[Change] = []
            for record in page.records:
                if _ref(record) not in changed:
                    continue
                if isinstance(record, Contact):
                    # The page holds the contact as it stands: no need to fetch it again.
                    _observe(tx, connection_id, record, now)
                elif whole_before is not None:
                    changes += _changes(record, whole_before, now)
            accepted = inbox.accept(tx, connection_id=connection_id, changes=changes, now=now)
            if page.cursor is not None:
                connections.keep_cursor(tx, connection_id, kind=kind, at=page.cursor, now=now)
        yield len(page.records), sum(one.is_new for one in accepted)
        cursor, more = page.cursor, page.has_more


def _observe(tx: Any, connection_id: str, contact: Contact, now: datetime) -> None:
    edits.observe(
        tx,
        connection_id=connection_id,
        record=_ref(contact),
        seen=contact.fields,
        updated_at=contact.updated_at,
        now=now,
    )


def _pull_interactions(base: Base, connection_id: str, pull: Any, since: datetime) -> Iterator[int]:
    with base.database.read() as tx:
        cursor = connections.cursor_of(tx, connection_id, kind="interaction")
    more = True
    while more:
        page = pull(cursor, since=since)
        now = base.clock()
        with base.database.write() as tx:
            records.store_interactions(
                tx, connection_id=connection_id, values=page.interactions, now=now
            )
            connections.keep_cursor(tx, connection_id, kind="interaction", at=page.cursor, now=now)
        yield len(page.interactions)
        cursor, more = page.cursor, page.has_more


def _queue_backfill(base: Base, connection_id: str, *, whole_before: datetime) -> int:
    """Every ticket once, oldest first: people's histories are folded in the order they happened."""
    after: tuple[datetime, str] | None = None
    queued = 0
    while True:
        with base.database.write() as tx:
            page = loading.tickets_by_age(tx, connection_id=connection_id, after=after, limit=500)
            now = base.clock()
            changes: list[Change] = []
            for ticket in page:
                changes.append(
                    Change(
                        event_id=f"backfill:{ticket.id}",
                        record=RecordRef(kind=RecordKind.TICKET, id=ticket.id),
                        kind=_how(ticket, whole_before),
                        at=now,
                        partition=ticket.contact_id,
                    )
                )
            accepted = inbox.accept(tx, connection_id=connection_id, changes=changes, now=now)
            queued += sum(one.is_new for one in accepted)
            if len(page) < 500:
                done = Cursor(now.isoformat())
                connections.keep_cursor(tx, connection_id, kind=_DONE, at=done, now=now)
                until = now + base.poll_every
                leases.claim(tx, f"poll:{connection_id}", until=until, now=now)
                return queued
        after = (page[-1].created_at, page[-1].id)


def _ref(record: object) -> RecordRef:
    match record:
        case Ticket():
            return RecordRef(kind=RecordKind.TICKET, id=record.id)
        case Contact():
            return RecordRef(kind=RecordKind.CONTACT, id=record.id)
        case SurveyResponse():
            return RecordRef(kind=RecordKind.SURVEY, id=record.id)
        case _:
            return RecordRef(kind=RecordKind.ACCOUNT, id=getattr(record, "id", "?"))


def _how(ticket: Ticket, whole_before: datetime) -> str:
    return STORED if ticket.updated_at < whole_before else POLLED


def _changes(record: object, whole_before: datetime, now: datetime) -> Iterator[Change]:
    """What a changed record means for the inbox. The version is part of the event's id: the same
    state seen by two polls is one event, the next state is another."""
    match record:
        case Ticket():
            yield Change(
                event_id=f"poll:{record.id}:{record.updated_at.isoformat()}",
                record=_ref(record),
                kind=_how(record, whole_before),
                at=now,
                partition=record.contact_id,
            )
        case SurveyResponse() if record.ticket_id is not None:
            yield Change(
                event_id=f"poll:survey:{record.id}:{record.score}",
                record=RecordRef(kind=RecordKind.TICKET, id=record.ticket_id),
                kind=POLLED,
                at=now,
                partition=record.contact_id,
            )
