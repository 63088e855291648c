"""Alembic, called from Python: migrations travel in the package and need no ini file."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

if TYPE_CHECKING:
    from .database import Database

log = logging.getLogger(__name__)

#: "keepsake" in hexadecimal: only one process migrates a PostgreSQL database at a time.
LOCK = 0x6B65657073616B65
#: Seconds to wait for another process that migrates.
LONGEST = 600.0


def configuration() -> Config:
    """Alembic's settings: where the migrations lie, and nothing from a file."""
    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def newest() -> str:
    """The last version in ``migrations``."""
    head = ScriptDirectory.from_config(configuration()).get_current_head()
    assert head is not None
    return head


def current(connection: Connection) -> str | None:
    """The version the tables have, or None when there are none yet."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(database: Database) -> None:
    """All steps in one transaction: a half-made database does not exist."""
    engine = database._writer
    config = configuration()
    with engine.connect() as connection:
        if database.is_sqlite:
            # Rebuilding a table would fire ON DELETE; the switch works outside a transaction only.
            _driver(connection, "PRAGMA foreign_keys = OFF")
            # Whoever migrates just now is waited for, by the web process as well.
            _driver(connection, f"PRAGMA busy_timeout = {int(LONGEST * 1000)}")
        try:
            with connection.begin():
                if not database.is_sqlite:
                    connection.execute(text(f"SET LOCAL lock_timeout = {int(LONGEST * 1000)}"))
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
                before = current(connection)
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                if database.is_sqlite:
                    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                    if broken:
                        raise RuntimeError(f"migration left {len(broken)} dangling references")
        finally:
            if database.is_sqlite:
                _driver(connection, "PRAGMA foreign_keys = ON")
                _driver(connection, f"PRAGMA busy_timeout = {int(database.patience * 1000)}")
        after = current(connection)
    if before != after:
        log.info("database migrated", extra={"version_from": before, "version_to": after})


def _driver(connection: Connection, statement: str) -> None:
    raw = connection.connection.driver_connection
    assert raw is not None
    raw.execute(statement)
