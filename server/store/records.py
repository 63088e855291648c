"""Copies of the source systems' records: stored once, newer over older.

A pull repeats itself and webhooks overtake each other, so a record older than the one standing
here changes nothing. What a repeat must never do is wake the reader again: an interaction is
fresh until ``mark_enriched``, and becomes fresh again only when its words change. Of erased
people nothing is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import Table, case, or_, select, update

from connectors.records import (
    Account,
    AuthorRole,
    Contact,
    Record,
    RecordKind,
    RecordRef,
    SurveyResponse,
    Ticket,
    TicketBundle,
    TicketStatus,
)

from . import people, rows
from .erasure import erased_among
from .interactions import fresh, mark_enriched, store_interactions, write_interactions
from .statements import insert
from .tables import account, contact, survey, ticket
from .versions import latest_of, newer_ids, upsert

__all__ = [
    "StoredBundle",
    "fresh",
    "mark_enriched",
    "mark_gone",
    "store_accounts",
    "store_bundle",
    "store_contacts",
    "store_interactions",
    "store_page",
    "store_surveys",
    "store_tickets",
]

KINDS: Mapping[type[Record], RecordKind] = {
    Ticket: RecordKind.TICKET,
    Contact: RecordKind.CONTACT,
    Account: RecordKind.ACCOUNT,
    SurveyResponse: RecordKind.SURVEY,
}


@dataclass(frozen=True, kw_only=True)
class StoredBundle:
    """``person_id``: the requester's, None without one or when it was erased.

    ``is_newer``: the ticket is unknown or newer than the copy that stood here. ``fresh``: ids of
    the interactions to be enriched, oldest first.
    """

    person_id: int | None
    is_newer: bool
    fresh: tuple[str, ...]


def store_bundle(
    tx: Transaction, *, connection_id: str, bundle: TicketBundle, now: datetime
) -> StoredBundle:
    """Store a ticket whole. Repeating it changes nothing."""
    value = bundle.ticket
    ids = {value.contact_id, *(one.author_id for one in bundle.interactions)}
    ids.update(one.id for one in bundle.contacts)
    ids.update(one.contact_id for one in bundle.surveys)
    erased = erased_among(tx, connection_id=connection_id, contact_ids=ids)
    if value.contact_id in erased:
        return StoredBundle(person_id=None, is_newer=False, fresh=())
    # Contacts first: whoever places people holds that lock before it holds any row.
    store_contacts(tx, connection_id=connection_id, values=bundle.contacts, now=now)
    if bundle.account is not None:
        store_accounts(tx, connection_id=connection_id, values=[bundle.account], now=now)
    newer = store_tickets(tx, connection_id=connection_id, values=[value], now=now)
    kept = [one for one in bundle.interactions if one.author_id not in erased]
    write_interactions(tx, connection_id, kept, now)
    store_surveys(tx, connection_id=connection_id, values=bundle.surveys, now=now)
    return StoredBundle(
        person_id=_person_ids(tx, connection_id, [value.contact_id]).get(value.contact_id),
        is_newer=value.id in newer,
        fresh=tuple(one.id for one in fresh(tx, connection_id=connection_id, ticket_id=value.id)),
    )


def store_page(
    tx: Transaction, *, connection_id: str, records: Iterable[Record], now: datetime
) -> list[RecordRef]:
    """Store one page of a pull; returns the records that are unknown or newer, in page order."""
    records = list(records)
    changed = {
        RecordKind.CONTACT: store_contacts(
            tx,
            connection_id=connection_id,
            values=[one for one in records if isinstance(one, Contact)],
            now=now,
        ),
        RecordKind.ACCOUNT: store_accounts(
            tx,
            connection_id=connection_id,
            values=[one for one in records if isinstance(one, Account)],
            now=now,
        ),
        RecordKind.TICKET: store_tickets(
            tx,
            connection_id=connection_id,
            values=[one for one in records if isinstance(one, Ticket)],
            now=now,
        ),
        RecordKind.SURVEY: store_surveys(
            tx,
            connection_id=connection_id,
            values=[one for one in records if isinstance(one, SurveyResponse)],
            now=now,
        ),
    }
    refs = [RecordRef(kind=KINDS[type(one)], id=one.id) for one in records]
    return [ref for ref in dict.fromkeys(refs) if ref.id in changed[ref.kind]]


def store_contacts(
    tx: Transaction, *, connection_id: str, values: Sequence[Contact], now: datetime
) -> frozenset[str]:
    """Store contacts and place the new ones among people; returns ids unknown or newer."""
    erased = erased_among(tx, connection_id=connection_id, contact_ids=[one.id for one in values])
    values = latest_of([one for one in values if one.id not in erased])
    found = {one.id: rows.contact_row(connection_id, one, now) for one in values}
    newer = newer_ids(tx, contact, connection_id, list(found.values()))
    placed = _person_ids(tx, connection_id, [one.id for one in values])
    strangers = [
        one
        for one in values
        if one.role is AuthorRole.CUSTOMER and placed.get(one.id) is None and not one.deleted
    ]
    if strangers:
        people.lock_placing(tx)
        # Somebody else may have placed them while we waited for the lock.
        placed = _person_ids(tx, connection_id, [one.id for one in strangers])
        for one in (one for one in strangers if placed.get(one.id) is None):
            person_id, how = people.place(tx, connection_id=connection_id, value=one, now=now)
            # Written at once: the next stranger of this very page may match it.
            row = found.pop(one.id)
            upsert(tx, contact, [row])
            people.settle(
                tx, connection_id=connection_id, contact_id=one.id, person_id=person_id, how=how
            )
    upsert(tx, contact, [row for id, row in found.items() if id in newer])
    return newer


def store_accounts(
    tx: Transaction, *, connection_id: str, values: Sequence[Account], now: datetime
) -> frozenset[str]:
    """Store companies; returns ids unknown or newer."""
    found = [rows.account_row(connection_id, one, now) for one in latest_of(values)]
    newer = newer_ids(tx, account, connection_id, found)
    upsert(tx, account, [row for row in found if row["id"] in newer])
    return newer


def store_tickets(
    tx: Transaction, *, connection_id: str, values: Sequence[Ticket], now: datetime
) -> frozenset[str]:
    """Store tickets without what was said on them; returns ids unknown or newer."""
    erased = erased_among(
        tx, connection_id=connection_id, contact_ids=[one.contact_id for one in values]
    )
    values = latest_of([one for one in values if one.contact_id not in erased])
    homes = _person_ids(tx, connection_id, [one.contact_id for one in values])
    found = [
        rows.ticket_row(connection_id, one, now, person_id=homes.get(one.contact_id))
        for one in values
    ]
    newer = newer_ids(tx, ticket, connection_id, found)
    upsert(tx, ticket, [row for row in found if row["id"] in newer])
    return newer


def store_surveys(
    tx: Transaction, *, connection_id: str, values: Sequence[SurveyResponse], now: datetime
) -> frozenset[str]:
    """Store survey answers; returns the ids nobody knew. An answer that was changed over there
    is stored anew and is to be enriched again."""
    erased = erased_among(
        tx, connection_id=connection_id, contact_ids=[one.contact_id for one in values]
    )
    values = [one for one in values if one.contact_id not in erased]
    if not values:
        return frozenset()
    statement = insert(tx, survey)
    new = statement.excluded
    differs = or_(survey.c.score != new.score, survey.c.comment.is_distinct_from(new.comment))
    statement = statement.on_conflict_do_update(
        index_elements=["connection_id", "id"],
        set_={
            "score": new.score,
            "comment": new.comment,
            "synced_at": new.synced_at,
            "enriched_at": None,
        },
        where=differs,
    )
    stored = tx.execute(
        statement.returning(survey.c.id),
        [rows.survey_row(connection_id, one, now) for one in {v.id: v for v in values}.values()],
    )
    return frozenset(stored.scalars())


def mark_gone(tx: Transaction, *, connection_id: str, record: RecordRef, now: datetime) -> None:
    """The system says the record was deleted there. A contact or account keeps its history."""
    tables: dict[RecordKind, tuple[Table, dict[str, Any]]] = {
        RecordKind.TICKET: (ticket, {"status": TicketStatus.DELETED}),
        RecordKind.CONTACT: (contact, {"deleted": True}),
        RecordKind.ACCOUNT: (account, {"deleted": True}),
    }
    if record.kind in tables:
        table, values = tables[record.kind]
        tx.execute(
            update(table)
            .where(table.c.connection_id == connection_id, table.c.id == record.id)
            # Dated now, so that a copy read before the deletion does not undo it.
            .values(
                **values,
                synced_at=now,
                updated_at=case((table.c.updated_at < now, now), else_=table.c.updated_at),
            )
        )


def _person_ids(
    tx: Transaction, connection_id: str, contact_ids: Iterable[str | None]
) -> dict[str | None, int | None]:
    ids = {id for id in contact_ids if id is not None}
    query = select(contact.c.id, contact.c.person_id).where(
        contact.c.connection_id == connection_id, contact.c.id.in_(ids)
    )
    return {row.id: row.person_id for row in tx.execute(query)}
