"""A world becomes an account: every message, status change and rating at its own time.

All tickets are played side by side in the order of time, through the same door as any other
change, so that audits, ids and export order come out as if it had happened. What a world leaves
open is made up plausibly: the first thing an agent does also assigns the ticket, and a last
change brings a ticket to the state the world says it ended in. No webhooks are sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.records import TicketStatus
from connectors.sandbox.world import Message, StatusChange, World, WorldTicket

from .changes import create_ticket, update_ticket
from .draft import Actor
from .organization_changes import create_organization
from .rows import SYSTEM_ID, Ticket
from .state import State, WorldIds
from .ticket_acts import delete_ticket, rate_ticket
from .user_changes import create_user

#: How long a solved ticket lies before the automation closes it.
CLOSES_AFTER = timedelta(days=4)
_SETTLES_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Step:
    """One thing at one time on one ticket, by one person."""

    at: datetime
    place: int
    ticket: WorldTicket
    kind: str
    by: str = ""
    message: Message | None = None
    change: StatusChange | None = None


def fill(state: State, world: World) -> WorldIds:
    """Add ``world`` to the account; the ids its keys were given (also in ``state.names``)."""
    with state.lock:
        was_quiet, state.quiet = state.quiet, True
        try:
            _people(state, world)
            steps = [step for ticket in world.tickets for step in _steps(ticket, world.now)]
            steps.sort(key=lambda step: (step.at, step.ticket.created_at, step.place))
            for step in steps:
                _play(state, step)
        finally:
            state.quiet = was_quiet
        return state.names


def _people(state: State, world: World) -> None:
    system = Actor.system()
    for agent in world.agents:
        group = state.add_group(agent.group, state.integration.created_at)
        user = create_user(
            state,
            {
                "name": agent.name,
                "email": agent.email,
                "role": "admin" if agent.is_admin else "agent",
                "verified": True,
            },
            system,
            at=state.integration.created_at,
        )
        user.default_group_id = group.id
        state.names.agents[agent.key] = user.id
    for company in sorted(world.companies, key=lambda each: each.created_at):
        row = create_organization(
            state,
            {"name": company.name, "domain_names": [company.domain]},
            system,
            at=company.created_at,
        )
        state.names.companies[company.key] = row.id
    for customer in sorted(world.customers, key=lambda each: each.created_at):
        body: dict[str, Any] = {
            "name": customer.name,
            "email": customer.email,
            "phone": customer.phone,
            "time_zone": customer.time_zone,
            "locale": customer.locale,
            "tags": list(customer.tags),
            "verified": True,
        }
        if customer.company:
            body["organization_id"] = state.names.companies[customer.company]
        user = create_user(state, body, system, at=customer.created_at)
        state.names.customers[customer.key] = user.id


def _steps(ticket: WorldTicket, now: datetime) -> Iterator[_Step]:
    """Messages and changes by the same person at the same time are one step."""
    if not ticket.messages:
        raise ValueError(f"ticket {ticket.key} of the world says nothing")
    first, *rest = ticket.messages
    yield _Step(ticket.created_at, 0, ticket, "open", ticket.customer, first)
    changes = {(change.at, change.by): change for change in ticket.history}
    last = ticket.created_at
    place = 0
    for message in rest:
        place += 1
        change = changes.pop((message.at, message.author), None)
        yield _Step(message.at, place, ticket, "act", message.author, message, change)
        last = max(last, message.at)
    for change in changes.values():
        place += 1
        yield _Step(change.at, place, ticket, "act", change.by, None, change)
        last = max(last, change.at)
    yield from _ending(ticket, last, now, place + 1)


def _ending(ticket: WorldTicket, last: datetime, now: datetime, place: int) -> Iterator[_Step]:
    """The last change, the rating, the closing and the deletion, none of them in the future."""
    settled = last + max(timedelta(0), min(_SETTLES_AFTER, (now - last) / 2))
    by = ticket.assignee or ""
    yield _Step(settled, place, ticket, "settle", by)
    if ticket.rating is not None:
        settled = max(settled, ticket.rating.at)
        yield _Step(settled, place + 1, ticket, "rate", ticket.customer)
    if ticket.status is TicketStatus.CLOSED:
        closed = settled + max(timedelta(0), min(CLOSES_AFTER, (now - settled) / 2))
        yield _Step(closed, place + 2, ticket, "close")
    if ticket.status is TicketStatus.DELETED:
        yield _Step(settled, place + 2, ticket, "delete", by)


def _play(state: State, step: _Step) -> None:
    if step.kind == "open":
        _open(state, step)
        return
    ticket = state.tickets[state.names.tickets[step.ticket.key]]
    if step.kind == "act":
        _act(state, ticket, step)
    elif step.kind == "settle":
        _settle(state, ticket, step)
    elif step.kind == "rate" and step.ticket.rating is not None:
        rate_ticket(
            state,
            ticket,
            good=step.ticket.rating.good,
            comment=step.ticket.rating.comment,
            actor=Actor(ticket.requester_id, "web"),
            at=step.at,
        )
    elif step.kind == "close":
        update_ticket(
            state, ticket, {"status": "closed"}, Actor.system(), at=step.at, even_closed=True
        )
    elif step.kind == "delete":
        delete_ticket(state, ticket, _actor(state, step.by, "web"), at=step.at)


def _actor(state: State, key: str, channel: str) -> Actor:
    return Actor(state.names.person(key), channel) if key else Actor.system()


def _open(state: State, step: _Step) -> None:
    told = step.ticket
    author = step.message.author if step.message else told.customer
    body: dict[str, Any] = {
        "subject": told.subject,
        "requester_id": state.names.customers[told.customer],
        "comment": {
            "body": step.message.text if step.message else "",
            "author_id": state.names.person(author),
            "public": step.message.public if step.message else True,
        },
        "tags": list(told.tags),
        "group_id": state.add_group(told.group, state.integration.created_at).id,
    }
    if told.priority and not any(change.priority for change in told.history):
        body["priority"] = told.priority.value
    actor = Actor(state.names.person(author), told.channel)
    state.names.tickets[told.key] = create_ticket(state, body, actor, at=step.at).ticket.id


def _act(state: State, ticket: Ticket, step: _Step) -> None:
    who = state.names.person(step.by)
    by_agent = step.by in state.names.agents
    body: dict[str, Any] = {}
    if step.message is not None:
        body["comment"] = {"body": step.message.text, "public": step.message.public}
    if step.change is not None:
        body |= _changed(state, step.change)
    if by_agent and ticket.assignee_id is None and step.ticket.assignee:
        body["assignee_id"] = state.names.agents[step.ticket.assignee]
    channel = "web" if by_agent else step.ticket.channel
    update_ticket(state, ticket, body, Actor(who, channel), at=step.at, even_closed=True)


def _changed(state: State, change: StatusChange) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if change.status is not None and change.status is not TicketStatus.DELETED:
        body["status"] = change.status.value
    if change.priority is not None:
        body["priority"] = change.priority.value
    if change.group is not None:
        body["group_id"] = state.add_group(change.group, state.integration.created_at).id
    return body


def _settle(state: State, ticket: Ticket, step: _Step) -> None:
    """Bring the ticket to where the world says it ended; nothing if it is there already."""
    told = step.ticket
    body: dict[str, Any] = {}
    wanted = told.status
    if wanted in (TicketStatus.CLOSED, TicketStatus.DELETED):
        wanted = TicketStatus.SOLVED
    if ticket.status not in ("closed", wanted.value):
        body["status"] = wanted.value
    if told.priority is not None and ticket.priority != told.priority.value:
        body["priority"] = told.priority.value
    if told.assignee and ticket.assignee_id is None and wanted is not TicketStatus.NEW:
        body["assignee_id"] = state.names.agents[told.assignee]
    if body:
        actor = _actor(state, step.by, "web")
        if actor.user_id == SYSTEM_ID and body.get("status") == "solved":
            actor = Actor(state.integration.id, "web")
        update_ticket(state, ticket, body, actor, at=step.at, even_closed=True)
