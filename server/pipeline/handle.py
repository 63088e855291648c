"""Work off one entry of the inbox: fetch the record, take in what is new, and say it is done.

Everything here may happen twice (a worker dies, an event is repeated) and must not show: the
record is stored by its key, words are taken in once, fields are set to a value, and an
intervention is one for its rule, subject and cause.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from connectors.base import Change
from connectors.errors import ConnectorError, Gone, Locked, RateLimited, Retryable, Skippable
from connectors.records import RecordKind

from ..store import connections, field_states, inbox, loading, records
from ..store.connections import ConnectionState
from ..store.memory import StaleState
from .base import Base
from .enrich import Enriched, read_ticket, remember
from .failing import needs_person, stop_connection
from .storing import keep_bundle, keep_contact
from .sync import STORED
from .write_back import CONFLICT

log = logging.getLogger(__name__)

#: How often a state that somebody else saved meanwhile is read again at once.
STALE_TRIES = 5
#: After so many errors of ours an entry is put aside for a person to look at.
BUGS_AT_MOST = 3
LONGEST_PAUSE = 600.0


@dataclass(frozen=True, kw_only=True)
class Again:
    """This entry wants another try after ``seconds``."""

    seconds: float


def handle(base: Base, entry_id: int, *, tries: int = 1) -> Again | None:
    """Work off an entry; None when nothing more is to be done about it."""
    with base.database.read() as tx:
        entry = inbox.get(tx, entry_id)
        if entry is None or entry.done_at is not None:
            return None
        connection = connections.get(tx, entry.connection_id)
    if connection.state in (ConnectionState.NEEDS_PERSON, ConnectionState.REMOVED):
        _put_aside(base, entry_id, f"the connection is {connection.state}")
        return None
    try:
        _work(base, entry.connection_id, entry.change, entry_id)
    except Skippable as error:
        _skip(base, entry.connection_id, entry.change, entry_id, error)
    except (Retryable, StaleState) as error:
        # However long the other side is away: what was accepted waits for it.
        wait = error.retry_after if isinstance(error, RateLimited) else 2.0 ** min(tries, 10)
        return Again(seconds=min(wait, LONGEST_PAUSE))
    except ConnectorError as error:
        if needs_person(error):
            stop_connection(base, entry.connection_id, error)
        _put_aside(base, entry_id, f"{error.code}: {error}")
    except Exception as error:
        # A bug must neither lose the entry nor hold up the others.
        log.exception("entry %s failed", entry_id)
        if tries >= BUGS_AT_MOST:
            _put_aside(base, entry_id, f"internal error ({type(error).__name__})")
            return None
        return Again(seconds=5.0)
    return None


def _work(base: Base, connection_id: str, change: Change, entry_id: int) -> None:
    match change.record.kind:
        case RecordKind.TICKET:
            if not _is_stored(base, connection_id, change):
                _fetch_ticket(base, connection_id, change.record.id)
            enrich_ticket(base, connection_id, change.record.id, entry_id=entry_id)
            if change.kind == CONFLICT:
                with base.database.write() as tx:
                    field_states.hurry(
                        tx, connection_id=connection_id, record=change.record, now=base.clock()
                    )
        case RecordKind.CONTACT:
            _fetch_contact(base, connection_id, change.record.id)
            _done(base, entry_id)
        case _:
            _done(base, entry_id)


def _is_stored(base: Base, connection_id: str, change: Change) -> bool:
    """Whether our copy is whole, so that nothing need be asked for."""
    if change.kind != STORED:
        return False
    with base.database.read() as tx:
        ticket = loading.load_ticket(tx, connection_id=connection_id, ticket_id=change.record.id)
        if ticket is None or ticket.contact_id is None:
            return False
        return (
            loading.load_contact(tx, connection_id=connection_id, contact_id=ticket.contact_id)
            is not None
        )


def _fetch_ticket(base: Base, connection_id: str, ticket_id: str) -> None:
    with base.connector(connection_id) as connector:
        bundle = connector.fetch_ticket(ticket_id)
    with base.database.write() as tx:
        keep_bundle(tx, connection_id, bundle, now=base.clock())


def _fetch_contact(base: Base, connection_id: str, contact_id: str) -> None:
    with base.connector(connection_id) as connector:
        contact = connector.fetch_contact(contact_id)
    with base.database.write() as tx:
        keep_contact(tx, connection_id, contact, now=base.clock())


def enrich_ticket(
    base: Base, connection_id: str, ticket_id: str, *, entry_id: int | None = None
) -> Enriched:
    """Read and remember what is new on a ticket, and end the entry in the same transaction."""
    for last in (False,) * (STALE_TRIES - 1) + (True,):
        read = read_ticket(base, connection_id, ticket_id)
        try:
            with base.database.write() as tx:
                result = remember(tx, base, connection_id, ticket_id, read)
                if entry_id is not None:
                    inbox.done(tx, ids=[entry_id], now=base.clock())
                return result
        except StaleState:
            if last:
                raise
            base.sleep(0.05)
    raise AssertionError("unreachable")


def _skip(base: Base, connection_id: str, change: Change, entry_id: int, error: Skippable) -> None:
    """Deleted, merged or closed meanwhile: noted, and done with. Anything else that is wrong with
    this one record is put aside with its reason."""
    log.info("%s %s: skipped (%s)", connection_id, change.record, error.code)
    if not isinstance(error, Gone | Locked):
        _put_aside(base, entry_id, f"{error.code}: {error}")
        return
    now = base.clock()
    with base.database.write() as tx:
        if isinstance(error, Gone):
            records.mark_gone(tx, connection_id=connection_id, record=change.record, now=now)
        inbox.done(tx, ids=[entry_id], now=now)


def _done(base: Base, entry_id: int) -> None:
    with base.database.write() as tx:
        inbox.done(tx, ids=[entry_id], now=base.clock())


def _put_aside(base: Base, entry_id: int, why: str) -> None:
    with base.database.write() as tx:
        inbox.failed(tx, id=entry_id, error=why, now=base.clock())
