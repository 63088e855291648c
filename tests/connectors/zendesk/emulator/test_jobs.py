"""Bulk changes are ordered now and done later."""

import pytest

from connectors.zendesk.emulator import Limits


def order(account, *tickets):
    done = account.api.put("/tickets/update_many.json", json={"tickets": list(tickets)})
    assert done.status_code == 200
    return done.json()["job_status"]


def look(account, job):
    return account.api.get(f"/job_statuses/{job['id']}.json").json()["job_status"]


def test_a_job_goes_from_queued_by_working_to_completed(account):
    ticket_id = account.ids["parcel"]
    job = order(account, {"id": ticket_id, "priority": "low"})
    assert (job["status"], job["results"], job["total"]) == ("queued", None, 1)
    assert job["id"].startswith("V3-")
    assert look(account, job)["status"] == "working"
    assert account.read(ticket_id)["priority"] == "high", "not done yet"
    done = look(account, job)
    assert done["status"] == "completed"
    assert done["message"] == "Completed at 2026-03-01 12:00:00 +0000"
    expected = {
        "index": 0,
        "id": ticket_id,
        "action": "update",
        "success": True,
        "status": "Updated",
    }
    assert done["results"] == [expected]
    assert account.read(ticket_id)["priority"] == "low"


def test_a_job_nobody_looks_at_is_done_after_a_while(account):
    order(account, {"id": account.ids["parcel"], "priority": "low"})
    account.clock.turn(3)
    assert account.read(account.ids["parcel"])["priority"] == "low"


def test_one_bad_item_spoils_no_other(account):
    stamp = account.read(account.ids["parcel"])["updated_at"]
    guard = {"safe_update": True, "updated_stamp": stamp}
    job = order(
        account,
        {"id": account.ids["parcel"], "priority": "low", **guard},
        {"id": account.ids["old"], "priority": "low"},
        {"id": 1, "priority": "low"},
        {"id": account.ids["invoice"], "priority": "low"},
    )
    account.people.agent_edits(account.ids["parcel"], {"priority": "urgent"})
    look(account, job)
    results = look(account, job)["results"]
    assert [row["success"] for row in results] == [False, False, False, True]
    assert [row.get("error") for row in results] == [
        "UpdateConflict",
        "RecordInvalid",
        "RecordNotFound",
        None,
    ]
    assert "closed prevents ticket update" in results[1]["details"]
    assert account.read(account.ids["parcel"])["priority"] == "urgent"


def test_one_change_for_many_ids_can_add_and_take_tags(account):
    ids = f"{account.ids['parcel']},{account.ids['invoice']}"
    change = {"ticket": {"additional_tags": ["seen"], "remove_tags": ["shipping"]}}
    told = account.api.put(f"/tickets/update_many.json?ids={ids}", json=change)
    job = told.json()["job_status"]
    look(account, job)
    look(account, job)
    assert account.read(account.ids["parcel"])["tags"] == ["seen", "vip"]
    assert account.read(account.ids["invoice"])["tags"] == ["seen"]


def test_a_job_takes_a_hundred_items(account):
    tickets = [{"id": each, "priority": "low"} for each in range(101)]
    refused = account.api.put("/tickets/update_many.json", json={"tickets": tickets})
    assert (refused.status_code, refused.json()["error"]) == (400, "TooManyValues")


def test_only_so_many_jobs_may_be_under_way(open_account):
    account = open_account(limits=Limits(jobs=2))
    change = {"id": account.ids["parcel"], "priority": "low"}
    first = order(account, change)
    order(account, change)
    refused = account.api.put("/tickets/update_many.json", json={"tickets": [change]})
    assert refused.status_code == 429
    assert first["id"] in refused.json()["current_job_ids"]


@pytest.mark.parametrize("path", ["users/create_or_update_many", "users/create_many"])
def test_people_can_be_made_in_bulk(account, path):
    people = [{"name": "Dee", "email": "dee@mail.example"}]
    job = account.api.post(f"/{path}.json", json={"users": people}).json()["job_status"]
    ids = {"ids": job["id"]}
    account.api.get("/job_statuses/show_many.json", params=ids)
    [done] = account.api.get("/job_statuses/show_many.json", params=ids).json()["job_statuses"]
    assert done["status"] == "completed"
    found = account.api.get("/users/search.json?query=dee@mail.example").json()
    assert [user["name"] for user in found["users"]] == ["Dee"]


def test_an_unknown_job_is_not_found(account):
    assert account.api.get("/job_statuses/V3-x.json").status_code == 404
