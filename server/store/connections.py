"""Connections: where each stands, what was made over there, and where its pulls stopped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import Row, delete, func, select, update

from connectors.base import Cursor, Installation

from .statements import insert
from .tables import connection, cursor, inbox

#: A slug stands in addresses (``/webhooks/<connection>``) and in the names of budgets.
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class ConnectionState(StrEnum):
    NEW = "new"
    READY = "ready"
    LIVE = "live"
    NEEDS_PERSON = "needs_person"
    REMOVED = "removed"


@dataclass(frozen=True, kw_only=True)
class Connection:
    """``settings`` holds no secret. ``installation`` comes without its webhook secret, which is
    sealed (``secrets``). ``adopted_at``: see ``adopt``."""

    id: str
    system: str
    name: str
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    state: ConnectionState
    state_reason: str | None
    identity: str | None
    installation: Installation
    adopted_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class ConnectionCounts:
    """What a first page says of a connection's inbox. ``waiting``: accepted, not yet done."""

    waiting: int
    failed: int
    last_received_at: datetime | None


class UnknownConnection(LookupError):
    """There is no connection of that name."""


class ConnectionRemoved(Exception):
    """The connection was removed: connecting it anew (``NEW``) is the only way on."""


def create(
    tx: Transaction,
    *,
    id: str,
    system: str,
    name: str,
    settings: Mapping[str, Any] = MappingProxyType({}),
    now: datetime,
) -> Connection:
    """A new connection. Raises ``ValueError`` when the slug is malformed or taken."""
    if not SLUG.fullmatch(id):
        raise ValueError("a connection's id is 1 to 63 of a-z, 0-9 and -, not - first")
    statement = (
        insert(tx, connection)
        .values(
            id=id,
            system=system,
            name=name,
            settings=dict(settings),
            state=ConnectionState.NEW,
            created_at=now,
            updated_at=now,
        )
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(connection)
    )
    row = tx.execute(statement).one_or_none()
    if row is None:
        raise ValueError(f"there is a connection {id} already")
    return _value(row)


def get(tx: Transaction, id: str) -> Connection:
    """Raises ``UnknownConnection``."""
    row = tx.execute(select(connection).where(connection.c.id == id)).one_or_none()
    if row is None:
        raise UnknownConnection(f"there is no connection {id}")
    return _value(row)


def find(tx: Transaction, *, states: tuple[ConnectionState, ...] = ()) -> list[Connection]:
    """All connections in these states (all, when none is named), by id."""
    query = select(connection).order_by(connection.c.id)
    if states:
        query = query.where(connection.c.state.in_(states))
    return [_value(row) for row in tx.execute(query)]


def change(
    tx: Transaction,
    id: str,
    *,
    name: str | None = None,
    settings: Mapping[str, Any] | None = None,
    identity: str | None = None,
    installation: Installation | None = None,
    now: datetime,
) -> Connection:
    """Set what is given, leave the rest. The installation's webhook secret is left out here."""
    values: dict[str, Any] = {"updated_at": now}
    if name is not None:
        values["name"] = name
    if settings is not None:
        values["settings"] = dict(settings)
    if identity is not None:
        values["identity"] = identity
    if installation is not None:
        values["installation"] = {
            "made": dict(installation.made),
            "state": dict(installation.state),
        }
    return _update(tx, id, values)


def set_state(
    tx: Transaction, id: str, *, state: ConnectionState, reason: str | None = None, now: datetime
) -> Connection:
    """``reason`` is for the person who must act; it goes when the state changes without one.

    Raises ``ConnectionRemoved``: whoever was still busy with it when it was removed does not
    bring it back.
    """
    if state not in (ConnectionState.NEW, ConnectionState.REMOVED):
        query = select(connection.c.state).where(connection.c.id == id).with_for_update()
        if tx.scalar(query) == ConnectionState.REMOVED:
            raise ConnectionRemoved(f"the connection {id} was removed; connect it anew")
    return _update(tx, id, {"state": state, "state_reason": reason, "updated_at": now})


def adopt(tx: Transaction, id: str, *, now: datetime) -> Connection:
    """Our fields were over there already: made by an installation whose database is gone, or
    filled since the copy this one was restored from. What the first look at a field finds in it
    is ours, not a person's edit (``edits``)."""
    return _update(tx, id, {"adopted_at": now, "updated_at": now})


def _update(tx: Transaction, id: str, values: Mapping[str, Any]) -> Connection:
    statement = (
        update(connection).where(connection.c.id == id).values(**values).returning(connection)
    )
    row = tx.execute(statement).one_or_none()
    if row is None:
        raise UnknownConnection(f"there is no connection {id}")
    return _value(row)


def delete_all(tx: Transaction, id: str) -> None:
    """Delete the connection and everything that came through it. There is no way back."""
    tx.execute(delete(connection).where(connection.c.id == id))


def cursor_of(tx: Transaction, id: str, *, kind: str) -> Cursor | None:
    """Where the pull of this kind stopped, or None before the first page."""
    found = tx.scalar(
        select(cursor.c.cursor).where(cursor.c.connection_id == id, cursor.c.kind == kind)
    )
    return None if found is None else Cursor(found)


def keep_cursor(tx: Transaction, id: str, *, kind: str, at: Cursor, now: datetime) -> None:
    """Note where a pull stopped, in the transaction that stored its page."""
    row = {"cursor": at, "updated_at": now}
    tx.execute(
        insert(tx, cursor)
        .values(connection_id=id, kind=kind, **row)
        .on_conflict_do_update(index_elements=["connection_id", "kind"], set_=row)
    )


def counts(tx: Transaction, *, ids: tuple[str, ...] = ()) -> dict[str, ConnectionCounts]:
    """The inbox of each connection in numbers, from indexes, whatever its history."""
    found: dict[str, ConnectionCounts] = {}
    for id in ids or tuple(row.id for row in tx.execute(select(connection.c.id))):
        mine = inbox.c.connection_id == id
        row = tx.execute(
            select(
                select(func.count())
                .select_from(inbox)
                .where(mine, inbox.c.done_at.is_(None), inbox.c.failed_at.is_(None))
                .scalar_subquery()
                .label("waiting"),
                select(func.count())
                .select_from(inbox)
                .where(mine, inbox.c.failed_at.is_not(None))
                .scalar_subquery()
                .label("failed"),
                select(func.max(inbox.c.received_at)).where(mine).scalar_subquery().label("last"),
            )
        ).one()
        found[id] = ConnectionCounts(
            waiting=row.waiting, failed=row.failed, last_received_at=row.last
        )
    return found


def _value(row: Row[Any]) -> Connection:
    made: Mapping[str, Any] = row.installation or {}
    return Connection(
        id=row.id,
        system=row.system,
        name=row.name,
        settings=MappingProxyType(row.settings),
        state=ConnectionState(row.state),
        state_reason=row.state_reason,
        identity=row.identity,
        installation=Installation(made=made.get("made", {}), state=made.get("state", {})),
        adopted_at=row.adopted_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
