"""What must hold once everything is quiet, whatever happened on the way there.

Each function compares the source system with our database and returns sentences: none means fine.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from connectors.records import AuthorRole, FieldValue, RecordKind, RecordRef
from connectors.zendesk.emulator import Emulator
from connectors.zendesk.emulator.shapes import ticket as ticket_row
from connectors.zendesk.emulator.shapes import user as user_row
from connectors.zendesk.fields import NAMESPACE, FieldMap
from enrichment.moments import Turn
from enrichment.replay import History, replay
from enrichment.state import PersonState, TicketState
from rules.actions.base import NoteText, WebhookCall, rendered_from_json
from server.pipeline.deliver import key_of
from server.pipeline.enrich import THEME_TEXT
from server.store import (
    Database,
    connections,
    field_states,
    inbox,
    interventions,
    loading,
    memory,
    people,
    readings,
    rows,
    tables,
)
from server.store.field_states import same_value
from server.store.interventions import InterventionState

from .reader import PlainReader
from .receiver import Receiver


def is_quiet(database: Database, connection_id: str) -> bool:
    """Nothing waits, nothing is under way, nothing is to be written or sent."""
    with database.read() as tx:
        counts = inbox.counts(tx)
        due = field_states.counts(tx, connection_id=connection_id).due
        states = (InterventionState.APPROVED, InterventionState.DUE)
        acting = interventions.find(tx, states=states, limit=1)
    return not (counts.waiting or counts.pumped or due or acting)


def accepted_events(emulator: Emulator) -> list[str]:
    """The ids of events for which our door said 2xx and which concern us."""
    found = []
    with emulator.state.lock:
        for webhook in emulator.state.webhooks.values():
            for invocation in webhook.invocations:
                for attempt in invocation.attempts:
                    if attempt.status_code == 202:
                        found.append(str(json.loads(attempt.payload)["id"]))
    return found


def inbox_problems(database: Database, connection_id: str, accepted: Iterable[str]) -> list[str]:
    """Every accepted event is kept once, and worked off."""
    with database.read() as tx:
        kept = {
            row.event_id: row
            for row in tx.execute(
                select(tables.inbox).where(tables.inbox.c.connection_id == connection_id)
            )
        }
    problems = [f"event {id} was accepted and is gone" for id in accepted if id not in kept]
    problems += [f"entry {row.id} is not done" for row in kept.values() if row.done_at is None]
    problems += [f"entry {row.id} failed: {row.error}" for row in kept.values() if row.failed_at]
    return problems


def reading_problems(database: Database, emulator: Emulator, connection_id: str) -> list[str]:
    """Everything a customer said is stored, read, and counted in the ticket's state once."""
    problems = []
    with database.read() as tx, emulator.state.lock:
        for ticket in emulator.state.tickets.values():
            if ticket.deleted_at or ticket.merged_into:
                continue
            # What we wrote ourselves need not be asked for.
            ours = emulator.state.integration.id
            said = {str(one.id) for one in ticket.comments if one.author_id != ours}
            query = select(tables.interaction).where(
                tables.interaction.c.connection_id == connection_id,
                tables.interaction.c.ticket_id == str(ticket.id),
            )
            stored = {row.id: row for row in tx.execute(query)}
            if said - set(stored):
                problems.append(f"ticket {ticket.id}: {len(said - set(stored))} comments not here")
            late = [id for id, row in stored.items() if row.enriched_at is None]
            if late:
                problems.append(f"ticket {ticket.id}: {len(late)} comments not enriched")
            kept = memory.load_ticket(tx, connection_id=connection_id, ticket_id=str(ticket.id))
            customers = sum(
                one.public and not emulator.state.users[one.author_id].is_staff
                for one in ticket.comments
            )
            counted = TicketState.from_json(kept.state).customer_turns if kept else 0
            if counted != customers:
                problems.append(
                    f"ticket {ticket.id}: {customers} customer messages, {counted} counted"
                )
        doubles = Counter(
            (row.interaction_id, row.content_hash, row.model)
            for row in tx.execute(select(tables.reading))
        )
    problems += [f"reading {key} is there {n} times" for key, n in doubles.items() if n > 1]
    return problems


def note_counts(emulator: Emulator) -> Counter[str]:
    """How often each of our notes stands over there, by the key in the audit's metadata."""
    found: Counter[str] = Counter()
    with emulator.state.lock:
        for audit in emulator.state.audits.values():
            key = (audit.custom.get(NAMESPACE) or {}).get("note")
            if key:
                found[key] += 1
    return found


def intervention_problems(
    database: Database, emulator: Emulator, receiver: Receiver | None
) -> list[str]:
    """Each delivered action arrived, each note stands once, nothing arrived that was not meant."""
    problems = []
    notes = note_counts(emulator)
    ids = receiver.ids if receiver else Counter()
    wanted_notes, wanted_ids = set(), set()
    with database.read() as tx:
        every = interventions.find(tx, limit=100_000)
    for one in every:
        if one.state is InterventionState.PROPOSED and one.needs_approval:
            # Nobody has said yes, so nothing may have arrived.
            continue
        if one.state is not InterventionState.DELIVERED:
            problems.append(f"intervention {one.id} is {one.state} ({one.state_reason})")
        for index, plain in enumerate(one.actions):
            match rendered_from_json(plain):
                case NoteText():
                    wanted_notes.add(key_of(one, index))
                case WebhookCall():
                    wanted_ids.add(key_of(one, index))
    problems += [f"note {key} stands {n} times" for key, n in notes.items() if n != 1]
    problems += [f"note {key} is missing" for key in sorted(wanted_notes - set(notes))]
    problems += [f"note {key} was not meant" for key in sorted(set(notes) - wanted_notes)]
    if receiver is not None:
        problems += [f"webhook {id} never came" for id in sorted(wanted_ids - set(ids))]
        problems += [f"webhook {id} was not meant" for id in sorted(set(ids) - wanted_ids)]
        bodies: dict[str, set[str]] = {}
        for message in receiver.messages:
            data = json.dumps(message.told["data"], sort_keys=True)
            bodies.setdefault(message.id, set()).add(data)
        problems += [
            f"webhook {id} came with other words" for id, n in bodies.items() if len(n) > 1
        ]
    return problems


def field_problems(database: Database, emulator: Emulator, connection_id: str) -> list[str]:
    """Every field over there holds what is intended, or what a person put there."""
    problems = []
    with database.read() as tx:
        installation = connections.get(tx, connection_id).installation
        states = [
            (RecordRef(kind=RecordKind(row.record_kind), id=row.record_id), row.field)
            for row in tx.execute(
                select(tables.field_state).where(
                    tables.field_state.c.connection_id == connection_id
                )
            )
        ]
        known = {
            ref: field_states.load(tx, connection_id=connection_id, record=ref)
            for ref in {ref for ref, _ in states}
        }
    fields = FieldMap(installation)
    for ref, key in states:
        state = known[ref][key]
        there = _there(emulator, fields, ref).get(key)
        wanted = state.person_value if state.is_kept else state.intended
        if state.is_due:
            problems.append(f"{ref} {key} is still due ({state.error})")
        elif state.error is None and not same_value(there, wanted):
            problems.append(f"{ref} {key} holds {there!r}, not {wanted!r}")
    return problems


def _there(emulator: Emulator, fields: FieldMap, ref: RecordRef) -> dict[str, FieldValue]:
    state, origin = emulator.state, emulator.base_url
    with state.lock:
        if ref.kind is RecordKind.TICKET:
            row: Any = ticket_row(state, state.tickets[int(ref.id)], origin)
            return dict(fields.of_ticket(row["custom_fields"]))
        row = user_row(state, state.users[int(ref.id)], origin)
        return dict(fields.of_contact(row["user_fields"]))


def memory_problems(database: Database, connection_id: str, *, now: Any, priors: Any) -> list[str]:
    """Every person's state is what folding everything from the first message gives."""
    problems = []
    reader = PlainReader()
    with database.read() as tx:
        ours = connections.get(tx, connection_id).installation.state.get("identity")
        for row in tx.execute(select(tables.person_state)).all():
            members = people.members(tx, row.person_id)
            contact = loading.load_contact(
                tx, connection_id=connection_id, contact_id=members[0].contact_id
            )
            assert contact is not None
            query = select(tables.ticket).where(
                tables.ticket.c.connection_id == connection_id,
                tables.ticket.c.contact_id == contact.id,
            )
            histories = []
            for found in tx.execute(query).all():
                record = rows.ticket_value(found)
                said = select(tables.interaction).where(
                    tables.interaction.c.connection_id == connection_id,
                    tables.interaction.c.ticket_id == record.id,
                )
                every = sorted(
                    (rows.interaction_value(one) for one in tx.execute(said)),
                    key=lambda one: (one.created_at, one.id),
                )
                keys = [(one.id, rows.content_hash(one.text)) for one in every]
                read = readings.find(tx, connection_id=connection_id, model=reader.model, keys=keys)
                first = next((one for one in every if one.author_role is AuthorRole.CUSTOMER), None)
                text = f"{record.subject}\n{first.text[:THEME_TEXT] if first else ''}"
                histories.append(
                    History(
                        record=record,
                        connection=connection_id,
                        turns=tuple(
                            Turn.of(one, read.get(key))
                            for one, key in zip(every, keys, strict=True)
                            if one.author_id != ours
                        ),
                        surveys=tuple(
                            rows.survey_value(one)
                            for one in tx.execute(
                                select(tables.survey).where(
                                    tables.survey.c.connection_id == connection_id,
                                    tables.survey.c.ticket_id == record.id,
                                )
                            )
                        ),
                        theme_vector=reader.embed([text])[0],
                    )
                )
            fresh = PersonState(person_id=str(row.person_id), known_since=contact.created_at)
            again = replay(person=fresh, histories=histories, now=now, priors=priors)
            if PersonState.from_json(row.state) != again.person:
                problems.append(f"person {row.person_id} is not what a fold from scratch gives")
    return problems
