from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from server.store import Database, connections, inbox


def accept(database: Database, make: Any, *event_ids: str) -> list[inbox.Accepted]:
    changes = [make.change(id) for id in event_ids]
    with database.write() as tx:
        return inbox.accept(tx, connection_id="zd", changes=changes, now=make.now)


def test_an_event_is_accepted_once(database: Database, make: Any, zd: str) -> None:
    first = accept(database, make, "a", "b")
    again = accept(database, make, "b", "c")
    assert [one.is_new for one in first] == [True, True]
    assert [one.is_new for one in again] == [False, True]


def test_equal_events_in_one_delivery_are_one(database: Database, make: Any, zd: str) -> None:
    assert [one.is_new for one in accept(database, make, "a", "a", "b")] == [True, False, True]


def test_the_same_event_of_two_connections_is_two(database: Database, make: Any, zd: str) -> None:
    accept(database, make, "a")
    with database.write() as tx:
        connections.create(tx, id="hs", system="hubspot", name="Sales", now=make.now)
        other = inbox.accept(tx, connection_id="hs", changes=[make.change("a")], now=make.now)
    assert other[0].is_new


def test_very_long_event_ids_are_told_apart(database: Database, make: Any, zd: str) -> None:
    long = "x" * 5000
    assert accept(database, make, long + "1")[0].is_new
    assert accept(database, make, long + "2")[0].is_new
    assert not accept(database, make, long + "1")[0].is_new


def test_accepting_nothing_is_no_error(database: Database, make: Any, zd: str) -> None:
    assert accept(database, make) == []


def test_a_thousand_changes_are_accepted_at_once(database: Database, make: Any, zd: str) -> None:
    accepted = accept(database, make, *(f"e{n}" for n in range(3000)))
    ids = [one.id for one in accepted]
    assert len(set(ids)) == 3000
    assert None not in ids


def test_an_event_for_no_connection_is_refused(database: Database, make: Any) -> None:
    with pytest.raises(IntegrityError):
        accept(database, make, "a")


def test_the_pump_gets_entries_in_order_and_once(database: Database, make: Any, zd: str) -> None:
    accept(database, make, *map(str, range(5)))
    with database.write() as tx:
        first = inbox.claim(tx, limit=3, now=make.now)
    with database.write() as tx:
        second = inbox.claim(tx, limit=3, now=make.now)
        assert inbox.claim(tx, limit=3, now=make.now) == []
    assert [one.change.event_id for one in first + second] == ["0", "1", "2", "3", "4"]
    assert first[0].change == make.change("0")
    assert (first[0].attempts, first[0].pumped_at) == (1, make.now)


def test_what_was_pumped_and_never_ended_comes_back(database: Database, make: Any, zd: str) -> None:
    accept(database, make, "a", "b", "c")
    with database.write() as tx:
        a, b, _ = inbox.claim(tx, now=make.now)
        inbox.done(tx, ids=[a.id], now=make.now)
        inbox.failed(tx, id=b.id, error="gone", now=make.now)
        assert inbox.unended(tx, pumped_before=make.now) == []
        (open_,) = inbox.unended(tx, pumped_before=make.at(seconds=1))
        inbox.looked_at(tx, ids=[open_.id], now=make.at(seconds=1))
        assert inbox.unended(tx, pumped_before=make.at(seconds=1)) == []
        inbox.release(tx, ids=[a.id, b.id, open_.id])
        (again,) = inbox.claim(tx, now=make.at(seconds=2))
    assert (again.change.event_id, again.attempts) == ("c", 2)


def test_a_failed_entry_waits_for_a_person(database: Database, make: Any, zd: str) -> None:
    accept(database, make, "a")
    with database.write() as tx:
        (entry,) = inbox.claim(tx, now=make.now)
        inbox.failed(tx, id=entry.id, error="misconfigured", now=make.now)
        assert [one.error for one in inbox.failures(tx)] == ["misconfigured"]
        assert inbox.counts(tx) == inbox.InboxCounts(
            waiting=0, pumped=0, failed=1, oldest_waiting_at=None
        )
        assert inbox.claim(tx, now=make.now) == []
        assert inbox.retry(tx, ids=[entry.id]) == 1
        assert inbox.retry(tx, ids=[entry.id]) == 0
        (again,) = inbox.claim(tx, now=make.now)
        assert (again.id, again.error) == (entry.id, None)
        inbox.done(tx, ids=[entry.id], now=make.now)
        inbox.failed(tx, id=entry.id, error="too late", now=make.now)
        done = inbox.get(tx, entry.id)
    assert done is not None
    assert (done.done_at, done.failed_at) == (make.now, None)


def test_an_id_is_never_used_again(database: Database, make: Any, zd: str) -> None:
    (first,) = accept(database, make, "a")
    assert first.id is not None
    with database.write() as tx:
        inbox.done(tx, ids=[first.id], now=make.now)
        assert inbox.purge(tx, done_before=make.at(seconds=1)) == 1
        assert inbox.get(tx, first.id) is None
    (second,) = accept(database, make, "b")
    assert second.id is not None
    assert second.id > first.id


def test_what_is_not_done_is_never_purged(database: Database, make: Any, zd: str) -> None:
    accept(database, make, "a", "b")
    with database.write() as tx:
        inbox.claim(tx, limit=1, now=make.now)
        assert inbox.purge(tx, done_before=make.at(days=900)) == 0


def test_counting_says_how_long_the_oldest_waits(database: Database, make: Any, zd: str) -> None:
    accept(database, make, "a", "b")
    with database.write() as tx:
        inbox.claim(tx, limit=1, now=make.now)
        assert inbox.counts(tx) == inbox.InboxCounts(
            waiting=1, pumped=1, failed=0, oldest_waiting_at=make.now
        )


def test_two_pumps_never_get_the_same_entry(database: Database, make: Any, zd: str) -> None:
    accept(database, make, *(f"e{n}" for n in range(400)))
    taken: list[int] = []
    failures: list[BaseException] = []

    def pump() -> None:
        try:
            while True:
                with database.write() as tx:
                    entries = inbox.claim(tx, limit=7, now=make.now)
                if not entries:
                    return
                taken.extend(one.id for one in entries)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=pump) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(taken) == len(set(taken)) == 400


def test_eight_threads_that_bring_the_same_events_store_each_once(
    database: Database, make: Any, zd: str
) -> None:
    answers: list[inbox.Accepted] = []

    def bring() -> None:
        for n in range(20):
            answers.extend(accept(database, make, f"e{n}"))

    threads = [threading.Thread(target=bring) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 160
    assert sorted(one.event_id for one in answers if one.is_new) == sorted(
        f"e{n}" for n in range(20)
    )
    with database.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM inbox")).scalar() == 20


def test_who_brings_the_same_events_in_another_order_waits_for_nobody_for_ever(
    database: Database, make: Any, zd: str
) -> None:
    failures: list[BaseException] = []
    barrier = threading.Barrier(6)

    def bring(number: int) -> None:
        try:
            for turn in range(8):
                ids = [f"{turn}-{n}" for n in range(40)]
                barrier.wait()
                accept(database, make, *(reversed(ids) if number % 2 else ids))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=bring, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM inbox")).scalar() == 320


def test_the_questions_a_pump_asks_do_not_read_what_is_done(
    database: Database, make: Any, zd: str
) -> None:
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    for where, index in (
        ("pumped_at IS NULL ORDER BY id LIMIT 200", "ix_inbox_waiting"),
        ("failed_at IS NOT NULL AND connection_id = 'zd'", "ix_inbox_failed"),
    ):
        with database.write() as tx:
            if not database.is_sqlite:
                tx.execute(text("SET LOCAL enable_seqscan = off"))
            plan = tx.execute(text(f"{explain} SELECT id FROM inbox WHERE {where}")).all()
        assert index in str(plan)
