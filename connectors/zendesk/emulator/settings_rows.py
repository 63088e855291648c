"""What the emulated account is set up with: fields, forms, triggers, webhooks, jobs, tokens.

Like ``rows``, mutable and without behaviour.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class FieldOption:
    id: int
    name: str
    value: str


@dataclass(slots=True)
class Field:
    """A custom field of a ticket, user or organization; ``key`` is None on ticket fields."""

    id: int
    type: str
    title: str
    created_at: datetime
    updated_at: datetime
    key: str | None = None
    description: str = ""
    agent_description: str | None = None
    position: int = 9999
    active: bool = True
    required: bool = False
    removable: bool = True
    regexp: str | None = None
    tag: str | None = None
    visible_in_portal: bool = False
    editable_in_portal: bool = False
    required_in_portal: bool = False
    relationship_target_type: str | None = None
    options: list[FieldOption] = field(default_factory=list)

    @property
    def option_values(self) -> set[str]:
        return {option.value for option in self.options}


@dataclass(slots=True)
class Form:
    id: int
    name: str
    created_at: datetime
    updated_at: datetime
    ticket_field_ids: list[int] = field(default_factory=list)
    default: bool = False
    active: bool = True
    position: int = 0
    end_user_visible: bool = True
    in_all_brands: bool = True


@dataclass(slots=True)
class Trigger:
    id: int
    title: str
    category_id: str
    conditions: dict[str, list[dict[str, Any]]]
    actions: list[dict[str, Any]]
    created_at: datetime
    updated_at: datetime
    active: bool = True
    position: int = 0
    description: str | None = None


@dataclass(slots=True)
class Attempt:
    id: str
    status_code: int
    status: str
    request_headers: dict[str, str]
    payload: str
    response_headers: dict[str, str]
    response_payload: str
    completed_at: datetime


@dataclass(slots=True)
class Invocation:
    id: str
    webhook_id: str
    event_type: str
    created_at: datetime
    attempts: list[Attempt] = field(default_factory=list)


@dataclass(slots=True)
class Webhook:
    id: str
    name: str
    endpoint: str
    http_method: str
    request_format: str
    status: str
    subscriptions: list[str]
    secret: str
    created_at: datetime
    created_by: int
    description: str | None = None
    authentication: dict[str, Any] | None = None
    custom_headers: dict[str, str] | None = None
    updated_at: datetime | None = None
    updated_by: int | None = None
    invocations: list[Invocation] = field(default_factory=list)


@dataclass(slots=True)
class Job:
    """``items`` are worked off all at once when the job turns to ``completed``."""

    id: str
    kind: str
    action: str
    items: list[dict[str, Any]]
    actor_id: int
    client: str
    created_at: datetime
    status: str = "queued"
    polls: int = 0
    message: str | None = None
    results: list[dict[str, Any]] | None = None


@dataclass(slots=True)
class OAuthClient:
    id: int
    identifier: str
    secret: str
    name: str
    owner_id: int
    redirect_uris: list[str]
    confidential: bool = True
    allowed_scopes: list[str] | None = None


@dataclass(slots=True)
class OAuthCode:
    code: str
    client_id: int
    user_id: int
    redirect_uri: str
    scopes: list[str]
    challenge: str | None
    created_at: datetime


@dataclass(slots=True)
class OAuthToken:
    id: int
    client_id: int
    user_id: int
    access: str
    refresh: str | None
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    refresh_expires_at: datetime | None
    used_at: datetime | None = None
