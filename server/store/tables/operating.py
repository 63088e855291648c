"""Who may do what, who did what, and which workers are alive."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, UniqueConstraint

from ..types import BigId, Json
from .base import counted_id, metadata, text, time

app_user = Table(
    "app_user",
    metadata,
    counted_id(),
    text("login"),
    text("name"),
    text("password_hash"),
    text("role"),
    Column("active", Boolean, nullable=False, default=True),
    # Raised to end every login session of this user at once.
    Column("session_epoch", Integer, nullable=False, default=0),
    time("created_at"),
    time("updated_at"),
    time("last_login_at", nullable=True),
    UniqueConstraint("login"),
    sqlite_autoincrement=True,
)

api_token = Table(
    "api_token",
    metadata,
    counted_id(),
    text("name"),
    text("digest"),
    text("role"),
    Column("created_by", BigId, ForeignKey("app_user.id", ondelete="SET NULL"), nullable=True),
    time("created_at"),
    time("expires_at", nullable=True),
    time("last_used_at", nullable=True),
    time("revoked_at", nullable=True),
    UniqueConstraint("digest"),
)

audit_log = Table(
    "audit_log",
    metadata,
    counted_id(),
    time("at"),
    text("actor"),
    text("action"),
    text("subject"),
    Column("detail", Json, nullable=False),
    Index("ix_audit_log_at", "at"),
    Index("ix_audit_log_subject_at", "subject", "at"),
)

heartbeat = Table(
    "heartbeat",
    metadata,
    text("executor", primary_key=True),
    time("started_at"),
    time("at"),
    Column("info", Json, nullable=False),
)

meta = Table(
    "meta",
    metadata,
    text("key", primary_key=True),
    Column("value", Json, nullable=True),
    time("updated_at"),
)
