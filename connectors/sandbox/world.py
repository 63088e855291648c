"""What a make-believe company consists of: people, tickets, words. Emulators are filled from it.

The values know no vendor. ``key`` names a thing inside one world ("ada", "t-017"); the emulator
gives ids of its own. Times are aware UTC. ``World.now`` is the instant the world was written
for: a demo shifts all of it so that ``now`` is the real now (``shifted``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ..records import Priority, TicketStatus


@dataclass(frozen=True, kw_only=True)
class Agent:
    key: str
    name: str
    email: str
    group: str = "Support"
    is_admin: bool = False


@dataclass(frozen=True, kw_only=True)
class Company:
    key: str
    name: str
    domain: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Customer:
    key: str
    name: str
    email: str
    company: str | None
    created_at: datetime
    phone: str | None = None
    time_zone: str = "UTC"
    locale: str = "en-US"
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Message:
    """``author`` is a customer's or an agent's key."""

    author: str
    text: str
    at: datetime
    public: bool = True


@dataclass(frozen=True, kw_only=True)
class StatusChange:
    at: datetime
    by: str
    status: TicketStatus | None = None
    priority: Priority | None = None
    group: str | None = None


@dataclass(frozen=True, kw_only=True)
class Rating:
    at: datetime
    good: bool
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class WorldTicket:
    """``status``/``priority`` are where it ends; ``history`` how it came there."""

    key: str
    subject: str
    customer: str
    assignee: str | None
    status: TicketStatus
    priority: Priority | None
    created_at: datetime
    messages: tuple[Message, ...]
    channel: str = "email"
    group: str = "Support"
    tags: tuple[str, ...] = ()
    history: tuple[StatusChange, ...] = ()
    rating: Rating | None = None


class LiveKind(StrEnum):
    NEW_TICKET = "new_ticket"
    COMMENT = "comment"
    STATUS = "status"
    RATING = "rating"


@dataclass(frozen=True, kw_only=True)
class LiveStep:
    """Something that happens after the world has started, ``after`` seconds past the last step.

    NEW_TICKET fills ``ticket`` as key, ``subject``, ``author`` and ``text``; COMMENT needs an
    existing (or just opened) ``ticket``, ``author``, ``text``; STATUS ``status``; RATING ``good``,
    with ``text`` as its comment.
    """

    after: float
    kind: LiveKind
    ticket: str
    author: str
    text: str | None = None
    subject: str | None = None
    status: TicketStatus | None = None
    good: bool | None = None


@dataclass(frozen=True, kw_only=True)
class World:
    company: str
    now: datetime
    agents: tuple[Agent, ...]
    companies: tuple[Company, ...]
    customers: tuple[Customer, ...]
    tickets: tuple[WorldTicket, ...]
    live: tuple[LiveStep, ...] = ()

    def shifted(self, now: datetime) -> World:
        """The same world, moved in time so that its ``now`` is ``now``."""
        by = now - self.now

        def message(m: Message) -> Message:
            return replace(m, at=m.at + by)

        def ticket(t: WorldTicket) -> WorldTicket:
            return replace(
                t,
                created_at=t.created_at + by,
                messages=tuple(message(m) for m in t.messages),
                history=tuple(replace(h, at=h.at + by) for h in t.history),
                rating=replace(t.rating, at=t.rating.at + by) if t.rating else None,
            )

        return replace(
            self,
            now=now,
            companies=tuple(replace(c, created_at=c.created_at + by) for c in self.companies),
            customers=tuple(replace(c, created_at=c.created_at + by) for c in self.customers),
            tickets=tuple(ticket(t) for t in self.tickets),
        )
