"""One customer's history, ticket by ticket: what was said, read and remembered.

Pages of tickets keep a long history readable and cheap; on one ticket the latest messages are
shown and the earlier ones counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import Row, and_, func, or_, select

from ..tables import contact, interaction, reading, survey, ticket, ticket_state
from .fields import FieldSeen, fields_seen
from .moments import MomentSeen, moments_of_tickets

#: Messages shown of one ticket; more is a case for the helpdesk itself.
MOST_MESSAGES = 100


@dataclass(frozen=True, kw_only=True)
class MessageSeen:
    """``reading``: what the model said of these very words; None for our own side, or not yet."""

    id: str
    author: str | None
    author_role: str
    text: str
    public: bool
    channel: str
    at: datetime
    reading: Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class SurveySeen:
    id: str
    kind: str
    score: float
    comment: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class TicketSeen:
    """``messages`` oldest first; ``earlier`` more came before them and are not here."""

    connection_id: str
    id: str
    subject: str
    status: str
    priority: str | None
    channel: str
    url: str | None
    created_at: datetime
    updated_at: datetime
    messages: Sequence[MessageSeen]
    earlier: int
    moments: Sequence[MomentSeen]
    surveys: Sequence[SurveySeen]
    fields: Sequence[FieldSeen]
    state: Mapping[str, Any] | None


def ticket_place(tx: Transaction, *, connection_id: str, id: str) -> tuple[int, datetime] | None:
    """Whose ticket it is and when it was made: where it stands in which timeline. None for a
    ticket that is unknown, or nobody's."""
    row = tx.execute(
        select(ticket.c.person_id, ticket.c.created_at).where(
            ticket.c.connection_id == connection_id, ticket.c.id == id
        )
    ).one_or_none()
    return None if row is None or row.person_id is None else (row.person_id, row.created_at)


def tickets_seen(
    tx: Transaction, person_id: int, *, limit: int, before: tuple[datetime, str] | None = None
) -> list[TicketSeen]:
    """A page of a person's tickets, the newest first. ``before``: the creation time and
    ``<connection>/<id>`` of the last one seen."""
    name = ticket.c.connection_id + "/" + ticket.c.id
    query = (
        select(ticket)
        .where(ticket.c.person_id == person_id)
        .order_by(ticket.c.created_at.desc(), name.desc())
        .limit(limit)
    )
    if before is not None:
        at, last = before
        query = query.where(
            or_(ticket.c.created_at < at, and_(ticket.c.created_at == at, name < last))
        )
    rows = tx.execute(query).all()
    by_connection: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        by_connection[row.connection_id].append(row.id)
    found: dict[tuple[str, str], TicketSeen] = {}
    for connection_id, ids in by_connection.items():
        mine = [row for row in rows if row.connection_id == connection_id]
        for each in _tickets(tx, connection_id, ids, mine):
            found[each.connection_id, each.id] = each
    return [found[row.connection_id, row.id] for row in rows]


def _tickets(
    tx: Transaction, connection_id: str, ids: list[str], rows: Sequence[Row[Any]]
) -> list[TicketSeen]:
    moments: dict[str | None, list[MomentSeen]] = defaultdict(list)
    for each in reversed(moments_of_tickets(tx, connection_id, ids)):
        moments[each.ticket_id].append(each)
    surveys: dict[str, list[SurveySeen]] = defaultdict(list)
    query = select(survey).where(
        survey.c.connection_id == connection_id, survey.c.ticket_id.in_(ids)
    )
    for row in tx.execute(query.order_by(survey.c.created_at)):
        surveys[row.ticket_id].append(
            SurveySeen(
                id=row.id, kind=row.kind, score=row.score, comment=row.comment, at=row.created_at
            )
        )
    fields = fields_seen(tx, connection_id, "ticket", ids)
    states = {
        row.ticket_id: row.state
        for row in tx.execute(
            select(ticket_state.c.ticket_id, ticket_state.c.state).where(
                ticket_state.c.connection_id == connection_id, ticket_state.c.ticket_id.in_(ids)
            )
        )
    }
    made = []
    for row in rows:
        messages, earlier = _messages(tx, connection_id, row.id)
        made.append(
            TicketSeen(
                connection_id=connection_id,
                id=row.id,
                subject=row.subject,
                status=row.status,
                priority=row.priority,
                channel=row.channel,
                url=row.url,
                created_at=row.created_at,
                updated_at=row.updated_at,
                messages=messages,
                earlier=earlier,
                moments=moments[row.id],
                surveys=surveys[row.id],
                fields=fields[row.id],
                state=states.get(row.id),
            )
        )
    return made


def _messages(tx: Transaction, connection_id: str, ticket_id: str) -> tuple[list[MessageSeen], int]:
    mine = interaction.c.connection_id == connection_id, interaction.c.ticket_id == ticket_id
    query = (
        select(interaction, contact.c.name.label("author"))
        .outerjoin(
            contact,
            and_(
                contact.c.connection_id == interaction.c.connection_id,
                contact.c.id == interaction.c.author_id,
            ),
        )
        .where(*mine)
        .order_by(interaction.c.created_at.desc(), interaction.c.id.desc())
        .limit(MOST_MESSAGES)
    )
    rows = list(reversed(tx.execute(query).all()))
    readings = _readings(tx, connection_id, [row.id for row in rows])
    total = tx.scalar(select(func.count()).select_from(interaction).where(*mine)) or 0
    messages = [
        MessageSeen(
            id=row.id,
            author=row.author,
            author_role=row.author_role,
            text=row.text,
            public=row.public,
            channel=row.channel,
            at=row.created_at,
            reading=readings.get((row.id, row.content_hash)),
        )
        for row in rows
    ]
    return messages, total - len(messages)


def _readings(
    tx: Transaction, connection_id: str, ids: list[str]
) -> dict[tuple[str, str], Mapping[str, Any]]:
    query = (
        select(reading)
        .where(reading.c.connection_id == connection_id, reading.c.interaction_id.in_(ids))
        .order_by(reading.c.created_at)  # of two models' readings the newer one stands
    )
    return {(row.interaction_id, row.content_hash): row.reading for row in tx.execute(query)}
