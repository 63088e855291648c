"""What is remembered of people and tickets: one JSON state each, with a counter of changes.

The state is read, folded and saved by whoever enriches; ``was`` is the version it was read at
(0: there was none). Two who fold at once cannot both save: the second gets ``StaleState`` and
must read again, so no message is ever folded into a state it then vanishes from.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, select, update
from sqlalchemy import Connection as Transaction

from .statements import insert
from .tables import person_state, ticket_state


class StaleState(Exception):
    """Somebody saved a newer state meanwhile: read it again and fold again."""


@dataclass(frozen=True, kw_only=True)
class PersonState:
    """``feeling`` (-100..100) and ``churn_risk`` (0..100) repeat what stands in the state, for
    lists in order of them; None is unknown."""

    person_id: int
    version: int
    state: Mapping[str, Any] = field(repr=False)
    feeling: float | None
    churn_risk: float | None
    last_moment_at: datetime | None
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class TicketState:
    """``sensed``: the values of our fields, by key. ``synced_version``: the record's version the
    state was made from."""

    connection_id: str
    ticket_id: str
    version: int
    state: Mapping[str, Any] = field(repr=False)
    sensed: Mapping[str, Any] = field(repr=False)
    synced_version: str | None
    updated_at: datetime


def load_person(tx: Transaction, person_id: int) -> PersonState | None:
    """The person's state, None before the first."""
    return load_people(tx, [person_id]).get(person_id)


def load_people(tx: Transaction, person_ids: Collection[int]) -> dict[int, PersonState]:
    """The states of these people, without those who have none."""
    query = select(person_state).where(person_state.c.person_id.in_(person_ids))
    return {row.person_id: _person(row) for row in tx.execute(query)}


def save_person(
    tx: Transaction,
    person_id: int,
    *,
    state: Mapping[str, Any],
    was: int,
    feeling: float | None = None,
    churn_risk: float | None = None,
    last_moment_at: datetime | None = None,
    now: datetime,
) -> int:
    """Save and return the new version. Raises ``StaleState``."""
    values = {
        "state": dict(state),
        "feeling": feeling,
        "churn_risk": churn_risk,
        "last_moment_at": last_moment_at,
        "updated_at": now,
    }
    return _save(tx, person_state, {"person_id": person_id}, values, was)


def drop_person(tx: Transaction, person_id: int) -> None:
    """Forget the state, to be made anew from the moments (after a join or a split)."""
    tx.execute(person_state.delete().where(person_state.c.person_id == person_id))


def load_ticket(tx: Transaction, *, connection_id: str, ticket_id: str) -> TicketState | None:
    """The ticket's state, None before the first."""
    row = tx.execute(
        select(ticket_state).where(
            ticket_state.c.connection_id == connection_id, ticket_state.c.ticket_id == ticket_id
        )
    ).one_or_none()
    return None if row is None else _ticket(row)


def save_ticket(
    tx: Transaction,
    *,
    connection_id: str,
    ticket_id: str,
    state: Mapping[str, Any],
    was: int,
    sensed: Mapping[str, Any],
    synced_version: str | None = None,
    now: datetime,
) -> int:
    """Save and return the new version. Raises ``StaleState``."""
    keys = {"connection_id": connection_id, "ticket_id": ticket_id}
    values = {
        "state": dict(state),
        "sensed": dict(sensed),
        "synced_version": synced_version,
        "updated_at": now,
    }
    return _save(tx, ticket_state, keys, values, was)


def _save(
    tx: Transaction, table: Table, keys: Mapping[str, Any], values: Mapping[str, Any], was: int
) -> int:
    if was == 0:
        statement = (
            insert(tx, table)
            .values(**keys, **values, version=1)
            .on_conflict_do_nothing()
            .returning(table.c.version)
        )
        saved = tx.execute(statement).first() is not None
    else:
        mine: list[ColumnElement[bool]] = [table.c[name] == value for name, value in keys.items()]
        saved = (
            tx.execute(
                update(table).where(*mine, table.c.version == was).values(**values, version=was + 1)
            ).rowcount
            == 1
        )
    if not saved:
        raise StaleState("the state was saved by somebody else meanwhile; read it again")
    return was + 1


def _person(row: Row[Any]) -> PersonState:
    return PersonState(
        person_id=row.person_id,
        version=row.version,
        state=row.state,
        feeling=row.feeling,
        churn_risk=row.churn_risk,
        last_moment_at=row.last_moment_at,
        updated_at=row.updated_at,
    )


def _ticket(row: Row[Any]) -> TicketState:
    return TicketState(
        connection_id=row.connection_id,
        ticket_id=row.ticket_id,
        version=row.version,
        state=row.state,
        sensed=row.sensed,
        synced_version=row.synced_version,
        updated_at=row.updated_at,
    )
