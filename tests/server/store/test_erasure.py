from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from sqlalchemy import text

from connectors.records import AuthorRole, RecordKind, RecordRef
from enrichment.readings import Reading
from server.store import (
    Database,
    corrections,
    deliveries,
    edits,
    field_states,
    inbox,
    interventions,
    loading,
    memory,
    moments,
    people,
    readings,
    records,
    verdicts,
)
from server.store.erasure import erase_person
from server.store.export import export_person
from server.store.moments import StoredMoment
from server.store.people import UnknownPerson
from server.store.tables import metadata

#: Whatever is said, called or decided about the person holds this word.
MARK = "Zanzibar"


def bundle(make: Any, ticket: str, contact: str) -> Any:
    words = MARK if contact == "c1" else "Somebody else"
    return make.bundle(
        ticket=make.ticket(ticket, contact_id=contact, subject=f"{words} subject"),
        contacts=(make.contact(contact, name=words),),
        interactions=(
            make.said(f"{ticket}-1", f"{words} said", ticket_id=ticket, author_id=contact),
            make.said(
                f"{ticket}-2",
                f"{words} was told",
                ticket_id=ticket,
                author_id="agent",
                author_role=AuthorRole.AGENT,
            ),
        ),
        surveys=(make.survey(f"s-{ticket}", ticket_id=ticket, contact_id=contact, comment=words),),
    )


def remember(tx: Any, make: Any, ticket: str, contact: str, person: int) -> None:
    words = MARK if contact == "c1" else "Somebody else"
    where = {"connection_id": "zd", "ticket_id": ticket, "person_id": person}
    unread = Reading(model="m", language=None, unknown=words)
    readings.keep(
        tx, connection_id="zd", model="m", found={(f"{ticket}-1", "h"): unread}, now=make.now
    )
    moment = StoredMoment(**where, id=f"m-{ticket}", kind="delight", at=make.now, data={"w": words})
    moments.keep(tx, [moment], now=make.now)
    memory.save_person(tx, person, state={"w": words}, was=0, now=make.now)
    memory.save_ticket(
        tx,
        connection_id="zd",
        ticket_id=ticket,
        state={"w": words},
        was=0,
        sensed={},
        now=make.now,
    )
    for ref in (
        RecordRef(kind=RecordKind.TICKET, id=ticket),
        RecordRef(kind=RecordKind.CONTACT, id=contact),
    ):
        field_states.intend(
            tx, connection_id="zd", record=ref, values={"brief": words}, now=make.now
        )
        edits.observe(
            tx,
            connection_id="zd",
            record=ref,
            seen={"tags": (words,)},
            updated_at=make.now,
            now=make.now,
        )
    verdicts.keep(
        tx,
        rule="r",
        rule_version="1",
        subject=f"person:{person}",
        cause=ticket,
        fires=True,
        trace={"w": words},
        at=make.now,
        **where,
    )
    made = interventions.propose(
        tx,
        rule="r",
        rule_title="R",
        rule_version="1",
        subject=f"person:{person}",
        cause=ticket,
        actions=[{"text": words}],
        needs_approval=False,
        now=make.now,
        **where,
    )
    deliveries.begin(tx, intervention_id=made.intervention.id, action_index=0, now=make.now)
    change = make.change(f"e-{ticket}", ticket=ticket, partition=contact)
    inbox.accept(tx, connection_id="zd", changes=[change], now=make.now)


@pytest.fixture
def two(database: Database, make: Any, zd: str) -> tuple[int, int]:
    """Two people with all there can be of them; the first is to be erased."""
    found = []
    for ticket, contact in (("7", "c1"), ("8", "c2")):
        with database.write() as tx:
            stored = records.store_bundle(
                tx, connection_id=zd, bundle=bundle(make, ticket, contact), now=make.now
            )
            assert stored.person_id is not None
            remember(tx, make, ticket, contact, stored.person_id)
        found.append(stored.person_id)
    return found[0], found[1]


def everything(database: Database) -> str:
    with database.read() as tx:
        return "\n".join(
            str(row)
            for table in metadata.sorted_tables
            for row in tx.execute(text(f'SELECT * FROM "{table.name}"'))
        )


def test_nothing_is_left_of_an_erased_person_and_all_of_the_others(
    database: Database, make: Any, two: tuple[int, int]
) -> None:
    before = everything(database)
    assert before.count(MARK) >= 14
    with database.write() as tx:
        erased = erase_person(tx, two[0], now=make.now)
    after = everything(database)
    assert MARK not in after
    assert after.count("Somebody else") == before.count("Somebody else")
    assert erased.records == (
        ("zd", RecordRef(kind=RecordKind.CONTACT, id="c1")),
        ("zd", RecordRef(kind=RecordKind.TICKET, id="7")),
    )
    with database.read() as tx:
        kept = people.get(tx, two[0])
        other = export_person(tx, two[1])
    assert (kept.erased_at, kept.paused_at) == (make.now, make.now)
    assert all(other.values())


def test_an_erased_person_does_not_come_back(
    database: Database, make: Any, zd: str, two: tuple[int, int]
) -> None:
    with database.write() as tx:
        erase_person(tx, two[0], now=make.now)
    words = bundle(make, "7", "c1")
    with database.write() as tx:
        stored = records.store_bundle(tx, connection_id=zd, bundle=words, now=make.now)
        assert (stored.person_id, stored.is_newer, stored.fresh) == (None, False, ())
        page = [*words.contacts, words.ticket, *words.surveys]
        assert records.store_page(tx, connection_id=zd, records=page, now=make.now) == []
        records.store_interactions(tx, connection_id=zd, values=words.interactions, now=make.now)
        # Nor as a guest on somebody else's ticket.
        guest = make.said("9", f"{MARK} again", ticket_id="8", author_id="c1")
        other = bundle(make, "8", "c2")
        mixed = make.bundle(
            ticket=other.ticket,
            contacts=(*other.contacts, *words.contacts),
            interactions=(*other.interactions, guest),
        )
        records.store_bundle(tx, connection_id=zd, bundle=mixed, now=make.now)
        assert people.of_contact(tx, connection_id=zd, contact_id="c1") is None
    assert MARK not in everything(database)


def test_erasing_twice_finds_nothing_more(
    database: Database, make: Any, two: tuple[int, int]
) -> None:
    with database.write() as tx:
        erase_person(tx, two[0], now=make.now)
        assert erase_person(tx, two[0], now=make.now).records == ()
        with pytest.raises(LookupError):
            erase_person(tx, 4711, now=make.now)


def test_a_worker_that_stores_at_the_same_time_brings_nobody_back(
    database: Database, make: Any, zd: str, two: tuple[int, int]
) -> None:
    failures: list[BaseException] = []
    stop = threading.Event()

    def store() -> None:
        try:
            while not stop.is_set():
                with database.write() as tx:
                    words = bundle(make, "7", "c1")
                    records.store_bundle(tx, connection_id=zd, bundle=words, now=make.now)
                with database.write() as tx:
                    person = people.of_contact(tx, connection_id=zd, contact_id="c1")
                    if person is None or people.get(tx, person).paused_at is not None:
                        continue
                    moment = StoredMoment(
                        connection_id=zd,
                        id="late",
                        ticket_id="7",
                        person_id=person,
                        kind="delight",
                        at=make.now,
                        data={"w": MARK},
                    )
                    moments.keep(tx, [moment], now=make.now)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=store) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        with database.write() as tx:
            erase_person(tx, two[0], now=make.now)
        stop.wait(0.3)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert MARK not in everything(database)


def test_an_export_holds_what_is_kept_of_one_person_and_nobody_else(
    database: Database, make: Any, two: tuple[int, int]
) -> None:
    with database.read() as tx:
        found = export_person(tx, two[0])
        with pytest.raises(UnknownPerson):
            export_person(tx, 4711)
    said = json.dumps(found)
    assert "Somebody else" not in said
    assert {name: len(found[name]) for name in found if name != "person"} == {
        "contacts": 1,
        "tickets": 1,
        "interactions": 2,
        "surveys": 1,
        "moments": 1,
        "memory": 1,
        "ticket_memory": 1,
        "interventions": 1,
        "corrections": 2,
        "fields": 4,
        "readings": 1,
        "verdicts": 1,
    }
    assert found["person"]["id"] == two[0]
    assert found["tickets"][0]["created_at"] == make.now.isoformat()


def test_deleting_a_contact_over_there_keeps_its_history_here(
    database: Database, make: Any, zd: str, two: tuple[int, int]
) -> None:
    ref = RecordRef(kind=RecordKind.CONTACT, id="c1")
    with database.write() as tx:
        records.mark_gone(tx, connection_id=zd, record=ref, now=make.now)
        found = loading.load_contact(tx, connection_id=zd, contact_id="c1")
        assert corrections.of_record(tx, connection_id=zd, record=ref) != []
    assert found is not None
    assert found.deleted
