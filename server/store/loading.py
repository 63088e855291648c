"""Records as they stand in our copy, handed back as the values they came as."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection as Transaction
from sqlalchemy import func, select, update

from connectors.records import Account, Contact, SurveyResponse, Ticket, TicketStatus

from . import rows
from .tables import account, contact, interaction, survey, ticket


def load_ticket(tx: Transaction, *, connection_id: str, ticket_id: str) -> Ticket | None:
    row = tx.execute(
        select(ticket).where(ticket.c.connection_id == connection_id, ticket.c.id == ticket_id)
    ).one_or_none()
    return None if row is None else rows.ticket_value(row)


def load_contact(tx: Transaction, *, connection_id: str, contact_id: str) -> Contact | None:
    row = tx.execute(
        select(contact).where(contact.c.connection_id == connection_id, contact.c.id == contact_id)
    ).one_or_none()
    return None if row is None else rows.contact_value(row)


def load_account(tx: Transaction, *, connection_id: str, account_id: str) -> Account | None:
    row = tx.execute(
        select(account).where(account.c.connection_id == connection_id, account.c.id == account_id)
    ).one_or_none()
    return None if row is None else rows.account_value(row)


def load_tickets(
    tx: Transaction, *, connection_id: str, ticket_ids: Collection[str]
) -> list[Ticket]:
    """Those of these tickets that we have, in the order they were opened."""
    query = (
        select(ticket)
        .where(ticket.c.connection_id == connection_id, ticket.c.id.in_(ticket_ids))
        .order_by(ticket.c.created_at, ticket.c.id)
    )
    return [rows.ticket_value(row) for row in tx.execute(query)]


def open_tickets(tx: Transaction, *, person_id: int) -> int:
    """How many of a person's tickets are not solved yet."""
    over = (TicketStatus.SOLVED, TicketStatus.CLOSED, TicketStatus.DELETED)
    query = select(func.count()).where(
        ticket.c.person_id == person_id, ticket.c.status.not_in(over)
    )
    return tx.scalar(query) or 0


def ticket_versions(
    tx: Transaction, *, connection_id: str, ticket_ids: Collection[str]
) -> dict[str, str | None]:
    """What each of these tickets' systems wants back to refuse a write over a newer change."""
    query = select(ticket.c.id, ticket.c.version).where(
        ticket.c.connection_id == connection_id, ticket.c.id.in_(ticket_ids)
    )
    return {row.id: row.version for row in tx.execute(query)}


def tickets_by_age(
    tx: Transaction, *, connection_id: str, after: tuple[datetime, str] | None, limit: int
) -> list[Ticket]:
    """Tickets in the order they were opened, a page at a time; deleted ones are left out."""
    query = (
        select(ticket)
        .where(ticket.c.connection_id == connection_id, ticket.c.status != TicketStatus.DELETED)
        .order_by(ticket.c.created_at, ticket.c.id)
        .limit(limit)
    )
    if after is not None:
        at, id = after
        query = query.where(
            (ticket.c.created_at > at) | ((ticket.c.created_at == at) & (ticket.c.id > id))
        )
    return [rows.ticket_value(row) for row in tx.execute(query)]


def fresh_surveys(tx: Transaction, *, connection_id: str, ticket_id: str) -> list[SurveyResponse]:
    """Answers about a ticket that are not enriched yet, oldest first."""
    query = (
        select(survey)
        .where(
            survey.c.connection_id == connection_id,
            survey.c.ticket_id == ticket_id,
            survey.c.enriched_at.is_(None),
        )
        .order_by(survey.c.created_at, survey.c.id)
    )
    return [rows.survey_value(row) for row in tx.execute(query)]


def mark_surveys_enriched(
    tx: Transaction, *, connection_id: str, survey_ids: Collection[str], now: datetime
) -> None:
    tx.execute(
        update(survey)
        .where(survey.c.connection_id == connection_id, survey.c.id.in_(survey_ids))
        .values(enriched_at=now)
    )


def totals(tx: Transaction, *, connection_id: str) -> dict[str, int]:
    """How many tickets, contacts and interactions our copy holds."""
    found = {}
    for table in (ticket, contact, interaction):
        query = select(func.count()).select_from(table)
        found[table.name] = tx.scalar(query.where(table.c.connection_id == connection_id)) or 0
    return found
