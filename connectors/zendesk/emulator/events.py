"""What happened, and how an event webhook tells it.

A ``Happening`` is one change of one record with all the events it gives rise to; they share
``meta.sequence``. ``detail`` is rendered when the event is sent, from the record as it is then.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .indexes import iso
from .rows import Comment, Organization, Ticket, User
from .state import State

TICKET_VERSION = "2022-11-06"
USER_VERSION = "2022-06-20"
_PREFIX = "zen:event-type:"


@dataclass(frozen=True, kw_only=True)
class Happening:
    """``events``: pairs of event name (``ticket.created``) and its ``event`` object.

    ``facts`` are what triggers look at: whether the ticket was just made, the new comment, the
    channel, and which fields moved.
    """

    kind: str
    record_id: int
    actor_id: int
    at: datetime
    events: tuple[tuple[str, Mapping[str, Any]], ...]
    created: bool = False
    comment: Comment | None = None
    channel: str = "api"
    moved: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event, ready to be rendered at the moment of sending."""

    id: str
    type: str
    render: Callable[[], dict[str, Any]]


def text_id(value: int | None) -> str:
    """Webhooks give ids as strings, "0" for none."""
    return str(value) if value is not None else "0"


def upper(value: str | None) -> str | None:
    return value.upper() if value else None


def _ticket_detail(ticket: Ticket) -> dict[str, Any]:
    return {
        "id": str(ticket.id),
        "actor_id": "0",
        "requester_id": text_id(ticket.requester_id),
        "submitter_id": text_id(ticket.submitter_id),
        "assignee_id": text_id(ticket.assignee_id),
        "group_id": text_id(ticket.group_id),
        "organization_id": text_id(ticket.organization_id),
        "brand_id": text_id(ticket.brand_id),
        "form_id": text_id(ticket.ticket_form_id),
        "custom_status": text_id(ticket.custom_status_id),
        "external_id": ticket.external_id or "",
        "subject": ticket.subject,
        "description": ticket.description,
        "status": ticket.status.upper(),
        "priority": upper(ticket.priority),
        "type": upper(ticket.type),
        "is_public": ticket.is_public,
        "tags": list(ticket.tags),
        "via": {"channel": ticket.via["channel"]},
        "created_at": iso(ticket.created_at),
        "updated_at": iso(ticket.updated_at),
    }


def _user_detail(user: User) -> dict[str, Any]:
    return {
        "created_at": iso(user.created_at),
        "updated_at": iso(user.updated_at),
        "email": user.email,
        "external_id": user.external_id or "",
        "default_group_id": text_id(user.default_group_id),
        "id": str(user.id),
        "organization_id": text_id(user.organization_id),
        "role": user.role.replace("-", "_").upper(),
    }


def _organization_detail(row: Organization) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "name": row.name,
        "external_id": row.external_id or "",
        "group_id": text_id(row.group_id),
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
    }


def detail_of(state: State, happening: Happening) -> dict[str, Any]:
    """The record as it stands now."""
    if happening.kind == "ticket":
        detail = _ticket_detail(state.tickets[happening.record_id])
        return {**detail, "actor_id": str(happening.actor_id)}
    if happening.kind == "user":
        return _user_detail(state.users[happening.record_id])
    return _organization_detail(state.organizations[happening.record_id])


def events_of(state: State, happening: Happening) -> list[Event]:
    """One event each, sharing a sequence; positions count from 1 in the order written."""
    sequence = uuid.uuid4().hex.upper()
    version = TICKET_VERSION if happening.kind == "ticket" else USER_VERSION
    total = len(happening.events)

    def event(position: int, name: str, told: Mapping[str, Any]) -> Event:
        event_id = str(uuid.uuid4())
        meta = {"sequence": {"id": sequence, "position": position, "total": total}}

        def render() -> dict[str, Any]:
            return {
                "type": _PREFIX + name,
                "account_id": state.options.account_id,
                "id": event_id,
                "time": iso(happening.at),
                "zendesk_event_version": version,
                "subject": f"zen:{happening.kind}:{happening.record_id}",
                "detail": detail_of(state, happening),
                "event": {**told, "meta": meta},
            }

        return Event(id=event_id, type=_PREFIX + name, render=render)

    return [event(n, name, told) for n, (name, told) in enumerate(happening.events, start=1)]
