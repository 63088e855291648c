"""A ticket while it is being written: what is said on it moves its status, as a helpdesk would.

- the first public words of an agent open a new ticket
- a customer who writes on a pending or solved ticket opens it again
- a ticket that stays solved for two weeks is closed, in the name of the admin
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..records import Priority, TicketStatus
from .people import ADMIN
from .world import Message, Rating, StatusChange, WorldTicket

CLOSES_AFTER = timedelta(days=14)


@dataclass(kw_only=True)
class Thread:
    key: str
    subject: str
    customer: str
    assignee: str | None
    created_at: datetime
    channel: str = "email"
    group: str = "Support"
    priority: Priority | None = None
    tags: tuple[str, ...] = ()
    status: TicketStatus = TicketStatus.NEW
    messages: list[Message] = field(default_factory=list)
    history: list[StatusChange] = field(default_factory=list)
    rating: Rating | None = None

    def says(
        self, author: str, text: str, at: datetime, *, is_agent: bool, public: bool = True
    ) -> None:
        self.messages.append(Message(author=author, text=text, at=at, public=public))
        if is_agent and public and self.status is TicketStatus.NEW:
            self.sets(author, at, status=TicketStatus.OPEN)
        if not is_agent and self.status in (TicketStatus.PENDING, TicketStatus.SOLVED):
            self.sets(author, at, status=TicketStatus.OPEN)

    def sets(
        self,
        by: str,
        at: datetime,
        *,
        status: TicketStatus | None = None,
        priority: Priority | None = None,
        group: str | None = None,
    ) -> None:
        self.history.append(
            StatusChange(at=at, by=by, status=status, priority=priority, group=group)
        )
        self.status = status or self.status
        self.priority = priority or self.priority
        self.group = group or self.group

    def rates(self, at: datetime, *, good: bool, comment: str | None) -> None:
        self.rating = Rating(at=at, good=good, comment=comment)

    def finished(self, now: datetime) -> WorldTicket:
        if self.status is TicketStatus.SOLVED:
            closes = max(self._last_at(), self.created_at) + CLOSES_AFTER
            if closes < now:
                self.sets(ADMIN, closes, status=TicketStatus.CLOSED)
        return WorldTicket(
            key=self.key,
            subject=self.subject,
            customer=self.customer,
            assignee=self.assignee,
            status=self.status,
            priority=self.priority,
            created_at=self.created_at,
            messages=tuple(self.messages),
            channel=self.channel,
            group=self.group,
            tags=self.tags,
            history=tuple(self.history),
            rating=self.rating,
        )

    def _last_at(self) -> datetime:
        times = [m.at for m in self.messages] + [h.at for h in self.history]
        if self.rating:
            times.append(self.rating.at)
        return max(times, default=self.created_at)
