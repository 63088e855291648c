"""What was understood and is remembered, and what of it stands in the source system's fields."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    Table,
)
from sqlalchemy import text as sql

from ..types import Json
from .base import counted_id, metadata, of_connection, of_person, text, time

#: Whatever is not to be written costs the flusher nothing. SQLite uses a partial index only for
#: its very words, and a true column is ``= 1`` there.
DUE: dict[str, Any] = {"sqlite_where": sql("due = 1"), "postgresql_where": sql("due")}

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
    of_connection(primary_key=True),
    # The finder's own name for it: finding the same moment again stores it once.
    text("id", primary_key=True),
    text("ticket_id"),
    text("interaction_id", nullable=True),
    text("contact_id", nullable=True),
    of_person(nullable=True),
    text("kind"),
    time("at"),
    Column("data", Json, nullable=False),
    Column("receipt", Json, nullable=True),
    text("superseded_by", nullable=True),
    time("created_at"),
    Index("ix_moment_at", "at"),
    Index("ix_moment_person_id_at", "person_id", "at"),
    Index("ix_moment_connection_id_ticket_id_at", "connection_id", "ticket_id", "at"),
    Index("ix_moment_connection_id_contact_id", "connection_id", "contact_id"),
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
    # The record's version (or time) the state was made from.
    text("synced_version", nullable=True),
    time("updated_at"),
)

#: ``intended``: what the field should hold. ``written``: what the system confirmed. ``sent``: the
#: last values that left the house for it (and the emptiness before the first), newest last.
field_state = Table(
    "field_state",
    metadata,
    of_connection(primary_key=True),
    text("record_kind", primary_key=True),
    text("record_id", primary_key=True),
    text("field", primary_key=True),
    Column("intended", Json, nullable=True),
    Column("sent", Json, nullable=False),
    time("sent_at", nullable=True),
    Column("written", Json, nullable=True),
    time("written_at", nullable=True),
    # A person edited the field over there: their value stands. ``person_at``: the record's time.
    Column("kept", Boolean, nullable=False),
    Column("person_value", Json, nullable=True),
    time("person_at", nullable=True),
    # ``intended`` is not yet what stands over there.
    Column("due", Boolean, nullable=False),
    time("next_at"),
    Column("attempts", Integer, nullable=False),
    text("error", nullable=True),
    Column("receipt", Json, nullable=True),
    time("updated_at"),
    Index("ix_field_state_due", "connection_id", "next_at", "record_kind", "record_id", **DUE),
)

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
    Column("receipt", Json, nullable=True),
    time("at"),
    Index("ix_correction_at", "at"),
    Index("ix_correction_connection_id_record_kind_record_id",
          "connection_id", "record_kind", "record_id"),
)  # fmt: skip
