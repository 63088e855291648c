from __future__ import annotations

from typing import Any

import pytest

from server.store import Database, connections, moments, people, records
from server.store.moments import StoredMoment
from server.store.people import JoinedBy, UnknownPerson


@pytest.fixture
def hs(database: Database, make: Any) -> str:
    with database.write() as tx:
        connections.create(tx, id="hs", system="hubspot", name="Sales", now=make.now)
    return "hs"


def person_of(database: Database, make: Any, connection: str, contact: Any) -> int | None:
    with database.write() as tx:
        records.store_contacts(tx, connection_id=connection, values=[contact], now=make.now)
        return people.of_contact(tx, connection_id=connection, contact_id=contact.id)


def test_strangers_are_different_people(database: Database, make: Any, zd: str) -> None:
    assert person_of(database, make, zd, make.contact("a")) != person_of(
        database, make, zd, make.contact("b")
    )


def test_a_verified_address_joins_across_systems(
    database: Database, make: Any, zd: str, hs: str
) -> None:
    ann = make.contact("a", email="Ann@Example.com", email_verified=True)
    also = make.contact("99", email=" ann@example.COM", email_verified=True)
    first, second = person_of(database, make, zd, ann), person_of(database, make, hs, also)
    assert first is not None
    assert first == second
    with database.read() as tx:
        members = people.members(tx, first)
    assert [(one.connection_id, one.joined_by) for one in members] == [
        ("hs", JoinedBy.EMAIL),
        ("zd", JoinedBy.ALONE),
    ]


@pytest.mark.parametrize("verified", [(False, True), (True, False), (False, False)])
def test_an_address_nobody_verified_joins_nobody(
    database: Database, make: Any, zd: str, hs: str, verified: tuple[bool, bool]
) -> None:
    ann = make.contact("a", email="ann@example.com", email_verified=verified[0])
    also = make.contact("99", email="ann@example.com", email_verified=verified[1])
    assert person_of(database, make, zd, ann) != person_of(database, make, hs, also)


def test_an_external_id_joins(database: Database, make: Any, zd: str, hs: str) -> None:
    first = person_of(database, make, zd, make.contact("a", external_id="crm-5"))
    assert person_of(database, make, hs, make.contact("99", external_id="crm-5")) == first


def test_two_on_one_page_with_one_address_are_one_person(
    database: Database, make: Any, zd: str
) -> None:
    page = [make.contact(id, email="a@example.com", email_verified=True) for id in ("a", "b")]
    with database.write() as tx:
        records.store_contacts(tx, connection_id=zd, values=page, now=make.now)
        found = {people.of_contact(tx, connection_id=zd, contact_id=id) for id in ("a", "b")}
    assert len(found) == 1


def test_a_join_by_hand_takes_the_history_along_and_can_be_undone(
    database: Database, make: Any, zd: str
) -> None:
    a = person_of(database, make, zd, make.contact("a"))
    b = person_of(database, make, zd, make.contact("b"))
    assert a is not None
    assert b is not None
    moment = StoredMoment(
        connection_id=zd,
        id="m1",
        ticket_id="7",
        contact_id="b",
        person_id=b,
        kind="delight",
        at=make.now,
        data={},
    )
    with database.write() as tx:
        records.store_tickets(
            tx, connection_id=zd, values=[make.ticket(contact_id="b")], now=make.now
        )
        moments.keep(tx, [moment], now=make.now)
        people.move(tx, connection_id=zd, contact_id="b", to=a, now=make.now)
        assert [one.id for one in moments.of_person(tx, a)] == ["m1"]
        assert [one.contact_id for one in people.members(tx, a)] == ["a", "b"]
        again = people.move(tx, connection_id=zd, contact_id="b", to=None, now=make.now)
        assert again not in (a, b)
        assert [one.id for one in moments.of_person(tx, again)] == ["m1"]
        assert moments.of_person(tx, a) == []
        assert tx.exec_driver_sql("SELECT person_id FROM ticket").scalar() == again


def test_who_was_split_off_by_hand_is_not_joined_again(
    database: Database, make: Any, zd: str, hs: str
) -> None:
    def ann(id: str) -> Any:
        return make.contact(id, email="ann@example.com", email_verified=True)

    first = person_of(database, make, zd, ann("a"))
    person_of(database, make, zd, ann("b"))
    with database.write() as tx:
        apart = people.move(tx, connection_id=zd, contact_id="b", to=None, now=make.now)
    assert person_of(database, make, zd, ann("b")) == apart
    assert person_of(database, make, hs, ann("99")) == first


def test_whoever_has_the_address_of_one_split_off_is_somebody_else(
    database: Database, make: Any, zd: str, hs: str
) -> None:
    ann = make.contact("a", email="ann@example.com", email_verified=True)
    person_of(database, make, zd, ann)
    with database.write() as tx:
        apart = people.move(tx, connection_id=zd, contact_id="a", to=None, now=make.now)
    also = make.contact("99", email="ann@example.com", email_verified=True)
    assert person_of(database, make, hs, also) != apart


def test_whoever_has_the_address_of_one_joined_by_hand_is_joined_as_well(
    database: Database, make: Any, zd: str, hs: str
) -> None:
    first = person_of(database, make, zd, make.contact("a"))
    person_of(database, make, zd, make.contact("b", email="b@example.com", email_verified=True))
    with database.write() as tx:
        people.move(tx, connection_id=zd, contact_id="b", to=first, now=make.now)
    also = make.contact("99", email="b@example.com", email_verified=True)
    assert person_of(database, make, hs, also) == first


def test_pausing_notes_when_it_began(database: Database, make: Any) -> None:
    with database.write() as tx:
        id = people.create(tx, now=make.now)
        people.set_paused(tx, id, paused=True, now=make.now)
        people.set_paused(tx, id, paused=True, now=make.at(days=1))
        assert people.get(tx, id).paused_at == make.now
        people.set_paused(tx, id, paused=False, now=make.at(days=2))
        assert people.get(tx, id).paused_at is None
        people.set_consent(tx, id, consent={"contact": False}, now=make.now)
        assert people.get(tx, id).consent == {"contact": False}


def test_an_unknown_person_is_said_to_be_unknown(database: Database, make: Any, zd: str) -> None:
    with database.write() as tx:
        with pytest.raises(UnknownPerson):
            people.get(tx, 4711)
        with pytest.raises(UnknownPerson):
            people.set_paused(tx, 4711, paused=True, now=make.now)
        with pytest.raises(LookupError):
            people.move(tx, connection_id=zd, contact_id="nobody", to=None, now=make.now)
