from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from connectors.base import Cursor, Installation
from connectors.records import RecordKind
from server.store import Database, connections, inbox, records
from server.store.connections import ConnectionRemoved, ConnectionState, UnknownConnection


def test_a_connection_is_created_once(database: Database, make: Any, zd: str) -> None:
    with database.read() as tx:
        made = connections.get(tx, zd)
    assert (made.system, made.name, made.state) == ("zendesk", "Support", ConnectionState.NEW)
    assert made.installation == Installation()
    with pytest.raises(ValueError, match="already"), database.write() as tx:
        connections.create(tx, id=zd, system="hubspot", name="Other", now=make.now)


def test_an_id_must_fit_into_an_address(database: Database, make: Any) -> None:
    for id in ("", "Zendesk", "-a", "a/b", "a b", "ü", "a" * 64):
        with pytest.raises(ValueError, match="1 to 63"), database.write() as tx:
            connections.create(tx, id=id, system="zendesk", name="x", now=make.now)


def test_what_is_not_given_stays_as_it_was(database: Database, make: Any, zd: str) -> None:
    installation = Installation(
        made={"field:ticket:sentiment": "360"}, state={"a": "b"}, webhook_secret="hush"
    )
    with database.write() as tx:
        connections.change(tx, zd, identity="bot@example.com", settings={"a": 1}, now=make.now)
        later = connections.change(tx, zd, installation=installation, now=make.at(minutes=1))
    assert later.identity == "bot@example.com"
    assert later.settings == {"a": 1}
    assert later.installation.made == {"field:ticket:sentiment": "360"}
    assert later.installation.webhook_secret is None
    assert later.updated_at == make.at(minutes=1)
    with database.read() as tx:
        assert "hush" not in str(tx.exec_driver_sql("SELECT * FROM connection").all())


def test_the_reason_goes_with_its_state(database: Database, make: Any, zd: str) -> None:
    with database.write() as tx:
        connections.set_state(
            tx, zd, state=ConnectionState.NEEDS_PERSON, reason="needs_reauth", now=make.now
        )
        assert [c.id for c in connections.find(tx, states=(ConnectionState.NEEDS_PERSON,))] == [zd]
        live = connections.set_state(tx, zd, state=ConnectionState.LIVE, now=make.now)
    assert live.state_reason is None
    with database.read() as tx:
        assert connections.find(tx, states=(ConnectionState.NEW,)) == []


def test_what_was_removed_comes_back_as_new_only(database: Database, make: Any, zd: str) -> None:
    with database.write() as tx:
        for _ in range(2):
            connections.set_state(tx, zd, state=ConnectionState.REMOVED, now=make.now)
        for state in (ConnectionState.READY, ConnectionState.LIVE, ConnectionState.NEEDS_PERSON):
            with pytest.raises(ConnectionRemoved):
                connections.set_state(tx, zd, state=state, now=make.now)
        assert connections.get(tx, zd).state is ConnectionState.REMOVED
        connections.set_state(tx, zd, state=ConnectionState.NEW, now=make.now)
        assert connections.set_state(tx, zd, state=ConnectionState.LIVE, now=make.now)


def test_a_state_nobody_knows_is_refused(database: Database, make: Any, zd: str) -> None:
    with pytest.raises(IntegrityError), database.write() as tx:
        connections.set_state(tx, zd, state="asleep", now=make.now)  # type: ignore[arg-type]


def test_an_unknown_connection_is_said_to_be_unknown(database: Database, make: Any) -> None:
    with database.write() as tx:
        with pytest.raises(UnknownConnection):
            connections.get(tx, "hs")
        with pytest.raises(UnknownConnection):
            connections.set_state(tx, "hs", state=ConnectionState.LIVE, now=make.now)


def test_a_cursor_stands_where_the_last_page_ended(database: Database, make: Any, zd: str) -> None:
    with database.write() as tx:
        assert connections.cursor_of(tx, zd, kind=RecordKind.TICKET) is None
        connections.keep_cursor(tx, zd, kind=RecordKind.TICKET, at=Cursor("p1"), now=make.now)
        connections.keep_cursor(tx, zd, kind=RecordKind.TICKET, at=Cursor("p2"), now=make.now)
        connections.keep_cursor(tx, zd, kind=RecordKind.CONTACT, at=Cursor("c1"), now=make.now)
    with database.write() as tx:
        assert connections.cursor_of(tx, zd, kind="ticket") == "p2"
        assert connections.cursor_of(tx, zd, kind="contact") == "c1"


def test_deleting_a_connection_takes_everything_that_came_through_it(
    database: Database, make: Any, zd: str
) -> None:
    with database.write() as tx:
        connections.create(tx, id="hs", system="hubspot", name="Sales", now=make.now)
        for id in (zd, "hs"):
            records.store_bundle(tx, connection_id=id, bundle=make.bundle(), now=make.now)
            inbox.accept(tx, connection_id=id, changes=[make.change("e")], now=make.now)
        connections.delete_all(tx, zd)
    with database.read() as tx:
        for table in ("inbox", "ticket", "contact", "interaction"):
            left = tx.exec_driver_sql(f"SELECT connection_id FROM {table}").scalars().all()
            assert left == ["hs"], table


def test_counts_tell_waiting_from_failed(database: Database, make: Any, zd: str) -> None:
    with database.write() as tx:
        connections.create(tx, id="hs", system="hubspot", name="Sales", now=make.now)
        changes = [make.change(str(n)) for n in range(4)]
        accepted = inbox.accept(tx, connection_id=zd, changes=changes, now=make.at(hours=1))
        ids = [one.id for one in accepted if one.id is not None]
        inbox.claim(tx, limit=2, now=make.now)
        inbox.done(tx, ids=ids[:1], now=make.now)
        inbox.failed(tx, id=ids[1], error="gone", now=make.now)
        found = connections.counts(tx)
    assert (found[zd].waiting, found[zd].failed) == (2, 1)
    assert found[zd].last_received_at == make.at(hours=1)
    assert (found["hs"].waiting, found["hs"].last_received_at) == (0, None)
