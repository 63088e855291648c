"""Readings, kept by what was read and by whom: the same words are never read twice by one model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection as Transaction
from sqlalchemy import select, tuple_

from enrichment.codec import from_plain, to_plain
from enrichment.readings import Reading

from .statements import insert
from .tables import reading

#: ``(interaction id, content hash)``; see ``rows.content_hash``.
ReadingKey = tuple[str, str]


def find(
    tx: Transaction, *, connection_id: str, model: str, keys: Collection[ReadingKey]
) -> dict[ReadingKey, Reading]:
    """The readings this model already made of these texts."""
    query = select(reading.c.interaction_id, reading.c.content_hash, reading.c.reading).where(
        reading.c.connection_id == connection_id,
        reading.c.model == model,
        tuple_(reading.c.interaction_id, reading.c.content_hash).in_(list(keys)),
    )
    return {
        (row.interaction_id, row.content_hash): from_plain(Reading, row.reading)
        for row in tx.execute(query)
    }


def keep(
    tx: Transaction,
    *,
    connection_id: str,
    model: str,
    found: Mapping[ReadingKey, Reading],
    now: datetime,
) -> None:
    """Store readings; one that is there already stays as it is.

    ``model`` is the reader's name and version, which readings carry only in part.
    """
    values = [
        {
            "connection_id": connection_id,
            "interaction_id": interaction_id,
            "content_hash": content_hash,
            "model": model,
            "reading": to_plain(made),
            "created_at": now,
        }
        for (interaction_id, content_hash), made in sorted(found.items(), key=lambda item: item[0])
    ]
    if values:
        tx.execute(insert(tx, reading).on_conflict_do_nothing(), values)
