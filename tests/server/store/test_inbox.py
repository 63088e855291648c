from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.base import Change
from connectors.records import RecordKind, RecordRef
from server.store import Database, connections, inbox

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def change(event_id: str, ticket: str = "7") -> Change:
    return Change(
        event_id=event_id,
        record=RecordRef(kind=RecordKind.TICKET, id=ticket),
        kind="ticket.changed",
        at=NOW,
        partition="c1",
    )


def make_connection(database: Database, id: str = "zd") -> str:
    with database.write() as tx:
        connections.create(tx, id=id, system="zendesk", name="Support", now=NOW)
    return id


def test_an_event_is_accepted_once(database: Database) -> None:
    zd = make_connection(database)
    with database.write() as tx:
        first = inbox.accept(tx, connection_id=zd, changes=[change("a"), change("b")], now=NOW)
    with database.write() as tx:
        again = inbox.accept(tx, connection_id=zd, changes=[change("b"), change("c")], now=NOW)
    assert [one.is_new for one in first] == [True, True]
    assert [one.is_new for one in again] == [False, True]


def test_the_pump_gets_entries_in_order_and_once(database: Database) -> None:
    zd = make_connection(database)
    with database.write() as tx:
        inbox.accept(tx, connection_id=zd, changes=[change(str(n)) for n in range(5)], now=NOW)
    with database.write() as tx:
        first = inbox.claim(tx, limit=3, now=NOW)
    with database.write() as tx:
        second = inbox.claim(tx, limit=3, now=NOW)
        assert inbox.claim(tx, limit=3, now=NOW) == []
    assert [one.change.event_id for one in first + second] == ["0", "1", "2", "3", "4"]
    assert first[0].change == change("0")
    with database.write() as tx:
        inbox.done(tx, ids=[one.id for one in first], now=NOW)
        assert inbox.sweep(tx, pumped_before=NOW + timedelta(seconds=1)) == 2
    with database.read() as tx:
        assert inbox.counts(tx).waiting == 2
        assert connections.counts(tx)[zd].waiting == 2
