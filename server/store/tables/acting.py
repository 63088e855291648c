"""What rules decided, what came of it, and every attempt to do it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
)
from sqlalchemy import text as sql

from ..types import BigId, Json
from .base import counted_id, metadata, of_connection, of_person, text, time

#: As each database is asked: SQLite looks for the very words of a partial index in the question.
DEAD: dict[str, Any] = {"sqlite_where": sql("dead = 1"), "postgresql_where": sql("dead")}
RETRY = sql("next_at IS NOT NULL")
OPEN = sql("state IN ('proposed', 'approved')")

#: What a person decided about a rule; a rule without a row is as its file says.
rule_state = Table(
    "rule_state",
    metadata,
    text("rule", primary_key=True),
    Column("enabled", Boolean, nullable=False),
    text("reason", nullable=True),
    text("changed_by", nullable=True),
    time("updated_at"),
)

verdict = Table(
    "verdict",
    metadata,
    counted_id(),
    text("rule"),
    text("rule_version"),
    text("subject"),
    text("cause"),
    of_connection(nullable=True),
    text("ticket_id", nullable=True),
    of_person(nullable=True),
    Column("fires", Boolean, nullable=False),
    Column("trace", Json, nullable=False),
    time("at"),
    UniqueConstraint("rule", "subject", "cause", "rule_version"),
    Index("ix_verdict_at", "at"),
    Index("ix_verdict_rule_at", "rule", "at"),
    Index("ix_verdict_person_id_at", "person_id", "at"),
)

intervention = Table(
    "intervention",
    metadata,
    counted_id(),
    text("rule"),
    text("rule_title"),
    text("rule_version"),
    text("subject"),
    text("cause"),
    of_connection(nullable=True),
    text("ticket_id", nullable=True),
    text("contact_id", nullable=True),
    of_person(nullable=True),
    text("state"),
    text("state_reason", nullable=True),
    Column("needs_approval", Boolean, nullable=False),
    Column("actions", Json, nullable=False),
    Column("reasons", Json, nullable=False),
    Column("receipt", Json, nullable=True),
    Column("result", Json, nullable=True),
    Column("tries", Integer, nullable=False, default=0),
    time("due_at", nullable=True),
    time("expires_at", nullable=True),
    text("decided_by", nullable=True),
    time("decided_at", nullable=True),
    time("created_at"),
    time("updated_at"),
    UniqueConstraint("rule", "subject", "cause"),
    CheckConstraint(
        "state IN ('proposed', 'approved', 'due', 'delivered', 'held_back', 'failed',"
        " 'expired', 'declined')",
        name="state",
    ),
    Index("ix_intervention_created_at", "created_at"),
    Index("ix_intervention_state_due_at", "state", "due_at"),
    Index("ix_intervention_state_created_at", "state", "created_at"),
    Index("ix_intervention_person_id_created_at", "person_id", "created_at"),
    Index("ix_intervention_rule_created_at", "rule", "created_at"),
    Index("ix_intervention_connection_id_ticket_id", "connection_id", "ticket_id"),
    Index("ix_intervention_connection_id_contact_id", "connection_id", "contact_id"),
    Index("ix_intervention_expires_at", "expires_at", sqlite_where=OPEN, postgresql_where=OPEN),
    # The id is the webhook-id receivers keep: it is never used again.
    sqlite_autoincrement=True,
)

delivery = Table(
    "delivery",
    metadata,
    counted_id(),
    Column(
        "intervention_id",
        BigId,
        ForeignKey("intervention.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("action_index", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    text("outcome"),
    Column("status_code", Integer, nullable=True),
    text("error", nullable=True),
    time("started_at"),
    time("finished_at", nullable=True),
    time("next_at", nullable=True),
    Column("dead", Boolean, nullable=False, default=False),
    UniqueConstraint("intervention_id", "action_index", "attempt"),
    Index("ix_delivery_started_at", "started_at"),
    Index("ix_delivery_dead", "started_at", **DEAD),
    Index("ix_delivery_next_at", "next_at", sqlite_where=RETRY, postgresql_where=RETRY),
)
