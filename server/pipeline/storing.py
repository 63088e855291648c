"""Keep what a source system handed out, and notice people's edits in the same transaction.

The hard part is the order: the version a record is stored with is the one our next write is
checked against. Were it stored without looking at our fields, a person's edit that it brought
along would be taken as known, and written over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.records import (
    Contact,
    FieldValue,
    Record,
    RecordKind,
    RecordRef,
    Ticket,
    TicketBundle,
)

from ..store import edits, people, records


def keep_bundle(tx: Any, connection_id: str, bundle: TicketBundle, *, now: datetime) -> None:
    """Keep a ticket whole. Repeating it changes nothing."""
    records.store_bundle(tx, connection_id=connection_id, bundle=bundle, now=now)
    _observe_all(tx, connection_id, [bundle.ticket, *bundle.contacts], now)


def keep_page(
    tx: Any, connection_id: str, page: Sequence[Record], *, now: datetime
) -> list[RecordRef]:
    """Keep one page of a pull; returns the records that are unknown or newer, in page order."""
    changed = records.store_page(tx, connection_id=connection_id, records=page, now=now)
    _observe_all(tx, connection_id, page, now)
    return changed


def keep_contact(tx: Any, connection_id: str, contact: Contact, *, now: datetime) -> None:
    """Keep one contact."""
    records.store_contacts(tx, connection_id=connection_id, values=[contact], now=now)
    _observe_all(tx, connection_id, [contact], now)


def _observe_all(tx: Any, connection_id: str, found: Sequence[Record], now: datetime) -> None:
    for record in found:
        match record:
            case Ticket():
                ref = RecordRef(kind=RecordKind.TICKET, id=record.id)
                _observe(
                    tx, connection_id, ref, record.contact_id, record.fields, record.updated_at, now
                )
            case Contact():
                ref = RecordRef(kind=RecordKind.CONTACT, id=record.id)
                _observe(tx, connection_id, ref, record.id, record.fields, record.updated_at, now)
            case _:
                pass


def _observe(
    tx: Any,
    connection_id: str,
    ref: RecordRef,
    contact_id: str | None,
    seen: Mapping[str, FieldValue],
    updated_at: datetime,
    now: datetime,
) -> None:
    if not seen:
        return
    person_id = (
        people.of_contact(tx, connection_id=connection_id, contact_id=contact_id)
        if contact_id
        else None
    )
    edits.observe(
        tx,
        connection_id=connection_id,
        record=ref,
        seen=seen,
        updated_at=updated_at,
        person_id=person_id,
        now=now,
    )
