"""From new words to feelings, moments, memory, fields and interventions.

Two halves. Reading is slow and needs no transaction; a text is read once and its reading kept.
Remembering is one short transaction in which everything that follows from the new words happens
or nothing does: states, moments, what the fields should hold, what rules decided, and the mark
that these words were taken in. Two workers on one person cannot both save (``StaleState``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.records import AuthorRole, Contact, Interaction, RecordKind, RecordRef, Ticket
from enrichment.codec import to_plain
from enrichment.fields import Explained, explain_contact, explain_ticket
from enrichment.fold import Advance, advance
from enrichment.memory import remembered_feeling
from enrichment.moments import Moment, Turn
from enrichment.readings import Reading
from enrichment.state import PersonState, TicketState

from ..store import (
    connections,
    edits,
    field_states,
    loading,
    memory,
    moments,
    people,
    readings,
    records,
)
from ..store.moments import StoredMoment
from ..store.rows import content_hash
from .base import Base
from .facts import News
from .judge import judge

#: How much of the first message goes into a ticket's place among others, in characters.
THEME_TEXT = 600


@dataclass(frozen=True, kw_only=True)
class Read:
    """What reading brought: readings by (interaction id, content hash), and where the ticket lies
    among others by meaning (None when it has its place already)."""

    readings: Mapping[tuple[str, str], Reading]
    vector: Sequence[float] | None = None


@dataclass(frozen=True, kw_only=True)
class Enriched:
    turns: int = 0
    readings: int = 0
    moments: int = 0
    fields_due: int = 0
    interventions: int = 0


def read_ticket(base: Base, connection_id: str, ticket_id: str) -> Read:
    """Read what is new on a ticket; customers' public words only."""
    with base.database.read() as tx:
        new = [
            one
            for one in records.fresh(tx, connection_id=connection_id, ticket_id=ticket_id)
            if _is_read(one)
        ]
        keys = {(one.id, content_hash(one.text)): one for one in new}
        has_state = (
            memory.load_ticket(tx, connection_id=connection_id, ticket_id=ticket_id) is not None
        )
        ticket = loading.load_ticket(tx, connection_id=connection_id, ticket_id=ticket_id)
        if not new and has_state:
            return Read(readings={})
        reader = base.reader()
        known = readings.find(tx, connection_id=connection_id, model=reader.model, keys=list(keys))
    missing = [key for key in keys if key not in known]
    made = dict(
        zip(missing, reader.read([keys[key].text for key in missing]), strict=True)
        if missing
        else ()
    )
    vector = None
    if not has_state and ticket is not None:
        first = new[0].text[:THEME_TEXT] if new else ""
        vector = [float(value) for value in reader.embed([f"{ticket.subject}\n{first}"])[0]]
    if made:
        with base.database.write() as tx:
            readings.keep(
                tx,
                connection_id=connection_id,
                model=reader.model,
                found=made,
                now=base.clock(),
            )
    return Read(readings={**known, **made}, vector=vector)


def remember(tx: Any, base: Base, connection_id: str, ticket_id: str, read: Read) -> Enriched:
    """Take in what was read. Call in a write transaction; raises ``StaleState``."""
    now = base.clock()
    ticket = loading.load_ticket(tx, connection_id=connection_id, ticket_id=ticket_id)
    if ticket is None or ticket.contact_id is None:
        return Enriched()
    contact = loading.load_contact(tx, connection_id=connection_id, contact_id=ticket.contact_id)
    person_id = people.of_contact(tx, connection_id=connection_id, contact_id=ticket.contact_id)
    if person_id is None or contact is None or people.get(tx, person_id).paused_at is not None:
        return Enriched()
    new = [
        one
        for one in records.fresh(tx, connection_id=connection_id, ticket_id=ticket_id)
        # What came in since we read waits for the next round.
        if not _is_read(one) or (one.id, content_hash(one.text)) in read.readings
    ]
    surveys = loading.fresh_surveys(tx, connection_id=connection_id, ticket_id=ticket_id)
    step = _advance(tx, base, connection_id, person_id, ticket, contact, new, surveys, read)
    found = _keep_moments(tx, connection_id, ticket, person_id, step.advance, now)
    records.mark_enriched(
        tx, connection_id=connection_id, ticket_id=ticket_id, interactions=new, now=now
    )
    loading.mark_surveys_enriched(
        tx, connection_id=connection_id, survey_ids=[one.id for one in surveys], now=now
    )
    due = _intend(tx, base, connection_id, ticket, contact, person_id, step, now)
    news = News(
        connection_id=connection_id,
        ticket=ticket,
        contact=contact,
        person_id=person_id,
        person=step.advance.person,
        state=step.advance.ticket,
        moments=tuple(m for m in step.advance.moments if m.id in found),
        turns=step.turns,
        surveys=tuple(surveys),
        ticket_values={key: made.value for key, made in step.ticket_fields.items()},
        contact_values={key: made.value for key, made in step.contact_fields.items()},
    )
    return Enriched(
        turns=len(new),
        readings=len([one for one in new if _is_read(one)]),
        moments=len(found),
        fields_due=due,
        interventions=judge(tx, base, news, now=now),
    )


@dataclass(frozen=True, kw_only=True)
class _Step:
    advance: Advance
    turns: tuple[Turn, ...]
    ticket_fields: Mapping[str, Explained]
    contact_fields: Mapping[str, Explained]


def _advance(
    tx: Any,
    base: Base,
    connection_id: str,
    person_id: int,
    ticket: Ticket,
    contact: Contact,
    new: Sequence[Interaction],
    surveys: Sequence[Any],
    read: Read,
) -> _Step:
    now = base.clock()
    kept_person = memory.load_person(tx, person_id)
    kept_ticket = memory.load_ticket(tx, connection_id=connection_id, ticket_id=ticket.id)
    person = (
        PersonState.from_json(kept_person.state)
        if kept_person
        else PersonState(person_id=str(person_id), known_since=contact.created_at)
    )
    state = (
        TicketState.from_json(kept_ticket.state)
        if kept_ticket
        else TicketState(ticket_id=ticket.id, connection=connection_id)
    )
    turns = tuple(Turn.of(one, read.readings.get((one.id, content_hash(one.text)))) for one in new)
    step = advance(
        person=person,
        ticket=state,
        record=ticket,
        turns=turns,
        surveys=surveys,
        theme_vector=read.vector,
        now=now,
        priors=base.priors,
    )
    ticket_fields = explain_ticket(step.person, step.ticket, now=now, priors=base.priors)
    contact_fields = explain_contact(step.person, now=now, priors=base.priors)
    feeling = remembered_feeling(step.person.memories, now, base.priors)
    if kept_person is None or step.person != person:
        memory.save_person(
            tx,
            person_id,
            state=step.person.to_json(),
            was=kept_person.version if kept_person else 0,
            feeling=feeling.points if feeling else None,
            last_moment_at=max((m.at for m in step.person.memories), default=None),
            now=now,
        )
    if kept_ticket is None or step.ticket != state or kept_ticket.synced_version != ticket.version:
        memory.save_ticket(
            tx,
            connection_id=connection_id,
            ticket_id=ticket.id,
            state=step.ticket.to_json(),
            was=kept_ticket.version if kept_ticket else 0,
            sensed={key: to_plain(made.value) for key, made in ticket_fields.items()},
            synced_version=ticket.version,
            now=now,
        )
    return _Step(
        advance=step,
        turns=turns,
        ticket_fields=ticket_fields,
        contact_fields=contact_fields,
    )


def _keep_moments(
    tx: Any,
    connection_id: str,
    ticket: Ticket,
    person_id: int,
    step: Advance,
    now: datetime,
) -> frozenset[str]:
    def stored(one: Moment) -> StoredMoment:
        return StoredMoment(
            connection_id=connection_id,
            id=one.id,
            ticket_id=ticket.id,
            interaction_id=one.interaction_id,
            contact_id=ticket.contact_id,
            person_id=person_id,
            kind=one.kind.value,
            at=one.at,
            data=to_plain(one),
        )

    return moments.keep(
        tx,
        [stored(one) for one in step.moments],
        supersedes={one.id: one.supersedes for one in step.moments if one.supersedes},
        now=now,
    )


def _intend(
    tx: Any,
    base: Base,
    connection_id: str,
    ticket: Ticket,
    contact: Contact,
    person_id: int,
    step: _Step,
    now: datetime,
) -> int:
    """Note people's edits on the records as they came, then what our fields should hold."""
    installed = connections.get(tx, connection_id).installation.made
    due = 0
    for ref, seen, updated_at, explained in (
        (
            RecordRef(kind=RecordKind.TICKET, id=ticket.id),
            ticket.fields,
            ticket.updated_at,
            step.ticket_fields,
        ),
        (
            RecordRef(kind=RecordKind.CONTACT, id=contact.id),
            contact.fields,
            contact.updated_at,
            step.contact_fields,
        ),
    ):
        edits.observe(
            tx,
            connection_id=connection_id,
            record=ref,
            seen=seen,
            updated_at=updated_at,
            person_id=person_id,
            now=now,
        )
        wanted = {
            key: made for key, made in explained.items() if f"field:{ref.kind}:{key}" in installed
        }
        if not base.write_back or not wanted:
            continue
        due += len(
            field_states.intend(
                tx,
                connection_id=connection_id,
                record=ref,
                values={key: made.value for key, made in wanted.items()},
                receipts={key: to_plain(made) for key, made in wanted.items()},
                now=now,
            )
        )
    return due


def _is_read(one: Interaction) -> bool:
    """Only what a customer said openly is read for feeling."""
    return one.author_role is AuthorRole.CUSTOMER and one.public
