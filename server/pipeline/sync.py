"""Pull what changed, page by page, and put every changed ticket into the inbox.

Where the connector can hand out what was said in bulk, that is stored as well, and tickets are
enriched from our copy without a call each. That copy is whole for a ticket that we knew before
and that has not changed within the minutes exports hold back; any other is fetched. The first
pull of a connection is its backfill: its tickets enter the inbox oldest first, so that people's
histories are folded in the order they happened. Pages are stored before cursors, so a crash
repeats a page and loses none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.base import Change, Connector, Cursor, Page
from connectors.records import RecordKind, RecordRef, SurveyResponse, Ticket

from ..store import connections, inbox, leases, loading, records
from .base import Base
from .storing import keep_page

#: Accounts and contacts first: whoever a ticket names is known when it comes.
ORDER = (RecordKind.ACCOUNT, RecordKind.CONTACT, RecordKind.TICKET, RecordKind.SURVEY)

#: The kinds of changes we make ourselves. A STORED ticket is whole in our copy.
POLLED = "polled"
STORED = "stored"

#: Exports hold back the newest minutes: what changed so recently is fetched whole instead.
HELD_BACK = timedelta(minutes=2)

#: Cursors of our own: when the backfill began, and that it is through; where bulk reading is.
_BEGAN, _DONE, _SAID = "backfill-began", "backfill", "interaction"
PAGE = 500


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
    pull = _Pull(base, connection_id, connector, since, progress)
    for kind in ORDER:
        pull.records(kind)
        if kind is RecordKind.TICKET:
            pull.interactions()
    pull.queue()
    return Pulled(
        records=pull.counted,
        interactions=pull.said,
        queued=pull.queued,
        was_backfill=pull.is_first,
    )


class _Pull:
    """One pull of one connection."""

    def __init__(
        self,
        base: Base,
        connection_id: str,
        connector: Connector,
        since: datetime,
        progress: Progress,
    ) -> None:
        self._base = base
        self._id = connection_id
        self._connector = connector
        self._since = since
        self._progress = progress
        self._in_bulk = getattr(connector, "pull_interactions", None)
        self._changes: list[Change] = []
        #: Kept only once what the page means for the inbox is in the inbox.
        self._late: dict[str, Cursor] = {}
        self.counted = self.said = self.queued = 0
        now = base.clock()
        with base.database.write() as tx:
            self.is_first = connections.cursor_of(tx, connection_id, kind=_DONE) is None
            if self.is_first and connections.cursor_of(tx, connection_id, kind=_BEGAN) is None:
                mark = Cursor(now.isoformat())
                connections.keep_cursor(tx, connection_id, kind=_BEGAN, at=mark, now=now)
            began_at = connections.cursor_of(tx, connection_id, kind=_BEGAN)
        # A backfill that broke off counts from its first beginning.
        began = datetime.fromisoformat(began_at) if self.is_first and began_at else now
        self._whole_before = began - HELD_BACK

    def records(self, kind: RecordKind) -> None:
        """All pages of one kind."""
        with self._base.database.read() as tx:
            cursor = connections.cursor_of(tx, self._id, kind=kind)
        more = True
        while more:
            page = self._connector.pull(kind, cursor, since=self._since)
            self._store(kind, page)
            self.counted += len(page.records)
            self._progress(kind.value, len(page.records))
            cursor, more = page.cursor, page.has_more

    def _store(self, kind: RecordKind, page: Page) -> None:
        now = self._base.clock()
        tickets = [one for one in page.records if isinstance(one, Ticket)]
        with self._base.database.write() as tx:
            known = loading.ticket_versions(
                tx, connection_id=self._id, ticket_ids=[one.id for one in tickets]
            )
            keep_page(tx, self._id, page.records, now=now)
            late = not self.is_first and kind in (RecordKind.TICKET, RecordKind.SURVEY)
            if late:
                for record in page.records:
                    is_whole = self._is_whole(record) and getattr(record, "id", None) in known
                    self._changes += _changes(record, is_whole=is_whole, now=now)
                if page.cursor is not None:
                    self._late[kind] = page.cursor
            elif page.cursor is not None:
                connections.keep_cursor(tx, self._id, kind=kind, at=page.cursor, now=now)

    def _is_whole(self, record: object) -> bool:
        return (
            self._in_bulk is not None
            and isinstance(record, Ticket)
            and record.updated_at < self._whole_before
            # What was said before that is in no bulk export we asked for.
            and record.created_at >= self._since
        )

    def interactions(self) -> None:
        """What was said on all tickets, where the connector can hand it out in bulk."""
        if self._in_bulk is None:
            return
        with self._base.database.read() as tx:
            cursor = connections.cursor_of(tx, self._id, kind=_SAID)
        more = True
        while more:
            page = self._in_bulk(cursor, since=self._since)
            now = self._base.clock()
            with self._base.database.write() as tx:
                records.store_interactions(
                    tx, connection_id=self._id, values=page.interactions, now=now
                )
                connections.keep_cursor(tx, self._id, kind=_SAID, at=page.cursor, now=now)
            self.said += len(page.interactions)
            self._progress("interaction", len(page.interactions))
            cursor, more = page.cursor, page.has_more

    def queue(self) -> None:
        """Put what changed into the inbox, and keep the cursors that waited for it."""
        if self.is_first:
            self._queue_backfill()
            return
        now = self._base.clock()
        with self._base.database.write() as tx:
            self.queued += _accept(tx, self._id, self._changes, now)
            for kind, cursor in self._late.items():
                connections.keep_cursor(tx, self._id, kind=kind, at=cursor, now=now)

    def _queue_backfill(self) -> None:
        after: tuple[datetime, str] | None = None
        while True:
            now = self._base.clock()
            with self._base.database.write() as tx:
                page = loading.tickets_by_age(tx, connection_id=self._id, after=after, limit=PAGE)
                changes = [
                    Change(
                        event_id=f"backfill:{ticket.id}",
                        record=_ref(ticket),
                        kind=STORED if self._is_whole(ticket) else POLLED,
                        at=now,
                        partition=ticket.contact_id,
                    )
                    for ticket in page
                ]
                self.queued += _accept(tx, self._id, changes, now)
                if len(page) < PAGE:
                    done = Cursor(now.isoformat())
                    connections.keep_cursor(tx, self._id, kind=_DONE, at=done, now=now)
                    until = now + self._base.poll_every
                    leases.claim(tx, f"poll:{self._id}", until=until, now=now)
                    return
            after = (page[-1].created_at, page[-1].id)


def _accept(tx: Any, connection_id: str, changes: Sequence[Change], now: datetime) -> int:
    accepted = inbox.accept(tx, connection_id=connection_id, changes=changes, now=now)
    return sum(one.is_new for one in accepted)


def _ref(ticket: Ticket) -> RecordRef:
    return RecordRef(kind=RecordKind.TICKET, id=ticket.id)


def _changes(record: object, *, is_whole: bool, now: datetime) -> Iterator[Change]:
    """What a changed record means for the inbox. The version is part of the event's id: the same
    state seen by two polls is one event, the next state is another."""
    match record:
        case Ticket():
            yield Change(
                event_id=f"poll:{record.id}:{record.updated_at.isoformat()}",
                record=_ref(record),
                kind=STORED if is_whole else POLLED,
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
