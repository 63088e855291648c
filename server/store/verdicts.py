"""What rules decided, each with its trace: why it fired, or why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import Row, case, delete, func, select

from .statements import insert
from .tables import rule_state, verdict


@dataclass(frozen=True, kw_only=True)
class StoredVerdict:
    """``subject`` is None when the event had nobody to act for. ``trace`` as its ``to_json``."""

    id: int
    rule: str
    rule_version: str
    subject: str | None
    cause: str
    connection_id: str | None
    ticket_id: str | None
    person_id: int | None
    fires: bool
    trace: Mapping[str, Any] = field(repr=False)
    at: datetime


@dataclass(frozen=True, kw_only=True)
class RuleState:
    """A person switched this rule on or off, whatever its file says."""

    rule: str
    enabled: bool
    reason: str | None
    changed_by: str | None
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class RuleCounts:
    judged: int
    fired: int


def keep(
    tx: Transaction,
    *,
    rule: str,
    rule_version: str,
    subject: str | None,
    cause: str,
    fires: bool,
    trace: Mapping[str, Any],
    connection_id: str | None = None,
    ticket_id: str | None = None,
    person_id: int | None = None,
    at: datetime,
) -> bool:
    """Store a verdict; the same rule in the same version judges a cause once. True when new."""
    statement = (
        insert(tx, verdict)
        .values(
            rule=rule,
            rule_version=rule_version,
            # Not NULL: the unique key would not see two of those as equal.
            subject=subject or "",
            cause=cause,
            connection_id=connection_id,
            ticket_id=ticket_id,
            person_id=person_id,
            fires=fires,
            trace=dict(trace),
            at=at,
        )
        .on_conflict_do_nothing(index_elements=["rule", "subject", "cause", "rule_version"])
        .returning(verdict.c.id)
    )
    return tx.execute(statement).first() is not None


def latest(
    tx: Transaction,
    *,
    rule: str | None = None,
    person_id: int | None = None,
    connection_id: str | None = None,
    ticket_id: str | None = None,
    limit: int = 50,
) -> list[StoredVerdict]:
    """Newest first, of everything or of one rule, person or ticket."""
    wanted = {
        verdict.c.rule: rule,
        verdict.c.person_id: person_id,
        verdict.c.connection_id: connection_id,
        verdict.c.ticket_id: ticket_id,
    }
    query = select(verdict).order_by(verdict.c.at.desc(), verdict.c.id.desc()).limit(limit)
    for column, value in wanted.items():
        if value is not None:
            query = query.where(column == value)
    return [_value(row) for row in tx.execute(query)]


def find(tx: Transaction, *, rule: str, subject: str | None, cause: str) -> StoredVerdict | None:
    """The latest verdict of a rule on a cause, whatever the rule's version."""
    query = (
        select(verdict)
        .where(
            verdict.c.rule == rule, verdict.c.subject == (subject or ""), verdict.c.cause == cause
        )
        .order_by(verdict.c.id.desc())
        .limit(1)
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else _value(row)


def counts_by_rule(tx: Transaction, *, since: datetime) -> dict[str, RuleCounts]:
    """How often each rule judged, and fired, since then."""
    query = (
        select(verdict.c.rule, func.count(), func.sum(case((verdict.c.fires, 1), else_=0)))
        .where(verdict.c.at >= since)
        .group_by(verdict.c.rule)
    )
    return {
        rule: RuleCounts(judged=judged, fired=int(fired))
        for rule, judged, fired in tx.execute(query)
    }


def purge(tx: Transaction, *, before: datetime, limit: int = 10_000) -> int:
    """Forget verdicts from before then that did not fire, the oldest first; returns how many."""
    old = select(verdict.c.id).where(verdict.c.at < before, verdict.c.fires.is_(False))
    old = old.order_by(verdict.c.at).limit(limit)
    return tx.execute(delete(verdict).where(verdict.c.id.in_(old))).rowcount


def switch(
    tx: Transaction, *, rule: str, enabled: bool, reason: str | None, by: str, now: datetime
) -> None:
    """Switch a rule on or off, whatever its file says."""
    row = {"enabled": enabled, "reason": reason, "changed_by": by, "updated_at": now}
    tx.execute(
        insert(tx, rule_state)
        .values(rule=rule, **row)
        .on_conflict_do_update(index_elements=["rule"], set_=row)
    )


def switches(tx: Transaction) -> dict[str, RuleState]:
    """What people decided about rules, by rule; others are as their files say."""
    return {
        row.rule: RuleState(
            rule=row.rule,
            enabled=row.enabled,
            reason=row.reason,
            changed_by=row.changed_by,
            updated_at=row.updated_at,
        )
        for row in tx.execute(select(rule_state).order_by(rule_state.c.rule))
    }


def _value(row: Row[Any]) -> StoredVerdict:
    return StoredVerdict(
        id=row.id,
        rule=row.rule,
        rule_version=row.rule_version,
        subject=row.subject or None,
        cause=row.cause,
        connection_id=row.connection_id,
        ticket_id=row.ticket_id,
        person_id=row.person_id,
        fires=row.fires,
        trace=row.trace,
        at=row.at,
    )
