"""What the source system refuses, loses, repeats and takes away, and what becomes of it here."""

from __future__ import annotations

import pytest
from rig import truth
from rig.house import CONNECTION, House, enter_credentials
from rig.receiver import Receiver

from connectors.errors import ConnectorError, Misconfigured, NeedsReauth
from connectors.zendesk.emulator import FaultKind
from server.pipeline import install
from server.pipeline.pump import pump_inbox
from server.store import connections
from server.store.connections import ConnectionState
from server.store.interventions import InterventionState

FURIOUS = "I am furious. The export fails again and nobody answers."


def problems(house: House) -> list[str]:
    database, emulator = house.home.database, house.emulator
    return [
        *truth.inbox_problems(database, CONNECTION, truth.accepted_events(emulator)),
        *truth.reading_problems(database, emulator, CONNECTION),
        *truth.field_problems(database, emulator, CONNECTION),
        *truth.memory_problems(database, CONNECTION, now=house.clock(), priors=house.base.priors),
    ]


# -- refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instead", "error"),
    [
        ({"client_secret": "wrong"}, NeedsReauth),
        ({"kind": "api_token", "email": "admin@example.org", "token": "wrong"}, NeedsReauth),
    ],
    ids=["client secret", "api token"],
)
def test_wrong_credentials_are_one_sentence(
    instead: dict[str, str], error: type[ConnectorError], house: House
) -> None:
    enter_credentials(house.home, house.emulator, **instead)
    with pytest.raises(error) as caught:
        install.check(house.base, CONNECTION, by="test")
    assert "wrong" not in str(caught.value), "a secret is not repeated"
    assert "\n" not in str(caught.value)
    assert house.connection.state is ConnectionState.NEEDS_PERSON
    assert house.emulator.state.request_counts.total() <= 4
    house.settle(hours=3)
    assert house.emulator.state.request_counts.total() <= 4


def test_an_unknown_subdomain_is_a_setting_to_change(house: House) -> None:
    enter_credentials(house.home, house.emulator)
    with house.home.database.write() as tx:
        wrong = {"subdomain": "nobody", "base_url": "http://nobody.keepsake-test.invalid"}
        connections.change(tx, CONNECTION, settings=wrong, now=house.clock())
    with pytest.raises(Misconfigured, match="unknown"):
        install.check(house.base, CONNECTION, by="test")
    assert house.connection.state is ConnectionState.NEEDS_PERSON
    assert house.requests() == 0


def stop_by_demotion(house: House) -> None:
    house.emulator.state.integration.role = "end-user"


def stop_by_revoking(house: House) -> None:
    state = house.emulator.state
    state.oauth_tokens.clear()
    state.oauth_clients["keepsake"].secret = "changed over there"


@pytest.mark.parametrize(
    ("stop", "code"),
    [(stop_by_demotion, "misconfigured"), (stop_by_revoking, "needs_reauth")],
    ids=["role taken away", "sign-in revoked"],
)
def test_a_connection_that_is_refused_waits_for_a_person_and_goes_on_with_nothing_lost(
    stop: object, code: str, live: House
) -> None:
    state = live.emulator.state
    secret, role = state.oauth_clients["keepsake"].secret, state.integration.role
    stop(live)  # type: ignore[operator]
    tickets = [
        live.people.new_ticket(subject=f"T {n}", text=FURIOUS, email=f"c{n}@example.org")
        for n in range(5)
    ]
    before = state.request_counts.total()
    live.settle(hours=6)

    assert live.connection.state is ConnectionState.NEEDS_PERSON
    reason = live.connection.state_reason or ""
    assert reason.startswith(f"{code}: ")
    assert "\n" not in reason
    assert len(reason) < 300
    assert state.request_counts.total() - before <= 8, "no storm of tries"
    quiet = state.request_counts.total()
    live.settle(hours=24)
    assert state.request_counts.total() == quiet
    assert live.inbox.failed == 10, "two events a ticket, put aside and not lost"

    state.oauth_clients["keepsake"].secret, state.integration.role = secret, role
    live.check()
    live.settle(hours=1)
    assert live.connection.state is ConnectionState.LIVE
    assert all(len(live.notes(ticket)) == 1 for ticket in tickets)
    assert problems(live) == []


def test_a_token_that_merely_ran_out_is_renewed_unseen(live: House) -> None:
    live.emulator.state.oauth_tokens.clear()
    ticket = live.people.new_ticket(subject="T", text=FURIOUS, email="c@example.org")
    live.settle()
    assert live.connection.state is ConnectionState.LIVE
    assert len(live.notes(ticket)) == 1


def test_a_rotated_webhook_secret_refuses_until_applied_again_and_the_poll_loses_nothing(
    live: House,
) -> None:
    (webhook,) = live.emulator.state.webhooks.values()
    webhook.secret = "rotated by somebody over there, nobody told us"
    ticket = live.people.new_ticket(subject="T", text=FURIOUS, email="c@example.org")
    live.settle(hours=1)
    assert live.summary["tickets"] == 0
    assert {one.attempts[-1].status_code for one in webhook.invocations[-1:]} == {401}

    live.clock.pass_by(minutes=5)
    live.pull()
    live.settle()
    assert len(live.notes(ticket)) == 1, "the poll found it"

    live.apply()
    live.people.customer_comments(ticket, "Any news?")
    live.settle()
    # The door may look at what it knew for another two seconds; Zendesk tries again.
    assert webhook.invocations[-1].attempts[-1].status_code in (200, 202)
    assert problems(live) == []


# -- gone or shut meanwhile --------------------------------------------------------------------


@pytest.mark.parametrize("act", ["delete", "merge", "close"])
def test_a_ticket_that_is_gone_or_shut_meanwhile_is_noted_and_skipped(
    act: str, live: House
) -> None:
    people = live.people
    other = people.new_ticket(subject="Other", text="Hello there.", email="dana@example.org")
    live.settle()
    ticket = people.new_ticket(subject="T", text=FURIOUS, email="dana@example.org")
    # Before anything was read: the webhooks wait in the inbox.
    assert live.emulator.wait_for_deliveries()
    if act == "delete":
        people.delete(ticket)
    elif act == "merge":
        people.merge(ticket, other)
    else:
        people.solve(ticket)
        people.close(ticket)
    live.settle(hours=3)

    assert live.connection.state is ConnectionState.LIVE
    assert live.inbox.failed == 0
    assert (live.inbox.waiting, live.inbox.pumped) == (0, 0)
    assert live.notes(ticket) == []
    requests = live.requests()
    live.settle(hours=12)
    assert live.requests() == requests, "nobody tries for ever"
    people.customer_comments(other, "I am delighted, thank you.")
    live.settle()
    assert live.summary["readings"] >= 2, "the others go on"


def test_a_ticket_that_closes_between_reading_and_writing_is_left_alone(live: House) -> None:
    ticket = live.people.new_ticket(subject="T", text="Hello.", email="dana@example.org")
    live.emulator.wait_for_deliveries()
    # The write meets a closed ticket: it closes when the first request for writing arrives.
    for _ in range(6):
        live.turn()
        if live.summary["readings"]:
            break
    live.people.customer_comments(ticket, FURIOUS)
    live.emulator.wait_for_deliveries()
    live.people.solve(ticket)
    live.people.close(ticket)
    live.settle(hours=12)
    assert live.inbox.failed == 0
    assert live.connection.state is ConnectionState.LIVE


# -- bad weather -------------------------------------------------------------------------------

WEATHER = {
    "a storm of 429": {"kind": FaultKind.RATE_LIMIT, "times": 12, "retry_after": 7},
    "429 in plain text": {"kind": FaultKind.RATE_LIMIT, "times": 8, "plain": True},
    "server errors": {"kind": FaultKind.SERVER_ERROR, "times": 10, "status": 502, "every": 2},
    "a proxy's page": {"kind": FaultKind.SERVER_ERROR, "times": 8, "plain": True},
    "cut bodies": {"kind": FaultKind.CUT_BODY, "times": 10, "every": 2},
    "dropped connections": {"kind": FaultKind.DROPPED_CONNECTION, "times": 10, "every": 2},
    "lost answers": {"kind": FaultKind.LOST_ANSWER, "times": 10, "every": 2},
    "slow answers": {"kind": FaultKind.LATENCY, "seconds": 0.05, "every": 2},
}


@pytest.mark.parametrize("what", WEATHER)
def test_bad_weather_passes_and_leaves_nothing_undone_or_done_twice(what: str, live: House) -> None:
    how = dict(WEATHER[what])
    live.emulator.faults.on(how.pop("kind"), path="^/api/v2/", **how)  # type: ignore[arg-type]
    tickets = [
        live.people.new_ticket(subject=f"T {n}", text=FURIOUS, email=f"c{n}@example.org")
        for n in range(3)
    ]
    live.settle(hours=8)
    (fault,) = live.emulator.faults.report()
    assert fault["hits"] > 0

    assert live.connection.state is ConnectionState.LIVE
    assert [len(live.notes(ticket)) for ticket in tickets] == [1, 1, 1]
    assert set(truth.note_counts(live.emulator).values()) == {1}
    assert problems(live) == []
    assert live.requests() < 400, "patience, not persistence"


# -- webhooks ----------------------------------------------------------------------------------

DELIVERY = {
    "as they should": None,
    "doubled": {"kind": FaultKind.WEBHOOK_DOUBLE},
    "in the wrong order": {"kind": FaultKind.WEBHOOK_REORDER, "count": 5, "seconds": 2},
    "late": {"kind": FaultKind.WEBHOOK_DELAY, "seconds": 20},
    "half of them lost": {"kind": FaultKind.WEBHOOK_DROP, "every": 2},
    "all of them lost": {"kind": FaultKind.WEBHOOK_DROP},
    "forged": {"kind": FaultKind.WEBHOOK_FORGE},
}


@pytest.mark.parametrize("how", DELIVERY)
def test_however_webhooks_arrive_the_end_is_the_same(how: str, live: House) -> None:
    fault = DELIVERY[how]
    if fault is not None:
        live.emulator.faults.on(**fault)  # type: ignore[arg-type]
    people = live.people
    tickets = [
        people.new_ticket(subject=f"T {n}", text=FURIOUS, email=f"c{n}@example.org")
        for n in range(3)
    ]
    for ticket in tickets:
        live.clock.pass_by(seconds=2)
        people.agent_comments(ticket, "I am sorry. We have fixed it, please try again.")
    live.settle(minutes=1)
    for ticket in tickets[:2]:
        live.clock.pass_by(seconds=2)
        people.customer_comments(ticket, "It works now, I am grateful for your help.")
    live.settle(minutes=1)
    live.clock.pass_by(minutes=6)
    live.pull()
    live.settle(minutes=30)

    assert problems(live) == []
    assert [len(live.notes(ticket)) for ticket in tickets] == [1, 1, 1]
    with live.home.database.read() as tx:
        kinds = sorted(row[0] for row in tx.exec_driver_sql("SELECT kind FROM moment"))
    assert kinds.count("recovery") == 2
    assert kinds.count("frustration-peak") == 3
    fields = {
        ticket: str(live.emulator.state.tickets[ticket].values[int(live.field_id("sentiment"))])
        for ticket in tickets
    }
    assert [value.rpartition("very_")[2] for value in fields.values()] == [
        "positive",
        "positive",
        "negative",
    ]


def test_an_intervention_under_way_waits_for_the_connection_without_asking(
    live: House, receiver: Receiver
) -> None:
    ticket = live.people.new_ticket(subject="T", text=FURIOUS, email="c@example.org")
    live.emulator.wait_for_deliveries()
    pump_inbox(live.base, live.engine)
    live.engine.run_due()
    assert [one.state for one in live.interventions()] == [InterventionState.APPROVED]
    secret = live.emulator.state.oauth_clients["keepsake"].secret
    stop_by_revoking(live)

    live.settle(hours=1)
    assert live.connection.state is ConnectionState.NEEDS_PERSON
    assert len(receiver.messages) == 1, "what needs no source system goes out"
    quiet = live.emulator.state.request_counts.total()
    live.settle(hours=12)
    assert live.emulator.state.request_counts.total() == quiet
    assert [one.state for one in live.interventions()] == [InterventionState.DUE]

    live.emulator.state.oauth_clients["keepsake"].secret = secret
    live.check()
    live.settle(hours=1)
    assert len(live.notes(ticket)) == 1
    assert [one.state for one in live.interventions()] == [InterventionState.DELIVERED]
    assert len(receiver.messages) == 1


def test_an_intervention_under_way_is_held_back_when_the_connection_is_removed(
    live: House,
) -> None:
    ticket = live.people.new_ticket(subject="T", text=FURIOUS, email="c@example.org")
    live.emulator.wait_for_deliveries()
    pump_inbox(live.base, live.engine)
    live.engine.run_due()
    install.remove(live.base, live.home.vault, CONNECTION, by="test")
    requests = live.emulator.state.request_counts.total()

    live.settle(hours=48)

    assert live.emulator.state.request_counts.total() == requests
    assert live.connection.state is ConnectionState.REMOVED
    assert live.notes(ticket) == []
    assert all(one.state is not InterventionState.DUE for one in live.interventions())
