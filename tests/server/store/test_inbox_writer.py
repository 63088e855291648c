from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from server.store import Database, connections, open_database
from server.store.connections import UnknownConnection
from server.store.inbox_writer import (
    PATIENCE,
    Closed,
    InboxWriter,
    NotAccepted,
    Overloaded,
    StorageFailed,
)
from server.store.views import UNREACHABLE

BRINGER = """
import os, sys, threading
from datetime import UTC, datetime
from connectors.base import Change
from connectors.records import RecordKind, RecordRef
from server.store import open_database
from server.store.inbox_writer import InboxWriter

now = datetime.now(UTC)
writer = InboxWriter(open_database(sys.argv[1]))

def bring(name):
    n = 0
    while True:
        n += 1
        id = f"{sys.argv[2]}-{name}-{n}"
        record = RecordRef(kind=RecordKind.TICKET, id=id)
        change = Change(event_id=id, record=record, kind="k", at=now)
        for answer in writer.accept(connection_id="zd", changes=[change], now=now):
            os.write(1, (answer.event_id + '\\n').encode())

for name in "abcdefgh":
    threading.Thread(target=bring, args=(name,), daemon=True).start()
threading.Event().wait()
"""


@pytest.fixture
def writer(database: Database, zd: str) -> Iterator[InboxWriter]:
    with InboxWriter(database) as made:
        yield made


def bring(writer: InboxWriter, make: Any, *ids: str, connection: str = "zd") -> list[bool]:
    changes = [make.change(id) for id in ids]
    accepted = writer.accept(connection_id=connection, changes=changes, now=make.now)
    return [one.is_new for one in accepted]


def together(count: int, work: Any) -> list[BaseException]:
    failures: list[BaseException] = []
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            barrier.wait()
            work(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def kept(database: Database) -> set[str]:
    with database.read() as tx:
        return set(tx.execute(text("SELECT event_id FROM inbox")).scalars())


def test_what_was_accepted_is_there(writer: InboxWriter, database: Database, make: Any) -> None:
    assert bring(writer, make, "a", "b", "a") == [True, True, False]
    assert bring(writer, make, "b", "c") == [False, True]
    assert kept(database) == {"a", "b", "c"}


def test_many_callers_each_get_their_own_answer(
    writer: InboxWriter, database: Database, make: Any
) -> None:
    answers: dict[int, list[bool]] = {}

    def work(number: int) -> None:
        answers[number] = [bring(writer, make, f"{number}-{n}")[0] for n in range(30)]

    assert together(8, work) == []
    assert all(answers[number] == [True] * 30 for number in range(8))
    assert len(kept(database)) == 240


def test_of_equal_events_exactly_one_is_new(
    writer: InboxWriter, database: Database, make: Any
) -> None:
    new: list[bool] = []

    def work(_number: int) -> None:
        for n in range(25):
            new.extend(bring(writer, make, f"e{n}"))

    assert together(8, work) == []
    assert sum(new) == len(kept(database)) == 25


def test_concurrent_callers_share_commits(tmp_path: Path, make: Any, sqlite_template: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "app.db")
    with open_database(f"sqlite:///{tmp_path}/app.db") as database, InboxWriter(database) as writer:
        with database.write() as tx:
            connections.create(tx, id="zd", system="zendesk", name="x", now=make.now)
        commits = []
        event.listen(database._writer, "commit", lambda _connection: commits.append(1))
        event.listen(database._writer, "begin", lambda _connection: time.sleep(0.01))

        def work(number: int) -> None:
            for n in range(10):
                bring(writer, make, f"{number}-{n}")

        assert together(16, work) == []
        assert len(kept(database)) == 160
        assert len(commits) < 80


def test_an_unknown_connection_spoils_nobody_elses_events(
    writer: InboxWriter, database: Database, make: Any
) -> None:
    unknown = []

    def work(number: int) -> None:
        for n in range(10):
            if number % 2:
                bring(writer, make, f"{number}-{n}")
            else:
                with pytest.raises(UnknownConnection):
                    bring(writer, make, "x", connection="nobody")
                unknown.append(1)

    assert together(8, work) == []
    assert len(kept(database)) == 40
    assert len(unknown) == 40


def test_nobody_is_told_yes_before_the_commit(database: Database, make: Any, zd: str) -> None:
    seen: list[set[str]] = []
    with InboxWriter(database) as writer:

        def work(number: int) -> None:
            for n in range(10):
                bring(writer, make, f"{number}-{n}")
                seen.append({f"{number}-{n}"} - kept(database))

        assert together(6, work) == []
    assert all(missing == set() for missing in seen)


def test_too_many_at_once_are_told_to_come_again(database: Database, make: Any, zd: str) -> None:
    release = threading.Event()
    outcomes: list[str] = []
    event.listen(database._writer, "commit", lambda _connection: release.wait(20))
    with InboxWriter(database, most_waiting=3, most_together=1) as writer:

        def work(number: int) -> None:
            try:
                bring(writer, make, str(number))
                outcomes.append("kept")
            except Overloaded:
                outcomes.append("told to come again")
                if outcomes.count("told to come again") >= 4:
                    release.set()

        assert together(9, work) == []
    refused = outcomes.count("told to come again")
    assert refused >= 4
    assert len(kept(database)) == outcomes.count("kept") == 9 - refused


def test_who_waits_too_long_gets_no_promise(
    tmp_path: Path, make: Any, sqlite_template: Path
) -> None:
    shutil.copy(sqlite_template, tmp_path / "app.db")
    with open_database(f"sqlite:///{tmp_path}/app.db") as database:
        with database.write() as tx:
            connections.create(tx, id="zd", system="zendesk", name="x", now=make.now)
        # Another writer holds the database for longer than the caller waits.
        with (
            InboxWriter(database, patience=0.2) as writer,
            database.write(),
            pytest.raises(Overloaded),
        ):
            bring(writer, make, "slow")
        with InboxWriter(database) as writer:
            # It may have been kept after all: then the sender's second try is a duplicate.
            bring(writer, make, "slow")
        assert kept(database) == {"slow"}


def test_closing_commits_what_waits_and_refuses_the_rest(
    database: Database, make: Any, zd: str
) -> None:
    writer = InboxWriter(database)
    done: list[str] = []
    refused: list[str] = []

    def work(number: int) -> None:
        for n in range(200):
            try:
                bring(writer, make, f"{number}-{n}")
                done.append(f"{number}-{n}")
            except Closed:
                refused.append(f"{number}-{n}")
        if number == 0:
            writer.close()

    closer = threading.Timer(0.05, writer.close)
    closer.start()
    assert together(6, work) == []
    closer.join()
    writer.close()
    assert set(done) == kept(database)
    with pytest.raises(Closed):
        bring(writer, make, "late")


def test_a_database_that_cannot_be_written_is_no_promise(
    database: Database, make: Any, zd: str
) -> None:
    with InboxWriter(database) as writer:
        with database.write() as tx:
            tx.execute(text("ALTER TABLE inbox RENAME TO elsewhere"))
        with pytest.raises(StorageFailed) as caught:
            bring(writer, make, "a")
        assert isinstance(caught.value, NotAccepted)
        with database.write() as tx:
            tx.execute(text("ALTER TABLE elsewhere RENAME TO inbox"))
        assert bring(writer, make, "a") == [True]


def test_a_writer_nobody_uses_starts_no_thread(database: Database, zd: str) -> None:
    before = threading.active_count()
    with InboxWriter(database):
        assert threading.active_count() == before


def test_kill_in_the_middle_loses_nothing_that_was_acknowledged(
    database: Database, database_url: str, zd: str
) -> None:
    acknowledged: set[str] = set()
    for run in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", BRINGER, database_url, str(run)],
            stdout=subprocess.PIPE,
            text=True,
        ) as bringer:
            assert bringer.stdout is not None
            acknowledged.update(bringer.stdout.readline().strip() for _ in range(150))
            bringer.kill()
            # The pipe still holds what was acknowledged before the end; a torn line was not.
            acknowledged.update(line.strip() for line in bringer.stdout if line.endswith("\n"))
    assert len(acknowledged) >= 450
    with database.read() as tx:
        ids = list(tx.execute(text("SELECT event_id FROM inbox")).scalars())
    assert len(ids) == len(set(ids))
    assert acknowledged <= set(ids)


def test_a_sender_hears_no_before_it_hangs_up(database_url: str, make: Any) -> None:
    assert PATIENCE < 12  # Zendesk's time limit, in seconds
    with (
        open_database(database_url) as others,
        open_database(database_url, patience=0.3) as ours,
        InboxWriter(ours, patience=0.3) as writer,
    ):
        with others.write() as tx:
            connections.create(tx, id="zd", system="zendesk", name="x", now=make.now)
        with others.write() as tx:
            # Another process holds what everybody needs to write.
            if ours.is_sqlite:
                tx.execute(text("UPDATE connection SET name = 'y'"))
            else:
                tx.execute(text("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE"))
            began = time.monotonic()
            with pytest.raises(NotAccepted):
                bring(writer, make, "slow")
            assert time.monotonic() - began < 5
        assert bring(writer, make, "later") == [True]


def test_who_is_impatient_is_told_that_the_database_is_busy(database_url: str, make: Any) -> None:
    with open_database(database_url) as others, open_database(database_url, patience=0.3) as ours:
        with others.write() as tx:
            connections.create(tx, id="zd", system="zendesk", name="x", now=make.now)
        with others.write() as tx:
            tx.execute(text("UPDATE connection SET name = 'y'"))
            with pytest.raises(UNREACHABLE), ours.write() as mine:
                mine.execute(text("UPDATE connection SET name = 'z'"))
