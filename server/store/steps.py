"""Steps that must happen once, and small facts about the installation.

A step that writes to this database and may be run again after a crash notes its key in the same
transaction: either both are there or neither.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import delete, select

from .statements import insert
from .tables import done_step, meta


def begin(tx: Transaction, key: str, *, now: datetime) -> bool:
    """True for the first transaction to begin this step; False when it was done before. Another
    one that has begun it just now is waited for."""
    statement = (
        insert(tx, done_step)
        .values(key=key, at=now)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(done_step.c.key)
    )
    return tx.execute(statement).first() is not None


def keep_result(tx: Transaction, key: str, result: Any) -> None:
    """What the step returned (JSON values), for those who come after."""
    tx.execute(done_step.update().where(done_step.c.key == key).values(result=result))


def result_of(tx: Transaction, key: str) -> Any:
    """What a done step returned, None when it kept nothing or is not done."""
    return tx.scalar(select(done_step.c.result).where(done_step.c.key == key))


def purge(tx: Transaction, *, before: datetime, limit: int = 10_000) -> int:
    """Forget steps done before then, the oldest first; returns how many."""
    old = select(done_step.c.key).where(done_step.c.at < before)
    old = old.order_by(done_step.c.at).limit(limit)
    return tx.execute(delete(done_step).where(done_step.c.key.in_(old))).rowcount


def get_fact(tx: Transaction, key: str) -> Any:
    """A fact about this installation, or None."""
    return tx.scalar(select(meta.c.value).where(meta.c.key == key))


def set_fact(tx: Transaction, key: str, value: Any, *, now: datetime) -> None:
    """Set a fact (JSON values)."""
    row = {"value": value, "updated_at": now}
    tx.execute(
        insert(tx, meta)
        .values(key=key, **row)
        .on_conflict_do_update(index_elements=["key"], set_=row)
    )
