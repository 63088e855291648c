"""Is the database there, are its tables ours, and how much is waiting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Column, func, select
from sqlalchemy import Connection as Transaction
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

from .. import inbox
from ..tables import connection, heartbeat, intervention

#: Raised when the database is gone, locked for too long or out of connections: come back later.
UNREACHABLE: tuple[type[Exception], ...] = (OperationalError, InterfaceError, TimeoutError)


@dataclass(frozen=True, kw_only=True)
class Pulse:
    """Counts by state; nothing is counted while the tables are not those of this program."""

    tables_current: bool
    inbox: inbox.InboxCounts
    interventions: Mapping[str, int] = field(default_factory=dict)
    connections: Mapping[str, int] = field(default_factory=dict)
    heartbeats: tuple[datetime, ...] = ()


def pulse(tx: Transaction) -> Pulse:
    """What watchers want to know, in a handful of counts."""
    from ..migrate import current  # Alembic is heavy and only needed where this is asked.

    if current(tx) != _newest():
        nothing = inbox.InboxCounts(waiting=0, pumped=0, failed=0, oldest_waiting_at=None)
        return Pulse(tables_current=False, inbox=nothing)
    return Pulse(
        tables_current=True,
        inbox=inbox.counts(tx),
        interventions=_by_state(tx, intervention.c.state),
        connections=_by_state(tx, connection.c.state),
        heartbeats=tuple(tx.scalars(select(heartbeat.c.at))),
    )


@lru_cache(maxsize=1)
def _newest() -> str:
    from ..migrate import newest

    return newest()


def _by_state(tx: Transaction, state: Column[str]) -> dict[str, int]:
    query = select(state, func.count()).group_by(state)
    return {row[0]: row[1] for row in tx.execute(query)}
