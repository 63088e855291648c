"""Incremental exports: order, the withheld minute, repeats, deletions, and their end."""

import pytest

from connectors.zendesk.emulator import Limits

START = "/incremental/tickets/cursor.json?start_time=1"


def ids_of(page, key="tickets"):
    return [row["id"] for row in page[key]]


def test_rows_come_in_the_order_of_their_last_change(account):
    page = account.api.get(START).json()
    stamps = [row["generated_timestamp"] for row in page["tickets"]]
    assert stamps == sorted(stamps)
    assert page["end_of_stream"] is True
    assert ids_of(page)[-1] == account.ids["parcel"]


def test_the_last_minute_is_withheld(account):
    made = account.people.new_ticket(text="Just now", requester_id=account.ids["bob"])
    assert made not in ids_of(account.api.get(START).json())
    account.clock.turn(59)
    assert made not in ids_of(account.api.get(START).json())
    account.clock.turn(1)
    assert made in ids_of(account.api.get(START).json())


def test_a_cursor_at_the_end_is_good_for_later(account):
    end = account.api.get(START).json()
    again = account.api.get(end["after_url"]).json()
    assert (again["tickets"], again["end_of_stream"]) == ([], True)
    assert again["after_cursor"] == end["after_cursor"]
    account.people.customer_comments(account.ids["invoice"], "Hello?")
    account.clock.turn(61)
    assert ids_of(account.api.get(again["after_url"]).json()) == [account.ids["invoice"]]


def test_a_change_while_reading_shows_the_ticket_again(account):
    first = account.api.get(f"{START}&per_page=2").json()
    assert first["end_of_stream"] is False
    account.people.customer_comments(ids_of(first)[1], "More")
    account.clock.turn(61)
    rest = account.api.get(first["after_url"]).json()
    assert ids_of(rest)[-1] == ids_of(first)[1]


def test_a_resumed_export_repeats_rows_when_so_made(open_account):
    account = open_account(export_repeats=1)
    first = account.api.get(f"{START}&per_page=2").json()
    second = account.api.get(first["after_url"]).json()
    assert ids_of(second)[0] == ids_of(first)[-1]
    assert second["end_of_stream"] is True


def test_a_system_change_moves_the_row_but_not_its_update_time(account):
    ticket = account.state.tickets[account.ids["invoice"]]
    before = account.read(ticket.id)["updated_at"]
    account.state.touch_ticket(ticket, account.state.now(), visibly=False)
    account.clock.turn(61)
    row = account.api.get(START).json()["tickets"][-1]
    assert (row["id"], row["updated_at"]) == (ticket.id, before)


def test_deleted_tickets_and_people_stay_in_the_exports(account):
    account.people.delete(account.ids["parcel"])
    account.api.delete(f"/tickets/{account.ids['invoice']}.json")
    account.api.delete(f"/users/{account.ids['bob']}.json")
    account.clock.turn(61)
    tickets = account.api.get(START).json()["tickets"]
    assert {row["id"]: row["status"] for row in tickets}[account.ids["parcel"]] == "deleted"
    kept = account.api.get(f"{START}&exclude_deleted=true").json()
    assert ids_of(kept) == [account.ids["old"]]
    users = account.api.get("/incremental/users/cursor.json?start_time=1").json()["users"]
    assert {row["id"]: row["active"] for row in users}[account.ids["bob"]] is False


def test_a_ticket_deleted_for_good_leaves_the_export(account):
    ticket_id = account.ids["parcel"]
    account.people.delete(ticket_id)
    job = account.api.delete(f"/deleted_tickets/{ticket_id}.json").json()["job_status"]
    for _ in range(2):
        account.api.get(f"/job_statuses/{job['id']}.json")
    account.clock.turn(61)
    assert ticket_id not in ids_of(account.api.get(START).json())


def test_sideloads_come_along_once_each(account):
    page = account.api.get(f"{START}&include=users,organizations,groups,metric_sets").json()
    names = [user["name"] for user in page["users"]]
    assert sorted(names) == ["Ada Marsh", "Bob Stone", "Kim Lee", "Sam Ortiz"]
    assert [row["name"] for row in page["organizations"]] == ["Nord AG"]
    assert {row["ticket_id"] for row in page["metric_sets"]} == set(ids_of(page))


@pytest.mark.parametrize("path", ["tickets/cursor", "organizations", "ticket_events"])
def test_a_start_within_the_last_minute_is_refused(account, path):
    recent = int(account.clock().timestamp()) - 30
    refused = account.api.get(f"/incremental/{path}.json?start_time={recent}")
    assert refused.status_code == 422
    assert refused.json()["error"] == "InvalidValue"


def test_time_pages_hold_whole_seconds_and_begin_where_the_last_ended(account):
    for number in range(6):
        account.api.post("/organizations.json", json={"organization": {"name": f"O{number}"}})
        if number == 2:
            account.clock.turn(10)
    account.clock.turn(120)
    first = account.api.get("/incremental/organizations.json?start_time=1&per_page=2").json()
    assert first["count"] == 4, "Nord AG, and three that share a second"
    assert first["end_of_stream"] is False
    second = account.api.get(first["next_page"]).json()
    assert ids_of(second, "organizations")[:3] == ids_of(first, "organizations")[1:]
    seen = set(ids_of(first, "organizations")) | set(ids_of(second, "organizations"))
    third = account.api.get(second["next_page"]).json()
    assert len(seen | set(ids_of(third, "organizations"))) == 7
    assert third["end_of_stream"] is True


def test_ticket_events_hold_comments_only_when_asked(account):
    path = "/incremental/ticket_events.json?start_time=1"
    bare = account.api.get(path).json()["ticket_events"]
    full = account.api.get(f"{path}&include=comment_events").json()["ticket_events"]

    def comments(rows):
        children = [child for row in rows for child in row["child_events"]]
        return [child for child in children if child["event_type"] == "Comment"]

    assert all(child["comment_present"] and "body" not in child for child in comments(bare))
    assert "Where is my parcel?" in [child["body"] for child in comments(full)]
    stamps = [row["timestamp"] for row in full]
    assert stamps == sorted(stamps)


def test_exports_have_a_small_budget_of_their_own(open_account):
    account = open_account(limits=Limits(exports=2))
    first = account.api.get(START)
    header = first.headers["zendesk-ratelimit-incremental-exports"]
    assert header == "total=2; remaining=1; resets=60"
    account.api.get("/incremental/users/cursor.json?start_time=1")
    account.clock.turn(20)
    refused = account.api.get(START)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "40"
    assert "incremental export" in refused.json()["description"]
    account.clock.turn(40)
    assert account.api.get(START).status_code == 200


def test_exports_are_for_administrators(account):
    with account.login("kim@birch.example") as kim:
        assert kim.get(START).status_code == 403


def test_a_broken_cursor_is_refused(account):
    assert account.api.get("/incremental/tickets/cursor.json?cursor=!!").status_code == 400
