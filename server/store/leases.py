"""Turns that only one process may take: whoever claims one has it until the time runs out."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection as Transaction

from .statements import insert
from .tables import meta


def claim(tx: Transaction, name: str, *, until: datetime, now: datetime) -> bool:
    """Whether the turn is ours. A claim of somebody else's that has not run out stands."""
    key = f"lease:{name}"
    statement = insert(tx, meta).values(key=key, value=None, updated_at=until)
    claimed = tx.execute(
        statement.on_conflict_do_update(
            index_elements=["key"],
            set_={"updated_at": until},
            where=meta.c.updated_at <= now,
        ).returning(meta.c.key)
    )
    return claimed.first() is not None


def give_back(tx: Transaction, name: str, *, now: datetime) -> None:
    """Let the next one come at once."""
    tx.execute(
        meta.update()
        .where(meta.c.key == f"lease:{name}")
        .values(updated_at=now - timedelta(seconds=1))
    )
