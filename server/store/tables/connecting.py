"""Connections, their secrets and cursors, and what webhooks left in the inbox."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Float, Index, Integer, Table, UniqueConstraint
from sqlalchemy import text as sql

from ..types import Blob, Json
from .base import counted_id, metadata, of_connection, text, time

connection = Table(
    "connection",
    metadata,
    text("id", primary_key=True),
    text("system"),
    text("name"),
    Column("settings", Json, nullable=False),
    text("state"),
    text("state_reason", nullable=True),
    text("identity", nullable=True),
    # ``Installation`` without its webhook secret, which is kept sealed.
    Column("installation", Json, nullable=True),
    # Since when our fields there are taken over as they stand; see ``edits``.
    time("adopted_at", nullable=True),
    time("created_at"),
    time("updated_at"),
    CheckConstraint("state IN ('new', 'ready', 'live', 'needs_person', 'removed')", name="state"),
)

connection_secret = Table(
    "connection_secret",
    metadata,
    of_connection(primary_key=True),
    text("name", primary_key=True),
    Column("sealed", Blob, nullable=False),
    Column("version", Integer, nullable=False),
    time("updated_at"),
    # Who may rotate it just now; others wait until the lease is given back or runs out.
    text("lease_holder", nullable=True),
    time("lease_until", nullable=True),
)

cursor = Table(
    "cursor",
    metadata,
    of_connection(primary_key=True),
    text("kind", primary_key=True),
    text("cursor"),
    time("updated_at"),
)

#: Partial indexes keep what is done out of every question the pump asks.
WAITING = sql("pumped_at IS NULL")
OPEN = sql("done_at IS NULL AND failed_at IS NULL")
PUMPED = sql("pumped_at IS NOT NULL AND done_at IS NULL AND failed_at IS NULL")
FAILED = sql("failed_at IS NOT NULL")

inbox = Table(
    "inbox",
    metadata,
    counted_id(),
    of_connection(),
    text("dedup"),
    text("event_id"),
    text("record_kind"),
    text("record_id"),
    text("kind"),
    text("partition", nullable=True),
    time("at"),
    time("received_at"),
    time("pumped_at", nullable=True),
    time("done_at", nullable=True),
    time("failed_at", nullable=True),
    Column("attempts", Integer, nullable=False, default=0),
    text("error", nullable=True),
    UniqueConstraint("connection_id", "dedup"),
    Index("ix_inbox_waiting", "id", sqlite_where=WAITING, postgresql_where=WAITING),
    Index("ix_inbox_pumped", "pumped_at", sqlite_where=PUMPED, postgresql_where=PUMPED),
    Index("ix_inbox_open", "connection_id", sqlite_where=OPEN, postgresql_where=OPEN),
    Index("ix_inbox_failed", "connection_id", "failed_at", sqlite_where=FAILED,
          postgresql_where=FAILED),
    Index("ix_inbox_connection_id_received_at", "connection_id", "received_at"),
    Index("ix_inbox_done_at", "done_at"),
    # The id names the work in the engine, so it is never used again after a purge.
    sqlite_autoincrement=True,
)  # fmt: skip

#: Seconds since 1970. ``arrival``: the theoretical arrival time of the next call (GCRA).
rate_budget = Table(
    "rate_budget",
    metadata,
    text("budget", primary_key=True),
    Column("arrival", Float(53), nullable=False),
    Column("paused_until", Float(53), nullable=False),
)
