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

from connectors.base import Installation
from connectors.records import (
    AuthorRole,
    Contact,
    Interaction,
    RecordKind,
    RecordRef,
    SurveyResponse,
    Ticket,
    TicketStatus,
)
from enrichment.codec import to_plain
from enrichment.fields import Explained, explain_contact, explain_ticket, ticket_fields
from enrichment.fold import Advance, advance
from enrichment.memory import remembered_feeling
from enrichment.moments import Turn
from enrichment.readings import Reading
from enrichment.state import PersonState, TicketState

from ..store import (
    connections,
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
        keys = {_key(one): one for one in new}
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
    ticket = loading.load_ticket(tx, connection_id=connection_id, ticket_id=ticket_id)
    if ticket is None or ticket.contact_id is None:
        return Enriched()
    contact = loading.load_contact(tx, connection_id=connection_id, contact_id=ticket.contact_id)
    person_id = people.of_contact(tx, connection_id=connection_id, contact_id=ticket.contact_id)
    if person_id is None or contact is None or people.get(tx, person_id).paused_at is not None:
        return Enriched()
    made = connections.get(tx, connection_id).installation
    return _Round(
        tx=tx,
        base=base,
        now=base.clock(),
        connection_id=connection_id,
        installation=made,
        person_id=person_id,
        ticket=ticket,
        contact=contact,
        read=read,
    ).run()


@dataclass(frozen=True, kw_only=True)
class _Round:
    """One round of remembering, in one transaction."""

    tx: Any
    base: Base
    now: datetime
    connection_id: str
    installation: Installation
    person_id: int
    ticket: Ticket
    contact: Contact
    read: Read

    def run(self) -> Enriched:
        new = self._new()
        surveys = loading.fresh_surveys(
            self.tx, connection_id=self.connection_id, ticket_id=self.ticket.id
        )
        ours = self.installation.state.get("identity")
        turns = tuple(
            Turn.of(one, self.read.readings.get(_key(one)))
            for one in new
            # Our own notes come back with the ticket; nobody said them.
            if one.public or ours is None or one.author_id != ours
        )
        step = self._advance(turns, surveys)
        found = self._keep_moments(step)
        records.mark_enriched(
            self.tx,
            connection_id=self.connection_id,
            ticket_id=self.ticket.id,
            interactions=new,
            now=self.now,
        )
        loading.mark_surveys_enriched(
            self.tx,
            connection_id=self.connection_id,
            survey_ids=[one.id for one in surveys],
            now=self.now,
        )
        of_ticket = explain_ticket(step.person, step.ticket, now=self.now, priors=self.base.priors)
        of_contact = explain_contact(step.person, now=self.now, priors=self.base.priors)
        due = self._intend_ticket(of_ticket) + self._intend_contact(of_contact)
        news = News(
            connection_id=self.connection_id,
            ticket=self.ticket,
            contact=self.contact,
            person_id=self.person_id,
            person=step.person,
            state=step.ticket,
            moments=tuple(moment for moment in step.moments if moment.id in found),
            turns=turns,
            surveys=tuple(surveys),
            ticket_values={key: one.value for key, one in of_ticket.items()},
            contact_values={key: one.value for key, one in of_contact.items()},
        )
        return Enriched(
            turns=len(turns),
            readings=sum(_is_read(one) for one in new),
            moments=len(found),
            fields_due=due,
            interventions=judge(self.tx, self.base, news, now=self.now),
        )

    def _new(self) -> list[Interaction]:
        """What is to be taken in. What came since we read waits for the next round."""
        fresh = records.fresh(self.tx, connection_id=self.connection_id, ticket_id=self.ticket.id)
        return [one for one in fresh if not _is_read(one) or _key(one) in self.read.readings]

    def _advance(self, turns: Sequence[Turn], surveys: Sequence[SurveyResponse]) -> Advance:
        tx, ticket, priors = self.tx, self.ticket, self.base.priors
        kept_person = memory.load_person(tx, self.person_id)
        kept_ticket = memory.load_ticket(tx, connection_id=self.connection_id, ticket_id=ticket.id)
        person = (
            PersonState.from_json(kept_person.state)
            if kept_person
            else PersonState(person_id=str(self.person_id), known_since=self.contact.created_at)
        )
        state = (
            TicketState.from_json(kept_ticket.state)
            if kept_ticket
            else TicketState(ticket_id=ticket.id, connection=self.connection_id)
        )
        step = advance(
            person=person,
            ticket=state,
            record=ticket,
            turns=turns,
            surveys=surveys,
            theme_vector=self.read.vector,
            now=self.now,
            priors=priors,
        )
        if kept_person is None or step.person != person:
            feeling = remembered_feeling(step.person.memories, self.now, priors)
            memory.save_person(
                tx,
                self.person_id,
                state=step.person.to_json(),
                was=kept_person.version if kept_person else 0,
                feeling=feeling.points if feeling else None,
                last_moment_at=max((one.at for one in step.person.memories), default=None),
                now=self.now,
            )
        if kept_ticket is None or step.ticket != state:
            values = ticket_fields(step.person, step.ticket, now=self.now, priors=priors)
            memory.save_ticket(
                tx,
                connection_id=self.connection_id,
                ticket_id=ticket.id,
                state=step.ticket.to_json(),
                was=kept_ticket.version if kept_ticket else 0,
                sensed={key: to_plain(value) for key, value in values.items()},
                synced_version=ticket.version,
                now=self.now,
            )
        return step

    def _keep_moments(self, step: Advance) -> frozenset[str]:
        """Store what was found; returns the ids nobody had found before."""
        new = moments.keep(
            self.tx,
            [
                StoredMoment(
                    connection_id=self.connection_id,
                    id=one.id,
                    ticket_id=self.ticket.id,
                    interaction_id=one.interaction_id,
                    contact_id=self.ticket.contact_id,
                    person_id=self.person_id,
                    kind=one.kind.value,
                    at=one.at,
                    data=to_plain(one),
                )
                for one in step.moments
            ],
            now=self.now,
        )
        moments.supersede(
            self.tx,
            connection_id=self.connection_id,
            ids=step.superseded,
            by={one.kind.value: one.id for one in step.moments if one.supersedes},
        )
        return new

    def _intend_ticket(self, explained: Mapping[str, Explained]) -> int:
        # No system takes a change to a ticket it has closed.
        closed = self.ticket.status in (TicketStatus.CLOSED, TicketStatus.DELETED)
        ref = RecordRef(kind=RecordKind.TICKET, id=self.ticket.id)
        return 0 if closed else self._intend(ref, explained)

    def _intend_contact(self, explained: Mapping[str, Explained]) -> int:
        ref = RecordRef(kind=RecordKind.CONTACT, id=self.contact.id)
        return 0 if self.contact.deleted else self._intend(ref, explained)

    def _intend(self, ref: RecordRef, explained: Mapping[str, Explained]) -> int:
        """What those of our fields that exist over there should hold; how many are now due."""
        wanted = {
            key: one
            for key, one in explained.items()
            if f"field:{ref.kind}:{key}" in self.installation.made
        }
        if not self.base.write_back or not wanted:
            return 0
        due = field_states.intend(
            self.tx,
            connection_id=self.connection_id,
            record=ref,
            values={key: one.value for key, one in wanted.items()},
            receipts={key: to_plain(one) for key, one in wanted.items()},
            now=self.now,
        )
        return len(due)


def _key(one: Interaction) -> tuple[str, str]:
    return one.id, content_hash(one.text)


def _is_read(one: Interaction) -> bool:
    """Only what a customer said openly is read for feeling."""
    return one.author_role is AuthorRole.CUSTOMER and one.public
