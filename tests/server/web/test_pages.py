"""The pages, as a browser gets them."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.store import audit, interventions, people

PAGES = ("/", "/moments", "/interventions", "/people")


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_first_page_shows_connections_moments_and_what_waits(me: FlaskClient) -> None:
    page = me.get("/").get_data(as_text=True)
    for said in (
        "Acme helpdesk", "The API token was revoked over there.", "I am tired of chasing this",
        "Waiting for you", "Thank the customer after a recovery", "Delivered",
        "https://acme.example.test/agent/tickets/4822",
    ):  # fmt: skip
        assert said in page


def test_moments_of_one_message_stand_together(me: FlaskClient) -> None:
    page = me.get("/").get_data(as_text=True)
    assert page.count("I am tired of chasing this</span>") == 1
    item = page[: page.index("I am tired of chasing this</span>")].rpartition("<li")[2]
    assert "Frustration peak" in item
    assert "Told you already" in item


def test_a_silent_worker_is_told_on_the_first_page(me: FlaskClient, world: Any) -> None:
    assert "No worker is running" not in me.get("/").get_data(as_text=True)
    world.clock.forward(minutes=2)
    assert "No worker is running" in me.get("/").get_data(as_text=True)


def test_an_empty_house_says_what_to_do_next(
    empty: Any, log_in: Callable[..., FlaskClient]
) -> None:
    client = log_in(empty.app(), "admin")
    page = client.get("/").get_data(as_text=True)
    assert "Nothing is connected yet" in page
    assert "No connection yet" in page
    for path in PAGES:
        assert client.get(path).status_code == 200


def test_a_timeline_shows_evidence_where_it_stands(me: FlaskClient, world: Any) -> None:
    page = me.get(f"/people/{world.person['dana']}").get_data(as_text=True)
    marks = re.findall(r'<mark title="([^"]+)">([^<]+)</mark>', page)
    assert any(shows == "Told you already" and "third time" in words for shows, words in marks)
    assert any(shows.startswith("Frustration peak") for shows, _ in marks)
    assert page.index("Service credit missing") < page.index("Dashboard down")
    assert page.index("So the credit") < page.index("Please tell me the notice")
    assert "Strongest factors" in page
    assert "What stands in the ticket" in page
    assert "Frustration peak</bdi>" in page
    assert "Memory tags" in page
    assert "Kestrel Cold Chain" in page


def test_unknown_is_not_neutral(me: FlaskClient, world: Any) -> None:
    page = me.get(f"/people/{world.person['dana']}").get_data(as_text=True)
    assert "unsure: too short to tell" in page
    quiet = me.get(f"/people/{world.person['quinn']}").get_data(as_text=True)
    assert "unsure: nothing this person wrote could be read as a feeling" in quiet
    assert "Neutral" not in quiet
    assert "unsure: too little to go by" in me.get("/people").get_data(as_text=True)


def test_hostile_words_stay_words(me: FlaskClient, world: Any) -> None:
    for path in (*PAGES, f"/people/{world.person['mallory']}"):
        page = me.get(path).get_data(as_text=True)
        tags = Tags(page).found
        scripts = [attrs for tag, attrs in tags if tag == "script"]
        assert scripts == [{"src": "/static/live.js", "defer": None}]
        assert [attrs for tag, attrs in tags if tag == "img"] == [
            {"src": "/static/mark.svg", "alt": "", "width": "26", "height": "26"}
        ]
        for _, attrs in tags:
            assert not any(name.startswith("on") or name == "style" for name in attrs)
            assert "javascript:" not in (attrs.get("href") or "")
    assert "{{ 7*7 }}" in page


def test_a_very_long_message_is_shortened_around_its_evidence(me: FlaskClient, world: Any) -> None:
    page = me.get(f"/people/{world.person['mallory']}").get_data(as_text=True)
    assert len(page) < 40_000
    assert "[…]" in page


def test_approving_lets_it_go_out_and_is_written_down(
    me: FlaskClient, world: Any, form_token: Callable[..., str]
) -> None:
    id = world.intervention["alert"]
    answer = me.post(
        f"/interventions/{id}",
        data={"decision": "approve", "next": "/", "csrf_token": form_token(me, "/")},
        follow_redirects=True,
    )
    page = answer.get_data(as_text=True)
    assert "Approved. It goes out in a moment." in page
    assert "Waiting for you" not in page
    with world.database.read() as tx:
        kept = interventions.get(tx, id)
        noted = audit.latest(tx, subject=f"intervention:{id}")
    assert kept.state is interventions.State.APPROVED
    assert kept.decided_by == "user:manager"
    assert [(one.actor, one.action) for one in noted] == [("user:manager", "intervention.approve")]


def test_two_who_click_at_once_decide_once(
    app: Flask, world: Any, log_in: Callable[..., FlaskClient], form_token: Callable[..., str]
) -> None:
    id = world.intervention["alert"]
    said = []
    for role, decision in (("manager", "decline"), ("admin", "approve")):
        client = log_in(app, role)
        answer = client.post(
            f"/interventions/{id}",
            data={"decision": decision, "csrf_token": form_token(client, "/")},
            follow_redirects=True,
        )
        said.append(answer.get_data(as_text=True))
    assert "Declined. Nothing goes out." in said[0]
    assert "Nothing changed: it is declined already by user:manager." in said[1]
    with world.database.read() as tx:
        assert interventions.get(tx, id).state is interventions.State.DECLINED


def test_what_expired_cannot_be_approved(
    app: Flask, world: Any, log_in: Callable[..., FlaskClient], form_token: Callable[..., str]
) -> None:
    world.clock.forward(days=7)
    client = log_in(app)
    assert "Waiting for you" not in client.get("/").get_data(as_text=True)
    answer = client.post(
        f"/interventions/{world.intervention['alert']}",
        data={"decision": "approve", "csrf_token": form_token(client, "/")},
        follow_redirects=True,
    )
    assert "it expired before anybody decided" in answer.get_data(as_text=True)


def test_nothing_is_decided_that_does_not_exist(
    me: FlaskClient, form_token: Callable[..., str]
) -> None:
    data = {"decision": "approve", "csrf_token": form_token(me, "/")}
    assert me.post("/interventions/4711", data=data).status_code == 404


@pytest.mark.parametrize("decision", ["", "perhaps", None])
def test_a_decision_is_yes_or_no(
    decision: str | None, me: FlaskClient, world: Any, form_token: Callable[..., str]
) -> None:
    data = {"csrf_token": form_token(me, "/")}
    if decision is not None:
        data["decision"] = decision
    answer = me.post(f"/interventions/{world.intervention['alert']}", data=data)
    assert answer.status_code == 400


def test_lists_go_on_without_gap_or_repeat(me: FlaskClient, world: Any, world_module: Any) -> None:
    for number in range(65):
        world_module.propose(
            world, f"rule-{number}", "ravi", "5001", needs_approval=False, cause=f"c{number}"
        )
    seen: list[str] = []
    path: str | None = "/interventions"
    while path:
        page = me.get(path).get_data(as_text=True)
        seen += re.findall(r'<article class="card intervention" id="i-(\d+)"', page)
        found = re.search(r'class="button" href="([^"]+)"', page)
        path = found.group(1).replace("&amp;", "&") if found else None
    assert len(seen) == len(set(seen)) == 67
    assert [int(id) for id in seen] == sorted((int(id) for id in seen), reverse=True)


def test_a_memory_map_link_leads_to_the_ticket_in_its_timeline(me: FlaskClient, world: Any) -> None:
    dana = world.person["dana"]
    answer = me.get("/tickets/acme/4711")
    assert answer.headers["Location"].startswith(f"/people/{dana}?before=")
    page = me.get(answer.headers["Location"]).get_data(as_text=True)
    assert "Dashboard down" in page
    assert "So the credit I was promised" not in page
    assert "Back to the newest" in page
    assert me.get("/contacts/acme/dana").headers["Location"] == f"/people/{dana}"
    for nowhere in ("/tickets/acme/1", "/tickets/x/4711", "/contacts/acme/grace"):
        assert me.get(nowhere).status_code == 404


def test_people_are_found_by_name_whatever_is_typed(me: FlaskClient) -> None:
    page = me.get("/people?q=WHITF").get_data(as_text=True)
    assert "Dana Whitfield" in page
    assert "Ravi" not in page
    for typed in ("%25", "_", "\\", "%00", "'", '"><script>', "%ed%a0%80"):
        assert me.get(f"/people?q={typed}").status_code == 200
    assert "Nobody of that name" in me.get("/people?q=%25").get_data(as_text=True)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404), ("/people/0", 404), ("/people/99999999999999999999999", 404),
        ("/people/9223372036854775807", 404), ("/people/1?before=x", 400),
        ("/moments?before=%00", 400), ("/moments?before=MjAyNg", 400),
        ("/interventions?before=-1", 400), ("/interventions?before=99999999999999999999", 400),
        ("/interventions?state=strange", 400), ("/moments?kind=%00strange", 200),
        ("/people/1/", 404), ("/interventions/1", 405),
    ],
)  # fmt: skip
def test_bad_addresses_are_answered_in_our_own_words(
    path: str, status: int, me: FlaskClient
) -> None:
    answer = me.get(path)
    assert answer.status_code == status
    assert "Keepsake" in answer.get_data(as_text=True)


def test_the_erased_are_gone_and_the_paused_are_marked(me: FlaskClient, world: Any) -> None:
    with world.database.write() as tx:
        people.set_paused(tx, world.person["ravi"], paused=True, now=world.clock())
        tx.exec_driver_sql(
            f"UPDATE person SET erased_at = '2026-03-01 00:00:00' WHERE id = {world.person['dana']}"
        )
    assert "Paused." in me.get(f"/people/{world.person['ravi']}").get_data(as_text=True)
    assert me.get(f"/people/{world.person['dana']}").status_code == 404
    for path in ("/moments", "/people"):
        assert "Dana" not in me.get(path).get_data(as_text=True)


def test_a_state_of_another_version_is_unknown_and_no_error(me: FlaskClient, world: Any) -> None:
    with world.database.write() as tx:
        tx.exec_driver_sql("""UPDATE person_state SET state = '{"version": 99}'""")
    page = me.get(f"/people/{world.person['dana']}")
    assert page.status_code == 200
    assert "unsure: nothing" in page.get_data(as_text=True)


def test_what_failed_is_tried_again_at_a_click(
    app: Flask, world: Any, log_in: Callable[..., FlaskClient], form_token: Callable[..., str]
) -> None:
    id, now = world.intervention["alert"], world.clock()
    with world.database.write() as tx:
        interventions.approve(tx, id, by="user:admin", now=now)
        interventions.start(tx, id, now=now)
        interventions.finish(tx, id, state=interventions.State.FAILED, reason="500", now=now)
    address = "/interventions?state=failed"
    assert "Try again" not in log_in(app, "agent").get(address).get_data(as_text=True)
    client = log_in(app, "manager")
    assert "Try again" in client.get(address).get_data(as_text=True)
    assert client.post(f"/interventions/{id}", data={"decision": "replay"}).status_code == 400
    for said in ("tried again in a moment", "nothing of it failed"):
        answer = client.post(
            f"/interventions/{id}",
            data={"decision": "replay", "csrf_token": form_token(client, "/")},
            follow_redirects=True,
        )
        assert said in answer.get_data(as_text=True)
    with world.database.read() as tx:
        assert interventions.get(tx, id).state is interventions.State.DUE
        noted = audit.latest(tx, subject=f"intervention:{id}")
    assert [one.action for one in noted] == ["intervention.replay"]
