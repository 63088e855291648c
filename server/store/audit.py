"""Who did what: written in the transaction that did it, and never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import select

from .tables import audit_log


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """``actor``: ``user:maria``, ``token:3``, ``cli``. ``action``: ``intervention.approve``.
    ``subject``: ``intervention:17``, ``connection:zd``. ``detail``: no customer text."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


def note(
    tx: Transaction,
    *,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any] = MappingProxyType({}),
    now: datetime,
) -> None:
    """Write one line."""
    tx.execute(
        audit_log.insert().values(
            at=now, actor=actor, action=action, subject=subject, detail=dict(detail)
        )
    )


def latest(
    tx: Transaction, *, subject: str | None = None, before_id: int | None = None, limit: int = 100
) -> list[AuditEntry]:
    """Newest first, of everything or of one subject."""
    query = select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
    if subject is not None:
        query = query.where(audit_log.c.subject == subject)
    if before_id is not None:
        query = query.where(audit_log.c.id < before_id)
    return [
        AuditEntry(
            id=row.id,
            at=row.at,
            actor=row.actor,
            action=row.action,
            subject=row.subject,
            detail=MappingProxyType(row.detail),
        )
        for row in tx.execute(query)
    ]
