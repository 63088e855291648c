"""People's edits of our fields, kept as labels: what we said, what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import Row, func, select

from connectors.records import FieldValue, RecordKind, RecordRef

from .rows import field_value, plain
from .tables import correction


@dataclass(frozen=True, kw_only=True)
class Correction:
    """``key`` names the field. ``receipt`` is the one our value was written with: model, evidence, versions."""

    connection_id: str
    record: RecordRef
    key: str
    our_value: FieldValue
    person_value: FieldValue
    person_id: int | None = None
    receipt: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    at: datetime


def keep(tx: Transaction, value: Correction) -> None:
    """Add one label."""
    tx.execute(
        correction.insert().values(
            connection_id=value.connection_id,
            record_kind=value.record.kind,
            record_id=value.record.id,
            field=value.key,
            our_value=plain(value.our_value),
            person_value=plain(value.person_value),
            person_id=value.person_id,
            receipt=dict(value.receipt),
            at=value.at,
        )
    )


def latest(tx: Transaction, *, limit: int = 50) -> list[Correction]:
    """Newest first."""
    query = select(correction).order_by(correction.c.at.desc(), correction.c.id.desc())
    return [_value(row) for row in tx.execute(query.limit(limit))]


def of_record(tx: Transaction, *, connection_id: str, record: RecordRef) -> list[Correction]:
    """Every edit of one record, oldest first."""
    query = (
        select(correction)
        .where(
            correction.c.connection_id == connection_id,
            correction.c.record_kind == record.kind,
            correction.c.record_id == record.id,
        )
        .order_by(correction.c.at, correction.c.id)
    )
    return [_value(row) for row in tx.execute(query)]


def counts_by_field(tx: Transaction, *, since: datetime) -> dict[str, int]:
    """How often each field was corrected since then."""
    query = (
        select(correction.c.field, func.count())
        .where(correction.c.at >= since)
        .group_by(correction.c.field)
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def _value(row: Row[Any]) -> Correction:
    return Correction(
        connection_id=row.connection_id,
        record=RecordRef(kind=RecordKind(row.record_kind), id=row.record_id),
        key=row.field,
        our_value=field_value(row.our_value),
        person_value=field_value(row.person_value),
        person_id=row.person_id,
        receipt=row.receipt or MappingProxyType({}),
        at=row.at,
    )
