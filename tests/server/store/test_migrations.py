from __future__ import annotations

import importlib.util
import threading
import warnings
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from server.store import Database, open_database
from server.store.database import NEWEST
from server.store.migrate import newest
from server.store.tables import metadata


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    url: str = request.getfixturevalue("empty_postgres")
    return url


def test_the_migrations_make_the_tables_the_code_knows(empty: str) -> None:
    with open_database(empty) as database:
        database.migrate()
        with database.read() as tx, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            context = MigrationContext.configure(tx, opts={"compare_type": True})
            assert compare_metadata(context, metadata) == []


def test_every_index_the_code_knows_is_there(empty: str) -> None:
    with open_database(empty) as database:
        database.migrate()
        with database.read() as tx:
            seen = inspect(tx)
            for table in metadata.sorted_tables:
                there = {index["name"] for index in seen.get_indexes(table.name)}
                assert {index.name for index in table.indexes} <= there


def test_partial_indexes_are_partial(empty: str) -> None:
    with open_database(empty) as database:
        database.migrate()
        catalogue, column = (
            ("sqlite_master", "sql") if database.is_sqlite else ("pg_indexes", "indexdef")
        )
        with database.read() as tx:
            definitions = tx.scalars(text(f"SELECT {column} FROM {catalogue}")).all()
    partial = [
        index.name
        for table in metadata.sorted_tables
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    ]
    assert len(partial) >= 8
    for name in partial:
        assert any(name in (one or "") and " WHERE " in (one or "") for one in definitions), name


def test_migrating_again_changes_nothing(empty: str) -> None:
    with open_database(empty) as database:
        assert database.version() is None
        database.migrate()
        database.migrate()
        assert database.version() == NEWEST == newest()


def test_two_processes_may_migrate_at_the_same_time(empty: str) -> None:
    failures: list[BaseException] = []
    barrier = threading.Barrier(4)

    def migrate() -> None:
        try:
            with open_database(empty) as database:
                barrier.wait()
                database.migrate()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_migration_that_fails_leaves_the_database_as_it_was(empty: str) -> None:
    with open_database(empty) as database:
        with database.write() as tx:
            tx.execute(text("CREATE TABLE inbox (already TEXT)"))
        with pytest.raises(Exception, match="inbox"):
            database.migrate()
        assert database.version() is None
        with database.read() as tx:
            assert inspect(tx).get_table_names() == ["inbox"]


def test_references_are_checked_again_after_a_migration(database: Database) -> None:
    database.migrate()
    with pytest.raises(Exception, match=r"(?i)foreign key"), database.write() as tx:
        tx.execute(text("INSERT INTO cursor VALUES ('nobody', 'ticket', 'x', '2026-03-01')"))


@pytest.mark.parametrize("package", ["migrations", "migrations.versions"])
def test_the_migrations_travel_in_the_package(package: str) -> None:
    found = importlib.util.find_spec(f"server.store.{package}")
    assert found is not None
    # Without an __init__.py they would be left out of the wheel.
    assert found.origin is not None
