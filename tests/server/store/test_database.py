from __future__ import annotations

import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection as Transaction
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, StatementError

from server.store import Database, NestedTransaction, open_database
from server.store.statements import insert
from server.store.tables import meta
from server.store.turns import Turns
from server.store.types import storable, to_json

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

COUNTER = """
import sys
from datetime import UTC, datetime
from sqlalchemy import Connection as Transaction
from sqlalchemy import select, text
from server.store import open_database
from server.store.tables import meta

with open_database(sys.argv[1]) as database:
    for _ in range(40):
        with database.write() as tx:
            if not database.is_sqlite:
                tx.execute(text("SELECT 1 FROM meta WHERE key = 'n' FOR UPDATE"))
            n = tx.scalar(meta.select().with_only_columns(meta.c.value))
            tx.execute(meta.update().values(value=n + 1, updated_at=datetime.now(UTC)))
"""


def set_fact(tx: Transaction, key: str, value: Any, *, now: datetime) -> None:
    row = {"value": value, "updated_at": now}
    statement = insert(tx, meta).values(key=key, **row)
    tx.execute(statement.on_conflict_do_update(index_elements=["key"], set_=row))


def get_fact(tx: Transaction, key: str) -> Any:
    return tx.scalar(select(meta.c.value).where(meta.c.key == key))


def test_a_time_comes_back_in_utc_whatever_its_zone_was(database: Database) -> None:
    here = datetime(2026, 3, 1, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    with database.write() as tx:
        set_fact(tx, "a", 1, now=here)
        stored = tx.execute(text("SELECT updated_at FROM meta")).scalar()
    assert here.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") in str(stored)
    with database.read() as tx:
        found = tx.execute(meta.select()).one().updated_at
    assert found == here
    assert found.tzinfo is UTC or found.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="time zone"), database.write() as tx:
        set_fact(tx, "k", 1, now=NOW.replace(tzinfo=None))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(value=st.text())
def test_any_text_can_be_stored_and_read_back(database: Database, value: str) -> None:
    with database.write() as tx:
        set_fact(tx, value, {"said": value}, now=NOW)
    with database.read() as tx:
        assert get_fact(tx, value) == {"said": value}


@pytest.mark.parametrize("value", ["a\x00b", "half \ud83d of a pair", "\udc00", "ok \U0001f600"])
def test_text_the_databases_refuse_is_made_storable(database: Database, value: str) -> None:
    clean = storable(value)
    clean.encode()
    assert "\x00" not in clean
    with database.write() as tx:
        set_fact(tx, value, [value], now=NOW)
    with database.read() as tx:
        assert get_fact(tx, clean) == [value]


def test_a_number_json_cannot_say_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"a": float("nan")})


def test_the_order_of_keys_in_json_is_kept(database: Database) -> None:
    with database.write() as tx:
        set_fact(tx, "k", {"b": 1, "a": 2, "c": 0.1}, now=NOW)
    with database.read() as tx:
        assert list(get_fact(tx, "k")) == ["b", "a", "c"]


def test_what_fails_half_way_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.write() as tx:
            set_fact(tx, "k", 1, now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.read() as tx:
        assert get_fact(tx, "k") is None


def test_a_reading_transaction_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError), database.read() as tx:
        set_fact(tx, "k", 1, now=NOW)
    with database.read() as tx:
        assert get_fact(tx, "k") is None


def test_a_second_write_inside_the_first_is_told_so(database: Database) -> None:
    with database.write(), pytest.raises(NestedTransaction), database.write():
        pass
    with database.write() as tx:  # and the thread may write again
        set_fact(tx, "k", 1, now=NOW)


def test_concurrent_increments_are_all_counted(database: Database) -> None:
    with database.write() as tx:
        set_fact(tx, "n", 0, now=NOW)
    failures: list[BaseException] = []

    def count() -> None:
        try:
            for _ in range(25):
                with database.write() as tx:
                    if not database.is_sqlite:
                        tx.execute(text("SELECT 1 FROM meta WHERE key = 'n' FOR UPDATE"))
                    set_fact(tx, "n", get_fact(tx, "n") + 1, now=NOW)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.read() as tx:
        assert get_fact(tx, "n") == 200


def test_increments_of_several_processes_are_all_counted(
    database: Database, database_url: str
) -> None:
    with database.write() as tx:
        set_fact(tx, "n", 0, now=NOW)
    counters = [subprocess.Popen([sys.executable, "-c", COUNTER, database_url]) for _ in range(3)]
    assert [one.wait(60) for one in counters] == [0, 0, 0]
    with database.read() as tx:
        assert get_fact(tx, "n") == 120


def test_a_busy_writer_starves_nobody(database: Database) -> None:
    stop = threading.Event()

    def write_without_pause() -> None:
        while not stop.is_set():
            with database.write() as tx:
                set_fact(tx, "busy", 1, now=NOW)

    busy = [threading.Thread(target=write_without_pause) for _ in range(3)]
    for thread in busy:
        thread.start()
    waits = []
    try:
        for _ in range(20):
            began = time.monotonic()
            with database.write() as tx:
                set_fact(tx, "mine", 1, now=NOW)
            waits.append(time.monotonic() - began)
    finally:
        stop.set()
        for thread in busy:
            thread.join()
    assert max(waits) < 5


def test_turns_are_taken_in_the_order_people_came() -> None:
    turns = Turns()
    order: list[int] = []

    def come(number: int) -> None:
        with turns.turn(patience=10):
            order.append(number)

    threads = [threading.Thread(target=come, args=(number,)) for number in range(8)]
    with turns.turn(patience=1):
        for number, thread in enumerate(threads):
            thread.start()
            while len(turns._waiting) <= number:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert order == list(range(8))


def test_who_waits_in_vain_leaves_the_queue() -> None:
    turns = Turns()
    with turns.turn(patience=1):
        with pytest.raises(TimeoutError), turns.turn(patience=0.01):
            pass
        assert not turns._waiting
    with turns.turn(patience=0.01):
        pass


def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    with database.write() as tx:
        set_fact(tx, "k", "old", now=NOW)
    with database.write() as tx:
        set_fact(tx, "k", "new", now=NOW)
        with database.read() as other:
            assert get_fact(other, "k") == "old"


def test_sqlite_waits_for_the_disk_at_every_commit(tmp_path: Path) -> None:
    with open_database(f"sqlite:///{tmp_path}/app.db") as database, database.write() as tx:
        found = {
            name: tx.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 60_000,
    }


def test_errors_do_not_quote_what_was_stored(database: Database) -> None:
    with pytest.raises(DBAPIError) as caught, database.write() as tx:
        tx.execute(text("INSERT INTO meta (key, nothing) VALUES (:k, 1)"), {"k": "very private"})
    assert "very private" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["mysql://secret@host/x", "sqlite://", "sqlite:///:memory:", "no url at all: secret"]
)
def test_an_address_that_cannot_work_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ValueError, match=r"database") as caught:
        open_database(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_way_to_write_a_postgresql_address_is_taken(scheme: str) -> None:
    with open_database(f"{scheme}://user:word@localhost/name") as database:
        assert database.url.drivername == "postgresql+psycopg"


def test_importing_the_store_loads_nothing_heavy() -> None:
    heavy = "torch", "flair", "onnxruntime", "transformers", "dbos", "alembic", "zenpy", "flask"
    code = f"import sys, server.store.records, server.store.inbox_writer; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
