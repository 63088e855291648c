from __future__ import annotations

import itertools
import threading
from typing import Any

import pytest

from server.store import Database, deliveries, interventions, people, verdicts
from server.store.deliveries import Outcome
from server.store.interventions import STEPS, Intervention, State, UnknownIntervention, WrongState


def propose(database: Database, make: Any, **values: Any) -> interventions.Proposed:
    start: dict[str, Any] = {
        "rule": "thank",
        "rule_title": "Thank them",
        "rule_version": "abc",
        "subject": "person:1",
        "cause": "moment:m1",
        "actions": [{"kind": "note", "text": "Hello"}, {"kind": "webhook", "data": {}}],
        "reasons": ["ticket.valence above 0.4 (was 0.7)"],
        "needs_approval": False,
        "now": make.now,
    }
    with database.write() as tx:
        return interventions.propose(tx, **{**start, **values})


def test_the_same_cause_is_proposed_once(database: Database, make: Any) -> None:
    first = propose(database, make)
    again = propose(database, make, reasons=["other"])
    assert first.is_new
    assert not again.is_new
    assert again.intervention == first.intervention
    assert propose(database, make, cause="moment:m2").is_new
    assert propose(database, make, subject="person:2").is_new
    assert propose(database, make, rule="other").is_new


def test_workers_that_propose_at_once_propose_once(database: Database, make: Any) -> None:
    made: list[interventions.Proposed] = []
    barrier = threading.Barrier(6)

    def work() -> None:
        barrier.wait()
        made.append(propose(database, make))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one.is_new for one in made) == 1
    assert len({one.intervention.id for one in made}) == 1


def test_without_need_of_approval_it_is_due_at_its_time(database: Database, make: Any) -> None:
    one = propose(database, make, due_at=make.at(hours=1)).intervention
    assert one.state is State.APPROVED
    with database.write() as tx:
        assert interventions.due(tx, now=make.at(minutes=59)) == []
        assert [i.id for i in interventions.due(tx, now=make.at(hours=1))] == [one.id]
        assert interventions.start(tx, one.id, now=make.now).state is State.DUE
        assert interventions.start(tx, one.id, now=make.now).state is State.DUE


def test_who_decides_second_is_told_who_was_first(database: Database, make: Any) -> None:
    one = propose(database, make, needs_approval=True).intervention
    assert one.state is State.PROPOSED
    with database.write() as tx:
        assert interventions.due(tx, now=make.at(days=1)) == []
        approved = interventions.approve(tx, one.id, by="maria", now=make.at(hours=1))
        assert (approved.state, approved.decided_by) == (State.APPROVED, "maria")
        assert approved.decided_at == make.at(hours=1)
        with pytest.raises(WrongState, match="approved already by maria"):
            interventions.approve(tx, one.id, by="tom", now=make.now)
        declined = interventions.decline(tx, one.id, by="tom", reason="not now", now=make.now)
        assert (declined.state, declined.state_reason) == (State.DECLINED, "not now")
        with pytest.raises(WrongState) as caught:
            interventions.approve(tx, one.id, by="maria", now=make.now)
    assert caught.value.state is State.DECLINED


def test_two_who_click_at_once_decide_once(database: Database, make: Any) -> None:
    one = propose(database, make, needs_approval=True).intervention
    decided: list[str] = []
    barrier = threading.Barrier(4)

    def decide(name: str) -> None:
        barrier.wait()
        try:
            with database.write() as tx:
                interventions.approve(tx, one.id, by=name, now=make.now)
            decided.append(name)
        except WrongState:
            pass

    threads = [threading.Thread(target=decide, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(decided) == 1
    with database.read() as tx:
        assert interventions.get(tx, one.id).decided_by == decided[0]


def test_what_nobody_approved_in_time_expires(database: Database, make: Any) -> None:
    late = propose(database, make, needs_approval=True, expires_at=make.at(days=1)).intervention
    propose(database, make, cause="b", needs_approval=True)
    with database.write() as tx:
        with pytest.raises(WrongState, match="expired"):
            interventions.approve(tx, late.id, by="maria", now=make.at(days=2))
        assert interventions.expire(tx, now=make.at(hours=1)) == []
        assert interventions.expire(tx, now=make.at(days=1)) == [late.id]
        assert interventions.expire(tx, now=make.at(days=1)) == []
        assert interventions.get(tx, late.id).state is State.EXPIRED


def test_only_the_steps_of_the_picture_are_possible(database: Database, make: Any) -> None:
    one = propose(database, make).intervention
    for old, new in itertools.product(State, State):
        with database.write() as tx:
            tx.exec_driver_sql(f"UPDATE intervention SET state = '{old}'")
            if new in STEPS[old]:
                assert interventions.step(tx, one.id, to=new, now=make.now).state is new
            else:
                with pytest.raises(WrongState):
                    interventions.step(tx, one.id, to=new, now=make.now)
                assert interventions.get(tx, one.id).state is old


def due(database: Database, make: Any, **values: Any) -> Intervention:
    one = propose(database, make, **values).intervention
    with database.write() as tx:
        return interventions.start(tx, one.id, now=make.now)


def test_finishing_twice_is_harmless(database: Database, make: Any) -> None:
    one = due(database, make)
    with database.write() as tx:
        done = interventions.finish(tx, one.id, state=State.DELIVERED, now=make.now)
        again = interventions.finish(tx, one.id, state=State.DELIVERED, now=make.at(days=1))
        assert done == again
        with pytest.raises(WrongState):
            interventions.finish(tx, one.id, state=State.FAILED, now=make.now)
        noted = interventions.keep_result(tx, one.id, result={"replied": True}, now=make.now)
    assert noted.result == {"replied": True}


def test_a_postponed_one_comes_back_as_its_next_try(database: Database, make: Any) -> None:
    one = due(database, make)
    with database.write() as tx:
        interventions.postpone(tx, one.id, until=make.at(minutes=5), now=make.now)
        assert interventions.due(tx, now=make.at(minutes=4)) == []
        (again,) = interventions.due(tx, now=make.at(minutes=5))
        assert (again.id, again.tries, again.state) == (one.id, 1, State.DUE)
        interventions.finish(tx, one.id, state=State.DELIVERED, now=make.now)
        with pytest.raises(WrongState):
            interventions.postpone(tx, one.id, until=make.now, now=make.now)


def test_an_attempt_is_on_record_before_it_is_made(database: Database, make: Any) -> None:
    one = due(database, make)
    with database.write() as tx:
        first = deliveries.begin(tx, intervention_id=one.id, action_index=0, now=make.now)
    assert first is not None
    assert (first.attempt, first.outcome, first.finished_at) == (1, Outcome.STARTED, None)
    with database.write() as tx:
        deliveries.record(
            tx,
            first.id,
            outcome=Outcome.FAILED,
            status_code=503,
            error="answered 503",
            next_at=make.at(minutes=1),
            now=make.now,
        )
        assert [d.id for d in deliveries.planned(tx, until=make.at(minutes=1))] == [first.id]
        second = deliveries.begin(
            tx, intervention_id=one.id, action_index=0, now=make.at(minutes=1)
        )
        assert second is not None
        assert deliveries.planned(tx, until=make.at(days=1)) == []
        deliveries.record(
            tx, second.id, outcome=Outcome.DELIVERED, status_code=200, now=make.at(minutes=1)
        )
    assert second.attempt == 2


def test_what_arrived_is_never_begun_again(database: Database, make: Any) -> None:
    one = due(database, make)
    with database.write() as tx:
        first = deliveries.begin(tx, intervention_id=one.id, action_index=0, now=make.now)
        assert first is not None
        deliveries.record(tx, first.id, outcome=Outcome.DELIVERED, now=make.now)
        assert deliveries.begin(tx, intervention_id=one.id, action_index=0, now=make.now) is None
        assert deliveries.begin(tx, intervention_id=one.id, action_index=1, now=make.now)


def test_an_attempt_a_dead_worker_left_is_lost(database: Database, make: Any) -> None:
    one = due(database, make)
    for _ in range(2):
        with database.write() as tx:
            assert deliveries.begin(tx, intervention_id=one.id, action_index=0, now=make.now)
    with database.read() as tx:
        found = deliveries.of_intervention(tx, one.id)
    assert [d.outcome for d in found] == [Outcome.LOST, Outcome.STARTED]


def test_a_dead_letter_waits_for_a_person_who_replays_it(database: Database, make: Any) -> None:
    one = due(database, make)
    with database.write() as tx:
        first = deliveries.begin(tx, intervention_id=one.id, action_index=0, now=make.now)
        assert first is not None
        deliveries.record(tx, first.id, outcome=Outcome.FAILED, is_dead=True, now=make.now)
        interventions.finish(tx, one.id, state=State.FAILED, reason="refused", now=make.now)
        assert [d.id for d in deliveries.dead_letters(tx)] == [first.id]
        again = interventions.replay(tx, one.id, now=make.at(hours=1))
        assert (again.state, again.tries, again.due_at) == (State.DUE, 1, make.at(hours=1))
        assert deliveries.dead_letters(tx) == []
        second = deliveries.begin(tx, intervention_id=one.id, action_index=0, now=make.now)
        assert second is not None
        assert second.attempt == 2
        with pytest.raises(WrongState):
            interventions.replay(tx, one.id, now=make.now)


def test_what_is_not_there_is_said_not_to_be_there(database: Database, make: Any) -> None:
    with database.write() as tx:
        with pytest.raises(UnknownIntervention):
            interventions.get(tx, 4711)
        with pytest.raises(UnknownIntervention):
            deliveries.begin(tx, intervention_id=4711, action_index=0, now=make.now)
        with pytest.raises(LookupError):
            deliveries.record(tx, 4711, outcome=Outcome.LOST, now=make.now)


def test_when_a_rule_last_fired_is_known(database: Database, make: Any) -> None:
    with database.write() as tx:
        person = people.create(tx, now=make.now)
    ids = [
        propose(
            database,
            make,
            cause=f"m{n}",
            person_id=person,
            needs_approval=True,
            now=make.at(hours=n),
        ).intervention.id
        for n in range(3)
    ]
    with database.write() as tx:
        interventions.decline(tx, ids[0], by="maria", now=make.now)
        last = interventions.last_fired(tx, rule="thank", subject="person:1")
        assert last == make.at(hours=2)
        besides = interventions.last_fired(tx, rule="thank", subject="person:1", besides="m2")
        assert besides == make.at(hours=1)
        assert interventions.last_fired(tx, rule="thank", subject="person:2") is None
        assert interventions.counts(tx, since=make.now) == {State.DECLINED: 1, State.PROPOSED: 2}


def test_pages_of_interventions_leave_none_out(database: Database, make: Any) -> None:
    for n in range(7):
        propose(database, make, cause=f"m{n}", now=make.at(hours=n // 3))
    seen: list[str] = []
    before = None
    while True:
        with database.read() as tx:
            page = interventions.find(
                tx, states=[State.APPROVED], rule="thank", before=before, limit=3
            )
        if not page:
            break
        seen += [one.cause for one in page]
        before = page[-1]
    assert seen == ["m6", "m5", "m4", "m3", "m2", "m1", "m0"]


def judge(database: Database, make: Any, **values: Any) -> bool:
    start: dict[str, Any] = {
        "rule": "thank",
        "rule_version": "abc",
        "subject": "person:1",
        "cause": "m1",
        "fires": False,
        "trace": {"checks": []},
        "at": make.now,
    }
    with database.write() as tx:
        return verdicts.keep(tx, **{**start, **values})


def test_a_verdict_is_kept_once_for_each_cause_and_version(database: Database, make: Any) -> None:
    assert judge(database, make)
    assert not judge(database, make)
    assert judge(database, make, rule_version="def", fires=True)
    assert judge(database, make, subject=None)
    assert not judge(database, make, subject=None)
    with database.read() as tx:
        found = verdicts.find(tx, rule="thank", subject="person:1", cause="m1")
        nobody = verdicts.find(tx, rule="thank", subject=None, cause="m1")
        assert verdicts.find(tx, rule="other", subject=None, cause="m1") is None
        counts = verdicts.counts_by_rule(tx, since=make.now)
    assert found is not None
    assert (found.rule_version, found.fires, found.trace) == ("def", True, {"checks": []})
    assert nobody is not None
    assert nobody.subject is None
    assert counts == {"thank": verdicts.RuleCounts(judged=3, fired=1)}


def test_old_verdicts_that_did_not_fire_are_forgotten(database: Database, make: Any) -> None:
    judge(database, make, cause="a")
    judge(database, make, cause="b", fires=True)
    judge(database, make, cause="c", at=make.at(days=2))
    with database.write() as tx:
        assert verdicts.purge(tx, before=make.at(days=1)) == 1
        assert [one.cause for one in verdicts.latest(tx)] == ["c", "b"]
        assert verdicts.latest(tx, rule="other") == []


def test_a_rule_is_switched_by_a_person(database: Database, make: Any) -> None:
    with database.write() as tx:
        assert verdicts.switches(tx) == {}
        for enabled in (False, True):
            verdicts.switch(
                tx, rule="thank", enabled=enabled, reason="too loud", by="maria", now=make.now
            )
        found = verdicts.switches(tx)["thank"]
    assert (found.enabled, found.changed_by) == (True, "maria")


def test_one_that_is_stuck_with_a_dead_letter_goes_out_again(database: Database, make: Any) -> None:
    one = due(database, make)
    with database.write() as tx:
        with pytest.raises(WrongState, match="nothing of it failed"):
            interventions.replay(tx, one.id, now=make.now)
        first = deliveries.begin(tx, intervention_id=one.id, action_index=0, now=make.now)
        assert first is not None
        deliveries.record(tx, first.id, outcome=Outcome.FAILED, is_dead=True, now=make.now)
        again = interventions.replay(tx, one.id, now=make.at(hours=1))
        assert (again.state, again.tries, again.due_at) == (State.DUE, 1, make.at(hours=1))
        assert deliveries.dead_letters(tx) == []
        interventions.finish(tx, one.id, state=State.DELIVERED, now=make.now)
        with pytest.raises(WrongState):
            interventions.replay(tx, one.id, now=make.now)
