"""Webhooks as they reach a receiver: what they say, who they are from, and what gets lost."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

EVENTS = (
    "ticket.created",
    "ticket.comment_added",
    "ticket.status_changed",
    "ticket.custom_field_changed",
    "ticket.tags_changed",
    "ticket.priority_changed",
    "ticket.soft_deleted",
    "ticket.merged",
    "ticket.csat_received",
    "user.created",
    "user.custom_field_changed",
)


def subscribe(account, receiver, *events, **more):
    body = {
        "name": "Memory",
        "endpoint": receiver.url,
        "http_method": "POST",
        "request_format": "json",
        "status": "active",
        "subscriptions": [f"zen:event-type:{event}" for event in events or EVENTS],
        **more,
    }
    made = account.api.post("/webhooks", json={"webhook": body})
    assert made.status_code == 201, made.text
    return made.json()["webhook"]["id"]


def sent(account, receiver):
    assert account.deliverer.wait_until_idle(5)
    return [json.loads(body) for _, body in receiver.got]


def kinds(events):
    return [event["type"].removeprefix("zen:event-type:") for event in events]


def secret_of(account, webhook_id):
    told = account.api.get(f"/webhooks/{webhook_id}/signing_secret").json()
    return told["signing_secret"]["secret"]


def log_of(account, webhook_id):
    rows, path = [], f"/webhooks/{webhook_id}/invocations"
    while path:
        page = account.api.get(path).json()
        rows += page["invocations"]
        path = page["links"]["next"] if page["meta"]["has_more"] else None
    return [(row["status_code"], row["status"]) for row in rows]


def test_a_webhook_is_made_without_telling_its_secret(account, receiver):
    login = {"type": "bearer_token", "data": {"token": "t"}, "add_position": "header"}
    webhook_id = subscribe(account, receiver, authentication=login)
    told = account.api.get(f"/webhooks/{webhook_id}").json()["webhook"]
    assert len(told["id"]) == 26
    assert told["created_by"] == str(account.state.integration.id)
    assert "token" not in json.dumps(told["authentication"].get("data", {}))
    assert secret_of(account, webhook_id) not in json.dumps(told)


@pytest.mark.parametrize(
    "change",
    [
        {"subscriptions": ["zen:event-type:ticket.created", "conditional_ticket_events"]},
        {"http_method": "PUT"},
        {"endpoint": "ftp://x.example"},
        {"request_format": "toml"},
        {"endpoint": "http://x.example", "custom_headers": {"x-a": "b"}},
    ],
)
def test_senseless_webhooks_are_refused(account, receiver, change):
    body = {
        "name": "Memory",
        "endpoint": receiver.url,
        "subscriptions": ["zen:event-type:ticket.created"],
        **change,
    }
    assert account.api.post("/webhooks", json={"webhook": body}).status_code == 400


def test_changing_and_deleting_answer_with_nothing(account, receiver):
    webhook_id = subscribe(account, receiver)
    changed = account.api.patch(f"/webhooks/{webhook_id}", json={"webhook": {"name": "Other"}})
    assert (changed.status_code, changed.content) == (204, b"")
    named = account.api.get("/webhooks", params={"filter[name_contains]": "oth"}).json()
    assert [row["updated_by"] for row in named["webhooks"]] == [str(account.state.integration.id)]
    kind = {"webhook": {"subscriptions": ["conditional_ticket_events"]}}
    assert account.api.put(f"/webhooks/{webhook_id}", json=kind).status_code == 400
    copy = account.api.post(f"/webhooks?clone_webhook_id={webhook_id}").json()["webhook"]
    assert copy["id"] != webhook_id
    assert account.api.delete(f"/webhooks/{webhook_id}").status_code == 204
    assert account.api.get(f"/webhooks/{webhook_id}").status_code == 404


def test_what_arrives_is_signed_over_the_raw_bytes(account, receiver):
    webhook_id = subscribe(account, receiver)
    account.people.customer_comments(account.ids["parcel"], "Where is „it“?")
    sent(account, receiver)
    headers, body = receiver.got[0]
    stamp = headers["x-zendesk-webhook-signature-timestamp"]
    key = secret_of(account, webhook_id).encode()
    digest = hmac.new(key, stamp.encode() + body, hashlib.sha256).digest()
    assert headers["x-zendesk-webhook-signature"] == base64.b64encode(digest).decode()
    assert stamp == "2026-03-01T12:00:00Z"
    assert headers["x-zendesk-webhook-id"] == webhook_id
    assert len(headers["x-zendesk-webhook-invocation-id"]) == 26
    assert headers["x-zendesk-account-id"] == "18500000"
    assert body.startswith(b'{\n   "type"')
    assert body.endswith(b"}\n")


def test_an_event_tells_ids_as_text_and_enums_in_capitals(account, receiver):
    subscribe(account, receiver, "ticket.comment_added")
    account.people.customer_comments(account.ids["parcel"], "Still nothing")
    [event] = sent(account, receiver)
    assert event["type"] == "zen:event-type:ticket.comment_added"
    assert event["account_id"] == 18500000
    assert event["subject"] == f"zen:ticket:{account.ids['parcel']}"
    detail = event["detail"]
    assert detail["id"] == str(account.ids["parcel"])
    assert detail["actor_id"] == str(account.ids["ada"])
    assert (detail["status"], detail["priority"], detail["type"]) == ("OPEN", "HIGH", None)
    assert detail["tags"] == ["shipping", "vip"]
    assert "custom_fields" not in detail
    comment = event["event"]["comment"]
    assert (comment["body"], comment["is_public"]) == ("Still nothing", True)
    assert comment["author"] == {
        "id": str(account.ids["ada"]),
        "is_staff": False,
        "name": "Ada Marsh",
    }


def test_no_company_is_zero(account, receiver):
    subscribe(account, receiver, "ticket.comment_added")
    account.people.customer_comments(account.ids["invoice"], "Hello")
    assert sent(account, receiver)[0]["detail"]["organization_id"] == "0"


def test_all_events_of_one_change_share_a_sequence(account, receiver):
    field = account.mood_field()
    subscribe(account, receiver)
    account.people.agent_edits_field(account.ids["parcel"], field, "mood_calm")
    events = sent(account, receiver)
    assert kinds(events) == ["ticket.custom_field_changed", "ticket.tags_changed"]
    metas = [event["event"]["meta"]["sequence"] for event in events]
    assert metas[0]["id"] == metas[1]["id"]
    assert [(meta["position"], meta["total"]) for meta in metas] == [(1, 2), (2, 2)]
    assert events[0]["event"]["current"] == {"value": "mood_calm"}
    assert events[0]["event"]["custom_field"]["id"] == str(field)
    assert events[1]["event"]["tags_added"] == ["mood_calm"]
    assert len({event["id"] for event in events}) == 2


def test_the_actor_tells_our_own_writes_from_others(account, receiver):
    subscribe(account, receiver, "ticket.priority_changed")
    account.write(account.ids["parcel"], priority="low")
    account.people.agent_edits(account.ids["parcel"], {"priority": "urgent"})
    actors = [event["detail"]["actor_id"] for event in sent(account, receiver)]
    assert actors == [str(account.state.integration.id), str(account.ids["sam"])]


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda a: a.people.new_ticket(text="Hi", email="ada@nord.example"), "ticket.created"),
        (lambda a: a.people.new_ticket(text="Hi", email="new@mail.example"), "user.created"),
        (lambda a: a.people.solve(a.ids["parcel"]), "ticket.status_changed"),
        (lambda a: a.people.delete(a.ids["parcel"]), "ticket.soft_deleted"),
        (lambda a: a.people.merge(a.ids["invoice"], a.ids["parcel"]), "ticket.merged"),
        (lambda a: a.people.rate(a.ids["invoice"], good=False), "ticket.csat_received"),
    ],
)
def test_what_people_do_is_told(account, receiver, act, expected):
    subscribe(account, receiver)
    act(account)
    assert expected in kinds(sent(account, receiver))


def test_an_inactive_webhook_is_silent(account, receiver):
    subscribe(account, receiver, status="inactive")
    account.people.solve(account.ids["parcel"])
    assert sent(account, receiver) == []


def test_credentials_and_headers_of_the_webhook_are_sent(account, receiver):
    login = {"type": "basic_auth", "data": {"username": "u", "password": "p"}}
    subscribe(account, receiver, authentication=login, custom_headers={"x-tenant": "acme"})
    account.people.solve(account.ids["parcel"])
    sent(account, receiver)
    headers = receiver.got[0][0]
    assert headers["x-tenant"] == "acme"
    assert headers["authorization"] == "Basic " + base64.b64encode(b"u:p").decode()


@pytest.mark.parametrize(
    ("answers", "tries", "end"),
    [
        ([(500, {}, 0)], 1, (500, "terminated")),
        ([(404, {}, 0)], 1, (404, "terminated")),
        ([(409, {}, 0)] * 9, 4, (409, "terminated")),
        ([(409, {}, 0)], 2, (200, "success")),
        ([(503, {"Retry-After": "5"}, 0)], 2, (200, "success")),
        ([(503, {"Retry-After": "60"}, 0)], 1, (503, "terminated")),
        ([(503, {}, 0)], 1, (503, "terminated")),
        ([(429, {"Retry-After": "1"}, 0)], 2, (200, "success")),
        ([(429, {}, 0)], 1, (429, "throttled")),
        ([(200, {}, 0.5)], 2, (200, "success")),
    ],
)
def test_only_some_failures_are_tried_again(account, receiver, answers, tries, end):
    webhook_id = subscribe(account, receiver, "ticket.status_changed")
    receiver.answers = list(answers)
    account.people.solve(account.ids["parcel"])
    sent(account, receiver)
    assert len(receiver.got) == tries
    assert log_of(account, webhook_id) == [end]
    ids = {headers["x-zendesk-webhook-invocation-id"] for headers, _ in receiver.got}
    bodies = {body for _, body in receiver.got}
    assert (len(ids), len(bodies)) == (1, 1), "a retry is the same invocation with the same body"


def test_nobody_at_home_loses_the_event(account, receiver):
    webhook_id = subscribe(
        account, receiver, "ticket.status_changed", endpoint="http://127.0.0.1:9"
    )
    account.people.solve(account.ids["parcel"])
    assert account.deliverer.wait_until_idle(5)
    assert log_of(account, webhook_id) == [(0, "terminated")]


def test_every_attempt_is_logged_with_what_was_said(account, receiver):
    webhook_id = subscribe(account, receiver, "ticket.status_changed")
    receiver.answers = [(409, {}, 0)]
    account.people.solve(account.ids["parcel"])
    sent(account, receiver)
    [row] = account.api.get(f"/webhooks/{webhook_id}/invocations").json()["invocations"]
    path = f"/webhooks/{webhook_id}/invocations/{row['id']}/attempts"
    attempts = account.api.get(path).json()["attempts"]
    assert [(each["status_code"], each["status"]) for each in attempts] == [
        (409, "failed"),
        (200, "success"),
    ]
    assert json.loads(attempts[0]["request"]["payload"])["subject"].startswith("zen:ticket:")
    assert attempts[1]["response"]["payload"] == "ok"


def test_a_webhook_that_mostly_fails_is_blocked_for_five_seconds(account, receiver):
    webhook_id = subscribe(account, receiver, "ticket.priority_changed")
    receiver.default = (500, {}, 0)
    ticket_id = account.ids["parcel"]
    for number in range(101):
        account.people.agent_edits(ticket_id, {"priority": ("low", "high")[number % 2]})
    assert account.deliverer.wait_until_idle(10)
    assert len(receiver.got) == 100
    assert log_of(account, webhook_id)[-1] == (0, "circuit broken")
    receiver.default = (200, {}, 0)
    account.clock.turn(5)
    account.people.agent_edits(ticket_id, {"priority": "urgent"})
    sent(account, receiver)
    assert log_of(account, webhook_id)[-1] == (200, "success")


def test_a_dropped_webhook_leaves_no_trace(account, receiver):
    webhook_id = subscribe(account, receiver, "ticket.status_changed")
    account.faults.on("webhook_drop", times=1)
    account.people.solve(account.ids["parcel"])
    account.people.agent_edits(account.ids["parcel"], {"status": "open"})
    [event] = sent(account, receiver)
    assert event["event"]["current"] == "OPEN"
    assert log_of(account, webhook_id) == [(200, "success")]


def test_a_doubled_webhook_has_the_same_ids_twice(account, receiver):
    subscribe(account, receiver, "ticket.status_changed")
    account.faults.on("webhook_double")
    account.people.solve(account.ids["parcel"])
    one, two = sent(account, receiver)
    assert one == two


def test_reordered_webhooks_arrive_last_first(account, receiver):
    subscribe(account, receiver, "ticket.priority_changed")
    account.faults.on("webhook_reorder", count=3, times=3, seconds=60)
    for priority in ("low", "normal", "urgent"):
        account.people.agent_edits(account.ids["parcel"], {"priority": priority})
    told = [event["event"]["current"] for event in sent(account, receiver)]
    assert told == ["URGENT", "NORMAL", "LOW"]


def test_held_webhooks_are_let_go_in_the_end(account, receiver):
    subscribe(account, receiver, "ticket.priority_changed")
    account.faults.on("webhook_reorder", count=9, seconds=10)
    account.people.agent_edits(account.ids["parcel"], {"priority": "low"})
    assert len(sent(account, receiver)) == 1


def test_the_detail_is_as_of_sending_not_of_the_change(account, receiver):
    subscribe(account, receiver, "ticket.priority_changed")
    account.faults.on("webhook_delay", seconds=40, times=1)
    account.people.agent_edits(account.ids["parcel"], {"priority": "low"})
    account.people.agent_edits(account.ids["parcel"], {"priority": "urgent"})
    late = next(e for e in sent(account, receiver) if e["event"]["current"] == "LOW")
    assert late["detail"]["priority"] == "URGENT"


def test_a_forged_webhook_does_not_verify(account, receiver):
    webhook_id = subscribe(account, receiver, "ticket.status_changed")
    account.faults.on("webhook_forge")
    account.people.solve(account.ids["parcel"])
    sent(account, receiver)
    headers, body = receiver.got[0]
    stamp = headers["x-zendesk-webhook-signature-timestamp"].encode()
    digest = hmac.new(secret_of(account, webhook_id).encode(), stamp + body, hashlib.sha256)
    good = base64.b64encode(digest.digest()).decode()
    assert headers["x-zendesk-webhook-signature"] != good


def test_a_new_secret_makes_the_old_one_worthless(account, receiver):
    webhook_id = subscribe(account, receiver, "ticket.status_changed")
    old = secret_of(account, webhook_id)
    told = account.api.post(f"/webhooks/{webhook_id}/signing_secret").json()
    assert told["signing_secret"]["secret"] == secret_of(account, webhook_id) != old


def test_a_trial_call_tells_what_the_receiver_said(account, receiver):
    webhook_id = subscribe(account, receiver)
    body = {"request": {"payload": '{"hello": "there"}'}}
    told = account.api.post(f"/webhooks/test?webhook_id={webhook_id}", json=body).json()
    assert (told["response"]["status_code"], told["response"]["payload"]) == (200, "ok")
    assert receiver.got[0][1] == b'{"hello": "there"}'
    assert receiver.got[0][0]["x-zendesk-webhook-id"] == webhook_id


def test_triggers_send_text_of_their_own_by_webhook(account, receiver):
    webhook_id = subscribe(account, receiver, subscriptions=["conditional_ticket_events"])
    template = '{"ticket_id":"{{ticket.id}}","actor":"{{current_user.email}}"}'
    trigger = {
        "title": "Tell about answers",
        "conditions": {
            "all": [
                {"field": "update_type", "operator": "is", "value": "Change"},
                {"field": "comment_is_public", "operator": "is", "value": "true"},
                {"field": "role", "operator": "is", "value": "end_user"},
                {"field": "current_tags", "operator": "not_includes", "value": "quiet"},
            ],
            "any": [],
        },
        "actions": [
            {"field": "notification_webhook", "value": [webhook_id, template]},
            {"field": "current_tags", "value": "told"},
        ],
    }
    made = account.api.post("/triggers.json", json={"trigger": trigger})
    assert made.status_code == 201
    account.people.agent_comments(account.ids["parcel"], "We are looking.")
    account.people.customer_comments(account.ids["parcel"], "Well?")
    [told] = sent(account, receiver)
    assert told == {"ticket_id": str(account.ids["parcel"]), "actor": "ada@nord.example"}
    assert "told" in account.read(account.ids["parcel"])["tags"]
    audits = account.api.get(f"/tickets/{account.ids['parcel']}/audits.json").json()["audits"]
    assert (audits[-1]["author_id"], audits[-1]["via"]["channel"]) == (-1, "rule")
    trigger_id = made.json()["trigger"]["id"]
    assert account.api.delete(f"/triggers/{trigger_id}.json").status_code == 204


def test_a_trigger_must_name_a_webhook_of_its_kind(account, receiver):
    webhook_id = subscribe(account, receiver, "ticket.created")
    action = {"field": "notification_webhook", "value": [webhook_id, "{}"]}
    trigger = {"title": "x", "conditions": {"all": []}, "actions": [action]}
    assert account.api.post("/triggers.json", json={"trigger": trigger}).status_code == 422


def test_invocation_ids_sort_by_time(account, receiver):
    webhook_id = subscribe(account, receiver, "ticket.priority_changed")
    for priority in ("low", "urgent"):
        account.people.agent_edits(account.ids["parcel"], {"priority": priority})
        account.clock.at = max(account.clock.at + timedelta(seconds=1), datetime.now(UTC))
    sent(account, receiver)
    rows = account.api.get(f"/webhooks/{webhook_id}/invocations").json()["invocations"]
    ids = [row["id"] for row in rows]
    assert ids == sorted(ids)
