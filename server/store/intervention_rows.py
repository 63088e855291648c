"""Interventions as they stand: read by number, by time, by whom they are for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select
from sqlalchemy import Connection as Transaction

from .tables import intervention


class InterventionState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    DUE = "due"
    DELIVERED = "delivered"
    HELD_BACK = "held_back"
    FAILED = "failed"
    EXPIRED = "expired"
    DECLINED = "declined"


State = InterventionState

#: What a state may become.
STEPS: Mapping[State, frozenset[State]] = {
    State.PROPOSED: frozenset({State.APPROVED, State.DECLINED, State.EXPIRED, State.HELD_BACK}),
    State.APPROVED: frozenset({State.DUE, State.DECLINED, State.EXPIRED, State.HELD_BACK}),
    State.DUE: frozenset({State.DELIVERED, State.HELD_BACK, State.FAILED, State.EXPIRED}),
    State.FAILED: frozenset({State.DUE}),
    State.DELIVERED: frozenset(),
    State.HELD_BACK: frozenset(),
    State.EXPIRED: frozenset(),
    State.DECLINED: frozenset(),
}


class WrongState(Exception):
    """The intervention is not in a state that allows this step; ``state`` is the one it is in."""

    def __init__(self, message: str, *, state: State) -> None:
        super().__init__(message)
        self.state = state


class UnknownIntervention(LookupError):
    """There is no intervention of that number."""


@dataclass(frozen=True, kw_only=True)
class Intervention:
    """``actions``: what is to be done, rendered, as JSON values. ``reasons``: the conditions that
    held. ``result``: what the customer did next, once known.
    ``tries``: how often it was put off or replayed."""

    id: int
    rule: str
    rule_title: str
    rule_version: str
    subject: str
    cause: str
    connection_id: str | None
    ticket_id: str | None
    contact_id: str | None
    person_id: int | None
    state: State
    state_reason: str | None
    needs_approval: bool
    actions: tuple[Mapping[str, Any], ...] = field(repr=False)
    reasons: tuple[str, ...]
    receipt: Mapping[str, Any] | None = field(repr=False)
    result: Mapping[str, Any] | None
    tries: int
    due_at: datetime | None
    expires_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    created_at: datetime
    updated_at: datetime


def get(tx: Transaction, id: int, *, lock: bool = False) -> Intervention:
    """Raises ``UnknownIntervention``."""
    query = select(intervention).where(intervention.c.id == id)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise UnknownIntervention(f"there is no intervention {id}")
    return intervention_value(row)


def due(tx: Transaction, *, limit: int = 200, now: datetime) -> list[Intervention]:
    """Approved and due ones whose time has come, the earliest first. Reading them changes
    nothing, so hand them to the engine under a name made of ``id`` and ``tries``."""
    query = (
        select(intervention)
        .where(intervention.c.state.in_([State.APPROVED, State.DUE]), intervention.c.due_at <= now)
        .order_by(intervention.c.due_at, intervention.c.id)
        .limit(limit)
    )
    return [intervention_value(row) for row in tx.execute(query)]


def find(
    tx: Transaction,
    *,
    states: Collection[State] = (),
    rule: str | None = None,
    person_id: int | None = None,
    connection_id: str | None = None,
    ticket_id: str | None = None,
    before: Intervention | None = None,
    limit: int = 50,
) -> list[Intervention]:
    """Newest first; ``before``: go on after that one."""
    created = intervention.c.created_at
    query = select(intervention).order_by(created.desc(), intervention.c.id.desc()).limit(limit)
    wanted: dict[ColumnElement[Any], Any] = {
        intervention.c.rule: rule,
        intervention.c.person_id: person_id,
        intervention.c.connection_id: connection_id,
        intervention.c.ticket_id: ticket_id,
    }
    for column, value in wanted.items():
        if value is not None:
            query = query.where(column == value)
    if states:
        query = query.where(intervention.c.state.in_(list(states)))
    if before is not None:
        same_time = and_(created == before.created_at, intervention.c.id < before.id)
        query = query.where(or_(created < before.created_at, same_time))
    return [intervention_value(row) for row in tx.execute(query)]


def counts(tx: Transaction, *, since: datetime) -> dict[State, int]:
    """How many interventions made since then are in each state."""
    query = (
        select(intervention.c.state, func.count())
        .where(intervention.c.created_at >= since)
        .group_by(intervention.c.state)
    )
    return {State(state): count for state, count in tx.execute(query)}


def last_fired(
    tx: Transaction, *, rule: str, subject: str, besides: str | None = None
) -> datetime | None:
    """When the rule last fired for this subject, for another cause than ``besides``."""
    query = select(func.max(intervention.c.created_at)).where(
        intervention.c.rule == rule, intervention.c.subject == subject
    )
    if besides is not None:
        query = query.where(intervention.c.cause != besides)
    found: datetime | None = tx.scalar(query)
    return found


def intervention_value(row: Row[Any]) -> Intervention:
    """The value of one row."""
    values = dict(row._mapping)
    values["state"] = State(values["state"])
    values["actions"] = tuple(values["actions"])
    values["reasons"] = tuple(values["reasons"])
    return Intervention(**values)
