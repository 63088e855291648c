"""What is kept between two messages: one state a ticket, one a person. Small and of bounded size.

A state is a fold over everything said so far: it can always be made again from the first message
on, and no message costs more because the history is long. ``to_json`` gives plain JSON values
with a version; a state of another version is not read but folded again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Self

from .arcs import Arc
from .codec import from_plain, to_plain
from .memory import Memory, effort, episode_quality, recall
from .moments import Evidence, MomentKind
from .priors import Priors
from .reader.signals import Urgency
from .readings import Sentiment

STATE_VERSION = 1


class UnknownStateVersion(ValueError):
    """The state was kept by another version of Keepsake: fold it again from the first message."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Which records were folded already: the newest ids, and a ``horizon``. What is not among
    the ids and no younger than the horizon was folded before its id was let go."""

    ids: tuple[str, ...] = ()
    times: tuple[datetime, ...] = ()
    horizon: datetime | None = None

    def holds(self, id: str, at: datetime) -> bool:
        return id in self.ids or (self.horizon is not None and at <= self.horizon)

    def plus(self, id: str, at: datetime, kept: int) -> Self:
        pairs = sorted([*zip(self.times, self.ids, strict=True), (at, id)])
        horizon = self.horizon
        if len(pairs) > kept:
            horizon, pairs = pairs[len(pairs) - kept - 1][0], pairs[len(pairs) - kept :]
        return type(self)(
            ids=tuple(id for _, id in pairs), times=tuple(at for at, _ in pairs), horizon=horizon
        )


@dataclass(frozen=True, kw_only=True)
class Episode:
    """The feelings of a ticket's readable customer turns, as a running summary."""

    count: int = 0
    total: float = 0.0
    peak: float = 0.0
    peak_strength: float = 0.0
    trough: float = 1.0
    end: float = 0.0
    end_at: datetime | None = None

    def plus(self, valence: float, strength: float, at: datetime) -> Self:
        is_peak = self.count == 0 or strength > self.peak_strength
        is_end = self.end_at is None or at >= self.end_at
        return type(self)(
            count=self.count + 1,
            total=self.total + valence,
            peak=valence if is_peak else self.peak,
            peak_strength=strength if is_peak else self.peak_strength,
            trough=min(self.trough, valence),
            end=valence if is_end else self.end,
            end_at=at if is_end else self.end_at,
        )

    def quality(self, priors: Priors) -> float | None:
        """Q of formula 6, None when nothing could be read."""
        if self.count == 0:
            return None
        return episode_quality(
            peak=self.peak,
            end=self.end,
            mean=self.total / self.count,
            trough=self.trough,
            priors=priors,
        )


@dataclass(frozen=True, kw_only=True)
class LatestWords:
    """What the customer's latest readable words say, with the words that show it."""

    at: datetime
    interaction_id: str
    model: str
    sentiment: Sentiment | None
    confidence: float | None
    emotion: str | None
    valence: float | None
    shows_sentiment: Evidence | None = None
    shows_emotion: Evidence | None = None


@dataclass(frozen=True, kw_only=True)
class Pressing:
    """How soon the ticket must be looked at, and what says so."""

    urgency: Urgency
    at: datetime
    evidence: Evidence


@dataclass(frozen=True, kw_only=True)
class Live:
    """The moment of a kind that stands on a ticket now, and how high it was."""

    moment_id: str
    level: float
    confidence: float


@dataclass(frozen=True, kw_only=True)
class TicketState:
    """``connection``: whose ticket id it is, for persons known through several. ``is_done``: solved
    or closed over there. ``reopens``: the customer came back with trouble after it was called
    fixed."""

    ticket_id: str
    connection: str = ""
    opened_at: datetime | None = None
    theme: str | None = None
    nth: int = 0
    is_done: bool = False
    seen: Seen = field(default_factory=Seen)
    seen_surveys: Seen = field(default_factory=Seen)
    customer_turns: int = 0
    agent_turns: int = 0
    first_customer_at: datetime | None = None
    last_customer_at: datetime | None = None
    last_agent_at: datetime | None = None
    last_agent: str | None = None
    transfers: int = 0
    channel: str | None = None
    channel_switches: int = 0
    told_you: int = 0
    reopens: int = 0
    extra_turns: int = 0
    severity: float = 0.0
    episode: Episode = field(default_factory=Episode)
    words: LatestWords | None = None
    unread: str | None = None
    pressing: Pressing | None = None
    arc: Arc = field(default_factory=Arc)
    live: Mapping[str, Live] = field(default_factory=lambda: MappingProxyType({}))
    memories: tuple[Memory, ...] = ()

    @property
    def tags(self) -> tuple[MomentKind, ...]:
        """The kinds of moments that stand on this ticket, in the order of the catalogue."""
        return tuple(kind for kind in MomentKind if kind in self.live)

    def effort(self, priors: Priors) -> float:
        """E of formula 9, in [0, 1]."""
        return effort(
            transfers=self.transfers,
            reopens=self.reopens,
            channel_switches=self.channel_switches,
            told_you=self.told_you,
            extra=self.extra_turns,
            priors=priors,
        )

    def to_json(self) -> dict[str, Any]:
        return {"version": STATE_VERSION, **to_plain(self)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Raises ``UnknownStateVersion``."""
        return from_plain(cls, _of_this_version(plain))


@dataclass(frozen=True, kw_only=True)
class PastTicket:
    """What a person's state keeps of one ticket."""

    id: str
    connection: str = ""
    opened_at: datetime
    last_at: datetime
    theme: str
    vector: str | None = None
    references: tuple[str, ...] = ()
    failures: int = 0
    is_failing: bool = False
    is_done: bool = False

    def is_of(self, ticket: TicketState) -> bool:
        return (self.connection, self.id) == (ticket.connection, ticket.ticket_id)


@dataclass(frozen=True, kw_only=True)
class PersonState:
    """``known_since``: when the source system first knew the contact, if the caller says so.
    ``kinds``: how often each kind of moment was met in ``readings_total`` readable messages."""

    person_id: str
    known_since: datetime | None = None
    first_seen: datetime | None = None
    last_customer_at: datetime | None = None
    tickets_total: int = 0
    readings_total: int = 0
    kinds: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    tickets: tuple[PastTicket, ...] = ()
    memories: tuple[Memory, ...] = ()
    anniversaries: int = 0

    @property
    def since(self) -> datetime | None:
        """The earlier of what the source system says and what we saw."""
        known = [at for at in (self.known_since, self.first_seen) if at is not None]
        return min(known) if known else None

    def carried(self, now: datetime, priors: Priors) -> tuple[Memory, ...]:
        """The memories a tag is worth ``now``: recalled by more than ``tag_recall``."""
        return tuple(m for m in self.memories if recall(m, now, priors) >= priors.tag_recall)

    def contacts_since(self, now: datetime, days: float) -> int:
        """Tickets the person opened or wrote on in the last ``days`` (at most those kept)."""
        since = now - timedelta(days=days)
        return sum(1 for past in self.tickets if past.last_at >= since)

    def contacts_on(self, theme: str | None, now: datetime, priors: Priors) -> int:
        """Tickets about one theme within half a year."""
        since = now - timedelta(days=priors.theme_days)
        return sum(1 for past in self.tickets if past.theme == theme and past.last_at >= since)

    def past(self, ticket: TicketState) -> PastTicket | None:
        """What is kept of this ticket."""
        return next((past for past in self.tickets if past.is_of(ticket)), None)

    def failing(self, *, beside: TicketState) -> tuple[PastTicket, ...]:
        """Other tickets that are not closed and whose failure was not put right, oldest first."""
        return tuple(
            past
            for past in self.tickets
            if past.is_failing and not past.is_done and not past.is_of(beside)
        )

    def to_json(self) -> dict[str, Any]:
        return {"version": STATE_VERSION, **to_plain(self)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Raises ``UnknownStateVersion``."""
        return from_plain(cls, _of_this_version(plain))


def _of_this_version(plain: Mapping[str, Any]) -> dict[str, Any]:
    if plain.get("version") != STATE_VERSION:
        raise UnknownStateVersion(
            f"state version {plain.get('version')} is not {STATE_VERSION}: fold it again"
        )
    return {key: value for key, value in plain.items() if key != "version"}
