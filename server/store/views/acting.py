"""The latest interventions and verdicts: what would go out or went, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import Row, Select, and_, select

from ..tables import contact, delivery, intervention, ticket, verdict


@dataclass(frozen=True, kw_only=True)
class TrySeen:
    """One attempt to deliver one action. ``dead``: there will be no other."""

    action_index: int
    attempt: int
    outcome: str
    status_code: int | None
    error: str | None
    started_at: datetime
    next_at: datetime | None
    dead: bool


@dataclass(frozen=True, kw_only=True)
class InterventionSeen:
    """``actions``: what would go out, or went. ``trace``: why, None when the verdict is gone.
    ``tries``: the latest attempt at each action."""

    id: int
    rule: str
    rule_title: str
    rule_version: str
    subject: str
    connection_id: str | None
    person_id: int | None
    who: str | None
    ticket_id: str | None
    ticket_subject: str | None
    ticket_url: str | None
    state: str
    state_reason: str | None
    needs_approval: bool
    actions: Sequence[Mapping[str, Any]]
    reasons: Sequence[str]
    receipt: Mapping[str, Any] | None
    result: Mapping[str, Any] | None
    trace: Mapping[str, Any] | None
    due_at: datetime | None
    expires_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    created_at: datetime
    tries: Sequence[TrySeen]

    def waits(self, now: datetime) -> bool:
        """Whether it is for a person to approve or decline."""
        return self.state == "proposed" and (self.expires_at is None or now < self.expires_at)

    @property
    def may_go_again(self) -> bool:
        """Whether a person may let what failed go out once more."""
        return self.state == "failed" or (
            self.state == "due" and any(each.dead for each in self.tries)
        )


@dataclass(frozen=True, kw_only=True)
class VerdictSeen:
    id: int
    rule: str
    rule_version: str
    subject: str | None
    connection_id: str | None
    ticket_id: str | None
    person_id: int | None
    fires: bool
    trace: Mapping[str, Any]
    at: datetime


_INTERVENTIONS = (
    select(
        intervention,
        contact.c.name.label("who"),
        ticket.c.subject.label("ticket_subject"),
        ticket.c.url.label("ticket_url"),
        verdict.c.trace,
    )
    .outerjoin(
        contact,
        and_(
            contact.c.connection_id == intervention.c.connection_id,
            contact.c.id == intervention.c.contact_id,
        ),
    )
    .outerjoin(
        ticket,
        and_(
            ticket.c.connection_id == intervention.c.connection_id,
            ticket.c.id == intervention.c.ticket_id,
        ),
    )
    .outerjoin(
        verdict,
        and_(
            verdict.c.rule == intervention.c.rule,
            verdict.c.subject == intervention.c.subject,
            verdict.c.cause == intervention.c.cause,
            verdict.c.rule_version == intervention.c.rule_version,
        ),
    )
)


def interventions_seen(
    tx: Transaction,
    *,
    limit: int,
    before: int | None = None,
    states: Collection[str] = (),
    person_id: int | None = None,
) -> list[InterventionSeen]:
    """The latest interventions, newest first. ``before``: the id of the last one seen."""
    query = _INTERVENTIONS
    if before is not None:
        query = query.where(intervention.c.id < before)
    if states:
        query = query.where(intervention.c.state.in_(states))
    if person_id is not None:
        query = query.where(intervention.c.person_id == person_id)
    return _interventions(tx, query.order_by(intervention.c.id.desc()).limit(limit))


def intervention_seen(tx: Transaction, id: int) -> InterventionSeen | None:
    """One intervention, or None."""
    found = _interventions(tx, _INTERVENTIONS.where(intervention.c.id == id))
    return found[0] if found else None


def _interventions(tx: Transaction, query: Select[Any]) -> list[InterventionSeen]:
    rows = tx.execute(query).all()
    tries: dict[int, dict[int, TrySeen]] = defaultdict(dict)
    attempts = (
        select(delivery)
        .where(delivery.c.intervention_id.in_([row.id for row in rows]))
        .order_by(delivery.c.intervention_id, delivery.c.action_index, delivery.c.attempt)
    )
    for row in tx.execute(attempts) if rows else ():
        # The attempts come in order, so of each action the latest one stays.
        tries[row.intervention_id][row.action_index] = TrySeen(
            action_index=row.action_index,
            attempt=row.attempt,
            outcome=row.outcome,
            status_code=row.status_code,
            error=row.error,
            started_at=row.started_at,
            next_at=row.next_at,
            dead=row.dead,
        )
    return [_intervention(row, list(tries[row.id].values())) for row in rows]


def _intervention(row: Row[Any], tries: Sequence[TrySeen]) -> InterventionSeen:
    return InterventionSeen(
        id=row.id,
        rule=row.rule,
        rule_title=row.rule_title,
        rule_version=row.rule_version,
        subject=row.subject,
        connection_id=row.connection_id,
        person_id=row.person_id,
        who=row.who,
        ticket_id=row.ticket_id,
        ticket_subject=row.ticket_subject,
        ticket_url=row.ticket_url,
        state=row.state,
        state_reason=row.state_reason,
        needs_approval=row.needs_approval,
        actions=row.actions,
        reasons=row.reasons,
        receipt=row.receipt,
        result=row.result,
        trace=row.trace,
        due_at=row.due_at,
        expires_at=row.expires_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        created_at=row.created_at,
        tries=tries,
    )


def verdicts_seen(
    tx: Transaction,
    *,
    limit: int,
    before: int | None = None,
    rule: str | None = None,
    person_id: int | None = None,
    fires: bool | None = None,
) -> list[VerdictSeen]:
    """The latest verdicts with their traces, newest first."""
    query = select(verdict).order_by(verdict.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(verdict.c.id < before)
    if rule is not None:
        query = query.where(verdict.c.rule == rule)
    if person_id is not None:
        query = query.where(verdict.c.person_id == person_id)
    if fires is not None:
        query = query.where(verdict.c.fires.is_(fires))
    return [
        VerdictSeen(
            id=row.id,
            rule=row.rule,
            rule_version=row.rule_version,
            subject=row.subject or None,
            connection_id=row.connection_id,
            ticket_id=row.ticket_id,
            person_id=row.person_id,
            fires=row.fires,
            trace=row.trace,
            at=row.at,
        )
        for row in tx.execute(query)
    ]
