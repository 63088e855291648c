"""Customers who write, agents who answer, and what a reader would have read: all made by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings

from connectors.records import (
    AuthorRole,
    Interaction,
    Priority,
    SurveyKind,
    SurveyResponse,
    Ticket,
    TicketStatus,
)
from enrichment.fold import Advance, advance
from enrichment.moments import Turn
from enrichment.priors import PRIORS, Priors
from enrichment.readings import EMOTIONS, Reading, Sentiment, Span
from enrichment.state import PersonState, TicketState

# The machines that run this are shared: how long an example takes says nothing.
settings.register_profile("shared", deadline=None)
settings.load_profile("shared")

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def reading(
    text: str,
    valence: float,
    labels: Sequence[str] = (),
    *,
    intensity: float = 0.6,
    confidence: float = 0.9,
) -> Reading:
    whole = Span(start=0, end=len(text), quote=text) if text else None
    return Reading(
        model="by-hand-1",
        language="en",
        emotions=dict.fromkeys(EMOTIONS, 0.02) | dict.fromkeys(labels, 0.8),
        labels=tuple(labels),
        sentiment=Sentiment.from_valence(valence),
        valence=valence,
        intensity=intensity,
        confidence=confidence,
        evidence={"sentiment": whole} | dict.fromkeys(labels, whole) if whole else {},
    )


def unknown(why: str = "too short") -> Reading:
    return Reading(model="by-hand-1", language=None, unknown=why)


@dataclass
class Desk:
    """One person's side of a helpdesk: folds what is said and keeps the states."""

    priors: Priors = PRIORS
    person: PersonState = field(default_factory=lambda: PersonState(person_id="p1"))
    tickets: dict[str, TicketState] = field(default_factory=dict)
    said: int = 0

    def record(
        self,
        id: str = "42",
        *,
        days: float = 0.0,
        priority: Priority | None = None,
        subject: str = "Help",
    ) -> Ticket:
        at = START + timedelta(days=days)
        return Ticket(
            id=id,
            subject=subject,
            status=TicketStatus.OPEN,
            priority=priority,
            contact_id="c1",
            created_at=at,
            updated_at=at,
        )

    def customer(
        self,
        text: str,
        valence: float | None = None,
        labels: Sequence[str] = (),
        *,
        hours: float = 0.0,
        days: float = 0.0,
        ticket: str = "42",
        intensity: float = 0.6,
        confidence: float = 0.9,
        channel: str = "email",
        id: str | None = None,
    ) -> Turn:
        read = (
            unknown()
            if valence is None
            else reading(text, valence, labels, intensity=intensity, confidence=confidence)
        )
        at = timedelta(days=days, hours=hours)
        said = self._said(
            text, AuthorRole.CUSTOMER, who="c1", at=at, ticket=ticket, channel=channel, id=id
        )
        return Turn.of(said, read)

    def agent(
        self,
        text: str,
        *,
        hours: float = 0.0,
        days: float = 0.0,
        ticket: str = "42",
        who: str = "a1",
        public: bool = True,
    ) -> Turn:
        at = timedelta(days=days, hours=hours)
        return Turn.of(
            self._said(text, AuthorRole.AGENT, who=who, at=at, ticket=ticket, public=public)
        )

    def survey(
        self, score: float, *, hours: float = 0.0, comment: str | None = None, ticket: str = "42"
    ) -> SurveyResponse:
        return SurveyResponse(
            id=f"s{score}-{hours}",
            kind=SurveyKind.CSAT,
            ticket_id=ticket,
            contact_id="c1",
            score=score,
            comment=comment,
            created_at=START + timedelta(hours=hours),
        )

    def fold(
        self,
        *turns: Turn,
        record: Ticket | None = None,
        surveys: Iterable[SurveyResponse] = (),
        vector: Sequence[float] | None = None,
        now: datetime = START + timedelta(days=3650),
    ) -> Advance:
        record = record or self.record(turns[0].interaction.ticket_id if turns else "42")
        before = self.tickets.get(record.id, TicketState(ticket_id=record.id))
        made = advance(
            person=self.person,
            ticket=before,
            record=record,
            turns=turns,
            surveys=tuple(surveys),
            theme_vector=vector,
            now=now,
            priors=self.priors,
        )
        self.person = made.person
        self.tickets[record.id] = made.ticket
        return made

    def _said(
        self,
        text: str,
        role: AuthorRole,
        *,
        who: str,
        at: timedelta,
        ticket: str,
        channel: str = "email",
        id: str | None = None,
        public: bool = True,
    ) -> Interaction:
        self.said += 1
        return Interaction(
            id=id or f"i{self.said}",
            ticket_id=ticket,
            author_id=who,
            author_role=role,
            text=text,
            public=public,
            channel=channel,
            created_at=START + at,
        )


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture(scope="session")
def new_desk() -> type[Desk]:
    """For properties, which want a new desk for each example."""
    return Desk
