"""People who must be forgotten, and stay forgotten when the next pull brings them again."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from sqlalchemy import Connection as Transaction
from sqlalchemy import select

from .tables import erased_contact


def digest(connection_id: str, contact_id: str) -> str:
    """Names an erased contact without keeping its id."""
    return hashlib.sha256(f"{connection_id}\x00{contact_id}".encode()).hexdigest()


def erased_among(
    tx: Transaction, *, connection_id: str, contact_ids: Collection[str | None]
) -> frozenset[str]:
    """Those of these contacts that were erased."""
    by_digest = {digest(connection_id, id): id for id in contact_ids if id is not None}
    found = tx.scalars(
        select(erased_contact.c.digest).where(
            erased_contact.c.connection_id == connection_id,
            erased_contact.c.digest.in_(by_digest),
        )
    )
    return frozenset(by_digest[value] for value in found)
