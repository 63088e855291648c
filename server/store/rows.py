"""Records to rows and back. The two directions stand next to each other, so that neither forgets
a column the other knows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Row

from connectors.records import (
    Account,
    AuthorRole,
    Contact,
    FieldValue,
    Interaction,
    Priority,
    SurveyKind,
    SurveyResponse,
    Ticket,
    TicketStatus,
)

from .types import storable


def content_hash(text: str) -> str:
    """Names a text: texts that are stored alike have equal hashes."""
    return hashlib.sha256(storable(text).encode()).hexdigest()[:32]


def email_key(value: Contact) -> str | None:
    """What two contacts with the same verified address share, or None."""
    if not value.email or not value.email_verified:
        return None
    return value.email.strip().casefold() or None


def plain(value: FieldValue) -> Any:
    """A field's value as JSON knows it."""
    return list(value) if isinstance(value, tuple) else value


def field_value(value: Any) -> FieldValue:
    """A field's value back from JSON."""
    return tuple(value) if isinstance(value, list) else value


def _fields(values: Mapping[str, FieldValue]) -> dict[str, Any]:
    return {key: plain(value) for key, value in values.items()}


def _field_values(values: Mapping[str, Any]) -> Mapping[str, FieldValue]:
    return MappingProxyType({key: field_value(value) for key, value in values.items()})


def account_row(connection_id: str, value: Account, now: datetime) -> dict[str, Any]:
    return {
        "connection_id": connection_id,
        "id": value.id,
        "name": value.name,
        "domains": list(value.domains),
        "external_id": value.external_id,
        "deleted": value.deleted,
        "created_at": value.created_at,
        "updated_at": value.updated_at,
        "synced_at": now,
    }


def account_value(row: Row[Any]) -> Account:
    return Account(
        id=row.id,
        name=row.name,
        domains=tuple(row.domains),
        external_id=row.external_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        deleted=row.deleted,
    )


def contact_row(connection_id: str, value: Contact, now: datetime) -> dict[str, Any]:
    return {
        "connection_id": connection_id,
        "id": value.id,
        "name": value.name,
        "email": value.email,
        "email_verified": value.email_verified,
        "email_key": email_key(value),
        "phone": value.phone,
        "role": value.role,
        "account_id": value.account_id,
        "external_id": value.external_id,
        "time_zone": value.time_zone,
        "locale": value.locale,
        "tags": list(value.tags),
        "fields": _fields(value.fields),
        "deleted": value.deleted,
        "created_at": value.created_at,
        "updated_at": value.updated_at,
        "synced_at": now,
    }


def contact_value(row: Row[Any]) -> Contact:
    return Contact(
        id=row.id,
        name=row.name,
        email=row.email,
        email_verified=row.email_verified,
        phone=row.phone,
        role=AuthorRole(row.role),
        account_id=row.account_id,
        external_id=row.external_id,
        time_zone=row.time_zone,
        locale=row.locale,
        tags=tuple(row.tags),
        fields=_field_values(row.fields),
        created_at=row.created_at,
        updated_at=row.updated_at,
        deleted=row.deleted,
    )


def ticket_row(
    connection_id: str, value: Ticket, now: datetime, *, person_id: int | None
) -> dict[str, Any]:
    return {
        "connection_id": connection_id,
        "id": value.id,
        "person_id": person_id,
        "subject": value.subject,
        "status": value.status,
        "priority": value.priority,
        "contact_id": value.contact_id,
        "account_id": value.account_id,
        "assignee_id": value.assignee_id,
        "group_id": value.group_id,
        "channel": value.channel,
        "url": value.url,
        "tags": list(value.tags),
        "fields": _fields(value.fields),
        "version": value.version,
        "created_at": value.created_at,
        "updated_at": value.updated_at,
        "synced_at": now,
    }


def ticket_value(row: Row[Any]) -> Ticket:
    return Ticket(
        id=row.id,
        subject=row.subject,
        status=TicketStatus(row.status),
        priority=None if row.priority is None else Priority(row.priority),
        contact_id=row.contact_id,
        account_id=row.account_id,
        assignee_id=row.assignee_id,
        group_id=row.group_id,
        channel=row.channel,
        url=row.url,
        tags=tuple(row.tags),
        fields=_field_values(row.fields),
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def interaction_row(connection_id: str, value: Interaction, now: datetime) -> dict[str, Any]:
    return {
        "connection_id": connection_id,
        "ticket_id": value.ticket_id,
        "id": value.id,
        "author_id": value.author_id,
        "author_role": value.author_role,
        "text": value.text,
        "public": value.public,
        "channel": value.channel,
        "content_hash": content_hash(value.text),
        "created_at": value.created_at,
        "synced_at": now,
    }


def interaction_value(row: Row[Any]) -> Interaction:
    return Interaction(
        id=row.id,
        ticket_id=row.ticket_id,
        author_id=row.author_id,
        author_role=AuthorRole(row.author_role),
        text=row.text,
        public=row.public,
        channel=row.channel,
        created_at=row.created_at,
    )


def survey_row(connection_id: str, value: SurveyResponse, now: datetime) -> dict[str, Any]:
    return {
        "connection_id": connection_id,
        "id": value.id,
        "kind": value.kind,
        "ticket_id": value.ticket_id,
        "contact_id": value.contact_id,
        "score": value.score,
        "comment": value.comment,
        "created_at": value.created_at,
        "synced_at": now,
    }


def survey_value(row: Row[Any]) -> SurveyResponse:
    return SurveyResponse(
        id=row.id,
        kind=SurveyKind(row.kind),
        ticket_id=row.ticket_id,
        contact_id=row.contact_id,
        score=row.score,
        comment=row.comment,
        created_at=row.created_at,
    )
