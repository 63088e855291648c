"""What a ticket is to its person: which one it is, what it is about, whether it came back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from connectors.records import Ticket, TicketStatus

from .moments import Evidence, Found, Turn, find_milestone
from .priors import Priors
from .reader.signals import CueKind, references
from .state import PastTicket, PersonState, TicketState
from .themes import likeness, packed

_ROUND_NUMBERS = (10, 25, 50, 100)
_REFERENCES_AT_MOST = 4
_DONE = (TicketStatus.SOLVED, TicketStatus.CLOSED, TicketStatus.DELETED)


def open_ticket(
    person: PersonState,
    ticket: TicketState,
    record: Ticket,
    vector: Sequence[float] | None,
    priors: Priors,
) -> tuple[PersonState, TicketState]:
    """Enter a new ticket into its person's history and give it a theme. Done once; a vector that
    comes later is still used as long as the customer has not written."""
    kept = packed(vector) if vector is not None else None
    past = person.past(ticket)
    if ticket.opened_at is not None:
        if past and kept and past.vector is None and ticket.customer_turns == 0:
            return _join(person, ticket, replace(past, vector=kept), priors)
        return person, ticket
    if past is None:
        past = PastTicket(
            id=record.id,
            connection=ticket.connection,
            opened_at=record.created_at,
            last_at=record.created_at,
            theme=_own_theme(ticket),
            vector=kept,
            references=references(record.subject),
        )
        seen = person.first_seen
        person = replace(
            person,
            tickets_total=person.tickets_total + 1,
            first_seen=record.created_at if seen is None else min(seen, record.created_at),
        )
    ticket = replace(ticket, opened_at=record.created_at, nth=person.tickets_total)
    return _join(person, ticket, past, priors)


def note_status(
    person: PersonState, ticket: TicketState, record: Ticket
) -> tuple[PersonState, TicketState]:
    """Whether the ticket is done, as the record has it now."""
    done = record.status in _DONE
    tickets = tuple(
        replace(past, is_done=done) if past.is_of(ticket) else past for past in person.tickets
    )
    return replace(person, tickets=tickets), replace(ticket, is_done=done)


def join_by_references(
    person: PersonState, ticket: TicketState, named: tuple[str, ...], priors: Priors
) -> tuple[PersonState, TicketState]:
    """The customer's first words name numbers: they too can tell the theme."""
    past = person.past(ticket)
    if past is None or not named:
        return person, ticket
    both = tuple(dict.fromkeys((*past.references, *named)))[:_REFERENCES_AT_MOST]
    return _join(person, ticket, replace(past, references=both), priors)


def came_back(
    person: PersonState, ticket: TicketState, at: datetime, priors: Priors
) -> Evidence | None:
    """The earlier ticket on this theme that the customer last wrote on a short while ago."""
    within = timedelta(days=priors.told_you_days)
    opened = ticket.opened_at or at
    earlier = [
        past
        for past in person.tickets
        if past.theme == ticket.theme
        and not past.is_of(ticket)
        and past.opened_at < opened
        and opened - past.last_at <= within
    ]
    if not earlier:
        return None
    last = max(earlier, key=lambda past: (past.last_at, past.id))
    count = person.contacts_on(ticket.theme, at, priors)
    return Evidence(
        ticket_id=last.id,
        why=f"contact {count} on the theme of ticket {last.id}, last heard {last.last_at:%Y-%m-%d}",
    )


def count_milestones(turn: Turn, ticket: TicketState) -> list[Found]:
    """The first contact on record, and the 10th, 25th, 50th and 100th ticket."""
    if ticket.nth == 1:
        return [find_milestone(turn, "first", "first contact on record")]
    if ticket.nth in _ROUND_NUMBERS:
        return [find_milestone(turn, f"nth-{ticket.nth}", f"ticket number {ticket.nth}")]
    return []


def anniversary(turn: Turn, person: PersonState, priors: Priors) -> tuple[int, Found] | None:
    """The years since we first knew them, when they write within a week of the day, once each.
    They may also say so themselves: they know of years that we do not (0 years then)."""
    since, at = person.since, turn.interaction.created_at
    if said := turn.signals.first(CueKind.ANNIVERSARY):
        return 0, find_milestone(turn, "year-said", "an anniversary, they say", said.span)
    if since is None:
        return None
    years = round((at - since) / timedelta(days=365.2425))
    if years < 1 or years <= person.anniversaries:
        return None
    if abs(at - _years_after(since, years)) > timedelta(days=priors.anniversary_days):
        return None
    why = f"{years} year{'s' if years > 1 else ''} since {since:%Y-%m-%d}"
    return years, find_milestone(turn, f"year-{years}", why)


def note_past(
    person: PersonState, ticket: TicketState, at: datetime, priors: Priors
) -> PersonState:
    """Keep what later tickets need to know of this one."""
    past = person.past(ticket) or PastTicket(
        id=ticket.ticket_id,
        connection=ticket.connection,
        opened_at=ticket.opened_at or at,
        last_at=at,
        theme=ticket.theme or _own_theme(ticket),
    )
    past = replace(
        past,
        last_at=max(past.last_at, ticket.last_customer_at or at),
        failures=ticket.arc.failures,
        is_failing=ticket.arc.is_open,
        is_done=ticket.is_done,
    )
    last = person.last_customer_at
    heard = ticket.last_customer_at or at
    person = replace(person, last_customer_at=heard if last is None else max(last, heard))
    return _with(person, ticket, past, priors)


def _join(
    person: PersonState, ticket: TicketState, past: PastTicket, priors: Priors
) -> tuple[PersonState, TicketState]:
    """Take the theme of the likest earlier ticket; a shared number beats any likeness."""
    within = timedelta(days=priors.theme_days)
    best: tuple[float, datetime, str] | None = None
    for other in person.tickets:
        if other.is_of(ticket) or other.opened_at > past.opened_at:
            continue
        if past.opened_at - other.last_at > within:
            continue
        like = 0.0
        if set(other.references) & set(past.references):
            like = 2.0
        elif other.vector and past.vector:
            like = likeness(other.vector, past.vector)
        if like >= priors.theme_cosine and (best is None or (like, other.last_at) > best[:2]):
            best = (like, other.last_at, other.theme)
    past = replace(past, theme=best[2] if best else _own_theme(ticket))
    ticket = replace(ticket, theme=past.theme)
    return _with(person, ticket, past, priors), ticket


def _own_theme(ticket: TicketState) -> str:
    return f"{ticket.connection}/{ticket.ticket_id}" if ticket.connection else ticket.ticket_id


def _with(
    person: PersonState, ticket: TicketState, past: PastTicket, priors: Priors
) -> PersonState:
    others = [other for other in person.tickets if not other.is_of(ticket)]
    # The newest are kept, and this one whatever its age.
    others.sort(key=lambda other: (other.last_at, other.id))
    kept = [*others[max(0, len(others) + 1 - priors.tickets_kept) :], past]
    kept.sort(key=lambda other: (other.opened_at, other.id))
    return replace(person, tickets=tuple(kept))


def _years_after(since: datetime, years: int) -> datetime:
    try:
        return since.replace(year=since.year + years)
    except ValueError:  # 29 February
        return since.replace(year=since.year + years, day=28)
