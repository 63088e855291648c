"""Interventions: rules that fired for someone, from proposal to end.

    proposed -> approved -> due -> delivered | held_back | failed
    proposed -> declined      proposed, approved, due -> expired      failed -> due (replay)

``(rule, subject, cause)`` is proposed once, whoever proposes it and however often. A step that
does not fit the state raises ``WrongState`` and changes nothing, so two people who click at once
decide once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, update
from sqlalchemy import Connection as Transaction

from .statements import insert
from .tables import delivery, intervention
from .tables.acting import OPEN


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


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """``is_new`` is False when the same was proposed before; then nothing changed."""

    intervention: Intervention
    is_new: bool


def propose(
    tx: Transaction,
    *,
    rule: str,
    rule_title: str,
    rule_version: str,
    subject: str,
    cause: str,
    connection_id: str | None = None,
    ticket_id: str | None = None,
    contact_id: str | None = None,
    person_id: int | None = None,
    actions: Sequence[Mapping[str, Any]],
    reasons: Sequence[str] = (),
    receipt: Mapping[str, Any] | None = None,
    needs_approval: bool,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    now: datetime,
) -> Proposed:
    """Propose once. Without need of approval it is approved at once, and due at ``due_at``."""
    statement = (
        insert(tx, intervention)
        .values(
            rule=rule,
            rule_title=rule_title,
            rule_version=rule_version,
            subject=subject,
            cause=cause,
            connection_id=connection_id,
            ticket_id=ticket_id,
            contact_id=contact_id,
            person_id=person_id,
            state=State.PROPOSED if needs_approval else State.APPROVED,
            needs_approval=needs_approval,
            actions=[dict(one) for one in actions],
            reasons=list(reasons),
            receipt=None if receipt is None else dict(receipt),
            due_at=due_at or now,
            expires_at=expires_at,
            created_at=now,
            updated_at=now,
        )
        .on_conflict_do_nothing(index_elements=["rule", "subject", "cause"])
        .returning(intervention)
    )
    row = tx.execute(statement).one_or_none()
    if row is not None:
        return Proposed(intervention=_value(row), is_new=True)
    same = (
        intervention.c.rule == rule,
        intervention.c.subject == subject,
        intervention.c.cause == cause,
    )
    row = tx.execute(select(intervention).where(*same)).one()
    return Proposed(intervention=_value(row), is_new=False)


def approve(
    tx: Transaction, id: int, *, by: str, due_at: datetime | None = None, now: datetime
) -> Intervention:
    """A person says yes. Raises ``WrongState`` when somebody decided before, or it expired."""
    old = get(tx, id, lock=True)
    if old.state is not State.PROPOSED:
        raise WrongState(_too_late(old), state=old.state)
    if old.expires_at is not None and old.expires_at <= now:
        raise WrongState("it expired before anybody decided", state=State.EXPIRED)
    due_at = due_at or old.due_at or now
    return step(tx, id, to=State.APPROVED, now=now, decided_by=by, decided_at=now, due_at=due_at)


def decline(
    tx: Transaction, id: int, *, by: str, reason: str | None = None, now: datetime
) -> Intervention:
    """A person says no. Raises ``WrongState`` when it is already on its way or over."""
    old = get(tx, id, lock=True)
    if State.DECLINED not in STEPS[old.state]:
        raise WrongState(_too_late(old), state=old.state)
    return step(tx, id, to=State.DECLINED, reason=reason, now=now, decided_by=by, decided_at=now)


def due(tx: Transaction, *, limit: int = 200, now: datetime) -> list[Intervention]:
    """Approved and due ones whose time has come, the earliest first. Reading them changes
    nothing, so hand them to the engine under a name made of ``id`` and ``tries``."""
    query = (
        select(intervention)
        .where(intervention.c.state.in_([State.APPROVED, State.DUE]), intervention.c.due_at <= now)
        .order_by(intervention.c.due_at, intervention.c.id)
        .limit(limit)
    )
    return [_value(row) for row in tx.execute(query)]


def start(tx: Transaction, id: int, *, now: datetime) -> Intervention:
    """An approved one is due from now on. Repeats are harmless; raises ``WrongState`` when it is
    over, or was never approved."""
    old = get(tx, id, lock=True)
    return old if old.state is State.DUE else step(tx, id, to=State.DUE, now=now)


def postpone(tx: Transaction, id: int, *, until: datetime, now: datetime) -> Intervention:
    """It stays due and is tried again at ``until``, as its next try. Raises ``WrongState``."""
    old = get(tx, id, lock=True)
    if old.state is not State.DUE:
        raise WrongState(f"it is {old.state}, so there is no next try", state=old.state)
    return _update(tx, id, {"due_at": until, "tries": old.tries + 1, "updated_at": now})


def finish(
    tx: Transaction, id: int, *, state: State, reason: str | None = None, now: datetime
) -> Intervention:
    """It was delivered, held back, has failed or expired. Saying the same again is harmless."""
    old = get(tx, id, lock=True)
    return old if old.state is state else step(tx, id, to=state, reason=reason, now=now)


def replay(tx: Transaction, id: int, *, now: datetime) -> Intervention:
    """Let a failed one go out again: the actions that did not arrive. Its dead letters are
    closed. Raises ``WrongState``."""
    tx.execute(
        update(delivery).where(delivery.c.intervention_id == id).values(dead=False, next_at=None)
    )
    # A new try has a new name in the engine, which would not run the old one again.
    tries = get(tx, id, lock=True).tries + 1
    return step(tx, id, to=State.DUE, now=now, due_at=now, tries=tries)


def expire(tx: Transaction, *, now: datetime) -> list[int]:
    """End what nobody approved, or what did not become due, in time; returns the ids."""
    late = (
        update(intervention)
        .where(
            # In the words of the partial index, or SQLite does not use it.
            OPEN,
            intervention.c.expires_at <= now,
        )
        .values(state=State.EXPIRED, updated_at=now)
        .returning(intervention.c.id)
    )
    return sorted(tx.scalars(late))


def keep_result(
    tx: Transaction, id: int, *, result: Mapping[str, Any], now: datetime
) -> Intervention:
    """Note what the customer did next."""
    return _update(tx, id, {"result": dict(result), "updated_at": now})


def step(
    tx: Transaction,
    id: int,
    *,
    to: State,
    reason: str | None = None,
    now: datetime,
    **values: Any,
) -> Intervention:
    """One allowed change of state; raises ``WrongState`` for any other."""
    old = get(tx, id, lock=True)
    if to not in STEPS[old.state]:
        raise WrongState(f"it is {old.state}, so it cannot become {to}", state=old.state)
    return _update(tx, id, {**values, "state": to, "state_reason": reason, "updated_at": now})


def get(tx: Transaction, id: int, *, lock: bool = False) -> Intervention:
    """Raises ``UnknownIntervention``."""
    query = select(intervention).where(intervention.c.id == id)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise UnknownIntervention(f"there is no intervention {id}")
    return _value(row)


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
    return [_value(row) for row in tx.execute(query)]


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


def fired_since(
    tx: Transaction, *, since: datetime, person_id: int | None = None, rule: str | None = None
) -> int:
    """How many interventions were made since then, for caps; declined and held back ones reached
    nobody and do not count."""
    query = select(func.count()).where(
        intervention.c.created_at >= since,
        intervention.c.state.not_in([State.DECLINED, State.HELD_BACK, State.EXPIRED]),
    )
    if person_id is not None:
        query = query.where(intervention.c.person_id == person_id)
    if rule is not None:
        query = query.where(intervention.c.rule == rule)
    return tx.scalar(query) or 0


def _too_late(old: Intervention) -> str:
    by = f" by {old.decided_by}" if old.decided_by else ""
    return f"it is {old.state} already{by}"


def _update(tx: Transaction, id: int, values: Mapping[str, Any]) -> Intervention:
    statement = (
        update(intervention).where(intervention.c.id == id).values(**values).returning(intervention)
    )
    row = tx.execute(statement).one_or_none()
    if row is None:
        raise UnknownIntervention(f"there is no intervention {id}")
    return _value(row)


def _value(row: Row[Any]) -> Intervention:
    values = dict(row._mapping)
    values["state"] = State(values["state"])
    values["actions"] = tuple(values["actions"])
    values["reasons"] = tuple(values["reasons"])
    return Intervention(**values)
