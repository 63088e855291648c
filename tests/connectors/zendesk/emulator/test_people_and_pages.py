"""People at work: scripts, the agent's pages, the control surface, the foreground server."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import httpx
import pytest

from connectors.zendesk.emulator import Emulator, Limits, Options, People, serve


def control(account, method, path, **more):
    headers = {"X-Control-Token": account.state.control_token}
    with account.anonymous() as client:
        return client.request(method, f"/_control{path}", headers=headers, **more)


def test_the_live_script_is_acted_out(account, world):
    account.people.play(world.live)
    ticket = account.read(account.ids["new"])
    assert (ticket["subject"], ticket["status"]) == ("Broken lamp", "solved")
    assert ticket["satisfaction_rating"]["score"] == "bad"
    said = account.api.get(f"/tickets/{account.ids['new']}/comments.json").json()["comments"]
    assert [comment["author_id"] for comment in said] == [account.ids["bob"], account.ids["kim"]]


def test_a_script_waits_between_its_steps_at_the_pace_asked(account, world):
    waits = []
    account.people.play(world.live[:2], pace=0.5, sleep=waits.append)
    assert waits == [2.5, 2.5]


def test_an_agent_is_never_the_integration(account):
    account.people.agent_comments(account.ids["parcel"], "Hello")
    said = account.api.get(f"/tickets/{account.ids['parcel']}/comments.json").json()["comments"]
    assert said[-1]["author_id"] == account.ids["sam"]


def test_an_account_without_agents_finds_one(open_account):
    account = open_account(empty=True)
    ticket_id = account.people.new_ticket(text="Hi", email="x@mail.example", name="Xi")
    account.people.agent_comments(ticket_id, "Hello")
    author = account.state.tickets[ticket_id].comments[-1].author_id
    assert account.state.users[author].name == "Robin Reyes"


def test_pages_show_notes_and_escape_what_customers_write(account):
    ticket_id = account.people.new_ticket(
        text="<script>alert(1)</script>", subject="<b>Hi</b>", requester_id=account.ids["bob"]
    )
    account.people.agent_comments(ticket_id, "Odd one.", public=False)
    with account.anonymous() as browser:
        page = browser.get(f"/agent/tickets/{ticket_id}").text
        assert "<script>" not in page
        assert "&lt;script&gt;alert(1)" in page
        assert "&lt;b&gt;Hi&lt;/b&gt;" in page
        assert "internal note" in page
        listed = browser.get("/agent/tickets?status=new").text
        assert "&lt;b&gt;Hi" in listed
        assert "Parcel is late" not in listed
        person = browser.get(f"/agent/users/{account.ids['bob']}").text
        assert "bob@mail.example" in person
        assert browser.get("/agent/tickets/1").status_code == 404


def test_links_in_fields_can_be_followed_but_not_scripts(account):
    field = account.make_field(type="text", title="Memory map")
    [form] = account.api.get("/ticket_forms.json").json()["ticket_forms"]
    wanted = {"ticket_form": {"ticket_field_ids": [*form["ticket_field_ids"], field]}}
    account.api.put(f"/ticket_forms/{form['id']}.json", json=wanted)
    ticket_id = account.ids["parcel"]
    with account.anonymous() as browser:
        account.write(ticket_id, custom_fields=[{"id": field, "value": "https://k.example/m"}])
        assert 'href="https://k.example/m"' in browser.get(f"/agent/tickets/{ticket_id}").text
        account.write(ticket_id, custom_fields=[{"id": field, "value": "javascript:alert(1)"}])
        assert 'href="javascript' not in browser.get(f"/agent/tickets/{ticket_id}").text


def test_a_person_can_play_both_sides_on_the_page(account):
    field, ticket_id = account.mood_field(), account.ids["parcel"]
    base = {"form_token": account.state.form_token}
    with account.anonymous() as browser:
        place = f"/agent/tickets/{ticket_id}"
        for form in (
            {"act": "customer", "text": "I am cross."},
            {"act": "reply", "text": "We are sorry."},
            {"act": "note", "text": "Cross."},
            {"act": "status", "status": "pending"},
            {"act": "field", "field_id": str(field), "value": "mood_angry"},
        ):
            assert browser.post(place, data={**base, **form}).status_code == 302
        assert browser.post(place, data={"act": "reply", "text": "x"}).status_code == 403
    said = account.api.get(f"/tickets/{ticket_id}/comments.json").json()["comments"][-3:]
    assert [(c["body"], c["public"]) for c in said] == [
        ("I am cross.", True),
        ("We are sorry.", True),
        ("Cross.", False),
    ]
    ticket = account.read(ticket_id)
    assert ticket["status"] == "pending"
    assert "mood_angry" in ticket["tags"]


def test_the_control_surface_wants_its_token(account):
    with account.anonymous() as stranger:
        assert stranger.get("/_control/stats").status_code == 401
        assert stranger.post("/_control/reset").status_code == 401


def test_people_can_be_moved_by_remote_control(account):
    made = control(
        account,
        "POST",
        "/people/new_ticket",
        json={"text": "Hi", "subject": "Hello", "requester_id": "bob"},
    )
    assert made.status_code == 201
    ticket_id = made.json()["id"]
    said = control(
        account, "POST", "/people/customer_comments", json={"ticket_id": "parcel", "text": "Hm"}
    )
    assert said.status_code == 201
    for act in ("solve", "close"):
        assert control(account, "POST", f"/people/{act}", json={"ticket_id": ticket_id}).is_success
    assert account.read(ticket_id)["status"] == "closed"
    closed = control(account, "POST", "/people/solve", json={"ticket_id": ticket_id})
    assert closed.status_code == 422
    for path, body in (
        ("/people/dance", {}),
        ("/people/solve", {"ticket_id": "nobody"}),
        ("/people/solve", {"who": 1}),
        ("/people/solve", {"ticket_id": 1}),
    ):
        assert control(account, "POST", path, json=body).status_code == 400


def test_every_act_of_people_can_be_asked_for(account):
    own = {name for name in vars(People) if not name.startswith("_")} - {"play"}
    refused = control(account, "POST", "/people/dance", json={}).json()["error"]["message"]
    assert own == set(refused.partition("known: ")[2].split(", "))


def test_scripts_faults_and_secrets_by_remote_control(account):
    assert control(account, "POST", "/play", json={}).json() == {"steps": 4}
    assert account.read(account.ids["new"])["status"] == "solved"
    step = {"kind": "comment", "ticket": "new", "author": "bob", "text": "No!"}
    assert control(account, "POST", "/play", json={"steps": [step]}).json() == {"steps": 1}
    assert control(account, "POST", "/play", json={"steps": [{}]}).status_code == 400
    fault = {"kind": "server_error", "path": "/tickets", "times": 1}
    assert control(account, "POST", "/faults", json=fault).status_code == 201
    assert account.api.get("/tickets.json").status_code == 503
    assert control(account, "POST", "/faults", json={"kind": "x"}).status_code == 400
    assert control(account, "DELETE", "/faults").json() == {"faults": []}
    stats = control(account, "GET", "/stats").json()
    assert stats["requests"]["GET /api/v2/tickets"] == 1
    assert stats["rows"]["tickets"] == 4
    assert control(account, "GET", "/ids").json()["tickets"]["new"] == account.ids["new"]
    requests = control(account, "GET", "/requests").json()["requests"]
    assert "/api/v2/tickets" in [row["path"] for row in requests]
    assert control(account, "GET", "/deliveries").json() == {"deliveries": []}
    assert control(account, "POST", "/reset").json() == {"ok": True}
    assert len(account.state.tickets) == 3


def test_secrets_rotate_and_credentials_die_by_remote_control(account, receiver):
    webhook = {
        "name": "Memory",
        "endpoint": receiver.url,
        "subscriptions": ["zen:event-type:ticket.created"],
    }
    made = account.api.post("/webhooks", json={"webhook": webhook}).json()["webhook"]
    old = account.state.webhooks[made["id"]].secret
    told = control(account, "POST", "/webhooks/all/rotate").json()
    assert told == {"rotated": [made["id"]]}
    assert account.state.webhooks[made["id"]].secret != old
    control(account, "POST", "/credentials/revoke", json={"api_token": True})
    assert account.api.get("/tickets.json").status_code == 401


_SERVER = """
import json
from connectors.zendesk.emulator import serve
serve(None, "127.0.0.1", 0, lambda told: print(json.dumps(told), flush=True))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_in_the_foreground_until_told_to_stop(number):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _SERVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as server:
        killer = threading.Timer(20, server.kill)
        killer.start()
        try:
            assert server.stdout is not None
            told = json.loads(server.stdout.readline())
            auth = (f"{told['email']}/token", told["api_token"])
            url = f"{told['base_url']}/api/v2/users/me.json"
            me = httpx.get(url, auth=auth, trust_env=False).json()["user"]
            assert me["email"] == told["email"]
            assert told["env"]["ZENPY_FORCE_SCHEME"] == "http"
            assert told["base_url"].endswith(told["env"]["ZENPY_FORCE_NETLOC"])
            server.send_signal(number)
            assert server.wait(10) == 0
        finally:
            killer.cancel()
            server.kill()


def test_served_live_the_script_plays_by_itself(world):
    quick = replace(world, live=tuple(replace(step, after=0.01) for step in world.live))
    seen = []

    def watch(told):
        auth = (f"{told['email']}/token", told["api_token"])
        url = f"{told['base_url']}/api/v2/search.json?query=subject:lamp status:solved"
        for _ in range(200):
            found = httpx.get(url, auth=auth, trust_env=False).json()["results"]
            if found and found[0]["satisfaction_rating"]["score"] == "bad":
                seen.append(found[0]["subject"])
                break
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    def ready(told):
        threading.Thread(target=watch, args=(told,)).start()

    options = Options(limits=Limits.unlimited())
    serve(quick, "127.0.0.1", 0, ready, options=options, live=True)
    assert seen == ["Broken lamp"]


def test_a_taken_port_is_an_error_one_can_catch(emulator):
    port = int(emulator.base_url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        Emulator(port=port)
