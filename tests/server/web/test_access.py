"""Who gets in, who does not, and what a page may be made to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from server.security.roles import Role
from server.store import api_tokens, audit, users
from server.web.access import OPEN

LogIn = Callable[..., FlaskClient]


def _path(rule: Rule) -> str:
    values = {"id": 1, "connection_id": "acme", "rest": "x", "filename": "x"}
    with_values = {name: values[name] for name in rule.arguments}
    path = rule.rule
    for name, value in with_values.items():
        for converter in ("id:", "path:", "string:", ""):
            path = path.replace(f"<{converter}{name}>", str(value))
    assert "<" not in path
    return path


def test_every_address_but_the_open_ones_wants_a_login(app: Flask, client: FlaskClient) -> None:
    closed = [rule for rule in app.url_map.iter_rules() if rule.endpoint not in OPEN]
    assert len(closed) > 15
    for rule in closed:
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = client.open(_path(rule), method=method)
            assert answer.status_code in (302, 303, 401), (method, rule.rule)
            assert "Acme helpdesk" not in answer.get_data(as_text=True)


def test_the_open_addresses_are_these(app: Flask) -> None:
    assert {
        "webhooks.receive", "health.alive", "health.ready", "sessions.show", "sessions.enter",
        "static",
    } == OPEN  # fmt: skip
    assert {rule.endpoint for rule in app.url_map.iter_rules()} >= OPEN


def test_logging_in_leads_to_the_page_that_was_wanted(
    client: FlaskClient, world: Any, world_module: Any, form_token: Callable[..., str]
) -> None:
    wanted = client.get("/people?q=dana")
    assert wanted.headers["Location"] == "/login?next=/people%3Fq%3Ddana"
    answer = client.post(
        "/login",
        data={
            "login": " Manager ",
            "password": world_module.PASSWORD,
            "next": "/people?q=dana",
            "csrf_token": form_token(client),
        },
    )
    assert answer.headers["Location"] == "/people?q=dana"
    assert "Dana Whitfield" in client.get("/people?q=dana").get_data(as_text=True)
    with world.database.read() as tx:
        assert audit.latest(tx)[0].action == "session.open"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil",
        "javascript:alert(1)", "evil", "/\n/evil.example", "http:/evil.example",
    ],
)  # fmt: skip
def test_a_login_leads_nowhere_else(
    elsewhere: str, client: FlaskClient, world_module: Any, form_token: Callable[..., str]
) -> None:
    data = {"login": "agent", "password": world_module.PASSWORD, "next": elsewhere}
    answer = client.post("/login", data={**data, "csrf_token": form_token(client)})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/"


def test_a_wrong_password_and_an_unknown_login_look_alike(
    client: FlaskClient, world_module: Any, form_token: Callable[..., str]
) -> None:
    pages = []
    for login, password in (("manager", "not the password"), ("nobody", world_module.PASSWORD)):
        token = form_token(client)
        answer = client.post(
            "/login", data={"login": login, "password": password, "csrf_token": token}
        )
        assert answer.status_code == 403
        pages.append(answer.get_data(as_text=True).replace(login, ""))
    assert "do not go together" in pages[0]
    assert len(pages[0]) == len(pages[1])


def test_guessing_is_slowed_down_and_then_forgiven(
    client: FlaskClient, world: Any, world_module: Any, form_token: Callable[..., str]
) -> None:
    def attempt(password: str) -> Any:
        data = {"login": "manager", "password": password, "csrf_token": form_token(client)}
        return client.post("/login", data=data)

    assert [attempt("wrong password").status_code for _ in range(5)] == [403] * 5
    refused = attempt(world_module.PASSWORD)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 60
    world.clock.forward(minutes=16)
    assert attempt(world_module.PASSWORD).status_code == 303


def test_a_form_without_its_token_changes_nothing(me: FlaskClient, world: Any) -> None:
    id = world.intervention["alert"]
    answer = me.post(f"/interventions/{id}", data={"decision": "approve"})
    assert answer.status_code == 400
    assert "too old" in answer.get_data(as_text=True)
    assert 'data-state="proposed"' in me.get("/").get_data(as_text=True)


def test_a_session_ends_by_time_by_epoch_and_by_lock(app: Flask, world: Any, log_in: LogIn) -> None:
    client = log_in(app, "agent")
    assert client.get("/").status_code == 200
    world.clock.forward(hours=12)
    assert client.get("/").status_code == 302

    client = log_in(app, "agent")
    with world.database.write() as tx:
        user = users.by_login(tx, "agent")
        assert user is not None
        users.end_sessions(tx, user.id, now=world.clock())
    assert client.get("/").status_code == 302

    client = log_in(app, "agent")
    with world.database.write() as tx:
        users.change(tx, user.id, is_active=False, now=world.clock())
    assert client.get("/").status_code == 302


def test_logging_out_ends_the_session(me: FlaskClient, form_token: Callable[..., str]) -> None:
    answer = me.post("/logout", data={"csrf_token": form_token(me, "/")})
    assert answer.status_code == 303
    assert me.get("/").status_code == 302


def test_a_cookie_signed_with_another_key_opens_nothing(
    app: Flask, world: Any, log_in: LogIn
) -> None:
    client = log_in(app, "admin")
    cookie = client.get_cookie("keepsake")
    assert cookie is not None
    other = world.app()
    other.config["SECRET_KEY"] = "another secret, long enough too."
    stranger = other.test_client()
    stranger.set_cookie("keepsake", cookie.value)
    assert stranger.get("/").status_code == 302


def test_the_session_cookie_is_careful(world: Any, log_in: LogIn) -> None:
    app = world.app(public_url="https://keepsake.example")
    client = app.test_client()
    answer = client.get("/login", base_url="https://keepsake.example")
    cookie = answer.headers["Set-Cookie"]
    for part in ("Secure", "HttpOnly", "SameSite=Lax"):
        assert part in cookie
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_an_agent_reads_and_does_not_decide(
    app: Flask, world: Any, log_in: LogIn, form_token: Callable[..., str]
) -> None:
    client = log_in(app, "agent")
    page = client.get("/").get_data(as_text=True)
    assert "Managers and admins decide." in page
    assert 'value="approve"' not in page
    answer = client.post(
        f"/interventions/{world.intervention['alert']}",
        data={"decision": "approve", "csrf_token": form_token(client, "/")},
    )
    assert answer.status_code == 403


def test_a_token_opens_the_api_and_the_numbers_and_no_page(client: FlaskClient, world: Any) -> None:
    token = {"Authorization": f"Bearer {world.token['agent']}"}
    assert client.get("/api/v1/moments", headers=token).status_code == 200
    assert client.get("/metrics", headers=token).status_code == 200
    assert client.get("/", headers=token).status_code == 302
    assert client.get("/api/v1/moments").status_code == 401
    assert client.get("/metrics").status_code == 401


@pytest.mark.parametrize("header", ["Bearer ks_nothing", "Bearer", "bearer x", "Bearer ks_é"])
def test_a_bad_token_is_not_made_good_by_a_session(header: str, me: FlaskClient) -> None:
    assert me.get("/api/v1/moments").status_code == 200
    answer = me.get("/api/v1/moments", headers={"Authorization": header})
    assert answer.status_code == 401


def test_a_proxy_with_a_password_of_its_own_does_not_lock_people_out(me: FlaskClient) -> None:
    proxy = {"Authorization": "Basic cHJveHk6c2VjcmV0"}
    assert me.get("/", headers=proxy).status_code == 200
    assert me.get("/api/v1/moments", headers=proxy).status_code == 200


def test_a_revoked_or_expired_token_opens_nothing(client: FlaskClient, world: Any) -> None:
    token = {"Authorization": f"Bearer {world.token['agent']}"}
    with world.database.write() as tx:
        found = {one.role: one.id for one in api_tokens.find(tx)}
        api_tokens.revoke(tx, found[Role.AGENT], now=world.clock())
    assert client.get("/api/v1/moments", headers=token).status_code == 401


def test_a_foreign_host_is_refused(client: FlaskClient, world: Any) -> None:
    assert client.get("/login", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/healthz", headers={"Host": "localhost:9999"}).status_code == 200
    app = world.app(public_url="https://keepsake.example", extra_hosts=("inside.example",))
    for host in ("keepsake.example", "inside.example"):
        assert app.test_client().get("/healthz", headers={"Host": host}).status_code == 200


def test_every_answer_carries_the_protecting_headers(client: FlaskClient, me: FlaskClient) -> None:
    for answer in (
        client.get("/login"), client.get("/nothing"), client.get("/healthz"), me.get("/"),
        client.get("/static/keepsake.css", buffered=True), me.get("/api/v1/nothing"),
    ):  # fmt: skip
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
    assert me.get("/").headers["Cache-Control"] == "no-store"


def test_forwarded_headers_are_believed_only_from_our_proxies(world: Any) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example"}
    assert world.app().test_client().get("/login", headers=forged).status_code == 200
    behind = world.app(proxies=1).test_client()
    assert behind.get("/login", headers=forged).status_code == 400


def test_settings_that_would_open_the_house_are_refused(world_module: Any) -> None:
    make = world_module.WebSettings
    with pytest.raises(ValueError, match="32 characters"):
        make(public_url="http://x", session_secret="short")
    with pytest.raises(ValueError, match="public address"):
        make(public_url="x", session_secret="s" * 32)
