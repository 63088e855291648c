from __future__ import annotations

import threading
from typing import Any

import pytest

from connectors.records import FieldValue, RecordKind, RecordRef
from server.store import Database, corrections, edits, field_states
from server.store.field_states import DueWrite, FieldState

TICKET = RecordRef(kind=RecordKind.TICKET, id="7")


def intend(database: Database, at: Any, **values: FieldValue) -> frozenset[str]:
    with database.write() as tx:
        return field_states.intend(tx, connection_id="zd", record=TICKET, values=values, now=at)


def take(database: Database, at: Any, limit: int = 100) -> list[DueWrite]:
    with database.write() as tx:
        return field_states.take(tx, connection_id="zd", limit=limit, now=at)


def confirm(database: Database, at: Any, **values: FieldValue) -> None:
    with database.write() as tx:
        field_states.written(tx, connection_id="zd", record=TICKET, values=values, now=at)


def write(database: Database, at: Any, **values: FieldValue) -> None:
    intend(database, at, **values)
    take(database, at)
    confirm(database, at, **values)


def observe(database: Database, read_at: Any, **seen: FieldValue) -> list[str]:
    with database.write() as tx:
        found = edits.observe(
            tx, connection_id="zd", record=TICKET, seen=seen, updated_at=read_at, now=read_at
        )
    return [one.key for one in found]


def state(database: Database, key: str = "sentiment") -> FieldState:
    with database.read() as tx:
        return field_states.load(tx, connection_id="zd", record=TICKET)[key]


def test_what_differs_is_due_and_handed_out_once(database: Database, make: Any, zd: str) -> None:
    due = intend(database, make.now, sentiment="negative", tags=("a", "b"), risk=None)
    assert due == {"sentiment", "tags"}
    (write_,) = take(database, make.now)
    assert write_.values == {"sentiment": "negative", "tags": ("a", "b")}
    assert (write_.record, write_.attempts) == (TICKET, 1)
    assert take(database, make.now) == []


def test_what_was_confirmed_is_not_due_again(database: Database, make: Any, zd: str) -> None:
    write(database, make.now, sentiment="negative")
    assert intend(database, make.now, sentiment="negative") == frozenset()
    assert intend(database, make.now, sentiment="neutral") == {"sentiment"}
    assert intend(database, make.now, sentiment=None) == {"sentiment"}
    assert intend(database, make.now, sentiment="negative") == frozenset()
    assert take(database, make.now) == []


def test_deciding_twice_costs_one_write(database: Database, make: Any, zd: str) -> None:
    intend(database, make.now, sentiment="negative", risk=10)
    intend(database, make.at(seconds=1), sentiment="neutral", risk=10)
    (write_,) = take(database, make.at(seconds=2))
    assert write_.values == {"sentiment": "neutral", "risk": 10}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("what to\r\nknow ", "what to\nknow"),
        (("b", "a"), ("a", "b")),
        ("", None),
        ((), None),
        (12, 12.0),
        (0.1 + 0.2, 0.3),
    ],
)
def test_values_a_system_shows_alike_are_alike(
    database: Database, make: Any, zd: str, ours: FieldValue, theirs: FieldValue
) -> None:
    assert field_states.same_value(ours, theirs)
    write(database, make.now, sentiment=ours)
    assert observe(database, make.at(hours=1), sentiment=theirs) == []


@pytest.mark.parametrize(("one", "other"), [("a", "b"), (0, None), (False, None), (("a",), "a")])
def test_different_values_are_different(one: FieldValue, other: FieldValue) -> None:
    assert not field_states.same_value(one, other)


def test_a_newer_value_waits_until_the_older_one_has_arrived(
    database: Database, make: Any, zd: str
) -> None:
    intend(database, make.now, sentiment="negative")
    take(database, make.now)
    intend(database, make.at(seconds=5), sentiment="neutral")
    # The first is on its way: both at once could arrive in the wrong order.
    assert take(database, make.at(seconds=6)) == []
    confirm(database, make.at(seconds=7), sentiment="negative")
    (write_,) = take(database, make.at(seconds=7))
    assert write_.values == {"sentiment": "neutral"}


def test_going_back_while_a_write_is_on_its_way_writes_again(
    database: Database, make: Any, zd: str
) -> None:
    write(database, make.now, sentiment="negative")
    intend(database, make.now, sentiment="neutral")
    take(database, make.now)
    assert intend(database, make.now, sentiment="negative") == {"sentiment"}


def test_a_write_nobody_finished_is_handed_out_again(
    database: Database, make: Any, zd: str
) -> None:
    intend(database, make.now, sentiment="negative")
    take(database, make.now)
    later = make.now + field_states.LEASE
    (again,) = take(database, later)
    assert again.attempts == 2


def test_a_failed_write_waits_for_its_time(database: Database, make: Any, zd: str) -> None:
    intend(database, make.now, sentiment="negative")
    take(database, make.now)
    with database.write() as tx:
        field_states.postpone(
            tx,
            connection_id="zd",
            record=TICKET,
            fields=["sentiment"],
            error="unavailable",
            next_at=make.at(hours=1),
        )
    intend(database, make.now, sentiment="neutral")
    assert take(database, make.at(minutes=59)) == []
    assert state(database).error == "unavailable"
    (write_,) = take(database, make.at(minutes=60))
    assert (write_.values, write_.attempts) == ({"sentiment": "neutral"}, 2)
    assert state(database).error is None


def test_what_was_postponed_can_be_hurried_but_not_what_is_on_its_way(
    database: Database, make: Any, zd: str
) -> None:
    def hurry() -> None:
        with database.write() as tx:
            field_states.hurry(tx, connection_id=zd, record=TICKET, now=make.now)

    intend(database, make.now, sentiment="negative", risk=1)
    take(database, make.now)
    with database.write() as tx:
        field_states.postpone(
            tx,
            connection_id=zd,
            record=TICKET,
            fields=["risk"],
            error="conflict",
            next_at=make.at(hours=1),
        )
    intend(database, make.now, sentiment="neutral", risk=2)
    hurry()
    (write_,) = take(database, make.now)
    assert write_.values == {"risk": 2}


def test_a_record_that_takes_no_more_writes_is_left_alone(
    database: Database, make: Any, zd: str
) -> None:
    intend(database, make.now, sentiment="negative")
    take(database, make.now)
    with database.write() as tx:
        field_states.give_up(
            tx, connection_id="zd", record=TICKET, fields=["sentiment"], error="gone", now=make.now
        )
    assert take(database, make.at(days=1)) == []


def test_records_that_wait_longest_go_first_up_to_the_limit(
    database: Database, make: Any, zd: str
) -> None:
    for n in (3, 1, 2):
        record = RecordRef(kind=RecordKind.TICKET, id=str(n))
        with database.write() as tx:
            field_states.intend(
                tx,
                connection_id=zd,
                record=record,
                values={"a": n, "b": n},
                now=make.at(minutes=n),
            )
    assert [one.record.id for one in take(database, make.at(hours=1), limit=2)] == ["1", "2"]
    assert [one.record.id for one in take(database, make.at(hours=1), limit=2)] == ["3"]
    with database.read() as tx:
        assert field_states.counts(tx, connection_id=zd).due == 6


def test_two_flushers_never_get_the_same_record(database: Database, make: Any, zd: str) -> None:
    for n in range(60):
        record = RecordRef(kind=RecordKind.TICKET, id=str(n))
        with database.write() as tx:
            field_states.intend(
                tx, connection_id=zd, record=record, values={"a": 1, "b": 2}, now=make.now
            )
    taken: list[tuple[str, str]] = []
    failures: list[BaseException] = []

    def flush() -> None:
        try:
            for _ in range(40):
                writes = take(database, make.now, limit=5)
                taken.extend((one.record.id, key) for one in writes for key in one.values)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=flush) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(taken) == len(set(taken)) == 120


def test_a_persons_edit_stands_and_is_kept_as_a_label(
    database: Database, make: Any, zd: str
) -> None:
    with database.write() as tx:
        field_states.intend(
            tx,
            connection_id=zd,
            record=TICKET,
            values={"sentiment": "negative"},
            receipts={"sentiment": {"model": "m/1"}},
            now=make.now,
        )
    take(database, make.now)
    confirm(database, make.now, sentiment="negative")
    assert observe(database, make.at(hours=1), sentiment="neutral") == ["sentiment"]
    assert observe(database, make.at(hours=1), sentiment="neutral") == []
    assert intend(database, make.at(hours=2), sentiment="very_negative") == frozenset()
    assert take(database, make.at(days=1)) == []
    kept = state(database)
    assert (kept.is_kept, kept.stands, kept.intended) == (True, "neutral", "very_negative")
    with database.read() as tx:
        (label,) = corrections.latest(tx)
        assert corrections.of_record(tx, connection_id=zd, record=TICKET) == [label]
        assert corrections.counts_by_field(tx, since=make.now) == {"sentiment": 1}
        assert field_states.counts(tx, connection_id=zd).kept == 1
    assert (label.our_value, label.person_value) == ("negative", "neutral")
    assert label.receipt == {"model": "m/1"}


def test_an_emptied_field_is_an_edit(database: Database, make: Any, zd: str) -> None:
    write(database, make.now, sentiment="negative")
    assert observe(database, make.at(hours=1), sentiment=None) == ["sentiment"]
    assert state(database).stands is None


def test_a_field_somebody_filled_before_us_is_theirs(
    database: Database, make: Any, zd: str
) -> None:
    assert observe(database, make.now, sentiment="positive", risk=None) == ["sentiment"]
    assert intend(database, make.now, sentiment="negative", risk=3) == {"risk"}


def test_an_edit_while_our_write_was_planned_stops_the_write(
    database: Database, make: Any, zd: str
) -> None:
    write(database, make.now, sentiment="negative")
    intend(database, make.at(minutes=5), sentiment="neutral")
    assert observe(database, make.at(minutes=4), sentiment="positive") == ["sentiment"]
    assert take(database, make.at(hours=1)) == []


def test_our_own_write_coming_back_is_no_edit(database: Database, make: Any, zd: str) -> None:
    intend(database, make.now, sentiment="negative", risk=10)
    take(database, make.now)
    # The webhook of our write is faster than its answer, or the worker died before the answer.
    assert observe(database, make.at(seconds=1), sentiment="negative", risk=10) == []
    assert state(database).written == "negative"
    assert take(database, make.at(days=1)) == []


def test_our_write_coming_back_after_a_new_decision_is_no_edit(
    database: Database, make: Any, zd: str
) -> None:
    intend(database, make.now, sentiment="negative")
    take(database, make.now)
    intend(database, make.at(seconds=1), sentiment="neutral")
    assert observe(database, make.at(seconds=1), sentiment="negative") == []
    (write_,) = take(database, make.at(hours=1))
    assert write_.values == {"sentiment": "neutral"}


def test_a_copy_from_before_our_write_is_no_edit(database: Database, make: Any, zd: str) -> None:
    write(database, make.now, sentiment="negative")
    assert observe(database, make.at(seconds=-5), sentiment=None) == []
    write(database, make.at(minutes=10), sentiment="neutral")
    assert observe(database, make.at(minutes=1), sentiment="negative") == []
    assert observe(database, make.at(minutes=1), sentiment=None) == []


def test_setting_our_older_value_again_is_an_edit(database: Database, make: Any, zd: str) -> None:
    write(database, make.now, sentiment="negative")
    write(database, make.at(minutes=10), sentiment="neutral")
    assert observe(database, make.at(minutes=11), sentiment="negative") == ["sentiment"]


def test_a_person_may_change_their_mind(database: Database, make: Any, zd: str) -> None:
    write(database, make.now, sentiment="negative")
    observe(database, make.at(hours=1), sentiment="neutral")
    assert observe(database, make.at(hours=2), sentiment="positive") == ["sentiment"]
    # An older copy does not undo the newer edit.
    assert observe(database, make.at(hours=1), sentiment="neutral") == []
    # Choosing what we had said is a choice as well.
    assert observe(database, make.at(hours=3), sentiment="negative") == ["sentiment"]
    assert state(database).is_kept


def test_a_value_is_let_go_only_when_asked_for(database: Database, make: Any, zd: str) -> None:
    write(database, make.now, sentiment="negative", risk=5)
    observe(database, make.at(hours=1), sentiment="neutral", risk=9)
    intend(database, make.at(hours=2), sentiment="positive", risk=9)
    with database.write() as tx:
        due = field_states.release(
            tx,
            connection_id=zd,
            record=TICKET,
            fields=["sentiment", "risk", "effort"],
            now=make.at(hours=3),
        )
    assert due == {"sentiment"}
    (write_,) = take(database, make.at(hours=3))
    assert write_.values == {"sentiment": "positive"}
    confirm(database, make.at(hours=3), sentiment="positive")
    assert observe(database, make.at(hours=4), sentiment="positive", risk=9) == []


def test_two_who_intend_first_at_the_same_time_do_not_fail(
    database: Database, make: Any, zd: str
) -> None:
    failures: list[BaseException] = []
    barrier = threading.Barrier(6)

    def work(number: int) -> None:
        try:
            for turn in range(10):
                fields = {f"{turn}-{n}": "negative" for n in range(8)}
                some = dict(sorted(fields.items(), reverse=True)[number:])
                barrier.wait()
                if number == 0:
                    observe(database, make.now, **{f"{turn}-3": "positive"})
                else:
                    intend(database, make.now, **some, risk=number)
        except BaseException as error:
            barrier.abort()
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    # Whoever came first: the person's values are not handed out to be written over.
    (write_,) = take(database, make.at(hours=1))
    ours = {f"{turn}-{n}" for turn in range(10) for n in (0, 1, 2, 4, 5, 6)}
    assert write_.values.keys() == {"risk"} | ours
    assert all(state(database, f"{turn}-3").is_kept for turn in range(10))
