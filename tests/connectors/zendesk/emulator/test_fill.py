"""A world becomes an account, as if everything had happened at its own time."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.records import TicketStatus
from connectors.sandbox.world import Message, World
from connectors.zendesk.emulator import Options, State, fill


def test_tickets_end_where_the_world_says(account):
    found = {key: account.read(account.ids[key]) for key in ("parcel", "invoice", "old")}
    assert {key: row["status"] for key, row in found.items()} == {
        "parcel": "open",
        "invoice": "solved",
        "old": "closed",
    }
    assert found["parcel"]["priority"] == "high"
    assert found["parcel"]["assignee_id"] == account.ids["sam"]
    assert found["parcel"]["organization_id"] == account.ids["nord"]
    assert found["parcel"]["via"]["channel"] == "email"
    assert found["invoice"]["satisfaction_rating"]["score"] == "good"
    assert found["invoice"]["satisfaction_rating"]["comment"] == "Quick!"


def test_times_are_those_of_the_world(account):
    parcel = account.read(account.ids["parcel"])
    assert parcel["created_at"] == "2026-02-27T12:00:00Z"
    assert parcel["updated_at"] == "2026-03-01T09:00:00Z"
    said = account.api.get(f"/tickets/{account.ids['parcel']}/comments.json").json()["comments"]
    assert said[1]["created_at"] == "2026-02-27T16:00:00Z"


def test_the_history_is_in_the_audits(account):
    told = account.api.get(f"/tickets/{account.ids['parcel']}/audits.json").json()["audits"]
    moves = [
        (event["previous_value"], event["value"])
        for audit in told
        for event in audit["events"]
        if event["type"] == "Change" and event["field_name"] == "status"
    ]
    assert moves == [("new", "pending"), ("pending", "open")]
    assert [audit["created_at"] for audit in told] == sorted(a["created_at"] for a in told)
    ids = [audit["id"] for audit in told]
    assert ids == sorted(ids)


def test_closing_is_the_work_of_the_system(account):
    told = account.api.get(f"/tickets/{account.ids['old']}/audits.json").json()["audits"]
    assert (told[-1]["author_id"], told[-1]["events"][0]["value"]) == (-1, "closed")


def test_nothing_lies_in_the_future(account):
    page = account.api.get("/incremental/tickets/cursor.json?start_time=1").json()
    assert all(row["updated_at"] <= "2026-03-01T12:00:00Z" for row in page["tickets"])


def test_ids_follow_the_order_of_creation(account):
    ids = [account.ids[key] for key in ("old", "invoice", "parcel")]
    assert ids == sorted(ids)


def test_people_have_their_roles_groups_and_verified_addresses(account):
    sam = account.api.get(f"/users/{account.ids['sam']}.json").json()["user"]
    kim = account.api.get(f"/users/{account.ids['kim']}.json").json()["user"]
    ada = account.api.get(f"/users/{account.ids['ada']}.json").json()["user"]
    assert (sam["role"], kim["role"], ada["role"]) == ("admin", "agent", "end-user")
    assert (ada["verified"], ada["tags"]) == (True, ["vip"])
    assert account.state.groups[kim["default_group_id"]].name == "Billing"


def test_a_deleted_ticket_of_the_world_is_deleted_here(open_account, world):
    account = open_account(empty=True)
    gone = replace(world.tickets[0], status=TicketStatus.DELETED)
    fill(account.state, replace(world, tickets=(gone,)))
    assert account.api.get(f"/tickets/{account.ids['parcel']}.json").status_code == 404


def test_a_ticket_without_words_is_no_ticket(open_account, world):
    silent = replace(world.tickets[0], messages=())
    with pytest.raises(ValueError, match="parcel"):
        fill(open_account(empty=True).state, replace(world, tickets=(silent,)))


def test_a_reset_brings_the_same_account_back(emulator):
    before = dict(emulator.ids.tickets)
    token = emulator.credentials.api_token
    emulator.people.new_ticket(text="Hi", email="x@mail.example")
    emulator.faults.on("server_error")
    emulator.reset()
    assert emulator.ids.tickets == before
    assert len(emulator.state.tickets) == 3
    assert emulator.credentials.api_token == token
    assert emulator.faults.report() == []


def crowd(world: World, size: int) -> World:
    """Many copies of the first ticket, a minute apart."""
    parcel = world.tickets[0]

    def shifted(message: Message, by: timedelta) -> Message:
        return replace(message, at=message.at + by)

    tickets = []
    for number in range(size):
        by = -timedelta(minutes=number)
        tickets.append(
            replace(
                parcel,
                key=f"t{number}",
                created_at=parcel.created_at + by,
                messages=tuple(shifted(message, by) for message in parcel.messages),
                history=(),
            )
        )
    return replace(world, tickets=tuple(tickets))


def test_a_thousand_comments_are_filled_in_well_under_a_second(clock, world):
    state = State(Options(), clock=clock)
    began = time.perf_counter()
    fill(state, crowd(world, 250))
    assert len(state.comments) == 1000
    assert time.perf_counter() - began < 1.0
