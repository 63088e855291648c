"""The pipeline's own corners: tries, sweeps, polls that break off, several connections."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rig import truth
from rig.house import CONNECTION, House
from rig.receiver import Receiver

from connectors.base import Change
from connectors.errors import ConnectorError
from connectors.records import RecordKind, RecordRef
from connectors.zendesk.emulator import FaultKind
from server.pipeline.handle import handle
from server.pipeline.pump import pump_inbox, sweep
from server.store import deliveries, inbox, interventions
from server.store.interventions import InterventionState

FURIOUS = "I am furious. The export fails again and nobody answers."


def put(house: House, *, kind: RecordKind, id: str, event: str = "e1") -> int:
    with house.home.database.write() as tx:
        (accepted,) = inbox.accept(
            tx,
            connection_id=CONNECTION,
            changes=[
                Change(
                    event_id=event,
                    record=RecordRef(kind=kind, id=id),
                    kind="test",
                    at=house.clock(),
                )
            ],
            now=house.clock(),
        )
    assert accepted.id is not None
    return accepted.id


def test_what_was_accepted_waits_however_long_the_other_side_is_away(live: House) -> None:
    live.emulator.faults.on(FaultKind.SERVER_ERROR, path="/api/v2/tickets/", status=500)
    ticket = live.people.new_ticket(subject="T", text="Hello.", email="c@example.org")
    before = live.requests()
    live.settle(hours=12)
    assert live.inbox.failed == 0
    assert live.requests() - before < 2 * (12 * 6 + 12), "every ten minutes after a while"

    live.emulator.faults.off()
    live.settle(minutes=11)
    assert live.reader.read_texts == {"Hello.": 1}
    assert truth.field_problems(live.home.database, live.emulator, CONNECTION) == []
    assert live.emulator.state.tickets[ticket].values


def test_an_entry_about_what_does_not_exist_is_done_with(live: House) -> None:
    for number, (kind, id) in enumerate(
        [
            (RecordKind.TICKET, "999"),
            (RecordKind.CONTACT, "999"),
            (RecordKind.TICKET, "not-a-number"),
            (RecordKind.SURVEY, "1"),
        ]
    ):
        put(live, kind=kind, id=id, event=f"e{number}")
    live.settle(hours=1)
    assert (live.inbox.waiting, live.inbox.pumped, live.inbox.failed) == (0, 0, 0)


def test_handling_an_entry_again_changes_nothing(live: House) -> None:
    live.people.new_ticket(subject="T", text=FURIOUS, email="c@example.org")
    live.settle()
    before, requests = live.summary, live.requests()
    assert handle(live.base, 1) is None
    assert handle(live.base, 12345) is None
    assert (live.summary, live.requests()) == (before, requests)


def test_what_a_pump_took_and_lost_comes_back_through_the_sweep(live: House) -> None:
    ticket = live.people.new_ticket(subject="T", text=FURIOUS, email="c@example.org")
    live.emulator.wait_for_deliveries()
    # A worker that died between marking and handing over.
    with live.home.database.write() as tx:
        assert inbox.claim(tx, now=live.clock())
    assert not pump_inbox(live.base, live.engine)
    sweep(live.base, live.engine)
    assert not pump_inbox(live.base, live.engine), "too early to tell"
    live.clock.pass_by(seconds=61)
    live.settle()
    assert len(live.notes(ticket)) == 1
    assert truth.inbox_problems(live.home.database, CONNECTION, []) == []


def test_a_receiver_that_is_down_gets_the_same_message_later(
    live: House, receiver: Receiver
) -> None:
    receiver.status = 503
    ticket = live.people.new_ticket(subject="T", text=FURIOUS, email="c@example.org")
    live.settle(minutes=10)
    assert len(live.notes(ticket)) == 1, "the note did not wait for it"
    tries = len(receiver.messages)
    assert 3 <= tries <= 6
    receiver.status = 204
    live.settle(hours=3)
    assert len(set(receiver.ids)) == 1
    assert len(receiver.messages) == tries + 1
    assert live.interventions()[0].state is InterventionState.DELIVERED
    assert len(live.notes(ticket)) == 1


def test_a_receiver_that_never_answers_ends_as_a_dead_letter_that_can_be_sent_again(
    live: House, receiver: Receiver
) -> None:
    receiver.status = 500
    live.people.new_ticket(subject="T", text=FURIOUS, email="c@example.org")
    live.settle(days=5)
    (one,) = live.interventions()
    assert one.state is InterventionState.FAILED
    with live.home.database.read() as tx:
        assert len(deliveries.dead_letters(tx)) == 1
    assert len(receiver.messages) == 8

    receiver.status = 200
    with live.home.database.write() as tx:
        interventions.replay(tx, one.id, now=live.clock())
    live.settle(minutes=1)
    assert live.interventions()[0].state is InterventionState.DELIVERED
    assert len(set(receiver.ids)) == 1
    assert set(truth.note_counts(live.emulator).values()) == {1}


def test_a_receiver_that_refuses_for_good_is_not_asked_twice(
    live: House, receiver: Receiver
) -> None:
    receiver.status = 410
    live.people.new_ticket(subject="T", text=FURIOUS, email="c@example.org")
    live.settle(days=2)
    assert len(receiver.messages) == 1
    assert live.interventions()[0].state is InterventionState.FAILED


@pytest.mark.parametrize("route", ["tickets/cursor", "users/cursor", "ticket_events", "ratings"])
def test_a_backfill_that_breaks_off_goes_on_and_reads_everything_once(
    route: str, house: House
) -> None:
    tickets = [
        house.people.new_ticket(subject=f"T {n}", text=FURIOUS, email=f"c{n}@example.org")
        for n in range(5)
    ]
    house.clock.pass_by(hours=1)
    house.connect()
    house.emulator.faults.on(FaultKind.SERVER_ERROR, path=route, times=3, status=500)
    for _ in range(6):
        try:
            pulled = house.pull()
        except ConnectorError:
            house.clock.pass_by(minutes=1)
        else:
            break
    assert pulled.was_backfill
    house.settle(minutes=10)
    assert house.summary["tickets"] == len(tickets)
    assert set(house.reader.read_texts.values()) == {5}, "five tickets say the same"
    assert truth.field_problems(house.home.database, house.emulator, CONNECTION) == []
    assert truth.reading_problems(house.home.database, house.emulator, CONNECTION) == []


def test_a_comment_added_during_the_backfill_is_not_missed(house: House) -> None:
    ticket = house.people.new_ticket(subject="T", text="Hello.", email="c@example.org")
    house.clock.pass_by(hours=1)
    house.connect()
    house.pull()
    house.people.customer_comments(ticket, FURIOUS)
    house.settle(minutes=10)
    assert len(house.notes(ticket)) == 1
    assert truth.reading_problems(house.home.database, house.emulator, CONNECTION) == []


def test_a_rating_reaches_memory_by_webhook_or_by_poll(live: House) -> None:
    ticket = live.people.new_ticket(subject="T", text=FURIOUS, email="c@example.org")
    live.settle()
    live.clock.pass_by(minutes=3)
    live.people.agent_comments(ticket, "I am sorry. We have fixed it, please try again.")
    live.people.solve(ticket)
    live.settle()
    live.clock.pass_by(minutes=3)
    live.emulator.faults.on(FaultKind.WEBHOOK_DROP)
    live.people.rate(ticket, good=True)
    live.settle()
    live.clock.pass_by(minutes=10)
    live.pull()
    live.settle(minutes=10)
    with live.home.database.read() as tx:
        kinds = {row[0] for row in tx.exec_driver_sql("SELECT kind FROM moment")}
    assert "recovery" in kinds
    assert live.clock() - live.connection.created_at < timedelta(hours=2)
