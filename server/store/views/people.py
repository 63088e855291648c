"""The people behind the contacts, as a page shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import and_, func, select

from ..tables import account, connection, contact, person, person_state
from .fields import FieldSeen, fields_seen


@dataclass(frozen=True, kw_only=True)
class ContactSeen:
    connection_id: str
    system: str
    id: str
    name: str
    email: str | None
    company: str | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class PersonSeen:
    """``state`` is what enrichment keeps of them, None before anything was remembered."""

    id: int
    name: str
    since: datetime
    contacts: Sequence[ContactSeen]
    paused_at: datetime | None
    erased_at: datetime | None
    state: Mapping[str, Any] | None
    feeling: float | None
    churn_risk: float | None
    fields: Sequence[FieldSeen]


@dataclass(frozen=True, kw_only=True)
class PersonListed:
    id: int
    name: str
    feeling: float | None
    churn_risk: float | None
    last_moment_at: datetime | None


def person_seen(tx: Transaction, id: int) -> PersonSeen | None:
    """One person with their contacts, or None. An erased one has no contacts any more."""
    row = tx.execute(
        select(
            person,
            person_state.c.state,
            person_state.c.feeling,
            person_state.c.churn_risk,
        )
        .outerjoin(person_state, person_state.c.person_id == person.c.id)
        .where(person.c.id == id)
    ).one_or_none()
    if row is None:
        return None
    contacts = _contacts(tx, id)
    return PersonSeen(
        id=row.id,
        name=contacts[0].name if contacts else "",
        since=min((each.created_at for each in contacts), default=row.created_at),
        contacts=contacts,
        paused_at=row.paused_at,
        erased_at=row.erased_at,
        state=row.state,
        feeling=row.feeling,
        churn_risk=row.churn_risk,
        fields=[
            field
            for each in contacts
            for field in fields_seen(tx, each.connection_id, "contact", [each.id])[each.id]
        ],
    )


def _contacts(tx: Transaction, id: int) -> list[ContactSeen]:
    query = (
        select(contact, connection.c.system, account.c.name.label("company"))
        .join(connection, connection.c.id == contact.c.connection_id)
        .outerjoin(
            account,
            and_(
                account.c.connection_id == contact.c.connection_id,
                account.c.id == contact.c.account_id,
            ),
        )
        .where(contact.c.person_id == id)
        .order_by(contact.c.created_at, contact.c.connection_id, contact.c.id)
    )
    return [
        ContactSeen(
            connection_id=row.connection_id,
            system=row.system,
            id=row.id,
            name=row.name,
            email=row.email,
            company=row.company,
            created_at=row.created_at,
        )
        for row in tx.execute(query)
    ]


def people_seen(tx: Transaction, *, limit: int, named: str | None = None) -> list[PersonListed]:
    """People with a memory, the latest moment first; ``named``: whose name has this in it."""
    name = (
        select(func.min(contact.c.name)).where(contact.c.person_id == person.c.id).scalar_subquery()
    )
    query = (
        select(person.c.id, name.label("name"), person_state)
        .join(person_state, person_state.c.person_id == person.c.id)
        .where(person.c.erased_at.is_(None))
        .order_by(person_state.c.last_moment_at.desc().nulls_last(), person.c.id.desc())
        .limit(limit)
    )
    if named:
        query = query.where(
            person.c.id.in_(
                select(contact.c.person_id).where(contact.c.name.icontains(named, autoescape=True))
            )
        )
    return [
        PersonListed(
            id=row.id,
            name=row.name or "",
            feeling=row.feeling,
            churn_risk=row.churn_risk,
            last_moment_at=row.last_moment_at,
        )
        for row in tx.execute(query)
    ]
