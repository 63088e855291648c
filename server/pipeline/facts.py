"""What rules may know about one piece of news, filled from the record and from memory.

Every name of the catalogue is filled here, or left out when it is not known: what is left out is
unknown to rules, and no stand-in value is made up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.records import Account, Contact, FieldValue, SurveyResponse, Ticket
from enrichment.memory import remembered_feeling
from enrichment.moments import Moment, Turn
from enrichment.priors import Priors
from enrichment.state import PersonState, TicketState
from rules.facts import Facts

#: How many earlier tickets about the same thing are named.
TRIED_AT_MOST = 4
#: How much of an earlier answer is shown, in characters.
ANSWER_SHOWN = 160


@dataclass(frozen=True, kw_only=True)
class News:
    """What one round of remembering brought. ``moments``: found just now and standing.
    ``turns``: taken in just now, oldest first."""

    connection_id: str
    ticket: Ticket
    contact: Contact
    person_id: int
    person: PersonState
    state: TicketState
    moments: tuple[Moment, ...]
    turns: tuple[Turn, ...]
    surveys: tuple[SurveyResponse, ...]
    ticket_values: Mapping[str, FieldValue]
    contact_values: Mapping[str, FieldValue]


@dataclass(frozen=True, kw_only=True)
class Around:
    """What the store knows besides: the company, earlier tickets on the same theme (oldest first)
    with the last answer each got, the system's name, and where the person's page is."""

    system: str
    account: Account | None
    same_theme: Sequence[Ticket]
    last_answers: Mapping[str, str]
    memory_map: str


def facts_of(
    news: News, around: Around, *, moment: Moment | None, now: datetime, priors: Priors
) -> Facts:
    """Facts for one event: that of ``moment``, or that of the newest turn."""
    values = {
        **_ticket(news, around, now, priors),
        **_contact(news.contact),
        **_person(news, around, now, priors),
        **_message(news),
        **(_moment(moment) if moment is not None else {}),
        "account.id": around.account.id if around.account else None,
        "account.name": around.account.name if around.account else None,
        "connection.system": around.system,
        "brief.text": news.ticket_values.get("what_to_know"),
        "brief.tried": _tried(around),
    }
    return Facts({name: value for name, value in values.items() if value is not None})


def _moment(moment: Moment) -> dict[str, Any]:
    quote = next((shown.quote for shown in moment.evidence if shown.quote), None)
    return {
        "moment.kind": moment.kind.value,
        "moment.quote": quote,
        "moment.at": moment.at,
        "moment.confidence": moment.confidence,
        "moment.reason": moment.reason,
        "moment.valence": moment.features.valence,
        "moment.intensity": moment.features.arousal,
    }


def _message(news: News) -> dict[str, Any]:
    if not news.turns:
        return {}
    turn = news.turns[-1]
    reading = turn.known
    span = reading.evidence.get("sentiment") if reading else None
    return {
        "message.author": turn.interaction.author_role.value,
        "message.public": turn.interaction.public,
        "message.channel": turn.interaction.channel,
        "message.at": turn.interaction.created_at,
        "message.quote": span.quote if span else None,
        "message.emotion": reading.top if reading else None,
        "message.valence": reading.valence if reading else None,
    }


def _ticket(news: News, around: Around, now: datetime, priors: Priors) -> dict[str, Any]:
    ticket, state = news.ticket, news.state
    words, episode = state.words, state.episode
    trend = None
    if episode.count > 1:
        trend = episode.end - (episode.total - episode.end) / (episode.count - 1)
    return {
        "ticket.id": ticket.id,
        "ticket.subject": ticket.subject,
        "ticket.status": ticket.status.value,
        "ticket.priority": ticket.priority.value if ticket.priority else None,
        "ticket.channel": ticket.channel,
        "ticket.url": ticket.url,
        "ticket.memory_map": around.memory_map,
        "ticket.tags": ticket.tags,
        "ticket.is_assigned": ticket.assignee_id is not None,
        "ticket.age_days": max((now - ticket.created_at).total_seconds(), 0.0) / 86400,
        "ticket.customer_messages": state.customer_turns,
        "ticket.agent_messages": state.agent_turns,
        "ticket.waiting_hours": _waiting(state, now),
        "ticket.sentiment": news.ticket_values.get("sentiment"),
        "ticket.valence": words.valence if words else None,
        "ticket.confidence": words.confidence if words else None,
        "ticket.trend": trend,
        "ticket.emotion": news.ticket_values.get("emotion"),
        "ticket.urgency": state.pressing.urgency.value if state.pressing else None,
        "ticket.memory_tags": tuple(kind.value for kind in state.tags),
        "ticket.memory_impact": news.ticket_values.get("memory_impact"),
        "ticket.transfers": state.transfers,
        "ticket.failures": state.arc.failures,
        "ticket.arc": state.arc.stage_at(now, priors).value,
        "ticket.effort": 100 * state.effort(priors),
        "ticket.survey_score": news.surveys[-1].score if news.surveys else None,
    }


def _contact(contact: Contact) -> dict[str, Any]:
    domain = contact.email.rpartition("@")[2] if contact.email else None
    return {
        "contact.id": contact.id,
        "contact.name": contact.name or None,
        "contact.email": contact.email,
        "contact.email_domain": domain or None,
        "contact.tags": contact.tags,
        "contact.locale": contact.locale,
        "contact.time_zone": contact.time_zone,
    }


def _person(news: News, around: Around, now: datetime, priors: Priors) -> dict[str, Any]:
    person = news.person
    feeling = remembered_feeling(person.memories, now, priors)
    strongest = feeling.factors[0] if feeling and feeling.factors else None
    return {
        "person.id": str(news.person_id),
        "person.remembered_feeling": feeling.points if feeling else None,
        "person.strongest_memory": strongest.quote or None if strongest else None,
        "person.tags": _tags(person, now, priors),
        "person.contacts_in_90_days": person.contacts_since(now, 90),
        "person.contacts_on_theme": person.contacts_on(news.state.theme, now, priors),
        "person.earlier_tickets": tuple(ticket.id for ticket in around.same_theme),
        "person.tickets_total": person.tickets_total,
        "person.open_failures": sum(past.is_failing for past in person.tickets),
        "person.first_seen_days": max((now - person.since).total_seconds(), 0.0) / 86400
        if person.since
        else None,
    }


def _tags(person: PersonState, now: datetime, priors: Priors) -> tuple[str, ...]:
    return tuple(dict.fromkeys(memory.kind.value for memory in person.carried(now, priors)))


def _waiting(state: TicketState, now: datetime) -> float | None:
    if state.last_customer_at is None:
        return None
    if state.last_agent_at is not None and state.last_agent_at >= state.last_customer_at:
        return 0.0
    return max((now - state.last_customer_at).total_seconds(), 0.0) / 3600


def _tried(around: Around) -> str | None:
    """Earlier tickets about the same thing, each with what it was answered last."""
    lines = []
    for ticket in around.same_theme[-TRIED_AT_MOST:]:
        line = f"{ticket.created_at.day} {ticket.created_at:%b %Y}, ticket {ticket.id}"
        answer = _gist(around.last_answers.get(ticket.id, ""))
        lines.append(f'{line}: "{answer}"' if answer else f"{line} ({ticket.status.value})")
    return "\n".join(lines) or None


_GREETING = re.compile(
    r"^\s*(?:hi|hello|hey|dear|good (?:morning|afternoon))\b[^,\n]{0,40}[,\n]\s*", re.I
)


def _gist(answer: str) -> str:
    """The beginning of an answer, without its greeting, cut at a word."""
    said = " ".join(_GREETING.sub("", answer[:1000]).split())
    if len(said) <= ANSWER_SHOWN:
        return said
    return said[:ANSWER_SHOWN].rsplit(" ", 1)[0] + " ..."
