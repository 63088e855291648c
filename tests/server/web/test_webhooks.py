"""What may knock, what is kept, and what each sender is told."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.store.connections import UnknownConnection
from server.store.views import UNREACHABLE
from server.web.services import Overloaded

MINUTES = timedelta(minutes=1)


def test_a_signed_webhook_is_kept_once(client: FlaskClient, world: Any, world_module: Any) -> None:
    body = world_module.event()
    answer = client.post("/webhooks/acme", data=body, headers=world.signed(body))
    assert (answer.status_code, answer.json) == (202, {"accepted": 1, "duplicates": 0})
    again = client.post("/webhooks/acme", data=body, headers=world.signed(body))
    assert (again.status_code, again.json) == (200, {"accepted": 0, "duplicates": 1})
    assert world.waiting() == 1


def test_an_event_we_do_not_handle_is_fine_and_not_kept(
    client: FlaskClient, world: Any, world_module: Any
) -> None:
    body = world_module.event(kind="organization.created")
    answer = client.post("/webhooks/acme", data=body, headers=world.signed(body))
    assert answer.status_code == 200
    assert world.waiting() == 0


def _wrong_signature(world: Any, body: bytes) -> tuple[str, bytes, dict[str, str]]:
    return "acme", body + b" ", world.signed(body)


def _no_signature(world: Any, body: bytes) -> tuple[str, bytes, dict[str, str]]:
    return "acme", body, {"Content-Type": "application/json"}


def _stale(world: Any, body: bytes) -> tuple[str, bytes, dict[str, str]]:
    return "acme", body, world.signed(body, age=6 * MINUTES)


def _future(world: Any, body: bytes) -> tuple[str, bytes, dict[str, str]]:
    return "acme", body, world.signed(body, age=-6 * MINUTES)


def _empty_secret(world: Any, body: bytes) -> tuple[str, bytes, dict[str, str]]:
    return "nosecret", body, world.signed(body, connection="nosecret")


def _content_type(world: Any, body: bytes) -> tuple[str, bytes, dict[str, str]]:
    return "acme", body, {**world.signed(body), "Content-Type": "text/plain"}


def _ten_megabytes(world: Any, body: bytes) -> tuple[str, bytes, dict[str, str]]:
    large = b" " * 10_000_000 + body
    return "acme", large, world.signed(large)


def _no_json(world: Any, body: bytes) -> tuple[str, bytes, dict[str, str]]:
    return "acme", body[:-1], world.signed(body[:-1])


def _deep_json(world: Any, body: bytes) -> tuple[str, bytes, dict[str, str]]:
    deep = b"[" * 200_000
    return "acme", deep, world.signed(deep)


def _json_list(world: Any, body: bytes) -> tuple[str, bytes, dict[str, str]]:
    return "acme", b"[1]", world.signed(b"[1]")


def _unknown_connection(world: Any, body: bytes) -> tuple[str, bytes, dict[str, str]]:
    return "nobody", body, world.signed(body)


def _long_connection(world: Any, body: bytes) -> tuple[str, bytes, dict[str, str]]:
    return "a" * 3000, body, world.signed(body)


def _strange_signature(world: Any, body: bytes) -> tuple[str, bytes, dict[str, str]]:
    return "acme", body, {**world.signed(body), "X-Zendesk-Webhook-Signature": "ÿ\x7f=="}


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (_wrong_signature, 401),
        (_no_signature, 401),
        (_strange_signature, 401),
        (_stale, 401),
        (_future, 401),
        (_empty_secret, 401),
        (_content_type, 415),
        (_ten_megabytes, 413),
        (_no_json, 400),
        (_deep_json, 400),
        (_json_list, 400),
        (_unknown_connection, 404),
        (_long_connection, 404),
    ],
)
def test_bad_input_is_refused_and_leaves_no_trace(
    make: Callable[[Any, bytes], tuple[str, bytes, dict[str, str]]],
    status: int,
    client: FlaskClient,
    world: Any,
    world_module: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    connection, body, headers = make(world, world_module.event())
    with caplog.at_level(logging.DEBUG):
        answer = client.post(f"/webhooks/{connection}", data=body, headers=headers)
    assert answer.status_code == status
    assert set(answer.json["error"]) == {"code", "message"}
    assert world.waiting() == 0
    assert "a customer's own words" not in caplog.text + answer.get_data(as_text=True)


def test_only_post_is_taken(client: FlaskClient) -> None:
    answer = client.get("/webhooks/acme")
    assert answer.status_code == 405
    assert answer.json["error"]["code"] == "method_not_allowed"
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "error", [Overloaded("full"), UNREACHABLE[0]("s", {}, Exception()), RuntimeError("a bug")]
)
def test_trouble_of_ours_asks_the_sender_to_come_back(
    error: Exception, world: Any, world_module: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise error

    world.accept = fail
    body = world_module.event()
    answer = world.app().test_client().post("/webhooks/acme", data=body, headers=world.signed(body))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "a bug" not in caplog.text


def test_a_broken_connector_is_no_500(world: Any, world_module: Any) -> None:
    def fail(*_: object) -> None:
        raise KeyError("a customer's own words")

    world.read_webhook = fail
    body = world_module.event()
    answer = world.app().test_client().post("/webhooks/acme", data=body, headers=world.signed(body))
    assert answer.status_code == 503


def test_a_connection_deleted_meanwhile_is_unknown(world: Any, world_module: Any) -> None:
    def gone(*_: object) -> None:
        raise UnknownConnection("acme")

    world.accept = gone
    body = world_module.event()
    answer = world.app().test_client().post("/webhooks/acme", data=body, headers=world.signed(body))
    assert answer.status_code == 404


def test_webhooks_are_counted_by_outcome(
    app: Flask, client: FlaskClient, world: Any, world_module: Any
) -> None:
    body = world_module.event()
    for headers in (world.signed(body), world.signed(body), {}):
        client.post("/webhooks/acme", data=body, headers=headers)
    token = {"Authorization": f"Bearer {world.token['agent']}"}
    numbers = client.get("/metrics", headers=token).get_data(as_text=True)
    for outcome in ("accepted", "duplicate", "refused"):
        assert f'keepsake_webhooks_total{{outcome="{outcome}"}} 1.0' in numbers
    assert 'keepsake_inbox{state="waiting"} 1.0' in numbers


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    body=st.binary(max_size=300),
    path=st.text(max_size=40),
    kind=st.sampled_from(["application/json", "application/json; charset=x", "", "a/b"]),
    sign=st.booleans(),
)
def test_nothing_that_knocks_makes_us_fail(
    body: bytes, path: str, kind: str, sign: bool, client: FlaskClient, world: Any
) -> None:
    headers = {**(world.signed(body) if sign else {}), "Content-Type": kind}
    for where in ("acme", path):
        answer = client.post(f"/webhooks/{where}", data=body, headers=headers)
        assert answer.status_code < 500
    assert world.waiting() == 0
