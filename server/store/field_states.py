"""What each of our fields should hold, and what we sent for it.

Write-back is a state, not a queue: ``intend`` says what a field should hold, ``take`` hands out
what differs, and ``written``, ``postpone`` or ``give_up`` ends an attempt. What was sent is noted
before it leaves the house, so that after a crash it is recognised as ours. A field a person keeps
(``edits``) is never handed out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    delete,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy import Connection as Transaction

from connectors.records import FieldValue, RecordKind, RecordRef

from .field_rows import (
    FieldState,
    add_fields,
    load,
    of,
    same_value,
    set_fields,
    state_value,
)
from .rows import plain
from .tables import contact, field_state, person, ticket

__all__ = [
    "LEASE",
    "DueWrite",
    "FieldCounts",
    "FieldState",
    "adopt",
    "counts",
    "forget",
    "give_up",
    "hurry",
    "intend",
    "load",
    "next_due",
    "postpone",
    "release",
    "same_value",
    "take",
    "written",
]

#: While an attempt may be under way its record is not handed out again.
LEASE = timedelta(minutes=2)
#: How many of the values we sent are remembered.
SENT_KEPT = 6
#: Fields of ours on one record, at most. With more, ``take`` may hand out fewer records.
MOST_FIELDS = 16


@dataclass(frozen=True, kw_only=True)
class DueWrite:
    """The values one record is waiting for, by field key. ``attempts``: this one included."""

    connection_id: str
    record: RecordRef
    values: Mapping[str, FieldValue] = field(repr=False)
    attempts: int


@dataclass(frozen=True, kw_only=True)
class FieldCounts:
    """Fields by what is with them; ``next_at``: when the next one is due."""

    due: int
    kept: int
    next_at: datetime | None


def intend(
    tx: Transaction,
    *,
    connection_id: str,
    record: RecordRef,
    values: Mapping[str, FieldValue],
    receipts: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    now: datetime,
) -> frozenset[str]:
    """Say what the fields should hold; returns those now due. Intending the same again changes
    nothing, nor does a value that was given up; a field a person keeps is noted, never due."""
    known = load(tx, connection_id=connection_id, record=record, lock=True)
    due = set()
    changes, additions = {}, {}
    for name, value in sorted(values.items()):
        old = known.get(name)
        if old is not None and old.is_given_up and same_value(value, old.intended):
            continue
        is_due = _differs(value, old)
        if is_due:
            due.add(name)
        row: dict[str, Any] = {
            "intended": plain(value),
            "due": is_due,
            "attempts": 0,
            "error": None,
            "receipt": dict(receipts[name]) if name in receipts else None,
            "next_at": now,
            "updated_at": now,
        }
        if old is None:
            additions[name] = row
        elif old.is_due != is_due or old.intended != value:
            if not old.is_settled:
                # The older value may be on its way and must not arrive after the newer one.
                row |= {"next_at": old.next_at, "attempts": old.attempts, "error": old.error}
            changes[name] = row
    set_fields(tx, connection_id, record, changes)
    add_fields(tx, connection_id, record, additions)
    return frozenset(due)


def take(
    tx: Transaction,
    *,
    connection_id: str,
    kinds: Collection[RecordKind] = tuple(RecordKind),
    limit: int = 100,
    lease: timedelta = LEASE,
    now: datetime,
) -> list[DueWrite]:
    """Up to ``limit`` records of these kinds with the values to be written, longest waiting first.
    Commit before sending: what was sent is noted here. Nobody else gets them until ``lease`` has
    passed. What is about a paused person stays where it is."""
    ready = (*_due(connection_id, kinds), field_state.c.next_at <= now)
    key = (field_state.c.record_kind, field_state.c.record_id)
    # Neighbours in the index of due fields, so a long queue costs no more than a short one.
    waiting = (
        select(*key).where(*ready).order_by(field_state.c.next_at, *key).limit(limit * MOST_FIELDS)
    )
    chosen = list(dict.fromkeys((kind, id) for kind, id in tx.execute(waiting)))[:limit]
    if not chosen:
        return []
    query = select(field_state).where(*ready, tuple_(*key).in_(chosen))
    found: dict[tuple[str, str], list[FieldState]] = {}
    for row in tx.execute(query.with_for_update(skip_locked=True)):
        found.setdefault((row.record_kind, row.record_id), []).append(state_value(row))
    writes = []
    for kind, id in (one for one in chosen if one in found):
        record = RecordRef(kind=RecordKind(kind), id=id)
        states = found[kind, id]
        rows = {
            state.key: {
                "sent": _remember(state),
                "sent_at": now,
                "next_at": now + lease,
                "attempts": state.attempts + 1,
                "error": None,
            }
            for state in states
        }
        set_fields(tx, connection_id, record, rows)
        writes.append(
            DueWrite(
                connection_id=connection_id,
                record=record,
                values=MappingProxyType({state.key: state.intended for state in states}),
                attempts=max(state.attempts for state in states) + 1,
            )
        )
    return writes


def written(
    tx: Transaction,
    *,
    connection_id: str,
    record: RecordRef,
    values: Mapping[str, FieldValue],
    now: datetime,
) -> None:
    """The system confirmed these values. What was intended anew meanwhile is due at once."""
    known = load(tx, connection_id=connection_id, record=record, lock=True)
    rows = {
        name: {
            "written": plain(value),
            "written_at": now,
            "due": not known[name].is_kept and not same_value(known[name].intended, value),
            "next_at": now,
            "attempts": 0,
            "error": None,
        }
        for name, value in sorted(values.items())
        if name in known
    }
    set_fields(tx, connection_id, record, rows)


def postpone(
    tx: Transaction,
    *,
    connection_id: str,
    record: RecordRef,
    fields: Collection[str],
    error: str,
    next_at: datetime,
) -> None:
    """The attempt failed; try these again at ``next_at``. ``error``: a code, no values."""
    row = {"next_at": next_at, "error": error}
    set_fields(tx, connection_id, record, dict.fromkeys(sorted(fields), row))


def hurry(tx: Transaction, *, connection_id: str, record: RecordRef, now: datetime) -> None:
    """What was postponed on this record need wait no longer. What is on its way is left alone:
    two writes at once could arrive in the wrong order."""
    tx.execute(
        update(field_state)
        .where(
            *of(connection_id, record),
            field_state.c.due,
            field_state.c.next_at > now,
            field_state.c.error.is_not(None),
        )
        .values(next_at=now)
    )


def give_up(
    tx: Transaction,
    *,
    connection_id: str,
    record: RecordRef,
    fields: Collection[str],
    error: str,
    now: datetime,
) -> None:
    """The record takes no more writes (gone, closed). Intending another value tries anew."""
    row = {"due": False, "error": error, "attempts": 0, "updated_at": now}
    set_fields(tx, connection_id, record, dict.fromkeys(sorted(fields), row))


def release(
    tx: Transaction,
    *,
    connection_id: str,
    record: RecordRef,
    fields: Collection[str],
    now: datetime,
) -> frozenset[str]:
    """Let go of a person's values, because a person asked for it; returns the fields now due."""
    known = load(tx, connection_id=connection_id, record=record, lock=True)
    rows = {
        name: {
            "kept": False,
            "due": not same_value(old.intended, old.person_value),
            # What stands over there is the person's value, so that is what we compare with.
            "written": plain(old.person_value),
            "written_at": now,
            "sent": [],
            "next_at": now,
            "updated_at": now,
        }
        for name, old in sorted(known.items())
        if name in fields and old.is_kept
    }
    set_fields(tx, connection_id, record, rows)
    return frozenset(name for name, row in rows.items() if row["due"])


def adopt(
    tx: Transaction,
    *,
    connection_id: str,
    record: RecordRef,
    seen: Mapping[str, FieldValue],
    now: datetime,
) -> frozenset[str]:
    """What stands over there is ours, written by somebody who kept no note of it here; returns
    the fields now due, since something else was intended. A person's values stay theirs."""
    known = load(tx, connection_id=connection_id, record=record, lock=True)
    changes, additions = {}, {}
    for name, value in sorted(seen.items()):
        old = known.get(name)
        row = {
            "written": plain(value),
            "written_at": now,
            "sent": [],
            "due": old is not None and not same_value(old.intended, value),
            "attempts": 0,
            "error": None,
            "next_at": now,
            "updated_at": now,
        }
        if old is None:
            additions[name] = {**row, "intended": plain(value)}
        elif not old.is_kept:
            changes[name] = row
    set_fields(tx, connection_id, record, changes)
    add_fields(tx, connection_id, record, additions)
    return frozenset(name for name, row in changes.items() if row["due"])


def forget(
    tx: Transaction, *, connection_id: str, record_kind: RecordKind, fields: Collection[str]
) -> int:
    """These fields are gone over there, with everything in them: what was written, and what
    people set. Returns how many records' fields were forgotten."""
    return tx.execute(
        delete(field_state).where(
            field_state.c.connection_id == connection_id,
            field_state.c.record_kind == record_kind,
            field_state.c.field.in_(fields),
        )
    ).rowcount


def counts(tx: Transaction, *, connection_id: str) -> FieldCounts:
    """How many fields of a connection are due, and how many people keep."""
    mine = field_state.c.connection_id == connection_id
    due = tx.execute(
        select(func.count(), func.min(field_state.c.next_at)).where(mine, field_state.c.due)
    ).one()
    kept = select(func.count()).select_from(field_state).where(mine, field_state.c.kept)
    return FieldCounts(due=due[0], kept=tx.scalar(kept) or 0, next_at=due[1])


def next_due(
    tx: Transaction, *, connection_id: str, kinds: Collection[RecordKind] = tuple(RecordKind)
) -> datetime | None:
    """When ``take`` has something to hand out (perhaps since long ago), None when nothing is due.
    Quick whatever the number of fields."""
    query = select(field_state.c.next_at).where(*_due(connection_id, kinds))
    return tx.scalar(query.order_by(field_state.c.next_at).limit(1))


def _due(connection_id: str, kinds: Collection[RecordKind]) -> tuple[ColumnElement[bool], ...]:
    record = tuple_(field_state.c.connection_id, field_state.c.record_id)
    return (
        field_state.c.connection_id == connection_id,
        field_state.c.due,
        field_state.c.kept.is_(False),
        *(() if set(kinds) == set(RecordKind) else (field_state.c.record_kind.in_(kinds),)),
        *(
            (field_state.c.record_kind != kind) | record.not_in(_of_paused(table))
            for kind, table in ((RecordKind.TICKET, ticket), (RecordKind.CONTACT, contact))
        ),
    )


def _of_paused(table: Table) -> Select[Any]:
    # Of all connections: naming one leads SQLite to read every record of it.
    paused = select(person.c.id).where(person.c.paused_at.is_not(None))
    return select(table.c.connection_id, table.c.id).where(table.c.person_id.in_(paused))


def _differs(value: FieldValue, old: FieldState | None) -> bool:
    if old is None:
        return not same_value(value, None)
    if old.is_kept:
        return False
    return not same_value(value, old.written) or not old.is_settled


def _remember(state: FieldState) -> list[Any]:
    """What was sent so far and what is sent now. Before the first write the field was empty, and
    copies from then may still be on their way to us."""
    sent = list(state.sent) or [state.written]
    sent = [value for value in sent if value != state.intended]
    return [plain(value) for value in [*sent, state.intended][-SENT_KEPT:]]
