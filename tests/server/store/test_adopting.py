"""Fields that were made anew over there, and fields that stand there without our knowing."""

from __future__ import annotations

from typing import Any

from connectors.records import FieldValue, RecordKind, RecordRef
from server.store import Database, connections, corrections, edits, field_states
from server.store.field_states import FieldState

TICKET = RecordRef(kind=RecordKind.TICKET, id="7")


def intend(database: Database, at: Any, **values: FieldValue) -> frozenset[str]:
    with database.write() as tx:
        return field_states.intend(tx, connection_id="zd", record=TICKET, values=values, now=at)


def write(database: Database, at: Any, **values: FieldValue) -> None:
    intend(database, at, **values)
    with database.write() as tx:
        field_states.take(tx, connection_id="zd", now=at)
        field_states.written(tx, connection_id="zd", record=TICKET, values=values, now=at)


def observe(database: Database, at: Any, **seen: FieldValue) -> list[str]:
    with database.write() as tx:
        found = edits.observe(
            tx, connection_id="zd", record=TICKET, seen=seen, updated_at=at, now=at
        )
    return [one.key for one in found]


def adopt(database: Database, at: Any) -> None:
    with database.write() as tx:
        connections.adopt(tx, "zd", now=at)


def states(database: Database) -> dict[str, FieldState]:
    with database.read() as tx:
        return field_states.load(tx, connection_id="zd", record=TICKET)


def test_an_empty_field_made_anew_is_nobodys_edit(database: Database, make: Any, zd: str) -> None:
    write(database, make.now, risk=10, mood="bad", tags=("a",))
    observe(database, make.at(hours=1), mood="my own")
    with database.write() as tx:
        gone = field_states.forget(
            tx, connection_id=zd, record_kind=RecordKind.TICKET, fields=["risk", "mood"]
        )
        assert gone == 2
        nothing = field_states.forget(
            tx, connection_id=zd, record_kind=RecordKind.CONTACT, fields=["tags"]
        )
        assert nothing == 0
    assert observe(database, make.at(hours=2), risk=None, mood=None, tags=("a",)) == []
    assert intend(database, make.at(hours=3), risk=10, mood="bad", tags=("a",)) == {"risk", "mood"}


def test_what_stands_there_after_our_notes_were_lost_is_ours(
    database: Database, make: Any, zd: str
) -> None:
    adopt(database, make.now)
    # The record may have changed since, for reasons of its own.
    assert observe(database, make.at(hours=1), risk=10, mood="bad", tags=None) == []
    assert {key: one.written for key, one in states(database).items()} == {
        "risk": 10,
        "mood": "bad",
        "tags": None,
    }
    assert intend(database, make.at(hours=2), risk=10, mood="better", tags=None) == {"mood"}


def test_after_the_first_look_an_edit_is_an_edit_again(
    database: Database, make: Any, zd: str
) -> None:
    adopt(database, make.now)
    observe(database, make.at(hours=1), risk=10, tags=None)
    assert observe(database, make.at(hours=2), risk=90, tags=("theirs",)) == ["risk", "tags"]
    assert intend(database, make.at(hours=3), risk=20) == frozenset()
    with database.read() as tx:
        assert {one.our_value for one in corrections.latest(tx)} == {10, None}


def test_what_was_written_since_the_copy_we_came_from_is_ours(
    database: Database, make: Any, zd: str
) -> None:
    write(database, make.now, risk=10, mood="bad")
    observe(database, make.at(hours=1), mood="my own")
    adopt(database, make.at(days=1))
    assert observe(database, make.at(days=2), risk=15, mood="my own") == []
    found = states(database)
    # We go on where the copy stood, and a person's value stays theirs.
    assert (found["risk"].written, found["risk"].intended, found["risk"].is_due) == (15, 10, True)
    assert (found["mood"].is_kept, found["mood"].stands) == (True, "my own")
    assert observe(database, make.at(days=3), risk=15, mood="other") == ["mood"]
    assert observe(database, make.at(days=3), risk=77) == ["risk"]


def test_without_adopting_what_stands_there_first_is_a_persons(
    database: Database, make: Any, zd: str
) -> None:
    assert observe(database, make.now, risk=10) == ["risk"]
    with database.write() as tx:
        due = field_states.adopt(
            tx, connection_id=zd, record=TICKET, seen={"risk": 10}, now=make.now
        )
    assert due == frozenset()
    assert states(database)["risk"].is_kept
