"""One database, SQLite file or PostgreSQL, behind two doors: ``read()`` and ``write()``.

The hard part is SQLite's writers. A plain BEGIN that reads and then writes loses against a
neighbour, and busy waiting is unfair, so writers begin IMMEDIATE and those of one process queue
for a single connection; readers have connections of their own that cannot write at all. A
transaction is one request or one task and makes no network call: whoever opens a second one
inside a first is told so, instead of waiting for itself.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.exc import TimeoutError as DatabaseBusy

from .turns import Turns
from .types import to_json

#: The version of the tables this program wants: the last one in ``migrations``.
NEWEST = "0001"
#: How long a writer waits for others, in seconds, unless ``open_database`` is told otherwise.
BUSY_SECONDS = 60.0


class NestedTransaction(RuntimeError):
    """A thread opened a write transaction while it held one."""


class Database:
    """Made by ``open_database``; safe to share between threads, never across a fork.

    Connects on first use. ``close()`` gives every connection back.
    """

    def __init__(self, url: URL, *, pool_size: int, patience: float = BUSY_SECONDS) -> None:
        self.url = url
        self.patience = patience
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._here = threading.local()
        self._turns = Turns()
        if self.is_sqlite:
            self._writer = _sqlite_engine(
                url, pool_size=1, patience=patience, begin="BEGIN IMMEDIATE"
            )
            self._reader = _sqlite_engine(
                url, pool_size=pool_size, patience=patience, begin="BEGIN", read_only=True
            )
        else:
            self._writer = create_engine(
                url,
                pool_size=pool_size,
                max_overflow=pool_size,
                pool_timeout=patience,
                pool_pre_ping=True,
                json_serializer=to_json,
                # Errors quote their statement; customers' words must not be in them.
                hide_parameters=True,
                connect_args={
                    "options": f"-c timezone=UTC -c lock_timeout={int(patience * 1000)}",
                    "application_name": "keepsake",
                    "connect_timeout": max(2, int(min(patience, 10.0))),
                },
            )
            self._reader = self._writer.execution_options(postgresql_readonly=True)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write: committed at the end, rolled back on any exception."""
        if getattr(self._here, "writing", False):
            raise NestedTransaction(
                "this thread already writes; hand its connection down, or end it first"
            )
        self._here.writing = True
        try:
            with self._turn(), self._writer.begin() as connection:
                yield connection
        finally:
            self._here.writing = False

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        with ExitStack() as held:
            try:
                held.enter_context(self._turns.turn(patience=self.patience))
            except TimeoutError as error:
                raise DatabaseBusy("other threads of this process write for too long") from error
            yield

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; the database refuses anything else."""
        with self._reader.begin() as connection:
            yield connection

    def migrate(self) -> None:
        """Bring the tables to the newest version. Safe to repeat, and to run in two processes."""
        if self.version() != NEWEST:
            from .migrate import upgrade  # Alembic is heavy and rarely needed.

            upgrade(self)

    def version(self) -> str | None:
        """The version the tables have, None when there are none yet."""
        with self.read() as tx:
            if not inspect(tx).has_table("alembic_version"):
                return None
            found: str | None = tx.execute(text("SELECT version_num FROM alembic_version")).scalar()
            return found

    def vacuum_into(self, file: Path) -> None:
        """Copy a SQLite database, compacted and as of now, into a new file."""
        with self._reader.connect() as connection:
            # Outside a transaction, on the driver's own connection.
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.execute("PRAGMA query_only = OFF")
            try:
                raw.execute("VACUUM INTO ?", (str(file),))
            finally:
                raw.execute("PRAGMA query_only = ON")

    def close(self) -> None:
        """Close every connection. Safe to repeat."""
        self._writer.dispose()
        self._reader.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_database(url: str, *, pool_size: int = 8, patience: float = BUSY_SECONDS) -> Database:
    """The database at ``url``: ``sqlite:///path/app.db`` or ``postgresql://user@host/name``.
    ``patience``: seconds a transaction waits for others (for a turn, a lock or a connection).

    The folder of a SQLite file is made when missing. Raises ``ValueError`` for anything else.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        Path(parsed.database or "").absolute().parent.mkdir(parents=True, exist_ok=True)
    return Database(parsed, pool_size=pool_size, patience=patience)


def parse_url(url: str) -> URL:
    """A database's address with the driver we use. Raises ``ValueError``, never quoting it: it
    may hold a password."""
    try:
        parsed = make_url(url)
        name = parsed.get_backend_name()
    except ArgumentError:
        raise ValueError("the database URL cannot be read") from None
    if name in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if name != "sqlite":
        raise ValueError(f"the database is SQLite or PostgreSQL, not {name}")
    if not parsed.database or parsed.database == ":memory:" or "mode=memory" in url:
        # Readers and the writer have connections of their own; in memory each would be alone.
        raise ValueError("a SQLite database needs a file")
    return parsed.set(drivername="sqlite+pysqlite")


def _sqlite_engine(
    url: URL, *, pool_size: int, patience: float, begin: str, read_only: bool = False
) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0 if pool_size == 1 else pool_size,
        pool_timeout=patience,
        json_serializer=to_json,
        hide_parameters=True,
        connect_args={"timeout": patience, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver's own idea of transactions is switched off: ours begin below.
        connection.isolation_level = None
        prepare_sqlite(connection, patience=patience, read_only=read_only)

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def prepare_sqlite(
    connection: sqlite3.Connection, *, patience: float = BUSY_SECONDS, read_only: bool = False
) -> None:
    """Set what every connection needs: WAL, a commit that reached the disk, foreign keys."""
    connection.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    if mode != "wal":
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")  # macOS: fsync alone does not reach the disk
    connection.execute("PRAGMA foreign_keys = ON")
    if read_only:
        connection.execute("PRAGMA query_only = ON")
