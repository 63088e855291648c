"""The work engine's own database connections: a pool apart from the application's.

One shared pool starves: the engine's tasks hold a connection each while the application's wait.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url

from .database import BUSY_SECONDS, prepare_sqlite


def open_engine_database(url: str, *, pool_size: int) -> Engine:
    """``url`` as for ``open_database``; the engine makes its own tables there."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            # Errors name the statement, not the values in it.
            hide_parameters=True,
            connect_args={"connect_timeout": 10, "application_name": "keepsake-engine"},
        )
    assert parsed.database is not None
    Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        parsed.set(drivername="sqlite+pysqlite"),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=BUSY_SECONDS,
        hide_parameters=True,
        connect_args={
            "timeout": BUSY_SECONDS,
            "check_same_thread": False,
            # The engine reads before it writes; a plain BEGIN would then lose to a neighbour.
            "isolation_level": "IMMEDIATE",
        },
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        prepare_sqlite(connection)
        if sqlite3.sqlite_version_info < (3, 42):
            # The engine asks for unixepoch('subsec'), which older SQLite does not know.
            connection.create_function("unixepoch", 1, lambda _: time.time())

    return engine
