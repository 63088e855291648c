"""What was said: stored with its words, fresh until it is enriched."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection as Transaction
from sqlalchemy import case, or_, select, tuple_, update

from connectors.records import Interaction

from . import rows
from .erasure import erased_among
from .statements import insert
from .tables import interaction, ticket


def store_interactions(
    tx: Transaction, *, connection_id: str, values: Sequence[Interaction], now: datetime
) -> None:
    """Store what was said, without the tickets it was said on (a pull in bulk).

    What belongs to a ticket we do not have is left out: it may be an erased person's, and whoever
    brings the ticket later brings what was said as well.
    """
    erased = erased_among(
        tx, connection_id=connection_id, contact_ids={one.author_id for one in values}
    )
    query = select(ticket.c.id).where(
        ticket.c.connection_id == connection_id,
        ticket.c.id.in_({one.ticket_id for one in values}),
    )
    known = set(tx.scalars(query))
    kept = [one for one in values if one.ticket_id in known and one.author_id not in erased]
    write_interactions(tx, connection_id, kept, now)


def fresh(tx: Transaction, *, connection_id: str, ticket_id: str) -> list[Interaction]:
    """What was said on a ticket and is not enriched yet, oldest first."""
    query = (
        select(interaction)
        .where(
            interaction.c.connection_id == connection_id,
            interaction.c.ticket_id == ticket_id,
            interaction.c.enriched_at.is_(None),
        )
        .order_by(interaction.c.created_at, interaction.c.id)
    )
    return [rows.interaction_value(row) for row in tx.execute(query)]


def mark_enriched(
    tx: Transaction,
    *,
    connection_id: str,
    ticket_id: str,
    interactions: Collection[Interaction],
    now: datetime,
) -> None:
    """These were enriched with exactly these words; one that changed meanwhile stays fresh."""
    seen = [(one.id, rows.content_hash(one.text)) for one in interactions]
    tx.execute(
        update(interaction)
        .where(
            interaction.c.connection_id == connection_id,
            interaction.c.ticket_id == ticket_id,
            tuple_(interaction.c.id, interaction.c.content_hash).in_(seen),
        )
        .values(enriched_at=now)
    )


def write_interactions(
    tx: Transaction, connection_id: str, values: Sequence[Interaction], now: datetime
) -> None:
    if not values:
        return
    statement = insert(tx, interaction)
    new = statement.excluded
    same_words = interaction.c.content_hash == new.content_hash
    statement = statement.on_conflict_do_update(
        index_elements=["connection_id", "ticket_id", "id"],
        set_={
            "text": new.text,
            "content_hash": new.content_hash,
            "public": new.public,
            "author_id": new.author_id,
            "author_role": new.author_role,
            "synced_at": new.synced_at,
            "enriched_at": case((same_words, interaction.c.enriched_at), else_=None),
        },
        where=or_(
            interaction.c.content_hash != new.content_hash,
            interaction.c.public != new.public,
            interaction.c.author_id.is_distinct_from(new.author_id),
            interaction.c.author_role != new.author_role,
        ),
    )
    once = {(one.ticket_id, one.id): one for one in values}
    tx.execute(
        statement, [rows.interaction_row(connection_id, once[key], now) for key in sorted(once)]
    )
