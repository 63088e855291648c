"""Records as they stand in our copy, handed back as the values they came as."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection as Transaction
from sqlalchemy import func, select, update

from connectors.records import Account, AuthorRole, Contact, SurveyResponse, Ticket, TicketStatus

from . import rows
from .tables import (
    account,
    connection,
    contact,
    field_state,
    interaction,
    intervention,
    moment,
    reading,
    survey,
    ticket,
)


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


def last_answers(
    tx: Transaction, *, connection_id: str, ticket_ids: Collection[str]
) -> dict[str, str]:
    """What agents last answered on each of these tickets. What they said after the customer's
    last words (a farewell, as a rule) counts only where there is nothing else."""
    query = (
        select(interaction.c.ticket_id, interaction.c.author_role, interaction.c.text)
        .where(
            interaction.c.connection_id == connection_id,
            interaction.c.ticket_id.in_(ticket_ids),
            interaction.c.author_role.in_([AuthorRole.AGENT, AuthorRole.CUSTOMER]),
            interaction.c.public,
        )
        .order_by(interaction.c.created_at, interaction.c.id)
    )
    latest: dict[str, str] = {}
    heard: dict[str, str] = {}
    for row in tx.execute(query):
        if row.author_role == AuthorRole.AGENT:
            latest[row.ticket_id] = row.text
        elif row.ticket_id in latest:
            heard[row.ticket_id] = latest[row.ticket_id]
    return {**latest, **heard}


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


def person_by_email(tx: Transaction, email: str) -> int | None:
    """The person a customer's address belongs to; the oldest, when it is more than one."""
    query = (
        select(func.min(contact.c.person_id))
        .where(func.lower(contact.c.email) == email.strip().lower())
        .where(contact.c.person_id.is_not(None))
    )
    found: int | None = tx.scalar(query)
    return found


def summary(tx: Transaction) -> dict[str, int]:
    """The whole installation in numbers."""
    counted = {
        "connections": connection,
        "tickets": ticket,
        "interactions": interaction,
        "readings": reading,
        "moments": moment,
        "interventions": intervention,
    }
    found = {
        name: tx.scalar(select(func.count()).select_from(table)) or 0
        for name, table in counted.items()
    }
    written = select(func.count()).where(field_state.c.written_at.is_not(None))
    return {**found, "fields_written": tx.scalar(written) or 0}
