"""Copies of source systems' records, as much of them as Keepsake uses, and the people behind."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Table
from sqlalchemy import text as sql

from ..types import Json
from .base import counted_id, metadata, of_connection, of_person, text, time

PAUSED = sql("paused_at IS NOT NULL")

person = Table(
    "person",
    metadata,
    counted_id(),
    Column("consent", Json, nullable=True),
    time("created_at"),
    time("updated_at"),
    time("paused_at", nullable=True),
    time("erased_at", nullable=True),
    Index("ix_person_paused_at", "paused_at", sqlite_where=PAUSED, postgresql_where=PAUSED),
    sqlite_autoincrement=True,
)

account = Table(
    "account",
    metadata,
    of_connection(primary_key=True),
    text("id", primary_key=True),
    text("name"),
    Column("domains", Json, nullable=False),
    text("external_id", nullable=True),
    Column("deleted", Boolean, nullable=False),
    time("created_at"),
    time("updated_at"),
    time("synced_at"),
)

contact = Table(
    "contact",
    metadata,
    of_connection(primary_key=True),
    text("id", primary_key=True),
    of_person(nullable=True),
    # Why this contact is that person: alone | email | external_id | hand | apart.
    text("joined_by", nullable=True),
    text("name"),
    text("email", nullable=True),
    Column("email_verified", Boolean, nullable=False),
    # The address folded, when it is verified: what contacts are joined by.
    text("email_key", nullable=True),
    text("phone", nullable=True),
    text("role"),
    text("account_id", nullable=True),
    text("external_id", nullable=True),
    text("time_zone", nullable=True),
    text("locale", nullable=True),
    Column("tags", Json, nullable=False),
    Column("fields", Json, nullable=False),
    Column("deleted", Boolean, nullable=False),
    time("created_at"),
    time("updated_at"),
    time("synced_at"),
    Index("ix_contact_person_id", "person_id"),
    Index("ix_contact_email_key", "email_key"),
    Index("ix_contact_external_id", "external_id"),
    Index("ix_contact_connection_id_account_id", "connection_id", "account_id"),
)

#: Contacts of erased people, by digest: they must not come back with the next pull.
erased_contact = Table(
    "erased_contact",
    metadata,
    of_connection(primary_key=True),
    text("digest", primary_key=True),
    time("erased_at"),
)

ticket = Table(
    "ticket",
    metadata,
    of_connection(primary_key=True),
    text("id", primary_key=True),
    of_person(nullable=True),
    text("subject"),
    text("status"),
    text("priority", nullable=True),
    text("contact_id", nullable=True),
    text("account_id", nullable=True),
    text("assignee_id", nullable=True),
    text("group_id", nullable=True),
    text("channel"),
    text("url", nullable=True),
    Column("tags", Json, nullable=False),
    Column("fields", Json, nullable=False),
    text("version", nullable=True),
    time("created_at"),
    time("updated_at"),
    time("synced_at"),
    Index("ix_ticket_person_id_updated_at", "person_id", "updated_at"),
    Index("ix_ticket_connection_id_contact_id", "connection_id", "contact_id"),
    Index("ix_ticket_connection_id_updated_at", "connection_id", "updated_at"),
)

interaction = Table(
    "interaction",
    metadata,
    of_connection(primary_key=True),
    # One e-mail may stand on two tickets, so the ticket is part of the key.
    text("ticket_id", primary_key=True),
    text("id", primary_key=True),
    text("author_id", nullable=True),
    text("author_role"),
    text("text"),
    Column("public", Boolean, nullable=False),
    text("channel"),
    text("content_hash"),
    time("created_at"),
    time("synced_at"),
    time("enriched_at", nullable=True),
    Index("ix_interaction_connection_id_ticket_id_created_at",
          "connection_id", "ticket_id", "created_at"),
    Index("ix_interaction_new", "connection_id", "ticket_id", "created_at",
          sqlite_where=sql("enriched_at IS NULL"), postgresql_where=sql("enriched_at IS NULL")),
    Index("ix_interaction_connection_id_author_id_created_at",
          "connection_id", "author_id", "created_at"),
)  # fmt: skip

survey = Table(
    "survey",
    metadata,
    of_connection(primary_key=True),
    text("id", primary_key=True),
    text("kind"),
    text("ticket_id", nullable=True),
    text("contact_id", nullable=True),
    Column("score", Float(53), nullable=False),
    text("comment", nullable=True),
    time("created_at"),
    time("synced_at"),
    time("enriched_at", nullable=True),
    Index("ix_survey_connection_id_ticket_id", "connection_id", "ticket_id"),
    Index("ix_survey_connection_id_contact_id", "connection_id", "contact_id"),
)
