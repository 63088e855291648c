"""Attempts to do what an intervention says: one row an attempt, written before it is made.

An attempt that was begun and never ended (the worker died) is ``lost``: nobody knows whether it
arrived, and the next attempt carries the same key so that the other side can tell. An action that
arrived is never begun again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import Row, func, select, update

from . import interventions
from .tables import delivery


class Outcome(StrEnum):
    STARTED = "started"
    DELIVERED = "delivered"
    HELD_BACK = "held_back"
    FAILED = "failed"
    LOST = "lost"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One attempt. ``next_at``: when the next one is planned; ``is_dead``: there is none, the
    letter waits for a person."""

    id: int
    intervention_id: int
    action_index: int
    attempt: int
    outcome: Outcome
    status_code: int | None
    error: str | None
    started_at: datetime
    finished_at: datetime | None
    next_at: datetime | None
    is_dead: bool


def begin(
    tx: Transaction, *, intervention_id: int, action_index: int, now: datetime
) -> Delivery | None:
    """Start an attempt; commit before making it. None when this action arrived already.

    Raises ``UnknownIntervention``.
    """
    # The row lock makes two workers take turns, so attempts are counted without gaps.
    interventions.get(tx, intervention_id, lock=True)
    mine = (
        delivery.c.intervention_id == intervention_id,
        delivery.c.action_index == action_index,
    )
    ended = tx.scalar(
        select(func.count()).where(
            *mine, delivery.c.outcome.in_([Outcome.DELIVERED, Outcome.HELD_BACK])
        )
    )
    if ended:
        return None
    tx.execute(
        update(delivery)
        .where(*mine, delivery.c.outcome == Outcome.STARTED)
        .values(outcome=Outcome.LOST, finished_at=now)
    )
    # Whatever was planned is what begins now.
    tx.execute(update(delivery).where(*mine).values(next_at=None, dead=False))
    last = tx.scalar(select(func.max(delivery.c.attempt)).where(*mine)) or 0
    row = tx.execute(
        delivery.insert()
        .values(
            intervention_id=intervention_id,
            action_index=action_index,
            attempt=last + 1,
            outcome=Outcome.STARTED,
            started_at=now,
            dead=False,
        )
        .returning(delivery)
    ).one()
    return _value(row)


def record(
    tx: Transaction,
    id: int,
    *,
    outcome: Outcome,
    status_code: int | None = None,
    error: str | None = None,
    next_at: datetime | None = None,
    is_dead: bool = False,
    now: datetime,
) -> Delivery:
    """What became of an attempt. ``error`` is a code and advice, never a payload. Raises
    ``LookupError`` for an unknown attempt."""
    statement = (
        update(delivery)
        .where(delivery.c.id == id)
        .values(
            outcome=outcome,
            status_code=status_code,
            error=error,
            finished_at=now,
            next_at=next_at,
            dead=is_dead,
        )
        .returning(delivery)
    )
    row = tx.execute(statement).one_or_none()
    if row is None:
        raise LookupError(f"there is no delivery {id}")
    return _value(row)


def of_intervention(tx: Transaction, intervention_id: int) -> list[Delivery]:
    """Every attempt, oldest first."""
    query = (
        select(delivery)
        .where(delivery.c.intervention_id == intervention_id)
        .order_by(delivery.c.action_index, delivery.c.attempt)
    )
    return [_value(row) for row in tx.execute(query)]


def planned(tx: Transaction, *, until: datetime, limit: int = 200) -> list[Delivery]:
    """Attempts whose next one is planned by then, the earliest first."""
    query = (
        select(delivery)
        .where(delivery.c.next_at <= until)
        .order_by(delivery.c.next_at, delivery.c.id)
        .limit(limit)
    )
    return [_value(row) for row in tx.execute(query)]


def dead_letters(tx: Transaction, *, limit: int = 50) -> list[Delivery]:
    """Last attempts that failed for good, newest first. ``interventions.replay`` closes them."""
    query = (
        select(delivery)
        .where(delivery.c.dead)
        .order_by(delivery.c.started_at.desc(), delivery.c.id.desc())
        .limit(limit)
    )
    return [_value(row) for row in tx.execute(query)]


def _value(row: Row[Any]) -> Delivery:
    values = dict(row._mapping)
    values["is_dead"] = values.pop("dead")
    values["outcome"] = Outcome(values["outcome"])
    return Delivery(**values)
