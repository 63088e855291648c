"""What was understood and is remembered, and what of it stands in the source system's fields."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
)
from sqlalchemy import text as sql

from ..types import BigId, Blob, Json
from .base import counted_id, metadata, of_connection, of_person, text, time

reading = Table(
    "reading",
    metadata,
    of_connection(primary_key=True),
    text("interaction_id", primary_key=True),
    text("content_hash", primary_key=True),
    text("model", primary_key=True),
    Column("reading", Json, nullable=False),
    time("created_at"),
)

moment = Table(
    "moment",
    metadata,
    counted_id(),
    of_connection(),
    # Names the moment for ever, so that finding it again stores it once.
    text("key"),
    text("ticket_id", nullable=True),
    text("interaction_id", nullable=True),
    text("contact_id", nullable=True),
    of_person(nullable=True),
    text("kind"),
    time("at"),
    Column("data", Json, nullable=False),
    Column("receipt", Json, nullable=True),
    Column("superseded_by", BigId, ForeignKey("moment.id", ondelete="SET NULL"), nullable=True),
    time("created_at"),
    UniqueConstraint("connection_id", "key"),
    Index("ix_moment_at", "at"),
    Index("ix_moment_person_id_at", "person_id", "at"),
    Index("ix_moment_connection_id_ticket_id_at", "connection_id", "ticket_id", "at"),
    Index("ix_moment_superseded_by", "superseded_by"),
)

#: ``version`` counts changes: who saves an older one than stands here is told to read again.
person_state = Table(
    "person_state",
    metadata,
    of_person(primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("state", Json, nullable=False),
    # Copies of three numbers out of the state, for lists in order of them.
    Column("feeling", Float(53), nullable=True),
    Column("churn_risk", Float(53), nullable=True),
    time("last_moment_at", nullable=True),
    time("updated_at"),
    Index("ix_person_state_feeling", "feeling"),
    Index("ix_person_state_churn_risk", "churn_risk"),
    Index("ix_person_state_last_moment_at", "last_moment_at"),
)

ticket_state = Table(
    "ticket_state",
    metadata,
    of_connection(primary_key=True),
    text("ticket_id", primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", Json, nullable=False),
    Column("sensed", Json, nullable=False),
    Column("vector", Blob, nullable=True),
    Column("escalation_risk", Float(53), nullable=True),
    # The record's version (or time) the state was made from.
    text("synced_version", nullable=True),
    time("updated_at"),
    Index("ix_ticket_state_escalation_risk", "escalation_risk"),
)

field_state = Table(
    "field_state",
    metadata,
    of_connection(primary_key=True),
    text("record_kind", primary_key=True),
    text("record_id", primary_key=True),
    text("field", primary_key=True),
    Column("intended", Json, nullable=True),
    Column("written", Json, nullable=True),
    time("written_at", nullable=True),
    Column("person_value", Json, nullable=True),
    # A person edited the field over there: their value stands.
    Column("kept", Boolean, nullable=False, default=False),
    # ``intended`` is not yet what stands over there.
    Column("due", Boolean, nullable=False, default=False),
    Column("attempts", Integer, nullable=False, default=0),
    time("next_at", nullable=True),
    text("error", nullable=True),
    Column("receipt", Json, nullable=True),
    time("updated_at"),
    Index("ix_field_state_due", "connection_id", "next_at",
          sqlite_where=sql("due"), postgresql_where=sql("due")),
)  # fmt: skip

#: People's edits, kept as labels.
correction = Table(
    "correction",
    metadata,
    counted_id(),
    of_connection(),
    text("record_kind"),
    text("record_id"),
    text("field"),
    of_person(nullable=True),
    Column("our_value", Json, nullable=True),
    Column("person_value", Json, nullable=True),
    text("model", nullable=True),
    text("corrected_by", nullable=True),
    time("at"),
    Index("ix_correction_at", "at"),
    Index("ix_correction_connection_id_record_kind_record_id",
          "connection_id", "record_kind", "record_id"),
)  # fmt: skip
