"""A pool of connections for the work engine's own tables, prepared as it needs them.

Apart from the application's pool: with one shared pool workers starve the engine that feeds them.
The engine's library ships SQLite without WAL, and on Python 3.12 and later asks old SQLite
versions for a function they do not have; both are put right here.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event

from .database import BUSY_SECONDS, parse_url, prepare_sqlite

#: ``unixepoch('subsec')`` came with this version of SQLite.
SUBSECONDS = (3, 42, 0)


def open_engine_pool(url: str, *, concurrency: int) -> Engine:
    """A pool for the engine's database at ``url``; ``concurrency``: tasks that run at once.

    Open it in the process that uses it, never before a fork, and ``dispose()`` of it at the end.
    Raises ``ValueError`` for an address that is neither SQLite file nor PostgreSQL.
    """
    parsed = parse_url(url)
    size = 2 * concurrency + 6
    if parsed.get_backend_name() != "sqlite":
        return create_engine(
            parsed,
            pool_size=size,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"application_name": "keepsake-engine", "connect_timeout": 10},
        )
    Path(parsed.database or "").absolute().parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        parsed,
        pool_size=size,
        max_overflow=0,
        pool_timeout=BUSY_SECONDS,
        hide_parameters=True,
        connect_args={
            "timeout": BUSY_SECONDS,
            "check_same_thread": False,
            "isolation_level": "IMMEDIATE",
        },
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        prepare_sqlite(connection)
        if sqlite3.sqlite_version_info < SUBSECONDS:
            connection.create_function("unixepoch", 1, _unixepoch)

    return engine


def _unixepoch(_modifier: object) -> float:
    return time.time()
