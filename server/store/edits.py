"""Telling people's edits of our fields from our own writes coming back.

No source system says reliably who set a field, so the value decides. One that equals neither
what we intended nor anything we sent is a person's. One we sent earlier is an old copy when the
record dates from before our last write, and otherwise a person set it back. An emptied field is
an edit as well. A person's value is kept, stored as a correction, and stands from then on.

After ``connections.adopt`` there are values of ours we know nothing of: of each field the first
look since then takes what stands there as ours. An edit made before that look is taken as ours too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import select

from connectors.records import FieldValue, RecordRef

from . import corrections
from .corrections import Correction
from .field_rows import FieldState, add_fields, load, same_value, set_fields
from .field_states import adopt
from .rows import plain
from .tables import connection

#: How far the system's clock and ours may lie apart.
SKEW = timedelta(seconds=30)


def observe(
    tx: Transaction,
    *,
    connection_id: str,
    record: RecordRef,
    seen: Mapping[str, FieldValue],
    updated_at: datetime,
    person_id: int | None = None,
    now: datetime,
) -> list[Correction]:
    """Compare what a record's fields hold with what we know; returns people's new edits.

    ``seen``: our fields on the record as read, also the empty ones; ``updated_at``: the record's
    own time. Observing the same copy twice finds nothing new.
    """
    known = load(tx, connection_id=connection_id, record=record, lock=True)
    adopted_at = _adopted_at(tx, connection_id)
    if adopted_at is not None:
        unknown = {
            name: value
            for name, value in seen.items()
            if (old := known.get(name)) is None or _is_before(old, adopted_at)
        }
        adopt(tx, connection_id=connection_id, record=record, seen=unknown, now=now)
        seen = {name: value for name, value in seen.items() if name not in unknown}
    found = []
    kept: dict[str, dict[str, Any]] = {}
    new: dict[str, dict[str, Any]] = {}
    arrived: dict[str, dict[str, Any]] = {}
    for name, value in sorted(seen.items()):
        old = known.get(name)
        if _is_edit(value, old, updated_at):
            (new if old is None else kept)[name] = {
                "kept": True,
                "person_value": plain(value),
                "person_at": updated_at,
                "due": False,
                "error": None,
                "next_at": now,
                "updated_at": now,
            }
            found.append(
                Correction(
                    connection_id=connection_id,
                    record=record,
                    key=name,
                    our_value=None if old is None else old.written,
                    person_value=value,
                    person_id=person_id,
                    receipt={} if old is None else old.receipt,
                    at=now,
                )
            )
        elif old is not None and _has_arrived(value, old):
            # Our write, seen before its confirmation (or after a crash instead of it).
            arrived[name] = {
                "written": plain(value),
                "written_at": old.sent_at,
                "due": not same_value(value, old.intended),
                "error": None,
            }
    set_fields(tx, connection_id, record, kept)
    set_fields(tx, connection_id, record, arrived)
    add_fields(tx, connection_id, record, new)
    for correction in found:
        corrections.keep(tx, correction)
    return found


def _adopted_at(tx: Transaction, connection_id: str) -> datetime | None:
    found: datetime | None = tx.scalar(
        select(connection.c.adopted_at).where(connection.c.id == connection_id)
    )
    return found


def _is_before(old: FieldState, adopted_at: datetime) -> bool:
    return not old.is_kept and old.updated_at < adopted_at


def _is_edit(value: FieldValue, old: FieldState | None, updated_at: datetime) -> bool:
    if old is None:
        # Somebody filled a field of ours before we did.
        return not same_value(value, None)
    if old.is_kept:
        newer = old.person_at is None or updated_at > old.person_at
        return newer and not same_value(value, old.person_value)
    if any(same_value(value, own) for own in (old.intended, old.written, *old.sent[-1:])):
        return False
    if any(same_value(value, own) for own in old.sent):
        return old.sent_at is not None and updated_at > old.sent_at + SKEW
    return True


def _has_arrived(value: FieldValue, old: FieldState) -> bool:
    return (
        not old.is_kept
        and not old.is_settled
        and same_value(value, old.sent[-1])
        and not same_value(value, old.written)
    )
