"""A connection's secrets: sealed in the database, and rotated by one process at a time.

The hard part is a refresh token that may be used once. Two workers that refresh at the same time
would burn each other's, but holding a database lock during a call over the network would stop
everybody else. So ``rotate`` takes a lease: a row says who refreshes until when, others wait, and
a worker that dies leaves a lease that runs out.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy import Connection as Transaction

from connectors.base import Clock, Installation, Sleep
from connectors.errors import Unavailable
from server.security.secrets import Vault

from . import connections
from .connections import Connection
from .database import Database
from .statements import insert
from .tables import connection_secret

#: What a connector signs in with (``Tokens``).
TOKENS = "tokens"
#: ``Installation.webhook_secret``.
WEBHOOK = "webhook"

#: Longer than a connector waits for an answer, so that a living worker keeps its lease.
LEASE = timedelta(seconds=120)
#: How long to wait for another's rotation, in seconds, before giving up.
PATIENCE = 150.0
POLL = 0.1


def put(
    tx: Transaction,
    vault: Vault,
    *,
    connection_id: str,
    name: str = TOKENS,
    values: Mapping[str, str],
    now: datetime,
) -> None:
    """Store secrets, over whatever was there."""
    row = {
        "sealed": vault.seal(values, purpose=_purpose(connection_id, name)),
        "updated_at": now,
    }
    tx.execute(
        insert(tx, connection_secret)
        .values(connection_id=connection_id, name=name, version=1, **row)
        .on_conflict_do_update(
            index_elements=["connection_id", "name"],
            set_={**row, "version": connection_secret.c.version + 1},
        )
    )


def get(tx: Transaction, vault: Vault, *, connection_id: str, name: str = TOKENS) -> dict[str, str]:
    """The newest secrets, empty when there are none. Raises ``Unreadable``."""
    return _read(tx, vault, connection_id, name)[0]


def keep_installation(
    tx: Transaction, vault: Vault, *, connection_id: str, installation: Installation, now: datetime
) -> Connection:
    """Store what was made over there, its webhook secret sealed and apart."""
    if installation.webhook_secret is not None:
        put(
            tx,
            vault,
            connection_id=connection_id,
            name=WEBHOOK,
            values={"secret": installation.webhook_secret},
            now=now,
        )
    return connections.change(tx, connection_id, installation=installation, now=now)


def installation_of(tx: Transaction, vault: Vault, *, connection_id: str) -> Installation:
    """What was made over there, with the webhook secret. Raises ``UnknownConnection`` and
    ``Unreadable``."""
    kept = connections.get(tx, connection_id).installation
    secret = get(tx, vault, connection_id=connection_id, name=WEBHOOK).get("secret")
    return replace(kept, webhook_secret=secret)


def forget(tx: Transaction, *, connection_id: str) -> None:
    """Delete every secret of a connection."""
    tx.execute(connection_secret.delete().where(connection_secret.c.connection_id == connection_id))


def reseal_all(tx: Transaction, vault: Vault, *, now: datetime) -> int:
    """Seal everything with the newest key; returns how many. Raises ``Unreadable``."""
    rows = tx.execute(select(connection_secret).with_for_update()).all()
    for row in rows:
        tx.execute(
            update(connection_secret)
            .where(
                connection_secret.c.connection_id == row.connection_id,
                connection_secret.c.name == row.name,
            )
            .values(sealed=vault.reseal(row.sealed), updated_at=now)
        )
    return len(rows)


class SqlTokens:
    """A connection's ``Tokens``, shared by all processes on this database."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        *,
        connection_id: str,
        clock: Clock,
        sleep: Sleep,
        name: str = TOKENS,
        lease: timedelta = LEASE,
        patience: float = PATIENCE,
    ) -> None:
        self._database = database
        self._vault = vault
        self._connection_id = connection_id
        self._name = name
        self._clock = clock
        self._sleep = sleep
        self._lease = lease
        self._patience = patience

    def read(self) -> Mapping[str, str]:
        """The newest secrets. Raises ``Unreadable``."""
        with self._database.read() as tx:
            return get(tx, self._vault, connection_id=self._connection_id, name=self._name)

    def rotate(self, change: Callable[[Mapping[str, str]], Mapping[str, str]]) -> Mapping[str, str]:
        """See ``Tokens``. Raises ``Unavailable`` when another rotation does not come to an end,
        and whatever ``change`` raises."""
        holder = uuid.uuid4().hex
        self._take_lease(holder)
        try:
            with self._database.read() as tx:
                secrets, version = _read(tx, self._vault, self._connection_id, self._name)
            changed = dict(change(secrets))
            with self._database.write() as tx:
                newest, now_at = _read(tx, self._vault, self._connection_id, self._name, lock=True)
                if now_at != version:
                    # Our lease ran out, or a person entered new ones: theirs are newer.
                    return newest
                if changed != newest:
                    put(
                        tx,
                        self._vault,
                        connection_id=self._connection_id,
                        name=self._name,
                        values=changed,
                        now=self._clock(),
                    )
            return changed
        finally:
            self._give_back(holder)

    def _take_lease(self, holder: str) -> None:
        waited = 0.0
        while not self._try_lease(holder):
            if waited >= self._patience:
                raise Unavailable(
                    "another worker is renewing this connection's sign-in and does not finish; "
                    "try again in a few minutes"
                )
            self._sleep(POLL)
            waited += POLL

    def _try_lease(self, holder: str) -> bool:
        now = self._clock()
        empty = self._vault.seal({}, purpose=_purpose(self._connection_id, self._name))
        with self._database.write() as tx:
            tx.execute(
                insert(tx, connection_secret)
                .values(
                    connection_id=self._connection_id,
                    name=self._name,
                    sealed=empty,
                    version=0,
                    updated_at=now,
                )
                .on_conflict_do_nothing()
            )
            taken = tx.execute(
                update(connection_secret)
                .where(
                    *self._mine(),
                    or_(
                        connection_secret.c.lease_until.is_(None),
                        connection_secret.c.lease_until <= now,
                    ),
                )
                .values(lease_holder=holder, lease_until=now + self._lease)
            )
            return taken.rowcount == 1

    def _give_back(self, holder: str) -> None:
        with self._database.write() as tx:
            tx.execute(
                update(connection_secret)
                .where(*self._mine(), connection_secret.c.lease_holder == holder)
                .values(lease_holder=None, lease_until=None)
            )

    def _mine(self) -> tuple[ColumnElement[bool], ...]:
        return (
            connection_secret.c.connection_id == self._connection_id,
            connection_secret.c.name == self._name,
        )


def _read(
    tx: Transaction, vault: Vault, connection_id: str, name: str, *, lock: bool = False
) -> tuple[dict[str, str], int]:
    query = select(connection_secret.c.sealed, connection_secret.c.version).where(
        connection_secret.c.connection_id == connection_id, connection_secret.c.name == name
    )
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        return {}, 0
    return vault.open(row.sealed, purpose=_purpose(connection_id, name)), row.version


def _purpose(connection_id: str, name: str) -> str:
    return f"{connection_id}/{name}"
