"""Pull what changed, page by page, and put every changed ticket into the inbox.

The first pull of a connection is its backfill: where the connector can hand out what was said in
bulk, that is stored as well, and tickets are enriched from our copy without a call each. Pages
are stored before cursors (in one transaction), so a crash repeats a page and loses none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.base import Change, Connector, Cursor
from connectors.records import Contact, RecordKind, RecordRef, SurveyResponse, Ticket

from ..store import connections, edits, inbox, loading, records
from .base import Base

#: Accounts and contacts first: whoever a ticket names is known when it comes.
ORDER = (RecordKind.ACCOUNT, RecordKind.CONTACT, RecordKind.TICKET, RecordKind.SURVEY)

#: The kinds of changes we make ourselves. A STORED ticket is whole in our copy.
POLLED = "polled"
STORED = "stored"

#: Exports hold back the newest minutes: what changed so recently is fetched whole instead.
HELD_BACK = timedelta(minutes=10)

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
    pulled = queued = 0
    for kind in ORDER:
        for records_, entered in _pull(base, connection_id, connector, kind, since, is_first):
            pulled += records_
            queued += entered
            progress(kind.value, records_)
    said = 0
    if is_first:
        in_bulk = getattr(connector, "pull_interactions", None)
        if in_bulk is not None:
            for count in _pull_interactions(base, connection_id, in_bulk, since):
                said += count
                progress("interaction", count)
        whole = in_bulk is not None
        queued += _queue_backfill(base, connection_id, began=began, is_whole=whole)
    return Pulled(records=pulled, interactions=said, queued=queued, was_backfill=is_first)


def _pull(
    base: Base,
    connection_id: str,
    connector: Connector,
    kind: RecordKind,
    since: datetime,
    is_first: bool,
) -> Iterator[tuple[int, int]]:
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
            changes = []
            for record in page.records:
                if _ref(record) not in changed:
                    continue
                if isinstance(record, Contact):
                    # The page holds the contact as it stands: no need to fetch it again.
                    _observe(tx, connection_id, record, now)
                elif not is_first and (change := _change(record, now)) is not None:
                    changes.append(change)
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


def _queue_backfill(base: Base, connection_id: str, *, began: datetime, is_whole: bool) -> int:
    """Every ticket once, oldest first: people's histories are folded in the order they happened."""
    after: tuple[datetime, str] | None = None
    queued = 0
    while True:
        with base.database.write() as tx:
            page = loading.tickets_by_age(tx, connection_id=connection_id, after=after, limit=500)
            now = base.clock()
            changes = []
            for ticket in page:
                kept = is_whole and ticket.updated_at < began - HELD_BACK
                kind = STORED if kept else POLLED
                changes.append(
                    Change(
                        event_id=f"backfill:{ticket.id}",
                        record=RecordRef(kind=RecordKind.TICKET, id=ticket.id),
                        kind=kind,
                        at=now,
                        partition=ticket.contact_id,
                    )
                )
            accepted = inbox.accept(tx, connection_id=connection_id, changes=changes, now=now)
            queued += sum(one.is_new for one in accepted)
            if len(page) < 500:
                done = Cursor(now.isoformat())
                connections.keep_cursor(tx, connection_id, kind=_DONE, at=done, now=now)
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


def _change(record: object, now: datetime) -> Change | None:
    """What a changed record means for the inbox. The version is part of the event's id: the same
    state seen by two polls is one event, the next state is another."""
    match record:
        case Ticket():
            ref, version, owner = _ref(record), record.updated_at.isoformat(), record.contact_id
        case SurveyResponse() if record.ticket_id is not None:
            ref = RecordRef(kind=RecordKind.TICKET, id=record.ticket_id)
            version, owner = f"survey:{record.id}:{record.score}", record.contact_id
        case _:
            return None
    return Change(
        event_id=f"poll:{ref}:{version}", record=ref, kind=POLLED, at=now, partition=owner
    )
