"""``load_world`` makes a world of a JSON file of tickets; ``dump_world`` writes one down exactly.

Read are: a list of tickets or ``{"tickets": [...]}`` in plain words, what Zendesk's API and export
give, one JSON value a line, and what ``dump_world`` wrote. ``docs/world.md`` shows each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from .census import STAFF, Census, Resident, unique
from .ticket_rows import MessageRow, PersonRow, TicketRow, read_instant, read_person, read_row
from .world import Message, Rating, World, WorldTicket
from .world_json import MARK, dump_world, read_dump
from .worldfile import MOST_TICKETS, WorldError, kind_of, parse, read_source, rows_of
from .zendesk_rows import Directory, is_zendesk

__all__ = ["WorldError", "dump_world", "load_world"]

#: Between two messages of which the file does not say when they were written.
_PAUSE = timedelta(minutes=10)
_CUSTOMER_WORDS = ("customer", "requester", "client", "user", "end-user")


def load_world(source: Path | str) -> World:
    """The world in ``source``, a path or the JSON itself. Raises ``WorldError`` and nothing else.

    Its ``now`` is the file's ``now``, or the last moment anything happens in it if that is later.
    """
    data = parse(read_source(source))
    try:
        if isinstance(data, dict) and MARK in data:
            return read_dump(data)
        folder = _Folder()
        for page in data if isinstance(data, list) else [data]:
            folder.add(page)
        return _world(folder)
    except RecursionError:
        raise WorldError("the JSON is nested too deeply to be a file of tickets") from None


@dataclass(kw_only=True)
class _Folder:
    """All pages of a file put together, tickets still as they were written."""

    tickets: list[Any] = field(default_factory=list)
    people: list[PersonRow] = field(default_factory=list)
    directory: Directory = field(default_factory=Directory)
    company: str = "Imported"
    now: datetime | None = None

    def add(self, page: Any) -> None:
        if not isinstance(page, dict):
            number = len(self.tickets) + 1
            raise WorldError(f"ticket {number}: must be an object, it is {kind_of(page)}")
        if "tickets" in page:
            self.directory.learn(page)
            self._add_facts(page)
            self.tickets += rows_of(page, "tickets")
        elif isinstance(page.get("ticket"), dict):
            self.directory.learn(page)
            told = {"comments": page["comments"]} if "comments" in page else {}
            self.tickets.append(page["ticket"] | told)
        elif isinstance(page.get("user"), dict):
            self.directory.learn({"users": [page["user"]]})
        elif Directory.fits(page):
            self.directory.learn(page)
        else:
            self.tickets.append(page)
        if len(self.tickets) > MOST_TICKETS:
            raise WorldError(f"there are more than {MOST_TICKETS} tickets: split the file")

    def _add_facts(self, page: Mapping[str, Any]) -> None:
        if isinstance(page.get("company"), str):
            self.company = page["company"]
        if page.get("now") is not None:
            self.now = read_instant(page["now"], '"now"')
        for number, row in enumerate(rows_of(page, "agents"), start=1):
            person = read_person(row, "agent", number)
            role = person.role if person.role in STAFF else "agent"
            self.people.append(person.model_copy(update={"role": role}))
        for number, row in enumerate(rows_of(page, "customers"), start=1):
            person = read_person(row, "customer", number)
            self.people.append(person.model_copy(update={"role": "customer"}))

    def rows(self) -> Iterator[tuple[int, TicketRow]]:
        """The tickets, each with its place in the file."""
        seen: dict[str, int] = {}
        rows: dict[int, TicketRow] = {}
        for number, raw in enumerate(self.tickets, start=1):
            foreign = isinstance(raw, dict) and is_zendesk(raw)
            row = read_row(self.directory.row(raw) if foreign else raw, number)
            earlier = seen.get(row.key) if row.key else None
            if earlier and not foreign:
                raise WorldError(
                    f"ticket {number}: has the id of ticket {earlier}; "
                    "give each its own, or leave the ids out"
                )
            if earlier:
                # An export repeats a ticket that changed while it ran: the last one is the newest.
                del rows[earlier]
            if row.key:
                seen[row.key] = number
            rows[number] = row
        if not rows:
            raise WorldError(
                "there are no tickets in it: the file is a list of tickets, "
                'or an object with a list under "tickets"'
            )
        yield from rows.items()


@dataclass(kw_only=True)
class _Met:
    """A ticket whose people are known, though not yet by which key."""

    key: str
    row: TicketRow
    requester: Resident
    assignee: Resident | None
    created_at: datetime
    messages: list[tuple[Resident | None, datetime, MessageRow]]

    @property
    def last_at(self) -> datetime:
        rated = self.row.rating.at if self.row.rating else None
        return max(
            [self.created_at, *(at for _, at, _ in self.messages)] + ([rated] if rated else [])
        )


def _world(folder: _Folder) -> World:
    census = Census()
    for person in folder.people:
        census.meet(person)
    tickets = [_meet(row, number, census) for number, row in folder.rows()]
    latest = max(ticket.last_at for ticket in tickets)
    now = max(folder.now or latest, latest)
    census.settle(now)
    taken = {ticket.row.key for ticket in tickets if ticket.row.key}
    for ticket in tickets:
        ticket.key = ticket.row.key or unique(ticket.key, taken)
    return World(
        company=folder.company,
        now=now,
        agents=census.agents(),
        companies=census.companies(),
        customers=census.customers(),
        tickets=tuple(
            _ticket(ticket, census)
            for ticket in sorted(tickets, key=lambda ticket: (ticket.created_at, ticket.key))
        ),
    )


def _meet(row: TicketRow, number: int, census: Census) -> _Met:
    times = [message.at for message in row.messages if message.at]
    created = min([row.created_at, *times] if row.created_at else times, default=None)
    if created is None:
        raise WorldError(f'ticket {number}: has no time: give it "created_at"')
    requester = census.meet(row.requester, at=created)
    requester.asked = True
    assignee = census.meet(row.assignee) if row.assignee else None
    messages: list[tuple[Resident | None, datetime, MessageRow]] = []
    at = created
    for place, message in enumerate(row.messages, start=1):
        at = message.at or (at + _PAUSE if messages else created)
        if message.author is None and place > 1:
            raise WorldError(f'ticket {number}: message {place} does not say who wrote it ("from")')
        author = _author(message.author, requester, assignee, census, at)
        messages.append((author, at, message))
    if not messages:
        text = row.description or row.subject
        if not text:
            raise WorldError(f"ticket {number}: has no messages, no description and no subject")
        messages.append((requester, created, MessageRow(text=text)))
    return _Met(
        key=f"t-{number:03d}",
        row=row,
        requester=requester,
        assignee=assignee,
        created_at=created,
        messages=sorted(messages, key=lambda told: told[1]),
    )


def _author(
    row: PersonRow | None,
    requester: Resident,
    assignee: Resident | None,
    census: Census,
    at: datetime,
) -> Resident | None:
    """Who wrote a message; None is the company itself ("agent" and nobody assigned)."""
    if row is None:
        return requester
    if not (row.id or row.email):
        word = (row.name or row.role or "").strip().casefold()
        if word in _CUSTOMER_WORDS or word == requester.name.casefold():
            return requester
        if word in STAFF or (assignee and word == assignee.name.casefold()):
            return assignee
    return census.meet(row, at=at)


def _ticket(met: _Met, census: Census) -> WorldTicket:
    row = met.row
    # Somebody who opened a ticket anywhere is a customer and cannot be assigned one.
    assignee = met.assignee if met.assignee and not met.assignee.is_customer else None
    rating = None
    if row.rating:
        at = max(row.rating.at or met.messages[-1][1], met.created_at)
        rating = Rating(at=at, good=row.rating.good, comment=row.rating.comment)
    return WorldTicket(
        key=met.key,
        subject=row.subject or "(no subject)",
        customer=met.requester.key,
        assignee=assignee.key if assignee else None,
        status=row.status,
        priority=row.priority,
        created_at=met.created_at,
        messages=tuple(
            Message(
                author=(author or census.admin).key,
                text=message.text,
                at=at,
                public=message.public,
            )
            for author, at, message in met.messages
        ),
        channel=row.channel,
        group=row.group,
        tags=row.tags,
        rating=rating,
    )
