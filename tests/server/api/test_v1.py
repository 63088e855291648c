"""The JSON API: what it answers, to whom, and that its description tells the truth."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.api.openapi import MAY_LACK, OPERATIONS, SHAPES, document
from server.store import audit, deliveries, interventions
from server.store.deliveries import Outcome

DOCS = Path(__file__).resolve().parents[3] / "docs" / "api.md"


@pytest.fixture
def ask(client: FlaskClient, world: Any) -> Callable[..., Any]:
    def make(path: str, role: str = "manager", method: str = "GET") -> Any:
        headers = {"Authorization": f"Bearer {world.token[role]}"}
        return client.open(f"/api/v1{path}", method=method, headers=headers)

    return make


def test_the_description_names_every_route_and_no_other(app: Flask) -> None:
    routes = {
        (method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule.removeprefix("/api/v1")))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == set(OPERATIONS)


def test_the_page_in_the_docs_names_every_route_and_parameter() -> None:
    text = DOCS.read_text()
    for (method, path), (_, _, asks) in OPERATIONS.items():
        line = next(
            (line for line in text.splitlines() if f"`{method.upper()} /api/v1{path}`" in line), ""
        )
        assert line, f"docs/api.md lacks {method.upper()} {path}"
        for name in asks:
            assert f"`{name}`" in line, f"docs/api.md: {path} lacks {name}"
    for shape, properties in SHAPES.items():
        assert f"**{shape}**" in text
        listed = text.partition(f"**{shape}**")[2].partition("\n")[0]
        for name in properties:
            assert f"`{name}`" in listed, f"docs/api.md: {shape} lacks {name}"


def test_the_description_is_served(ask: Callable[..., Any]) -> None:
    served = ask("/openapi.json").json
    assert served == document("http://127.0.0.1:8710")
    assert served["openapi"] == "3.1.0"
    assert served["servers"] == [{"url": "http://127.0.0.1:8710/api/v1"}]


_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "object": dict,
}  # fmt: skip


def fits(value: Any, kind: str, where: str) -> None:
    """The value is what the description says."""
    if kind.endswith("?"):
        if value is None:
            return
        kind = kind[:-1]
    if kind == "any":
        return
    if kind.startswith("["):
        assert isinstance(value, list), where
        for one in value:
            fits(one, kind[1:-1], where)
    elif kind in SHAPES:
        lacks = set(SHAPES[kind]) - set(value)
        assert lacks <= set(MAY_LACK.get(kind, ())), (where, lacks)
        assert set(value) <= set(SHAPES[kind]), where
        for name, inner in value.items():
            fits(inner, SHAPES[kind][name], f"{where}.{name}")
    elif kind == "time":
        assert datetime.fromisoformat(value).tzinfo is not None, where
    else:
        assert isinstance(value, _TYPES[kind]), (where, value)
        assert kind == "boolean" or not isinstance(value, bool), where


def test_every_answer_is_as_described(ask: Callable[..., Any], world: Any) -> None:
    ids = {"people": world.person["dana"], "interventions": world.intervention["alert"]}
    for (method, path), (_, answers, _) in OPERATIONS.items():
        if method != "get" or answers == "object":
            continue
        kind = path.split("/")[1]
        answer = ask(path.replace("{id}", str(ids.get(kind))))
        assert answer.status_code == 200, path
        if answers.startswith("["):
            assert set(answer.json) == {"items", "next"}
            assert answer.json["items"], path
            fits(answer.json["items"], answers, path)
        else:
            fits(answer.json, answers, path)


def test_a_person_is_told_with_their_strongest_factors(ask: Callable[..., Any], world: Any) -> None:
    dana = ask(f"/people/{world.person['dana']}").json
    feeling = dana["remembered_feeling"]
    assert feeling["score"] < 0
    assert 1 <= len(feeling["factors"]) <= 3
    assert all(factor["quote"] or factor["kind"] for factor in feeling["factors"])
    assert ask(f"/people/{world.person['quinn']}").json["remembered_feeling"] is None


def test_approving_needs_the_role_and_works_once(ask: Callable[..., Any], world: Any) -> None:
    path = f"/interventions/{world.intervention['alert']}"
    refused = ask(f"{path}/approve", role="agent", method="POST")
    assert (refused.status_code, refused.json["error"]["code"]) == (403, "not_allowed")
    done = ask(f"{path}/approve", method="POST")
    assert done.status_code == 200
    assert done.json["state"] == "approved"
    assert done.json["decided_by"].startswith("token:")
    again = ask(f"{path}/approve", method="POST")
    assert (again.status_code, again.json["error"]["code"]) == (409, "not_waiting")
    assert ask("/interventions/4711/approve", method="POST").status_code == 404


def test_what_was_approved_can_be_stopped_until_it_is_on_its_way(
    ask: Callable[..., Any], world: Any
) -> None:
    id = world.intervention["alert"]
    assert ask(f"/interventions/{id}/approve", method="POST").status_code == 200
    assert ask(f"/interventions/{id}/decline", method="POST").json["state"] == "declined"
    other = world.intervention["thanks"]
    assert ask(f"/interventions/{other}/decline", method="POST").status_code == 409


def test_declining_keeps_it_in(ask: Callable[..., Any], world: Any) -> None:
    id = world.intervention["alert"]
    assert ask(f"/interventions/{id}/decline", method="POST").json["state"] == "declined"
    with world.database.read() as tx:
        assert interventions.get(tx, id).state is interventions.State.DECLINED


def test_a_browser_session_needs_the_form_token_to_change_something(
    me: FlaskClient, world: Any, form_token: Callable[..., str]
) -> None:
    path = f"/api/v1/interventions/{world.intervention['alert']}/approve"
    bare = me.post(path)
    assert (bare.status_code, bare.json["error"]["code"]) == (400, "stale_form")
    assert me.post(path, headers={"X-CSRFToken": form_token(me, "/")}).status_code == 200


def test_filters_filter(ask: Callable[..., Any], world: Any) -> None:
    dana = world.person["dana"]
    kinds = {one["kind"] for one in ask("/moments?kind=gratitude").json["items"]}
    assert kinds == {"gratitude"}
    assert {one["person"] for one in ask(f"/moments?person={dana}").json["items"]} == {dana}
    assert ask("/moments?connection=outlet").json["items"] == []
    assert len(ask("/interventions?state=delivered").json["items"]) == 1
    assert ask("/verdicts?rule=none").json["items"] == []
    assert ask("/verdicts?fires=false").json["items"] == []
    assert [one["name"] for one in ask("/people?name=ravi").json["items"]] == ["Ravi Menon"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 404), ("/nothing", 404), ("/people/abc", 404), ("/people/999", 404),
        ("/people/99999999999999999999", 404), ("/people/999/tickets", 404),
        ("/interventions/999", 404), ("/moments?limit=0", 400), ("/moments?limit=201", 400),
        ("/moments?limit=x", 400), ("/moments?limit=99999999999999999999", 400),
        ("/moments?cursor=x", 400), ("/moments?person=x", 400), ("/verdicts?fires=1", 400),
        ("/interventions?state=x", 400), ("/interventions?cursor=x", 400),
        ("/interventions/1/approve", 405),
    ],
)  # fmt: skip
def test_errors_have_one_shape(path: str, status: int, ask: Callable[..., Any]) -> None:
    answer = ask(path)
    assert answer.status_code == status
    assert set(answer.json) == {"error"}
    assert set(answer.json["error"]) == {"code", "message"}
    assert all(isinstance(value, str) and value for value in answer.json["error"].values())


def test_a_stranger_is_told_how_to_come_in(client: FlaskClient) -> None:
    for path in ("/moments", "/people/1", "/openapi.json"):
        answer = client.get(f"/api/v1{path}")
        assert answer.status_code == 401
        assert "Bearer ks_" in answer.json["error"]["message"]
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    path=st.sampled_from([path for method, path in OPERATIONS if method == "get"]),
    id=st.integers(-5, 2**70),
    query=st.dictionaries(
        st.sampled_from(["limit", "cursor", "person", "kind", "state", "name", "rule", "fires", "connection"]),
        st.text(max_size=20),
        max_size=3,
    ),
)  # fmt: skip
def test_nothing_that_is_asked_makes_us_fail(
    path: str, id: int, query: dict[str, str], client: FlaskClient, world: Any
) -> None:
    headers = {"Authorization": f"Bearer {world.token['agent']}"}
    try:
        answer = client.get(
            f"/api/v1{path.replace('{id}', str(id))}", query_string=query, headers=headers
        )
    except UnicodeEncodeError:
        return  # half a surrogate pair cannot be sent
    assert answer.status_code < 500


def test_what_failed_can_be_let_out_again(ask: Callable[..., Any], world: Any) -> None:
    id = fail(world, dead=True)
    path = f"/interventions/{id}/replay"
    refused = ask(path, role="agent", method="POST")
    assert (refused.status_code, refused.json["error"]["code"]) == (403, "not_allowed")
    done = ask(path, method="POST")
    assert (done.status_code, done.json["state"], done.json["state_reason"]) == (200, "due", None)
    assert not any(each["dead"] for each in done.json["tries"])
    again = ask(path, method="POST")
    assert (again.status_code, again.json["error"]["code"]) == (409, "not_waiting")
    assert ask("/interventions/4711/replay", method="POST").status_code == 404
    with world.database.read() as tx:
        (noted,) = audit.latest(tx, subject=f"intervention:{id}")
        assert deliveries.dead_letters(tx) == []
    assert (noted.action, noted.actor[:6]) == ("intervention.replay", "token:")


def fail(world: Any, *, dead: bool) -> int:
    """An intervention one of whose actions did not arrive."""
    id: int = world.intervention["alert"]
    now = world.clock()
    with world.database.write() as tx:
        interventions.approve(tx, id, by="user:manager", now=now)
        interventions.start(tx, id, now=now)
        attempt = deliveries.begin(tx, intervention_id=id, action_index=0, now=now)
        assert attempt is not None
        deliveries.record(tx, attempt.id, outcome=Outcome.FAILED, is_dead=dead, now=now)
        state = interventions.State.FAILED
        interventions.finish(tx, id, state=state, reason="answered 500", now=now)
    return id
