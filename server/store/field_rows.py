"""The rows behind ``field_states`` and ``edits``: one field of one record each, read and changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, select, text, update
from sqlalchemy import Connection as Transaction

from connectors.records import FieldValue, RecordRef

from .rows import field_value
from .statements import insert
from .tables import field_state


@dataclass(frozen=True, kw_only=True)
class FieldState:
    """One field (by ``key``) of one record. ``written_at`` is None until the first write was confirmed;
    ``sent`` holds the last values we sent, newest last."""

    key: str
    intended: FieldValue
    sent: tuple[FieldValue, ...]
    sent_at: datetime | None
    written: FieldValue
    written_at: datetime | None
    is_kept: bool
    person_value: FieldValue
    person_at: datetime | None
    is_due: bool
    next_at: datetime
    attempts: int
    error: str | None
    receipt: Mapping[str, Any] = field(repr=False)
    updated_at: datetime

    @property
    def stands(self) -> FieldValue:
        """What the field holds over there, as far as we know."""
        return self.person_value if self.is_kept else self.written

    @property
    def is_settled(self) -> bool:
        """Nothing we sent may still arrive over there."""
        return not self.sent or same_value(self.sent[-1], self.written)

    @property
    def is_given_up(self) -> bool:
        """``intended`` was tried and is not tried again; another value would be."""
        return not (self.is_due or self.is_kept) and self.error is not None


def same_value(one: FieldValue, other: FieldValue) -> bool:
    """Whether a system would show the two as one value: empty is empty, options have no order,
    white space and line ends come back changed, and so does the last digit of a number."""
    return _essence(one) == _essence(other)


def load(
    tx: Transaction, *, connection_id: str, record: RecordRef, lock: bool = False
) -> dict[str, FieldState]:
    """Everything known of one record's fields, by key. ``lock``: nobody else changes or adds any
    until the transaction ends."""
    query = select(field_state).where(*of(connection_id, record))
    if lock and tx.dialect.name != "sqlite":
        # Rows that are not there yet cannot be locked, and two who add the same ones in
        # different orders would wait for each other for ever.
        name = f"{connection_id}/{record}"
        tx.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 1))"), {"name": name})
        query = query.with_for_update()
    return {row.field: state_value(row) for row in tx.execute(query)}


def of(connection_id: str, record: RecordRef) -> tuple[ColumnElement[bool], ...]:
    """The condition that picks one record's fields."""
    return (
        field_state.c.connection_id == connection_id,
        field_state.c.record_kind == record.kind,
        field_state.c.record_id == record.id,
    )


def set_fields(
    tx: Transaction,
    connection_id: str,
    record: RecordRef,
    rows: Mapping[str, Mapping[str, Any]],
) -> None:
    """Change fields that are there, each its own way but all the same columns."""
    if rows:
        statement = update(field_state).where(
            *of(connection_id, record), field_state.c.field == bindparam("name_of_field")
        )
        tx.execute(statement, [{"name_of_field": name, **row} for name, row in rows.items()])


def add_fields(
    tx: Transaction,
    connection_id: str,
    record: RecordRef,
    rows: Mapping[str, Mapping[str, Any]],
) -> None:
    """Add fields; where somebody else was first, the same columns are changed, unless a person
    keeps the field."""
    if not rows:
        return
    keys = {"connection_id": connection_id, "record_kind": record.kind, "record_id": record.id}
    first = {"sent": [], "kept": False, "due": False, "attempts": 0}
    statement = insert(tx, field_state)
    changed = next(iter(rows.values()))
    statement = statement.on_conflict_do_update(
        index_elements=[*keys, "field"],
        set_={name: statement.excluded[name] for name in changed},
        where=field_state.c.kept.is_(False),
    )
    tx.execute(statement, [{**keys, "field": name, **first, **rows[name]} for name in rows])


def _essence(value: FieldValue) -> object:
    if value is None or value in ("", ()):
        return None
    if isinstance(value, tuple):
        return tuple(sorted(value))
    if isinstance(value, str):
        return " ".join(value.split()) or None
    if isinstance(value, bool):
        return value
    return float(f"{value:.9g}")


def state_value(row: Row[Any]) -> FieldState:
    """The value of one row."""
    return FieldState(
        key=row.field,
        intended=field_value(row.intended),
        sent=tuple(field_value(value) for value in row.sent),
        sent_at=row.sent_at,
        written=field_value(row.written),
        written_at=row.written_at,
        is_kept=row.kept,
        person_value=field_value(row.person_value),
        person_at=row.person_at,
        is_due=row.due,
        next_at=row.next_at,
        attempts=row.attempts,
        error=row.error,
        receipt=row.receipt or MappingProxyType({}),
        updated_at=row.updated_at,
    )
