"""Keeping the database small and quick, and copying it while it is in use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection as Transaction

from . import budgets, inbox, verdicts
from .database import Database

#: Rows deleted in one transaction; others want to write as well.
BATCH = 2000


@dataclass(frozen=True, kw_only=True)
class Tidied:
    """How many rows of each kind were forgotten."""

    inbox: int
    verdicts: int
    budgets: int


def tidy(database: Database, *, keep: timedelta, now: datetime) -> Tidied:
    """Forget finished work older than ``keep``, and rate budgets of every connection that came to
    rest, in short transactions. The one place that purges. Safe to repeat."""
    before = now - keep

    def old_inbox(tx: Transaction) -> int:
        return inbox.purge(tx, done_before=before, limit=BATCH)

    def old_verdicts(tx: Transaction) -> int:
        return verdicts.purge(tx, before=before, limit=BATCH)

    with database.write() as tx:
        rested = budgets.forget_rested(tx, now=now)
    return Tidied(
        inbox=_until_done(database, old_inbox),
        verdicts=_until_done(database, old_verdicts),
        budgets=rested,
    )


def copy_to(database: Database, file: Path) -> None:
    """A consistent copy of a SQLite database, made while others write. For PostgreSQL there is
    ``pg_dump``. Raises ``ValueError`` for the wrong database, ``FileExistsError`` rather than
    write over a file."""
    if not database.is_sqlite:
        raise ValueError("copy a PostgreSQL database with pg_dump")
    if file.exists():
        raise FileExistsError(f"{file} exists already")
    database.vacuum_into(file)


def _until_done(database: Database, step: Callable[[Transaction], int]) -> int:
    total = 0
    while True:
        with database.write() as tx:
            count = step(tx)
        total += count
        if count < BATCH:
            return total
