"""The people behind the contacts.

A contact that is new becomes a person of its own, or is joined to one: by a verified e-mail
address, by an external id, or by hand. A join by hand, and a split, stand: no later record
changes them. Our own side's people (agents) are nobody here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import Row, func, select, text, update

from connectors.records import AuthorRole, Contact

from .erasure import hold_off
from .rows import email_key
from .tables import contact, intervention, moment, person, ticket

#: Held while contacts are placed, so that two with one address do not become two people.
LOCK = 0x706C616365


class JoinedBy(StrEnum):
    """Why a contact is the person it is. ``APART``: split off by hand, and matched by nobody."""

    ALONE = "alone"
    EMAIL = "email"
    EXTERNAL_ID = "external_id"
    HAND = "hand"
    APART = "apart"


@dataclass(frozen=True, kw_only=True)
class Person:
    id: int
    consent: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    paused_at: datetime | None
    erased_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Member:
    """One contact of a person."""

    connection_id: str
    contact_id: str
    name: str
    joined_by: JoinedBy


class UnknownPerson(LookupError):
    """There is no person of that number."""


def lock_placing(tx: Transaction) -> None:
    """One transaction at a time places contacts (on SQLite there is only one writer anyway)."""
    if tx.dialect.name != "sqlite":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})


def place(
    tx: Transaction, *, connection_id: str, value: Contact, now: datetime
) -> tuple[int, JoinedBy]:
    """The person a new contact belongs to: the one it matches, or a new one.

    Call under ``lock_placing``, before the contact's row is written.
    """
    key = email_key(value)
    for how, same in (
        (JoinedBy.EXTERNAL_ID, value.external_id and contact.c.external_id == value.external_id),
        (JoinedBy.EMAIL, key and contact.c.email_key == key),
    ):
        if same is None or same == "":
            continue
        query = (
            select(contact.c.person_id)
            .join(person, person.c.id == contact.c.person_id)
            .where(same, contact.c.role == AuthorRole.CUSTOMER, person.c.erased_at.is_(None))
            .where((contact.c.connection_id != connection_id) | (contact.c.id != value.id))
            .where(contact.c.joined_by != JoinedBy.APART)
            .order_by(contact.c.person_id)
            .limit(1)
        )
        found = tx.scalar(query)
        if found is not None:
            return found, how
    return create(tx, now=now), JoinedBy.ALONE


def settle(
    tx: Transaction, *, connection_id: str, contact_id: str, person_id: int, how: JoinedBy
) -> None:
    """Say whose contact this is, and whose the tickets are that came before their requester."""
    tx.execute(
        update(contact)
        .where(contact.c.connection_id == connection_id, contact.c.id == contact_id)
        .values(person_id=person_id, joined_by=how)
    )
    tx.execute(
        update(ticket)
        .where(ticket.c.connection_id == connection_id, ticket.c.contact_id == contact_id)
        .values(person_id=person_id)
    )


def create(tx: Transaction, *, now: datetime) -> int:
    """A new person nobody belongs to yet."""
    statement = person.insert().values(created_at=now, updated_at=now).returning(person.c.id)
    id: int = tx.execute(statement).scalar_one()
    return id


def get(tx: Transaction, id: int) -> Person:
    """Raises ``UnknownPerson``. Nobody erases anybody until the transaction ends, so whoever
    looked at ``paused_at`` may go on to remember (an erased person is paused as well)."""
    hold_off(tx)
    row = tx.execute(select(person).where(person.c.id == id)).one_or_none()
    if row is None:
        raise UnknownPerson(f"there is no person {id}")
    return _value(row)


def of_contact(tx: Transaction, *, connection_id: str, contact_id: str) -> int | None:
    """The person behind a contact; None when it is unknown, or on our own side."""
    return tx.scalar(
        select(contact.c.person_id).where(
            contact.c.connection_id == connection_id, contact.c.id == contact_id
        )
    )


def members(tx: Transaction, id: int) -> list[Member]:
    """The contacts that are this person."""
    query = (
        select(contact.c.connection_id, contact.c.id, contact.c.name, contact.c.joined_by)
        .where(contact.c.person_id == id)
        .order_by(contact.c.connection_id, contact.c.id)
    )
    return [
        Member(
            connection_id=row.connection_id,
            contact_id=row.id,
            name=row.name,
            joined_by=JoinedBy(row.joined_by or JoinedBy.ALONE),
        )
        for row in tx.execute(query)
    ]


def set_paused(tx: Transaction, id: int, *, paused: bool, now: datetime) -> None:
    """While paused nothing new is remembered of this person, written or sent about them."""
    values = {"paused_at": func.coalesce(person.c.paused_at, now) if paused else None}
    _update(tx, id, {**values, "updated_at": now})


def set_consent(tx: Transaction, id: int, *, consent: Mapping[str, Any], now: datetime) -> None:
    """What this person agreed to or refused, as JSON values."""
    _update(tx, id, {"consent": dict(consent), "updated_at": now})


def move(
    tx: Transaction,
    *,
    connection_id: str,
    contact_id: str,
    to: int | None,
    now: datetime,
) -> int:
    """Join a contact to another person, or split it off (``to=None``: a person of its own).

    Its tickets, moments and interventions go with it. Returns the person it now is; the states
    of both people must be made anew from their moments. Raises ``LookupError`` for an unknown
    contact or person.
    """
    target = create(tx, now=now) if to is None else get(tx, to).id
    how = JoinedBy.APART if to is None else JoinedBy.HAND
    values = {"person_id": target, "joined_by": how}
    mine = (contact.c.connection_id == connection_id) & (contact.c.id == contact_id)
    if tx.execute(update(contact).where(mine).values(**values)).rowcount == 0:
        raise LookupError(f"there is no contact {contact_id} in {connection_id}")
    for table in (ticket, moment, intervention):
        tx.execute(
            update(table)
            .where(table.c.connection_id == connection_id, table.c.contact_id == contact_id)
            .values(person_id=target)
        )
    return target


def _update(tx: Transaction, id: int, values: Mapping[str, Any]) -> None:
    if tx.execute(update(person).where(person.c.id == id).values(**values)).rowcount == 0:
        raise UnknownPerson(f"there is no person {id}")


def _value(row: Row[Any]) -> Person:
    return Person(
        id=row.id,
        consent=MappingProxyType(row.consent or {}),
        created_at=row.created_at,
        updated_at=row.updated_at,
        paused_at=row.paused_at,
        erased_at=row.erased_at,
    )
