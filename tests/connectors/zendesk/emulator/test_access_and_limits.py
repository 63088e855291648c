"""Who may come in, how often, and how the answers say no."""

import httpx
import pytest

from connectors.zendesk.emulator import Limits


def test_nobody_is_answered_as_the_anonymous_user(account):
    with account.anonymous() as nobody:
        told = nobody.get("/api/v2/users/me.json")
    assert told.status_code == 200
    assert told.json()["user"]["id"] is None
    assert told.json()["user"]["name"] == "Anonymous user"


def test_a_password_is_answered_as_the_anonymous_user_too(account):
    with account.anonymous() as nobody:
        told = nobody.get("/api/v2/users/me.json", auth=(account.email, "secret"))
    assert told.json()["user"]["id"] is None


def test_a_wrong_token_is_refused_even_there(account):
    with account.login(account.email, token="wrong") as stranger:
        refused = stranger.get("/users/me.json")
    assert (refused.status_code, refused.json()) == (401, {"error": "Couldn't authenticate you"})


@pytest.mark.parametrize("login", ["nobody@birch.example", "ada@nord.example"])
def test_lists_are_for_agents(account, login):
    with account.anonymous() as nobody:
        assert nobody.get("/api/v2/tickets.json").status_code == 401
    with account.login(login) as customer:
        refused = customer.get("/tickets.json")
    assert refused.status_code in (401, 403)


def test_agents_may_not_do_what_takes_an_administrator(account):
    with account.login("kim@birch.example") as kim:
        refused = kim.post("/ticket_fields.json", json={"ticket_field": {"title": "x"}})
        assert kim.get("/tickets.json").status_code == 200
    assert refused.status_code == 403
    assert refused.json()["error"]["title"] == "Forbidden"


def test_a_suspended_user_is_not_let_in(account):
    account.people.agent_edits_user(account.ids["kim"], {"suspended": True})
    with account.login("kim@birch.example") as kim:
        assert kim.get("/tickets.json").status_code == 401


def test_unknown_paths_say_so(account):
    missing = account.api.get("/nothing.json")
    assert missing.status_code == 404
    assert missing.json() == {"error": "InvalidEndpoint", "description": "Not found"}
    assert account.api.get("/webhooks.json").json()["error"] == "InvalidEndpoint"


def test_the_suffix_is_optional(account):
    assert account.api.get("/tickets").json()["count"] == 3


def test_a_body_that_is_no_object_is_refused(account):
    for content in (b"[]", b"{", b""):
        refused = account.api.post("/tickets.json", content=content)
        assert refused.status_code == 400


def test_answers_carry_the_account_budget(open_account):
    account = open_account(limits=Limits.for_plan("suite_team"))
    headers = account.api.get("/tickets.json").headers
    assert (headers["X-Rate-Limit"], headers["X-Rate-Limit-Remaining"]) == ("200", "199")
    assert headers["ratelimit-reset"] == "60"
    assert headers["x-zendesk-api-version"] == "v2"
    assert headers["x-request-id"]


def test_past_the_budget_it_says_how_long_to_wait(open_account):
    account = open_account(limits=Limits(account=2))
    account.api.get("/users/me.json")
    account.api.get("/users/me.json")
    account.clock.turn(15)
    refused = account.api.get("/users/me.json")
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "45"
    assert refused.json()["error"] == "APIRateLimitExceeded"
    account.clock.turn(45)
    assert account.api.get("/users/me.json").status_code == 200


def test_a_ticket_takes_thirty_updates_in_ten_minutes(open_account):
    account = open_account()
    ticket_id = account.ids["parcel"]
    for number in range(30):
        done = account.write(ticket_id, subject=f"Number {number}")
        assert done.status_code == 200
    header = done.headers["zendesk-rate-limit-tickets-update"]
    assert header == "total=30; remaining=0; resets=600"
    refused = account.write(ticket_id, subject="One more")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "600")
    assert account.write(account.ids["invoice"], subject="Another").status_code == 200


def test_bulk_updates_spend_the_same_budget(open_account):
    account = open_account(limits=Limits(ticket_updates=1))
    ticket_id = account.ids["parcel"]
    account.write(ticket_id, subject="Once")
    job = account.api.put(
        "/tickets/update_many.json", json={"tickets": [{"id": ticket_id, "subject": "Twice"}]}
    ).json()["job_status"]
    for _ in range(2):
        job = account.api.get(f"/job_statuses/{job['id']}.json").json()["job_status"]
    assert job["results"][0]["error"] == "APIRateLimitExceeded"
    assert account.read(ticket_id)["subject"] == "Once"


def test_a_person_takes_five_updates_a_minute_and_the_account_one_a_second(open_account):
    account = open_account()
    path = f"/users/{account.ids['ada']}.json"
    first = account.api.put(path, json={"user": {"notes": "0"}})
    assert first.status_code == 200
    at_once = account.api.put(path, json={"user": {"notes": "1"}})
    assert (at_once.status_code, at_once.headers["Retry-After"]) == (429, "1")
    for number in range(2, 5):
        account.clock.turn(1)
        account.api.put(path, json={"user": {"notes": str(number)}}).raise_for_status()
    account.clock.turn(1)
    refused = account.api.put(path, json={"user": {"notes": "6"}})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "56")


def test_the_webhook_api_has_a_budget_of_its_own(open_account):
    account = open_account()
    assert account.api.get("/webhooks").headers["X-Rate-Limit"] == "100"


def test_requests_are_counted_by_route(account):
    account.api.get(f"/tickets/{account.ids['parcel']}.json")
    account.api.get(f"/tickets/{account.ids['invoice']}.json")
    counted = account.state.request_counts
    assert counted["GET /api/v2/tickets/<int:ticket_id>"] == 2
    last = account.state.requests[-1]
    assert (last.method, last.status, last.user_id) == ("GET", 200, account.state.integration.id)
    assert last.path == f"/api/v2/tickets/{account.ids['invoice']}"


def test_the_app_works_in_process_and_behind_a_socket_alike(account, emulator):
    login = emulator.credentials
    auth = (f"{login.email}/token", login.api_token)
    over_http = httpx.get(f"{login.base_url}/api/v2/tickets.json", auth=auth, trust_env=False)
    in_process = account.api.get("/tickets.json")
    assert len(over_http.json()["tickets"]) == len(in_process.json()["tickets"])
    with_flask = account.app.test_client().get("/api/v2/users/me.json")
    assert with_flask.status_code == 200
