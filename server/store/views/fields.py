"""What stands in our fields over there, since when and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import select

from ..tables import field_state


@dataclass(frozen=True, kw_only=True)
class FieldSeen:
    """One of our fields over there: what stands in it, since when and why."""

    key: str
    written: Any
    written_at: datetime | None
    person_value: Any
    kept: bool
    due: bool
    error: str | None
    receipt: Mapping[str, Any] | None


def fields_seen(
    tx: Transaction, connection_id: str, kind: str, ids: list[str]
) -> dict[str, list[FieldSeen]]:
    """Our fields on these records of one kind, by the record's id."""
    query = select(field_state).where(
        field_state.c.connection_id == connection_id,
        field_state.c.record_kind == kind,
        field_state.c.record_id.in_(ids),
    )
    found: dict[str, list[FieldSeen]] = defaultdict(list)
    for row in tx.execute(query.order_by(field_state.c.field)):
        found[row.record_id].append(
            FieldSeen(
                key=row.field,
                written=row.written,
                written_at=row.written_at,
                person_value=row.person_value,
                kept=row.kept,
                due=row.due,
                error=row.error,
                receipt=row.receipt,
            )
        )
    return found
