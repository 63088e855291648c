"""What an error from a source system means for the connection it came through."""

from __future__ import annotations

from connectors.errors import ConnectorError, Misconfigured, NeedsReauth

from ..store import connections
from ..store.connections import ConnectionState
from .base import Base


def needs_person(error: ConnectorError) -> bool:
    """Whether trying again is pointless until somebody has done something."""
    return isinstance(error, NeedsReauth | Misconfigured)


def stop_connection(base: Base, connection_id: str, error: ConnectorError) -> None:
    """Mark the connection as needing a person; nothing is asked of the system until then."""
    with base.database.write() as tx:
        connections.set_state(
            tx,
            connection_id,
            state=ConnectionState.NEEDS_PERSON,
            reason=f"{error.code}: {error}",
            now=base.clock(),
        )


def is_running(base: Base, connection_id: str) -> bool:
    with base.database.read() as tx:
        state = connections.get(tx, connection_id).state
    return state in (ConnectionState.READY, ConnectionState.LIVE)
