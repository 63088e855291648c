"""Moments as they were found, with the receipt that says from what."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, update
from sqlalchemy import Connection as Transaction

from .statements import insert
from .tables import moment


@dataclass(frozen=True, kw_only=True)
class StoredMoment:
    """``id`` is the finder's, unique within its connection. ``data``: the moment as JSON values.
    ``superseded_by``: the moment that took its place."""

    connection_id: str
    id: str
    ticket_id: str
    interaction_id: str | None = None
    contact_id: str | None = None
    person_id: int | None = None
    kind: str
    at: datetime
    data: Mapping[str, Any] = field(repr=False)
    receipt: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    superseded_by: str | None = None


@dataclass(frozen=True, kw_only=True)
class PageMark:
    """Where a list went on from: the time and id of its last row."""

    at: datetime
    id: str


def keep(
    tx: Transaction,
    moments: Sequence[StoredMoment],
    *,
    now: datetime,
) -> frozenset[str]:
    """Store moments; returns the ids nobody had found before. Finding one again changes only
    what is said about it."""
    if not moments:
        return frozenset()
    known: set[str] = set()
    for connection_id in {one.connection_id for one in moments}:
        ids = [one.id for one in moments if one.connection_id == connection_id]
        mine = (moment.c.connection_id == connection_id) & moment.c.id.in_(ids)
        known.update(tx.scalars(select(moment.c.id).where(mine)))
    statement = insert(tx, moment)
    changed = ("at", "data", "receipt", "person_id", "contact_id")
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=["connection_id", "id"],
            set_={name: statement.excluded[name] for name in changed},
        ),
        [_row(one, now) for one in sorted(moments, key=lambda one: (one.connection_id, one.id))],
    )
    return frozenset(one.id for one in moments) - known


def supersede(
    tx: Transaction, *, connection_id: str, ids: Collection[str], by: Mapping[str, str]
) -> None:
    """These moments stand no longer. ``by``: kind -> the moment that took their place."""
    for kind, standing in sorted(by.items()):
        tx.execute(
            update(moment)
            .where(
                moment.c.connection_id == connection_id,
                moment.c.id.in_(ids),
                moment.c.kind == kind,
                moment.c.id != standing,
            )
            .values(superseded_by=standing)
        )


def latest(
    tx: Transaction,
    *,
    limit: int = 50,
    before: PageMark | None = None,
    connection_id: str | None = None,
) -> list[StoredMoment]:
    """What stands, newest first."""
    mine = [] if connection_id is None else [moment.c.connection_id == connection_id]
    return _newest(tx, mine, limit=limit, before=before)


def of_person(
    tx: Transaction,
    person_id: int,
    *,
    limit: int = 200,
    before: PageMark | None = None,
    with_superseded: bool = False,
) -> list[StoredMoment]:
    """One person's timeline, newest first."""
    mine = [moment.c.person_id == person_id]
    return _newest(tx, mine, limit=limit, before=before, with_superseded=with_superseded)


def of_ticket(tx: Transaction, *, connection_id: str, ticket_id: str) -> list[StoredMoment]:
    """What happened on one ticket, newest first, superseded moments too."""
    mine = [moment.c.connection_id == connection_id, moment.c.ticket_id == ticket_id]
    return _newest(tx, mine, limit=1000, with_superseded=True)


def get(tx: Transaction, *, connection_id: str, id: str) -> StoredMoment | None:
    row = tx.execute(
        select(moment).where(moment.c.connection_id == connection_id, moment.c.id == id)
    ).one_or_none()
    return None if row is None else _value(row)


def counts_by_kind(
    tx: Transaction, *, since: datetime, person_id: int | None = None
) -> dict[str, int]:
    """How many moments of each kind stand since then, of everybody or of one person."""
    query = (
        select(moment.c.kind, func.count())
        .where(moment.c.at >= since, moment.c.superseded_by.is_(None))
        .group_by(moment.c.kind)
    )
    if person_id is not None:
        query = query.where(moment.c.person_id == person_id)
    return {row[0]: row[1] for row in tx.execute(query)}


def _newest(
    tx: Transaction,
    mine: Sequence[ColumnElement[bool]],
    *,
    limit: int,
    before: PageMark | None = None,
    with_superseded: bool = False,
) -> list[StoredMoment]:
    query = select(moment).where(*mine).order_by(moment.c.at.desc(), moment.c.id.desc())
    if not with_superseded:
        query = query.where(moment.c.superseded_by.is_(None))
    if before is not None:
        query = query.where(
            or_(moment.c.at < before.at, and_(moment.c.at == before.at, moment.c.id < before.id))
        )
    return [_value(row) for row in tx.execute(query.limit(limit))]


def _row(value: StoredMoment, now: datetime) -> dict[str, Any]:
    return {
        "connection_id": value.connection_id,
        "id": value.id,
        "ticket_id": value.ticket_id,
        "interaction_id": value.interaction_id,
        "contact_id": value.contact_id,
        "person_id": value.person_id,
        "kind": value.kind,
        "at": value.at,
        "data": dict(value.data),
        "receipt": dict(value.receipt),
        "superseded_by": value.superseded_by,
        "created_at": now,
    }


def _value(row: Row[Any]) -> StoredMoment:
    return StoredMoment(
        connection_id=row.connection_id,
        id=row.id,
        ticket_id=row.ticket_id,
        interaction_id=row.interaction_id,
        contact_id=row.contact_id,
        person_id=row.person_id,
        kind=row.kind,
        at=row.at,
        data=row.data,
        receipt=row.receipt or MappingProxyType({}),
        superseded_by=row.superseded_by,
    )
