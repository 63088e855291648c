"""Interventions: rules that fired for someone, from proposal to end.

    proposed -> approved -> due -> delivered | held_back | failed
    proposed -> declined      proposed, approved, due -> expired      failed -> due (replay)

``(rule, subject, cause)`` is proposed once, whoever proposes it and however often. A step that
does not fit the state raises ``WrongState`` and changes nothing, so two people who click at once
decide once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import select, update

from .intervention_rows import (
    STEPS,
    Intervention,
    InterventionState,
    State,
    UnknownIntervention,
    WrongState,
    counts,
    due,
    find,
    get,
    intervention_value,
    last_fired,
)
from .statements import insert
from .tables import delivery, intervention

__all__ = [
    "STEPS",
    "Intervention",
    "InterventionState",
    "Proposed",
    "State",
    "UnknownIntervention",
    "WrongState",
    "approve",
    "counts",
    "decline",
    "due",
    "expire",
    "find",
    "finish",
    "get",
    "keep_result",
    "last_fired",
    "postpone",
    "propose",
    "replay",
    "start",
    "step",
]
from .tables.acting import OPEN


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
        return Proposed(intervention=intervention_value(row), is_new=True)
    same = (
        intervention.c.rule == rule,
        intervention.c.subject == subject,
        intervention.c.cause == cause,
    )
    row = tx.execute(select(intervention).where(*same)).one()
    return Proposed(intervention=intervention_value(row), is_new=False)


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
    """Let one go out again that failed, or that is due with a dead letter: the actions that did
    not arrive. Its dead letters are closed. Raises ``WrongState``."""
    old = get(tx, id, lock=True)
    mine = delivery.c.intervention_id == id
    is_stuck = old.state is State.DUE and (
        tx.scalar(select(delivery.c.id).where(mine, delivery.c.dead).limit(1)) is not None
    )
    if not (is_stuck or old.state is State.FAILED):
        raise WrongState(f"it is {old.state}, and nothing of it failed", state=old.state)
    tx.execute(update(delivery).where(mine).values(dead=False, next_at=None))
    # A new try has a new name in the engine, which would not run the old one again.
    values = {"due_at": now, "tries": old.tries + 1, "updated_at": now}
    return _update(tx, id, {**values, "state": State.DUE, "state_reason": None})


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
    return intervention_value(row)
