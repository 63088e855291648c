"""Newer over older: which of the records that came replace the copies that stand here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection as Transaction
from sqlalchemy import Table, select

from connectors.records import Account, Contact, Ticket

from .statements import insert

Dated = TypeVar("Dated", Account, Contact, Ticket)

#: Columns that say nothing about the record itself.
NOT_CONTENT = frozenset({"connection_id", "synced_at", "person_id"})


def latest_of(values: Sequence[Dated]) -> list[Dated]:
    """Of several versions of one record the latest, in the order of their ids (so that two
    transactions never wait for each other's rows)."""
    latest = {one.id: one for one in sorted(values, key=lambda one: one.updated_at)}
    return [latest[id] for id in sorted(latest)]


def newer_ids(
    tx: Transaction, table: Table, connection_id: str, values: Sequence[Mapping[str, Any]]
) -> frozenset[str]:
    """Ids of the rows that are unknown, or not older than their copy here and different from it.

    Equal times do not mean equal records: some systems' clocks have whole seconds.
    """
    query = select(table).where(
        table.c.connection_id == connection_id, table.c.id.in_([one["id"] for one in values])
    )
    known = {row["id"]: row for row in tx.execute(query).mappings()}
    return frozenset(
        one["id"]
        for one in values
        if (old := known.get(one["id"])) is None
        or one["updated_at"] > old["updated_at"]
        or (
            one["updated_at"] == old["updated_at"]
            and any(old[name] != value for name, value in one.items() if name not in NOT_CONTENT)
        )
    )


def upsert(tx: Transaction, table: Table, values: Sequence[Mapping[str, Any]]) -> None:
    """Insert, or set every given column where the copy standing there is not newer."""
    if not values:
        return
    statement = insert(tx, table)
    keys = {"connection_id", "id"}
    statement = statement.on_conflict_do_update(
        index_elements=sorted(keys),
        set_={name: statement.excluded[name] for name in values[0] if name not in keys},
        where=table.c.updated_at <= statement.excluded.updated_at,
    )
    tx.execute(statement, list(values))
