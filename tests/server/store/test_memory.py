from __future__ import annotations

import threading
from typing import Any

import pytest

from enrichment.readings import EMOTIONS, Reading, Sentiment, Span
from server.store import Database, memory, moments, people, readings
from server.store.memory import StaleState
from server.store.moments import PageMark, StoredMoment


@pytest.fixture
def person(database: Database, make: Any) -> int:
    with database.write() as tx:
        return people.create(tx, now=make.now)


def test_a_state_is_saved_over_the_version_it_was_read_at(
    database: Database, make: Any, person: int
) -> None:
    with database.write() as tx:
        assert memory.load_person(tx, person) is None
        assert memory.save_person(tx, person, state={"n": 1}, was=0, now=make.now) == 1
        assert (
            memory.save_person(
                tx,
                person,
                state={"n": 2},
                was=1,
                feeling=-12.5,
                churn_risk=40,
                last_moment_at=make.now,
                now=make.now,
            )
            == 2
        )
        found = memory.load_person(tx, person)
    assert found is not None
    assert (found.version, found.state, found.feeling) == (2, {"n": 2}, -12.5)
    assert (found.churn_risk, found.last_moment_at) == (40.0, make.now)


@pytest.mark.parametrize("was", [0, 2, 7])
def test_a_stale_state_is_not_saved(database: Database, make: Any, person: int, was: int) -> None:
    with database.write() as tx:
        memory.save_person(tx, person, state={"n": 1}, was=0, now=make.now)
    with pytest.raises(StaleState), database.write() as tx:
        memory.save_person(tx, person, state={"n": 9}, was=was, now=make.now)
    with database.read() as tx:
        assert memory.load_people(tx, [person])[person].state == {"n": 1}


def test_workers_that_fold_at_once_lose_nothing(database: Database, make: Any, person: int) -> None:
    failures: list[BaseException] = []

    def fold(number: int) -> None:
        try:
            for n in range(10):
                while True:
                    with database.read() as tx:
                        kept = memory.load_person(tx, person)
                    seen = list(kept.state["seen"]) if kept else []
                    state = {"seen": [*seen, f"{number}-{n}"]}
                    was = kept.version if kept else 0
                    try:
                        with database.write() as tx:
                            memory.save_person(tx, person, state=state, was=was, now=make.now)
                    except StaleState:
                        continue
                    break
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=fold, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.read() as tx:
        kept = memory.load_person(tx, person)
    assert kept is not None
    assert kept.version == 50
    assert sorted(kept.state["seen"]) == sorted(f"{k}-{n}" for k in range(5) for n in range(10))


def test_a_tickets_state_keeps_its_version_and_its_fields(
    database: Database, make: Any, zd: str
) -> None:
    with database.write() as tx:
        memory.save_ticket(
            tx,
            connection_id=zd,
            ticket_id="7",
            state={"a": [1]},
            was=0,
            sensed={"sentiment": None},
            synced_version="v1",
            now=make.now,
        )
        memory.save_ticket(
            tx, connection_id=zd, ticket_id="8", state={}, was=0, sensed={}, now=make.now
        )
        found = memory.load_ticket(tx, connection_id=zd, ticket_id="7")
    assert found is not None
    assert (found.synced_version, found.sensed) == ("v1", {"sentiment": None})
    with pytest.raises(StaleState), database.write() as tx:
        memory.save_ticket(
            tx, connection_id=zd, ticket_id="7", state={}, was=0, sensed={}, now=make.now
        )


def test_a_state_can_be_dropped_to_be_made_anew(database: Database, make: Any, person: int) -> None:
    with database.write() as tx:
        memory.save_person(tx, person, state={"n": 1}, was=0, now=make.now)
        memory.drop_person(tx, person)
        assert memory.save_person(tx, person, state={"n": 2}, was=0, now=make.now) == 1


def known() -> Reading:
    return Reading(
        model="m/1",
        language="en",
        emotions=dict.fromkeys(EMOTIONS, 0.01) | {"anger": 0.9},
        labels=("anger",),
        sentiment=Sentiment.NEGATIVE,
        valence=-0.5,
        intensity=0.7,
        confidence=0.8,
        evidence={"anger": Span(start=0, end=2, quote="It")},
    )


def test_a_reading_comes_back_as_it_was(database: Database, make: Any, zd: str) -> None:
    unknown = Reading(model="m/1", language=None, unknown="too short")
    with database.write() as tx:
        readings.keep(
            tx,
            connection_id=zd,
            model="m/1",
            found={("1", "aa"): known(), ("2", "bb"): unknown},
            now=make.now,
        )
        found = readings.find(
            tx, connection_id=zd, model="m/1", keys=[("1", "aa"), ("2", "bb"), ("2", "aa")]
        )
        assert readings.find(tx, connection_id=zd, model="m/2", keys=[("1", "aa")]) == {}
        assert readings.find(tx, connection_id=zd, model="m/1", keys=[]) == {}
    assert found == {("1", "aa"): known(), ("2", "bb"): unknown}
    assert list(found["1", "aa"].emotions) == list(known().emotions)


def test_the_first_reading_of_a_text_stands(database: Database, make: Any, zd: str) -> None:
    other = Reading(model="m/1", language=None, unknown="mixed")
    with database.write() as tx:
        for made in (known(), other):
            readings.keep(
                tx, connection_id=zd, model="m/1", found={("1", "aa"): made}, now=make.now
            )
        readings.keep(tx, connection_id=zd, model="m/1", found={}, now=make.now)
        found = readings.find(tx, connection_id=zd, model="m/1", keys=[("1", "aa")])
    assert found["1", "aa"] == known()


def moment(make: Any, id: str, *, hours: float = 0, **values: Any) -> StoredMoment:
    start: dict[str, Any] = {
        "connection_id": "zd",
        "id": id,
        "ticket_id": "7",
        "kind": "delight",
        "at": make.at(hours=hours),
        "data": {"id": id},
    }
    return StoredMoment(**{**start, **values})


def test_a_moment_found_again_is_stored_once(
    database: Database, make: Any, zd: str, person: int
) -> None:
    with database.write() as tx:
        assert moments.keep(tx, [moment(make, "a"), moment(make, "b")], now=make.now) == {"a", "b"}
        changed = moment(make, "a", person_id=person, receipt={"model": "m/1"})
        assert moments.keep(tx, [changed, moment(make, "c")], now=make.now) == {"c"}
        assert moments.get(tx, connection_id=zd, id="a") == changed
        assert moments.keep(tx, [], now=make.now) == frozenset()
        assert moments.get(tx, connection_id=zd, id="z") is None


def test_a_superseded_moment_is_kept_and_not_shown(
    database: Database, make: Any, zd: str, person: int
) -> None:
    with database.write() as tx:
        moments.keep(tx, [moment(make, "a", person_id=person)], now=make.now)
        moments.keep(
            tx,
            [moment(make, "b", hours=1, person_id=person)],
            now=make.now,
        )
        moments.supersede(tx, connection_id=zd, ids=["a"], by={"delight": "b"})
        # Finding the first again does not bring it back.
        moments.keep(tx, [moment(make, "a", person_id=person)], now=make.now)
        assert [one.id for one in moments.of_person(tx, person)] == ["b"]
        every = moments.of_person(tx, person, with_superseded=True)
        assert [(one.id, one.superseded_by) for one in every] == [("b", None), ("a", "b")]
        assert [one.id for one in moments.of_ticket(tx, connection_id=zd, ticket_id="7")] == [
            "b",
            "a",
        ]
        assert moments.counts_by_kind(tx, since=make.now) == {"delight": 1}
        assert moments.counts_by_kind(tx, since=make.now, person_id=person + 1) == {}


def test_pages_of_moments_leave_none_out(database: Database, make: Any, zd: str) -> None:
    with database.write() as tx:
        moments.keep(tx, [moment(make, f"m{n}", hours=n // 3) for n in range(10)], now=make.now)
    seen: list[str] = []
    mark = None
    while True:
        with database.read() as tx:
            page = moments.latest(tx, limit=4, before=mark, connection_id=zd)
        if not page:
            break
        seen += [one.id for one in page]
        mark = PageMark(at=page[-1].at, id=page[-1].id)
    assert seen == ["m9", "m8", "m7", "m6", "m5", "m4", "m3", "m2", "m1", "m0"]
