"""Everything kept about one person, as plain JSON values, for the person who asks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, or_, select, tuple_
from sqlalchemy import Connection as Transaction

from connectors.records import RecordKind

from .people import get
from .tables import (
    contact,
    correction,
    field_state,
    interaction,
    intervention,
    moment,
    person_state,
    reading,
    survey,
    ticket,
    ticket_state,
    verdict,
)

#: Columns that are about our work, not about the person.
OURS = frozenset(
    {"synced_at", "enriched_at", "content_hash", "vector", "email_key", "next_at", "attempts"}
)


def export_person(tx: Transaction, person_id: int) -> dict[str, Any]:
    """Table by table, times as ISO 8601. Raises ``UnknownPerson``.

    Other people's contacts are not in it; what agents wrote on the person's tickets is.
    """
    who = get(tx, person_id)
    contacts = select(contact.c.connection_id, contact.c.id).where(contact.c.person_id == person_id)
    tickets = select(ticket.c.connection_id, ticket.c.id).where(ticket.c.person_id == person_id)

    def by_ticket(table: Table) -> ColumnElement[bool]:
        return tuple_(table.c.connection_id, table.c.ticket_id).in_(tickets)

    def by_record(table: Table) -> ColumnElement[bool]:
        key = tuple_(table.c.connection_id, table.c.record_id)
        return or_(
            and_(table.c.record_kind == RecordKind.TICKET, key.in_(tickets)),
            and_(table.c.record_kind == RecordKind.CONTACT, key.in_(contacts)),
        )

    answered = tuple_(survey.c.connection_id, survey.c.contact_id).in_(contacts)
    words = select(interaction.c.connection_id, interaction.c.id).where(by_ticket(interaction))
    read = tuple_(reading.c.connection_id, reading.c.interaction_id).in_(words)
    parts: list[tuple[str, Table, ColumnElement[bool]]] = [
        ("contacts", contact, contact.c.person_id == person_id),
        ("tickets", ticket, ticket.c.person_id == person_id),
        ("interactions", interaction, by_ticket(interaction)),
        ("surveys", survey, or_(by_ticket(survey), answered)),
        ("readings", reading, read),
        ("moments", moment, moment.c.person_id == person_id),
        ("memory", person_state, person_state.c.person_id == person_id),
        ("ticket_memory", ticket_state, by_ticket(ticket_state)),
        ("fields", field_state, by_record(field_state)),
        ("corrections", correction, by_record(correction)),
        ("interventions", intervention, intervention.c.person_id == person_id),
        ("verdicts", verdict, verdict.c.person_id == person_id),
    ]
    found: dict[str, Any] = {
        "person": {
            "id": who.id,
            "consent": dict(who.consent),
            "created_at": who.created_at.isoformat(),
            "paused_at": None if who.paused_at is None else who.paused_at.isoformat(),
        }
    }
    for name, table, condition in parts:
        query = select(table).where(condition).order_by(*table.primary_key.columns)
        found[name] = [
            {key: _plain(value) for key, value in row.items() if key not in OURS}
            for row in tx.execute(query).mappings()
        ]
    return found


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
