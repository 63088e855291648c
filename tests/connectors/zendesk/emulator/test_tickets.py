"""Making and changing tickets: answers, audits, guards and refusals."""

import pytest


def test_a_new_ticket_is_answered_with_its_audit_and_its_place(account):
    ticket = {
        "subject": "Hi",
        "comment": {"body": "Hello there"},
        "requester": {"name": "Cy", "email": "cy@mail.example"},
        "colour": "red",
    }
    made = account.api.post("/tickets.json", json={"ticket": ticket})
    assert made.status_code == 201
    told = made.json()
    assert made.headers["Location"] == told["ticket"]["url"]
    assert made.headers["x-zendesk-api-warn"] == '{:unpermitted_keys=>["ticket.colour"]}'
    assert told["ticket"]["status"] == "new"
    assert told["ticket"]["description"] == "Hello there"
    kinds = {event["type"] for event in told["audit"]["events"]}
    assert kinds == {"Comment", "Create"}
    assert told["ticket"]["id"] > 2**32
    assert told["ticket"]["custom_fields"] == told["ticket"]["fields"]
    assert "generated_timestamp" not in told["ticket"]


def test_a_ticket_without_words_is_refused(account):
    refused = account.api.post("/tickets.json", json={"ticket": {"subject": "Hi"}})
    assert refused.status_code == 422
    assert refused.json()["error"] == "RecordInvalid"
    assert "description" in refused.json()["details"]


def test_tags_of_the_customer_are_copied_to_their_new_tickets(account):
    made = account.people.new_ticket(text="Hi", requester_id=account.ids["ada"])
    assert account.read(made)["tags"] == ["vip"]


def test_changes_leave_one_audit_with_both_values_as_text(account):
    ticket_id = account.ids["parcel"]
    kim = account.ids["kim"]
    told = account.write(ticket_id, priority="low", assignee_id=kim).json()
    changes = {event["field_name"]: event for event in told["audit"]["events"]}
    assert changes["priority"]["value"] == "low"
    assert changes["priority"]["previous_value"] == "high"
    assert changes["assignee_id"]["value"] == str(kim)
    assert told["audit"]["via"]["channel"] == "api"
    assert told["audit"]["author_id"] == account.state.integration.id
    audits = account.api.get(f"/tickets/{ticket_id}/audits.json").json()["audits"]
    assert audits[-1]["id"] == told["audit"]["id"]


def test_writing_what_is_there_already_leaves_no_audit(account):
    ticket_id = account.ids["parcel"]
    before = account.read(ticket_id)
    account.clock.turn(60)
    told = account.write(ticket_id, priority="high")
    assert told.status_code == 200
    assert told.json()["audit"]["events"] == []
    assert account.read(ticket_id)["updated_at"] == before["updated_at"]


def test_metadata_lands_in_the_audit_and_nowhere_else(account):
    told = account.write(account.ids["parcel"], priority="low", metadata={"keepsake": {"n": 1}})
    assert told.json()["audit"]["metadata"]["custom"] == {"keepsake": {"n": 1}}
    assert "metadata" not in told.json()["ticket"]


def test_the_audit_names_the_calling_program(account):
    body = {"ticket": {"priority": "low"}}
    headers = {"User-Agent": "keepsake/1"}
    told = account.api.put(f"/tickets/{account.ids['parcel']}", json=body, headers=headers)
    assert told.json()["audit"]["metadata"]["system"]["client"] == "keepsake/1"


def test_a_safe_update_of_a_changed_ticket_is_a_conflict_and_writes_nothing(account):
    ticket_id = account.ids["parcel"]
    stamp = account.read(ticket_id)["updated_at"]
    account.people.agent_edits(ticket_id, {"priority": "urgent"})
    refused = account.write(ticket_id, priority="low", safe_update=True, updated_stamp=stamp)
    assert refused.status_code == 409
    assert refused.json()["error"] == "UpdateConflict"
    assert account.read(ticket_id)["priority"] == "urgent"
    fresh = account.read(ticket_id)["updated_at"]
    done = account.write(ticket_id, priority="low", safe_update=True, updated_stamp=fresh)
    assert done.status_code == 200


def test_a_safe_update_does_not_see_a_change_within_the_same_second(account):
    ticket_id = account.ids["parcel"]
    account.people.agent_edits(ticket_id, {"priority": "urgent"})
    stamp = account.read(ticket_id)["updated_at"]
    account.people.agent_edits(ticket_id, {"priority": "normal"})
    done = account.write(ticket_id, priority="low", safe_update="true", updated_stamp=stamp)
    assert done.status_code == 200


def test_a_closed_ticket_takes_no_change(account):
    refused = account.write(account.ids["old"], comment={"body": "Still there?"})
    assert refused.status_code == 422
    [detail] = refused.json()["details"]["status"]
    assert detail["description"] == "closed prevents ticket update"


@pytest.mark.parametrize(
    "change",
    [
        {"status": "lost"},
        {"priority": "very"},
        {"assignee_id": 5},
        {"group_id": 5},
        {"requester_id": 5},
    ],
)
def test_a_refused_change_leaves_nothing_behind(account, change):
    ticket_id = account.ids["parcel"]
    before = account.read(ticket_id)
    refused = account.write(ticket_id, subject="Other", comment={"body": "x"}, **change)
    assert refused.status_code == 422
    assert account.read(ticket_id) == before
    count = account.api.get(f"/tickets/{ticket_id}/comments/count.json").json()
    assert count["count"]["value"] == 4


def test_a_comment_is_as_public_as_the_first_one_unless_it_says_otherwise(account):
    ticket_id = account.ids["parcel"]
    account.write(ticket_id, comment={"body": "No word about it"})
    account.write(ticket_id, comment={"body": "A note", "public": False})
    said = account.api.get(f"/tickets/{ticket_id}/comments.json").json()["comments"]
    assert [comment["public"] for comment in said[-2:]] == [True, False]


def test_html_comments_are_given_back_as_text_too(account):
    ticket_id = account.ids["parcel"]
    account.write(ticket_id, comment={"html_body": "<p>Hello &amp; <b>bye</b></p>"})
    last = account.api.get(f"/tickets/{ticket_id}/comments.json").json()["comments"][-1]
    assert last["plain_body"] == "Hello & bye"
    assert "<b>bye</b>" in last["html_body"]


def test_assigning_a_new_ticket_opens_it_and_finds_its_group(account):
    made = account.people.new_ticket(text="Hi", requester_id=account.ids["bob"])
    told = account.write(made, assignee_id=account.ids["kim"]).json()["ticket"]
    assert told["status"] == "open"
    groups = account.api.get("/groups.json").json()["groups"]
    assert {g["id"]: g["name"] for g in groups}[told["group_id"]] == "Billing"


def test_an_answer_of_the_customer_reopens_a_solved_ticket(account):
    account.people.customer_comments(account.ids["invoice"], "Wrong again")
    assert account.read(account.ids["invoice"])["status"] == "open"


def test_the_same_idempotency_key_makes_one_ticket(account):
    body = {"ticket": {"subject": "Hi", "comment": {"body": "Once"}}}
    headers = {"Idempotency-Key": "k-1"}
    first = account.api.post("/tickets.json", json=body, headers=headers)
    second = account.api.post("/tickets.json", json=body, headers=headers)
    assert first.headers["x-idempotency-lookup"] == "miss"
    assert second.headers["x-idempotency-lookup"] == "hit"
    assert first.json() == second.json()
    body["ticket"]["subject"] = "Other"
    refused = account.api.post("/tickets.json", json=body, headers=headers)
    assert refused.status_code == 400
    assert refused.json()["error"] == "IdempotentRequestError"
    account.clock.turn(2 * 3600 + 1)
    assert account.api.post("/tickets.json", json=body, headers=headers).status_code == 201


def test_a_deleted_ticket_is_gone_until_it_is_restored(account):
    ticket_id = account.ids["parcel"]
    assert account.api.delete(f"/tickets/{ticket_id}.json").status_code == 204
    missing = account.api.get(f"/tickets/{ticket_id}.json")
    assert missing.status_code == 404
    assert missing.json() == {"error": "RecordNotFound", "description": "Not found"}
    [deleted] = account.api.get("/deleted_tickets.json").json()["deleted_tickets"]
    assert deleted["id"] == ticket_id
    assert account.api.put(f"/deleted_tickets/{ticket_id}/restore.json").status_code == 200
    assert account.read(ticket_id)["status"] == "open"


def test_a_redacted_word_disappears_everywhere(account):
    ticket_id = account.ids["parcel"]
    first = account.api.get(f"/tickets/{ticket_id}/comments.json").json()["comments"][0]
    path = f"/tickets/{ticket_id}/comments/{first['id']}/redact.json"
    told = account.api.put(path, json={"text": "parcel"}).json()
    assert told["comment"]["body"] == "Where is my ▇▇▇▇▇▇?"
    assert account.read(ticket_id)["description"] == "Where is my ▇▇▇▇▇▇?"
    audits = account.api.get(f"/tickets/{ticket_id}/audits.json").json()["audits"]
    assert "parcel" not in str(audits[0]["events"][0])
    assert audits[-1]["events"][0]["type"] == "CommentRedactionEvent"


def test_html_can_be_redacted_on_a_closed_ticket(account):
    ticket_id = account.ids["old"]
    first = account.api.get(f"/tickets/{ticket_id}/comments.json").json()["comments"][0]
    markup = '<div class="zd-comment"><p>I cannot <redact>log in</redact>.</p></div>'
    body = {"ticket_id": ticket_id, "html_body": markup}
    told = account.api.put(f"/comment_redactions/{first['id']}.json", json=body).json()
    assert told["comment"]["plain_body"] == "I cannot ▇▇▇▇▇▇."


def test_merging_closes_the_source_and_tells_the_target(account):
    source, target = account.ids["invoice"], account.ids["parcel"]
    told = account.api.post(f"/tickets/{target}/merge.json", json={"ids": [source]}).json()
    for _ in range(2):
        job = account.api.get(f"/job_statuses/{told['job_status']['id']}.json").json()
    assert job["job_status"]["results"][0]["success"] is True
    assert account.read(source)["status"] == "closed"
    assert "closed_by_merge" in account.read(source)["tags"]


def test_tags_are_added_replaced_and_removed(account):
    path = f"/tickets/{account.ids['parcel']}/tags.json"
    added = account.api.put(path, json={"tags": ["Very Late"]})
    assert added.json()["tags"] == ["late", "shipping", "very", "vip"]
    replaced = account.api.post(path, json={"tags": ["a", "b"]})
    assert (replaced.status_code, replaced.json()["tags"]) == (201, ["a", "b"])
    removed = account.api.request("DELETE", path, json={"tags": ["a"]})
    assert removed.json()["tags"] == ["b"]
    listed = account.api.get("/tags.json").json()["tags"]
    assert {"name": "b", "count": 1} in listed


def test_metrics_follow_from_the_audits(account):
    told = account.api.get(f"/tickets/{account.ids['parcel']}/metrics.json").json()
    metric = told["ticket_metric"]
    assert metric["replies"] == 1
    assert metric["reply_time_in_minutes"]["calendar"] == 4 * 60
    assert metric["solved_at"] is None


def test_only_the_requester_may_rate_and_only_what_is_solved(account):
    path = f"/tickets/{account.ids['invoice']}/satisfaction_rating.json"
    rating = {"satisfaction_rating": {"score": "bad", "comment": "No."}}
    assert account.api.post(path, json=rating).status_code == 403
    with account.login("bob@mail.example") as bob:
        assert bob.post(path, json=rating).json()["satisfaction_rating"]["score"] == "bad"
    open_one = f"/tickets/{account.ids['parcel']}/satisfaction_rating.json"
    with account.login("ada@nord.example") as ada:
        assert ada.post(open_one, json=rating).status_code == 422
    listed = account.api.get("/satisfaction_ratings.json?score=bad_with_comment").json()
    assert [row["comment"] for row in listed["satisfaction_ratings"]] == ["No."]


def test_an_account_with_surveys_has_no_ratings(open_account):
    account = open_account(csat="survey")
    assert account.api.get("/satisfaction_ratings.json").json()["satisfaction_ratings"] == []
    zrn = f"zen:ticket:{account.ids['invoice']}"
    path = "/guide/survey_responses"
    found = account.api.get(path, params={"filter[subject_zrns]": zrn, "page[size]": 10}).json()
    [response] = found["survey_responses"]
    assert response["answers"][0]["rating_category"] == "good"
    assert response["responder_id"] == account.ids["bob"]
    other = account.api.get(path, params={"filter[subject_zrns]": "zen:ticket:1"}).json()
    assert other["survey_responses"] == []
