from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from connectors.records import Account, AuthorRole, Priority, RecordKind, RecordRef, TicketStatus
from server.store import Database, loading, people, records
from server.store.records import StoredBundle


def store(database: Database, make: Any, **values: Any) -> StoredBundle:
    with database.write() as tx:
        return records.store_bundle(
            tx, connection_id="zd", bundle=make.bundle(**values), now=make.now
        )


def fresh(database: Database) -> list[str]:
    with database.read() as tx:
        return [one.text for one in records.fresh(tx, connection_id="zd", ticket_id="7")]


def test_a_bundle_is_stored_whole_and_comes_back_as_it_was(
    database: Database, make: Any, zd: str
) -> None:
    ticket = make.ticket(
        priority=Priority.HIGH,
        account_id="a1",
        tags=("vip", "eu"),
        fields={"sentiment": "negative", "tags": ("a", "b"), "risk": 12, "impact": None},
        version="w/1",
        url="https://example.com/7",
    )
    contact = make.contact(
        email="Ann@Example.com", email_verified=True, tags=("x",), fields={"churn_risk": 3.5}
    )
    account = Account(
        id="a1",
        name="Acme",
        domains=("acme.example",),
        created_at=make.now,
        updated_at=make.now,
    )
    made = store(database, make, ticket=ticket, contacts=(contact,), account=account)
    assert made.is_newer
    assert made.fresh == ("1",)
    with database.read() as tx:
        assert loading.load_ticket(tx, connection_id=zd, ticket_id="7") == ticket
        assert loading.load_contact(tx, connection_id=zd, contact_id="c1") == contact
        assert loading.load_account(tx, connection_id=zd, account_id="a1") == account
        assert records.fresh(tx, connection_id=zd, ticket_id="7") == [make.said()]
        assert people.of_contact(tx, connection_id=zd, contact_id="c1") == made.person_id


def test_storing_it_again_changes_nothing(database: Database, make: Any, zd: str) -> None:
    first = store(database, make)
    again = store(database, make)
    assert again == replace(first, is_newer=False)


def test_an_older_copy_changes_nothing(database: Database, make: Any, zd: str) -> None:
    store(database, make, ticket=make.ticket(subject="new", updated_at=make.at(hours=1)))
    older = store(database, make, ticket=make.ticket(subject="old"))
    assert not older.is_newer
    with database.read() as tx:
        found = loading.load_ticket(tx, connection_id=zd, ticket_id="7")
    assert found is not None
    assert found.subject == "new"


def test_two_changes_within_one_second_are_both_seen(
    database: Database, make: Any, zd: str
) -> None:
    store(database, make)
    assert store(database, make, ticket=make.ticket(status=TicketStatus.SOLVED)).is_newer
    with database.read() as tx:
        found = loading.load_ticket(tx, connection_id=zd, ticket_id="7")
    assert found is not None
    assert found.status is TicketStatus.SOLVED


def test_what_was_enriched_is_fresh_again_only_when_its_words_change(
    database: Database, make: Any, zd: str
) -> None:
    store(database, make)
    with database.write() as tx:
        read = records.fresh(tx, connection_id=zd, ticket_id="7")
        records.mark_enriched(tx, connection_id=zd, ticket_id="7", interactions=read, now=make.now)
    assert fresh(database) == []
    assert store(database, make).fresh == ()
    assert store(database, make, interactions=(make.said(public=False),)).fresh == ()
    assert store(database, make, interactions=(make.said(text="Other words."),)).fresh == ("1",)


def test_words_that_changed_while_they_were_read_stay_fresh(
    database: Database, make: Any, zd: str
) -> None:
    store(database, make)
    store(database, make, interactions=(make.said(text="Edited meanwhile."),))
    with database.write() as tx:
        records.mark_enriched(
            tx, connection_id=zd, ticket_id="7", interactions=[make.said()], now=make.now
        )
    assert fresh(database) == ["Edited meanwhile."]


def test_fresh_words_come_oldest_first(database: Database, make: Any, zd: str) -> None:
    said = tuple(
        make.said(id=str(n), text=f"t{n}", created_at=make.at(minutes=-n)) for n in range(5)
    )
    made = store(database, make, interactions=said)
    assert made.fresh == ("4", "3", "2", "1", "0")


def test_one_message_on_two_tickets_stands_on_both(database: Database, make: Any, zd: str) -> None:
    store(database, make)
    other = store(
        database,
        make,
        ticket=make.ticket("8"),
        interactions=(make.said(ticket_id="8"),),
    )
    assert other.fresh == ("1",)
    assert fresh(database) == ["It fails again."]


def test_text_from_anywhere_can_be_stored(database: Database, make: Any, zd: str) -> None:
    store(database, make, interactions=(make.said(text="a\x00b \ud83d c"),))
    assert fresh(database) == ["ab \ufffd c"]
    assert store(database, make, interactions=(make.said(text="a\x00b \ud83d c"),)).fresh == ("1",)


def test_our_own_people_are_nobodys_person(database: Database, make: Any, zd: str) -> None:
    agent = make.contact("agent1", role=AuthorRole.AGENT)
    store(database, make, contacts=(make.contact(), agent))
    with database.read() as tx:
        assert people.of_contact(tx, connection_id=zd, contact_id="agent1") is None
        assert people.of_contact(tx, connection_id=zd, contact_id="c1") is not None


def test_a_ticket_that_came_before_its_requester_finds_its_person(
    database: Database, make: Any, zd: str
) -> None:
    with database.write() as tx:
        changed = records.store_page(
            tx, connection_id=zd, records=[make.ticket(), make.survey()], now=make.now
        )
        assert changed == [
            RecordRef(kind=RecordKind.TICKET, id="7"),
            RecordRef(kind=RecordKind.SURVEY, id="s1"),
        ]
        records.store_page(tx, connection_id=zd, records=[make.contact()], now=make.now)
        person = people.of_contact(tx, connection_id=zd, contact_id="c1")
        stored = tx.exec_driver_sql("SELECT person_id FROM ticket").scalar()
    assert person is not None
    assert stored == person


def test_a_page_with_several_versions_of_a_record_keeps_the_latest(
    database: Database, make: Any, zd: str
) -> None:
    page = [
        make.contact(name="new", updated_at=make.at(hours=2)),
        make.contact(name="old"),
        make.contact("c2"),
    ]
    with database.write() as tx:
        changed = records.store_page(tx, connection_id=zd, records=page, now=make.now)
        assert [ref.id for ref in changed] == ["c1", "c2"]
        again = records.store_page(tx, connection_id=zd, records=page, now=make.now)
        assert again == []
        found = loading.load_contact(tx, connection_id=zd, contact_id="c1")
    assert found is not None
    assert found.name == "new"


def test_a_changed_answer_is_to_be_enriched_again(database: Database, make: Any, zd: str) -> None:
    def store_survey(**values: Any) -> frozenset[str]:
        with database.write() as tx:
            return records.store_surveys(
                tx, connection_id=zd, values=[make.survey(**values)], now=make.now
            )

    assert store_survey() == {"s1"}
    assert store_survey() == frozenset()
    with database.write() as tx:
        loading.mark_surveys_enriched(tx, connection_id=zd, survey_ids=["s1"], now=make.now)
    assert store_survey(score=1.0, comment="Thanks!") == {"s1"}
    with database.read() as tx:
        found = loading.fresh_surveys(tx, connection_id=zd, ticket_id="7")
    assert [one.score for one in found] == [1.0]


def test_what_was_said_in_bulk_is_kept_for_tickets_we_know(
    database: Database, make: Any, zd: str
) -> None:
    with database.write() as tx:
        records.store_tickets(tx, connection_id=zd, values=[make.ticket()], now=make.now)
        records.store_interactions(
            tx,
            connection_id=zd,
            values=[make.said("1"), make.said("2", ticket_id="999")],
            now=make.now,
        )
    assert fresh(database) == ["It fails again."]


def test_a_deletion_stands_against_copies_from_before(
    database: Database, make: Any, zd: str
) -> None:
    store(database, make)
    ticket = RecordRef(kind=RecordKind.TICKET, id="7")
    contact = RecordRef(kind=RecordKind.CONTACT, id="c1")
    with database.write() as tx:
        for ref in (ticket, contact):
            records.mark_gone(tx, connection_id=zd, record=ref, now=make.at(minutes=5))
    assert not store(database, make).is_newer
    with database.read() as tx:
        found = loading.load_ticket(tx, connection_id=zd, ticket_id="7")
        person = loading.load_contact(tx, connection_id=zd, contact_id="c1")
    assert found is not None
    assert found.status is TicketStatus.DELETED
    assert person is not None
    assert person.deleted
    assert store(database, make, ticket=make.ticket(updated_at=make.at(hours=1))).is_newer


def test_workers_may_store_the_same_people_at_the_same_time(
    database: Database, make: Any, zd: str
) -> None:
    failures: list[BaseException] = []
    barrier = threading.Barrier(6)

    def work(number: int) -> None:
        try:
            barrier.wait()
            for n in range(8):
                contacts = tuple(
                    make.contact(f"c{k}", email=f"c{k % 3}@example.com", email_verified=True)
                    for k in ((n, n + 1, n + 2) if number % 2 else (n + 2, n + 1, n))
                )
                ticket = make.ticket(str(n), contact_id=f"c{n}")
                said = (make.said(str(number), ticket_id=str(n), author_id=f"c{n}"),)
                bundle = make.bundle(ticket=ticket, contacts=contacts, interactions=said)
                with database.write() as tx:
                    records.store_bundle(tx, connection_id=zd, bundle=bundle, now=make.now)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.read() as tx:
        rows = tx.exec_driver_sql("SELECT email, person_id FROM contact").all()
    assert len(rows) == 10
    # One person an address, however many contacts and workers.
    assert len({row.person_id for row in rows}) == len({row.email for row in rows}) == 3


@pytest.mark.parametrize("count", [1, 200])
def test_one_more_message_takes_as_many_statements_as_the_first(
    database: Database, make: Any, zd: str, count: int
) -> None:
    from sqlalchemy import event

    said = tuple(make.said(str(n), text=f"t{n}") for n in range(count))
    store(database, make, interactions=said)
    statements: list[str] = []

    def count_it(*args: Any) -> None:
        statements.append(args[2])

    event.listen(database._writer, "before_cursor_execute", count_it)
    store(database, make, interactions=(*said, make.said("one more", text="more")))
    event.remove(database._writer, "before_cursor_execute", count_it)
    assert len(statements) < 16
