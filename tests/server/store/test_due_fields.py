from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection as Transaction
from sqlalchemy import event

from connectors.records import FieldValue, RecordKind, RecordRef
from server.store import Database, field_states, people, records, tables
from server.store.field_states import MOST_FIELDS, DueWrite

TICKET = RecordRef(kind=RecordKind.TICKET, id="7")


def intend(
    database: Database, at: Any, record: RecordRef = TICKET, **values: FieldValue
) -> frozenset[str]:
    with database.write() as tx:
        return field_states.intend(tx, connection_id="zd", record=record, values=values, now=at)


def take(database: Database, at: Any, **options: Any) -> list[DueWrite]:
    with database.write() as tx:
        return field_states.take(tx, connection_id="zd", now=at, **options)


def confirm(database: Database, at: Any, **values: FieldValue) -> None:
    with database.write() as tx:
        field_states.written(tx, connection_id="zd", record=TICKET, values=values, now=at)


def plan_of(database: Database, call: Callable[[Transaction], object]) -> list[str]:
    """How SQLite answers what this call asks."""
    asked: list[tuple[str, Any]] = []
    with database.write() as tx:

        @event.listens_for(tx, "before_cursor_execute")
        def note(_tx: Any, _cursor: Any, statement: str, values: Any, *_more: Any) -> None:
            if not statement.startswith(("SAVEPOINT", "EXPLAIN")):
                asked.append((statement, values))

        call(tx)
        event.remove(tx, "before_cursor_execute", note)
        return [
            f"{row.detail}"
            for statement, values in asked
            if statement.startswith(("SELECT", "UPDATE"))
            for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]


def settle(database: Database, make: Any, count: int) -> None:
    """Records whose fields were written long ago."""
    rows = [
        {
            "connection_id": "zd", "record_kind": "ticket", "record_id": f"s{n}", "field": "a",
            "intended": 1, "sent": [1], "written": 1, "kept": False, "due": False,
            "next_at": make.now, "attempts": 0, "updated_at": make.now,
        }
        for n in range(count)
    ]  # fmt: skip
    with database.write() as tx:
        tx.execute(tables.field_state.insert(), rows)


def test_what_is_settled_costs_the_flusher_nothing(database: Database, make: Any, zd: str) -> None:
    intend(database, make.now, sentiment="negative", risk=10)
    if not database.is_sqlite:
        pytest.skip("PostgreSQL chooses by its statistics")

    def steps() -> int:
        """What the database's machine had to do, in thousands of instructions."""
        count = 0

        def tick() -> int:
            nonlocal count
            count += 1
            return 0

        with database.write() as tx:
            raw = tx.connection.driver_connection
            assert raw is not None
            raw.set_progress_handler(tick, 100)
            try:
                field_states.next_due(tx, connection_id=zd)
                (write_,) = field_states.take(tx, connection_id=zd, now=make.at(days=1))
            finally:
                raw.set_progress_handler(None, 100)
            tx.rollback()
        assert set(write_.values) == {"sentiment", "risk"}
        return count

    few = steps()
    settle(database, make, 5000)
    assert steps() <= few + 2
    for call in (
        lambda tx: field_states.next_due(tx, connection_id=zd),
        lambda tx: field_states.take(tx, connection_id=zd, now=make.at(days=1)),
    ):
        plan = plan_of(database, call)
        assert any("ix_field_state_due" in line for line in plan)
        assert not any(line.startswith("SCAN field_state") for line in plan)


def test_when_the_next_field_is_due_is_known(database: Database, make: Any, zd: str) -> None:
    def next_due() -> Any:
        with database.read() as tx:
            return field_states.next_due(tx, connection_id=zd)

    assert next_due() is None
    intend(database, make.now, sentiment="negative")
    assert next_due() == make.now
    take(database, make.now)
    assert next_due() == make.now + field_states.LEASE
    confirm(database, make.now, sentiment="negative")
    assert next_due() is None


def test_a_long_queue_is_handed_out_whole(database: Database, make: Any, zd: str) -> None:
    for n in range(30):
        record = RecordRef(kind=RecordKind.TICKET, id=str(n))
        with database.write() as tx:
            field_states.intend(
                tx,
                connection_id=zd,
                record=record,
                values={f"f{key}": n for key in range(MOST_FIELDS + 4)},
                now=make.now,
            )
    got = []
    while some := take(database, make.at(minutes=1), limit=4):
        assert all(len(one.values) == MOST_FIELDS + 4 for one in some)
        got += [one.record.id for one in some]
    assert sorted(got, key=int) == [str(n) for n in range(30)]


def test_kinds_that_are_held_back_wait(database: Database, make: Any, zd: str) -> None:
    contact = RecordRef(kind=RecordKind.CONTACT, id="c1")
    intend(database, make.now, contact, mood=-20)
    intend(database, make.at(minutes=1), risk=10)
    with database.read() as tx:
        assert field_states.next_due(tx, connection_id=zd) == make.now
        only = field_states.next_due(tx, connection_id=zd, kinds=[RecordKind.TICKET])
    assert only == make.at(minutes=1)
    (write_,) = take(database, make.at(hours=1), kinds=[RecordKind.TICKET])
    assert write_.record == TICKET
    (write_,) = take(database, make.at(hours=1))
    assert write_.record == contact


def test_nothing_is_written_about_who_is_paused(database: Database, make: Any, zd: str) -> None:
    contact = RecordRef(kind=RecordKind.CONTACT, id="c1")
    with database.write() as tx:
        records.store_bundle(tx, connection_id=zd, bundle=make.bundle(), now=make.now)
        person = people.of_contact(tx, connection_id=zd, contact_id="c1")
        assert person is not None
        people.set_paused(tx, person, paused=True, now=make.now)
    intend(database, make.now, contact, mood=-20)
    intend(database, make.now, risk=10)
    other = RecordRef(kind=RecordKind.TICKET, id="8")
    intend(database, make.now, other, risk=20)
    assert [one.record for one in take(database, make.now)] == [other]
    confirmed = {"risk": 20}
    with database.write() as tx:
        field_states.written(tx, connection_id=zd, record=other, values=confirmed, now=make.now)
        assert field_states.next_due(tx, connection_id=zd) is None
        people.set_paused(tx, person, paused=False, now=make.now)
        assert field_states.next_due(tx, connection_id=zd) == make.now
    assert {one.record for one in take(database, make.now)} == {contact, TICKET}


def test_what_was_given_up_is_tried_anew_with_another_value_only(
    database: Database, make: Any, zd: str
) -> None:
    def give_up(at: Any) -> None:
        with database.write() as tx:
            field_states.give_up(
                tx, connection_id=zd, record=TICKET, fields=["risk"], error="refused", now=at
            )

    intend(database, make.now, risk=10, mood="bad")
    take(database, make.now)
    confirm(database, make.now, mood="bad")
    give_up(make.now)
    for hour in (1, 2):
        assert intend(database, make.at(hours=hour), risk=10.0, mood="bad") == frozenset()
        assert take(database, make.at(hours=hour)) == []
    with database.read() as tx:
        state = field_states.load(tx, connection_id=zd, record=TICKET)["risk"]
    assert (state.is_given_up, state.error) == (True, "refused")
    assert intend(database, make.at(hours=3), risk=11) == {"risk"}
    (write_,) = take(database, make.at(hours=3))
    assert (write_.values, write_.attempts) == ({"risk": 11}, 1)
    give_up(make.at(hours=3))
    assert intend(database, make.at(hours=4), risk=11) == frozenset()
    assert intend(database, make.at(hours=4), risk=10) == {"risk"}
