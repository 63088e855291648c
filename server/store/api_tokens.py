"""API tokens, by their digests (``server.security.tokens``)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import Row, or_, select, update

from server.security.roles import Role

from .tables import api_token

#: A token's last use is noted at most so often: reading must not become writing.
NOTED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class ApiToken:
    id: int
    name: str
    role: Role
    created_by: int | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    def is_valid(self, now: datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def wants_note(self, now: datetime) -> bool:
        """Whether ``used`` has something to write."""
        return self.last_used_at is None or self.last_used_at <= now - NOTED_EVERY


def create(
    tx: Transaction,
    *,
    name: str,
    digest: str,
    role: Role,
    created_by: int | None = None,
    expires_at: datetime | None = None,
    now: datetime,
) -> ApiToken:
    """Store a new token."""
    statement = (
        api_token.insert()
        .values(
            name=name,
            digest=digest,
            role=role,
            created_by=created_by,
            created_at=now,
            expires_at=expires_at,
        )
        .returning(api_token)
    )
    return _value(tx.execute(statement).one())


def by_digest(tx: Transaction, digest: str, *, now: datetime) -> ApiToken | None:
    """The valid token with this digest."""
    row = tx.execute(select(api_token).where(api_token.c.digest == digest)).one_or_none()
    if row is None:
        return None
    found = _value(row)
    return found if found.is_valid(now) else None


def used(tx: Transaction, id: int, *, now: datetime) -> None:
    """Note a use; see ``ApiToken.wants_note``."""
    stale = or_(api_token.c.last_used_at.is_(None), api_token.c.last_used_at < now)
    tx.execute(update(api_token).where(api_token.c.id == id, stale).values(last_used_at=now))


def revoke(tx: Transaction, id: int, *, now: datetime) -> bool:
    """From now on it opens nothing. False when it was revoked before, or never was."""
    statement = update(api_token).where(api_token.c.id == id, api_token.c.revoked_at.is_(None))
    return tx.execute(statement.values(revoked_at=now)).rowcount == 1


def find(tx: Transaction) -> list[ApiToken]:
    """All tokens, the newest first, revoked ones too."""
    return [_value(row) for row in tx.execute(select(api_token).order_by(api_token.c.id.desc()))]


def _value(row: Row[Any]) -> ApiToken:
    return ApiToken(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
