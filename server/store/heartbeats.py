"""Which workers are alive. Who is not heard of for a while is dead, and its work is taken over
by exactly one of the living."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import delete, select

from .statements import insert
from .tables import heartbeat


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


def bury(tx: Transaction, *, silent_since: datetime) -> list[str]:
    """Take the dead off the list and return their names; each is returned to one caller only,
    who must see to their work (one that was only frozen comes back with its next beat)."""
    dead = delete(heartbeat).where(heartbeat.c.at < silent_since).returning(heartbeat.c.executor)
    return sorted(tx.scalars(dead))


def leave(tx: Transaction, *, executor: str) -> None:
    """This executor stops in good order."""
    tx.execute(delete(heartbeat).where(heartbeat.c.executor == executor))
