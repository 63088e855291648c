"""Which workers are alive. Who is not heard of for a while is dead, and its work is taken over
by one of the living before it is taken off the list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import delete, select, update

from .statements import insert
from .tables import heartbeat

#: When somebody who has left was heard of.
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    executor: str
    started_at: datetime
    at: datetime
    info: Mapping[str, Any]


def beat(
    tx: Transaction,
    *,
    executor: str,
    started_at: datetime,
    info: Mapping[str, Any] = MappingProxyType({}),
    now: datetime,
) -> None:
    """This executor is alive. ``info``: version, host, process, for people to read."""
    row = {"started_at": started_at, "at": now, "info": dict(info)}
    tx.execute(
        insert(tx, heartbeat)
        .values(executor=executor, **row)
        .on_conflict_do_update(index_elements=["executor"], set_=row)
    )


def all_of(tx: Transaction) -> list[Heartbeat]:
    """Every executor heard of, by name."""
    return [
        Heartbeat(
            executor=row.executor,
            started_at=row.started_at,
            at=row.at,
            info=MappingProxyType(row.info),
        )
        for row in tx.execute(select(heartbeat).order_by(heartbeat.c.executor))
    ]


def silent(tx: Transaction, *, since: datetime) -> list[str]:
    """Who was not heard of since then, by name."""
    query = select(heartbeat.c.executor).where(heartbeat.c.at < since)
    return sorted(tx.scalars(query))


def bury(tx: Transaction, *, executor: str, silent_since: datetime) -> None:
    """Take a dead one off the list, once its work was seen to; one that was only frozen and has
    come back meanwhile stays."""
    tx.execute(
        delete(heartbeat).where(heartbeat.c.executor == executor, heartbeat.c.at < silent_since)
    )


def leave(tx: Transaction, *, executor: str) -> None:
    """This executor stops in good order: from now on it counts as silent, so that somebody sees
    to what it could not finish."""
    tx.execute(update(heartbeat).where(heartbeat.c.executor == executor).values(at=LONG_AGO))
