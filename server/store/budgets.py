"""Rate budgets in SQL, shared by every process that uses a connection.

The arithmetic is that of ``connectors.pacing`` (the generic cell rate algorithm), done by the
database in one statement, so two workers never book the same slot. A booking is a transaction of
its own: asking for one inside another transaction is an error, since what follows is a call over
the network.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection as Transaction
from sqlalchemy import Float as SqlFloat
from sqlalchemy import case, delete, literal, type_coerce
from sqlalchemy.sql.elements import ColumnElement

from connectors.base import Clock
from connectors.pacing import allowance

from .database import Database
from .statements import insert
from .tables import rate_budget

#: A budget nobody used for so long is at rest and may be forgotten, in seconds.
FORGET_AFTER = 86_400.0


class SqlPacer:
    """A ``Pacer`` for one connection; may be shared between threads."""

    def __init__(self, database: Database, *, connection_id: str, clock: Clock) -> None:
        self._database = database
        self._connection_id = connection_id
        self._clock = clock

    def reserve(
        self, budget: str, *, per_minute: float, cost: int = 1, burst: float | None = None
    ) -> float:
        """Seconds to wait before the booked calls; a negative cost hands a booking back."""
        if not per_minute > 0:
            raise ValueError("a budget allows more than zero calls a minute")
        interval = 60.0 / per_minute
        with self._database.write() as tx:
            now = self._clock().timestamp()
            statement = insert(tx, rate_budget).values(
                budget=self._name(budget),
                arrival=max(now + cost * interval, now),
                paused_until=0.0,
            )
            arrival = _later(rate_budget.c.arrival, now)
            booking = statement.on_conflict_do_update(
                index_elements=["budget"],
                set_={"arrival": _later(arrival + cost * interval, now)},
            ).returning(rate_budget.c.arrival, rate_budget.c.paused_until)
            end, paused_until = tx.execute(booking).one()
        booked = float(end) - cost * interval
        early = booked - (allowance(per_minute, burst) - 1.0) * interval
        return max(early - now, float(paused_until) - now, 0.0)

    def pause(self, budget: str, *, seconds: float) -> None:
        """Nobody gets a slot on ``budget`` for that long."""
        with self._database.write() as tx:
            until = self._clock().timestamp() + seconds
            statement = insert(tx, rate_budget).values(
                budget=self._name(budget), arrival=0.0, paused_until=until
            )
            tx.execute(
                statement.on_conflict_do_update(
                    index_elements=["budget"],
                    set_={"paused_until": _later(rate_budget.c.paused_until, until)},
                )
            )

    def _name(self, budget: str) -> str:
        return f"{self._connection_id}:{budget}"


def forget_rested(tx: Transaction, *, now: datetime) -> int:
    """Delete budgets that came to rest long ago (one a ticket adds up); returns how many."""
    before = now.timestamp() - FORGET_AFTER
    rested = (rate_budget.c.arrival < before) & (rate_budget.c.paused_until < before)
    return tx.execute(delete(rate_budget).where(rested)).rowcount


def _later(one: ColumnElement[float], other: float) -> ColumnElement[float]:
    """The larger of two times; SQLite and PostgreSQL have different functions for it."""
    return case((one > other, one), else_=type_coerce(literal(other), SqlFloat(53)))
