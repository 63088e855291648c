"""People who must be forgotten, and stay forgotten when the next pull brings them again.

Deleting is the easy half. What comes back is the hard one: the source system still has the
person, and a worker may be storing them at this very moment. So a digest of each contact stays
behind and whatever stores records asks for it first; and on PostgreSQL, where writers run side by
side, everybody who stores or remembers holds off an erasure until they have committed, and an
erasure holds off them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Table, and_, delete, or_, select, text, tuple_, update
from sqlalchemy import Connection as Transaction

from connectors.records import RecordKind, RecordRef

from .statements import insert
from .tables import (
    contact,
    correction,
    erased_contact,
    field_state,
    inbox,
    interaction,
    intervention,
    moment,
    person,
    person_state,
    reading,
    survey,
    ticket,
    ticket_state,
    verdict,
)

#: Shared by those who store, exclusive to those who erase.
LOCK = 0x6572617365


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What is gone here and still stands over there: (connection, record), to clear its fields."""

    person_id: int
    records: tuple[tuple[str, RecordRef], ...]


def hold_off(tx: Transaction) -> None:
    """No erasure begins until this transaction ends (SQLite has one writer at a time anyway)."""
    if tx.dialect.name != "sqlite":
        tx.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": LOCK})


def erased_among(
    tx: Transaction, *, connection_id: str, contact_ids: Collection[str | None]
) -> frozenset[str]:
    """Those of these contacts that were erased. None of the others is, until the transaction
    ends."""
    hold_off(tx)
    by_digest = {digest(connection_id, id): id for id in contact_ids if id is not None}
    found = tx.scalars(
        select(erased_contact.c.digest).where(
            erased_contact.c.connection_id == connection_id,
            erased_contact.c.digest.in_(by_digest),
        )
    )
    return frozenset(by_digest[value] for value in found)


def erase_person(tx: Transaction, person_id: int, *, now: datetime) -> Erased:
    """Forget a person: what they said, what was read from it, what was done. Only the number
    stays, marked as erased and paused. Raises ``LookupError`` for an unknown person; erasing
    again finds nothing more."""
    if tx.dialect.name != "sqlite":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    gone = {"erased_at": now, "paused_at": now, "consent": None, "updated_at": now}
    if tx.execute(update(person).where(person.c.id == person_id).values(**gone)).rowcount == 0:
        raise LookupError(f"there is no person {person_id}")
    mine = contact.c.person_id == person_id
    contacts = tx.execute(select(contact.c.connection_id, contact.c.id).where(mine)).all()
    tickets = tx.execute(select(ticket.c.connection_id, ticket.c.id).where(_tickets(person_id)))
    records = [
        *((row.connection_id, RecordRef(kind=RecordKind.CONTACT, id=row.id)) for row in contacts),
        *((row.connection_id, RecordRef(kind=RecordKind.TICKET, id=row.id)) for row in tickets),
    ]
    for table, condition in _everything(person_id):
        tx.execute(delete(table).where(condition))
    for row in contacts:
        tx.execute(
            insert(tx, erased_contact)
            .values(
                connection_id=row.connection_id,
                digest=digest(row.connection_id, row.id),
                erased_at=now,
            )
            .on_conflict_do_nothing()
        )
    return Erased(person_id=person_id, records=tuple(records))


def digest(connection_id: str, contact_id: str) -> str:
    """Names an erased contact without keeping its id."""
    name = f"{connection_id}\x00{contact_id}"
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def _tickets(person_id: int) -> ColumnElement[bool]:
    theirs = select(contact.c.connection_id, contact.c.id).where(contact.c.person_id == person_id)
    return or_(
        ticket.c.person_id == person_id,
        tuple_(ticket.c.connection_id, ticket.c.contact_id).in_(theirs),
    )


def _everything(person_id: int) -> list[tuple[Table, ColumnElement[bool]]]:
    """What to delete, in an order in which each condition still finds what it refers to."""
    contacts = select(contact.c.connection_id, contact.c.id).where(contact.c.person_id == person_id)
    tickets = select(ticket.c.connection_id, ticket.c.id).where(_tickets(person_id))

    def by_ticket(table: Table) -> ColumnElement[bool]:
        return tuple_(table.c.connection_id, table.c.ticket_id).in_(tickets)

    def by_record(table: Table) -> ColumnElement[bool]:
        key = tuple_(table.c.connection_id, table.c.record_id)
        return or_(
            and_(table.c.record_kind == RecordKind.TICKET, key.in_(tickets)),
            and_(table.c.record_kind == RecordKind.CONTACT, key.in_(contacts)),
        )

    said = or_(
        by_ticket(interaction),
        tuple_(interaction.c.connection_id, interaction.c.author_id).in_(contacts),
    )
    words = select(interaction.c.connection_id, interaction.c.id).where(said)
    return [
        (reading, tuple_(reading.c.connection_id, reading.c.interaction_id).in_(words)),
        (interaction, said),
        (
            survey,
            or_(
                by_ticket(survey),
                tuple_(survey.c.connection_id, survey.c.contact_id).in_(contacts),
            ),
        ),
        (moment, or_(moment.c.person_id == person_id, by_ticket(moment))),
        (verdict, or_(verdict.c.person_id == person_id, by_ticket(verdict))),
        (intervention, or_(intervention.c.person_id == person_id, by_ticket(intervention))),
        (correction, or_(correction.c.person_id == person_id, by_record(correction))),
        (field_state, by_record(field_state)),
        (
            inbox,
            or_(by_record(inbox), tuple_(inbox.c.connection_id, inbox.c.partition).in_(contacts)),
        ),
        (ticket_state, by_ticket(ticket_state)),
        (person_state, person_state.c.person_id == person_id),
        (ticket, _tickets(person_id)),
        (contact, contact.c.person_id == person_id),
    ]
