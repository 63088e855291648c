"""The one statement the two databases spell in different modules: INSERT .. ON CONFLICT."""

from __future__ import annotations

from typing import cast

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert(connection: Connection, table: Table) -> postgresql.Insert:
    """An INSERT that knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``.

    SQLite's and PostgreSQL's have the same methods; one type stands for both.
    """
    if connection.dialect.name == "sqlite":
        return cast(postgresql.Insert, sqlite.insert(table))
    return postgresql.insert(table)
