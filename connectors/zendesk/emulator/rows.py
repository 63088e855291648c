"""What the emulated account remembers: one mutable row a thing, under one lock (see ``state``).

Rows hold no behaviour. ``Ticket.values`` keeps custom fields that are filled and nothing else;
``Ticket.generated_at`` is what the exports sort by and moves whenever ``updated_at`` does, and
at times alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

#: Who rule changes and automations are by.
SYSTEM_ID = -1


@dataclass(slots=True)
class Group:
    id: int
    name: str
    created_at: datetime


@dataclass(slots=True)
class Identity:
    id: int
    value: str
    verified: bool
    primary: bool
    created_at: datetime


@dataclass(slots=True)
class User:
    id: int
    name: str
    email: str | None
    role: str
    created_at: datetime
    updated_at: datetime
    phone: str | None = None
    time_zone: str = "UTC"
    locale: str = "en-US"
    organization_id: int | None = None
    external_id: str | None = None
    verified: bool = False
    active: bool = True
    suspended: bool = False
    gone: bool = False
    alias: str | None = None
    details: str | None = None
    notes: str | None = None
    default_group_id: int | None = None
    tags: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    identities: list[Identity] = field(default_factory=list)

    @property
    def is_staff(self) -> bool:
        return self.role in ("agent", "admin")


@dataclass(slots=True)
class Organization:
    id: int
    name: str
    created_at: datetime
    updated_at: datetime
    external_id: str | None = None
    domain_names: list[str] = field(default_factory=list)
    details: str | None = None
    notes: str | None = None
    group_id: int | None = None
    shared_tickets: bool = False
    shared_comments: bool = False
    tags: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    deleted_at: datetime | None = None


@dataclass(slots=True)
class Comment:
    id: int
    ticket_id: int
    audit_id: int
    author_id: int
    body: str
    html_body: str
    public: bool
    via: dict[str, Any]
    created_at: datetime


@dataclass(slots=True)
class AuditEvent:
    """``comment`` is set on Comment events, so that a redaction shows in old audits too."""

    id: int
    type: str
    body: dict[str, Any]
    comment: Comment | None = None


@dataclass(slots=True)
class Audit:
    id: int
    ticket_id: int
    author_id: int
    created_at: datetime
    via: dict[str, Any]
    client: str
    events: list[AuditEvent]
    custom: dict[str, Any]


@dataclass(slots=True)
class Rating:
    id: int
    ticket_id: int
    requester_id: int
    assignee_id: int | None
    group_id: int | None
    score: str
    comment: str | None
    created_at: datetime
    updated_at: datetime
    survey_id: str = ""


@dataclass(slots=True)
class Ticket:
    id: int
    subject: str
    status: str
    requester_id: int
    submitter_id: int
    created_at: datetime
    updated_at: datetime
    generated_at: datetime
    via: dict[str, Any]
    brand_id: int
    ticket_form_id: int
    description: str = ""
    type: str | None = None
    priority: str | None = None
    assignee_id: int | None = None
    organization_id: int | None = None
    group_id: int | None = None
    external_id: str | None = None
    problem_id: int | None = None
    custom_status_id: int | None = None
    due_at: str | None = None
    recipient: str | None = None
    collaborator_ids: list[int] = field(default_factory=list)
    follower_ids: list[int] = field(default_factory=list)
    email_cc_ids: list[int] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    values: dict[int, Any] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    audits: list[Audit] = field(default_factory=list)
    rating: Rating | None = None
    merged_into: int | None = None
    deleted_at: datetime | None = None
    deleted_by: int | None = None
    gone: bool = False

    @property
    def is_public(self) -> bool:
        return any(comment.public for comment in self.comments)
