"""The latest moments, with the names and links people need."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import Select, and_, func, or_, select

from ..tables import contact, moment, person, ticket


@dataclass(frozen=True, kw_only=True)
class MomentSeen:
    """``data`` is the moment as enrichment made it. ``who`` is None for a contact not yet met."""

    id: str
    connection_id: str
    kind: str
    at: datetime
    person_id: int | None
    who: str | None
    ticket_id: str | None
    ticket_subject: str | None
    ticket_url: str | None
    interaction_id: str | None
    data: Mapping[str, Any]
    superseded: bool


_MOMENTS = (
    select(
        moment,
        contact.c.name.label("who"),
        ticket.c.subject.label("ticket_subject"),
        ticket.c.url.label("ticket_url"),
    )
    .outerjoin(
        contact,
        and_(
            contact.c.connection_id == moment.c.connection_id,
            contact.c.id == moment.c.contact_id,
        ),
    )
    .outerjoin(
        ticket,
        and_(ticket.c.connection_id == moment.c.connection_id, ticket.c.id == moment.c.ticket_id),
    )
    .outerjoin(person, person.c.id == moment.c.person_id)
)


def moments_seen(
    tx: Transaction,
    *,
    limit: int,
    before: tuple[datetime, str] | None = None,
    person_id: int | None = None,
    kind: str | None = None,
    connection_id: str | None = None,
) -> list[MomentSeen]:
    """The latest moments that still stand, newest first. ``before``: time and id of the last one
    seen."""
    query = _MOMENTS.where(moment.c.superseded_by.is_(None), person.c.erased_at.is_(None))
    if before is not None:
        at, id = before
        query = query.where(or_(moment.c.at < at, and_(moment.c.at == at, moment.c.id < id)))
    if person_id is not None:
        query = query.where(moment.c.person_id == person_id)
    if kind is not None:
        query = query.where(moment.c.kind == kind)
    if connection_id is not None:
        query = query.where(moment.c.connection_id == connection_id)
    return _moments(tx, query.limit(limit))


def moments_of_tickets(
    tx: Transaction, connection_id: str, ticket_ids: Collection[str]
) -> list[MomentSeen]:
    """All moments of these tickets, newest first."""
    mine = moment.c.connection_id == connection_id, moment.c.ticket_id.in_(ticket_ids)
    return _moments(tx, _MOMENTS.where(*mine))


def _moments(tx: Transaction, query: Select[Any]) -> list[MomentSeen]:
    rows = tx.execute(query.order_by(moment.c.at.desc(), moment.c.id.desc()))
    return [
        MomentSeen(
            id=row.id,
            connection_id=row.connection_id,
            kind=row.kind,
            at=row.at,
            person_id=row.person_id,
            who=row.who,
            ticket_id=row.ticket_id,
            ticket_subject=row.ticket_subject,
            ticket_url=row.ticket_url,
            interaction_id=row.interaction_id,
            data=row.data,
            superseded=row.superseded_by is not None,
        )
        for row in rows
    ]


def moments_since(tx: Transaction, since: datetime) -> int:
    """How many that stand happened since then."""
    query = select(func.count()).where(moment.c.at >= since, moment.c.superseded_by.is_(None))
    return tx.scalar(query) or 0
