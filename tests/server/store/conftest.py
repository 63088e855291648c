"""Values to store, and a connection to store them under."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import Change
from connectors.records import (
    AuthorRole,
    Contact,
    Interaction,
    RecordKind,
    RecordRef,
    SurveyKind,
    SurveyResponse,
    Ticket,
    TicketBundle,
    TicketStatus,
)
from server.store import Database, connections


class Make:
    """Records with sensible values; what a test is about it says itself."""

    now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def at(self, **later: float) -> datetime:
        return self.now + timedelta(**later)

    def change(self, event_id: str, *, ticket: str = "7", partition: str | None = "c1") -> Change:
        record = RecordRef(kind=RecordKind.TICKET, id=ticket)
        return Change(
            event_id=event_id,
            record=record,
            kind="ticket.changed",
            at=self.now,
            partition=partition,
        )

    def contact(self, id: str = "c1", **values: Any) -> Contact:
        start: dict[str, Any] = {
            "id": id,
            "name": f"Customer {id}",
            "email": None,
            "created_at": self.now,
            "updated_at": self.now,
        }
        return Contact(**{**start, **values})

    def ticket(self, id: str = "7", **values: Any) -> Ticket:
        start: dict[str, Any] = {
            "id": id,
            "subject": "The sensor is offline",
            "status": TicketStatus.OPEN,
            "contact_id": "c1",
            "created_at": self.now,
            "updated_at": self.now,
        }
        return Ticket(**{**start, **values})

    def said(self, id: str = "1", text: str = "It fails again.", **values: Any) -> Interaction:
        start: dict[str, Any] = {
            "id": id,
            "ticket_id": "7",
            "author_id": "c1",
            "author_role": AuthorRole.CUSTOMER,
            "text": text,
            "public": True,
            "channel": "email",
            "created_at": self.now,
        }
        return Interaction(**{**start, **values})

    def survey(self, id: str = "s1", **values: Any) -> SurveyResponse:
        start: dict[str, Any] = {
            "id": id,
            "kind": SurveyKind.CSAT,
            "ticket_id": "7",
            "contact_id": "c1",
            "score": -1.0,
            "created_at": self.now,
        }
        return SurveyResponse(**{**start, **values})

    def bundle(self, **values: Any) -> TicketBundle:
        start: dict[str, Any] = {
            "ticket": self.ticket(),
            "interactions": (self.said(),),
            "contacts": (self.contact(),),
        }
        return TicketBundle(**{**start, **values})


@pytest.fixture
def make() -> Make:
    return Make()


@pytest.fixture
def zd(database: Database, make: Make) -> str:
    """A connection to store under."""
    with database.write() as tx:
        connections.create(tx, id="zd", system="zendesk", name="Support", now=make.now)
    return "zd"
