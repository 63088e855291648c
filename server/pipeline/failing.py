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
    """Mark the connection as needing a person; nothing is asked of the system until then. One
    that was removed meanwhile stays removed."""
    with base.database.write() as tx:
        if connections.get(tx, connection_id).state is not ConnectionState.REMOVED:
            connections.set_state(
                tx,
                connection_id,
                state=ConnectionState.NEEDS_PERSON,
                reason=f"{error.code}: {error}",
                now=base.clock(),
            )


def waits_for_person(base: Base, connection_id: str) -> bool:
    return _state(base, connection_id) is ConnectionState.NEEDS_PERSON


def is_removed(base: Base, connection_id: str) -> bool:
    return _state(base, connection_id) is ConnectionState.REMOVED


def _state(base: Base, connection_id: str) -> ConnectionState:
    with base.database.read() as tx:
        return connections.get(tx, connection_id).state
