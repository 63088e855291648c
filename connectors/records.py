"""The records of a source system, in one shape for all of them. Frozen values, no behaviour.

The hard part is what they leave out: a record holds what Keepsake uses and no more, ids are
text exactly as the system gives them (as text, because 64-bit ids do not survive every JSON
reader), every time is aware UTC, and ``fields`` holds only the custom fields Keepsake owns,
under our own keys, already decoded to plain values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

#: A custom field's value: a text, a number, several option keys, or nothing.
FieldValue = str | int | float | bool | tuple[str, ...] | None


class RecordKind(StrEnum):
    TICKET = "ticket"
    CONTACT = "contact"
    ACCOUNT = "account"
    SURVEY = "survey"


class TicketStatus(StrEnum):
    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    SOLVED = "solved"
    CLOSED = "closed"
    DELETED = "deleted"


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class AuthorRole(StrEnum):
    CUSTOMER = "customer"
    AGENT = "agent"
    SYSTEM = "system"


class SurveyKind(StrEnum):
    CSAT = "csat"
    NPS = "nps"
    CES = "ces"


def _require_aware(owner: object, *names: str) -> None:
    for name in names:
        value = getattr(owner, name)
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{type(owner).__name__}.{name} needs a time zone")


@dataclass(frozen=True, kw_only=True)
class RecordRef:
    """One record of one kind, by its id over there."""

    kind: RecordKind
    id: str

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("a record needs an id")

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, kw_only=True)
class Account:
    """The customer's company."""

    id: str
    name: str
    domains: tuple[str, ...] = ()
    external_id: str | None = None
    created_at: datetime
    updated_at: datetime
    deleted: bool = False

    def __post_init__(self) -> None:
        _require_aware(self, "created_at", "updated_at")


@dataclass(frozen=True, kw_only=True)
class Contact:
    """A person as this one system knows them; ``role`` tells customers from our own people."""

    id: str
    name: str
    email: str | None
    email_verified: bool = False
    phone: str | None = None
    role: AuthorRole = AuthorRole.CUSTOMER
    account_id: str | None = None
    external_id: str | None = None
    time_zone: str | None = None
    locale: str | None = None
    tags: tuple[str, ...] = ()
    fields: Mapping[str, FieldValue] = field(default_factory=lambda: MappingProxyType({}))
    created_at: datetime
    updated_at: datetime
    deleted: bool = False

    def __post_init__(self) -> None:
        _require_aware(self, "created_at", "updated_at")


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """``version`` is what the system wants back to refuse a write over a newer change."""

    id: str
    subject: str
    status: TicketStatus
    priority: Priority | None = None
    contact_id: str | None
    account_id: str | None = None
    assignee_id: str | None = None
    group_id: str | None = None
    channel: str = "other"
    url: str | None = None
    tags: tuple[str, ...] = ()
    fields: Mapping[str, FieldValue] = field(default_factory=lambda: MappingProxyType({}))
    version: str | None = None
    created_at: datetime
    updated_at: datetime

    def __post_init__(self) -> None:
        _require_aware(self, "created_at", "updated_at")


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """One thing one person said. ``text`` is plain text; markup is removed by the connector."""

    id: str
    ticket_id: str
    author_id: str | None
    author_role: AuthorRole
    text: str
    public: bool
    channel: str
    created_at: datetime

    def __post_init__(self) -> None:
        _require_aware(self, "created_at")


@dataclass(frozen=True, kw_only=True)
class SurveyResponse:
    """``score`` in [-1, 1]: a CSAT "bad" is -1, "good" is 1; NPS and CES are scaled linearly."""

    id: str
    kind: SurveyKind
    ticket_id: str | None
    contact_id: str | None
    score: float
    comment: str | None = None
    created_at: datetime

    def __post_init__(self) -> None:
        _require_aware(self, "created_at")
        if not -1.0 <= self.score <= 1.0:
            raise ValueError(f"a survey score lies in [-1, 1], not {self.score}")


@dataclass(frozen=True, kw_only=True)
class TicketBundle:
    """A ticket whole: what was said on it (oldest first), by whom, and how it was rated.

    ``contacts`` holds every author met in ``interactions`` plus the requester.
    """

    ticket: Ticket
    interactions: tuple[Interaction, ...]
    contacts: tuple[Contact, ...]
    account: Account | None = None
    surveys: tuple[SurveyResponse, ...] = ()


Record = Ticket | Contact | Account | SurveyResponse
