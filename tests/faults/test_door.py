"""Whatever knocks at the webhook door: refused with the right number, no trace, never a 500."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from rig.house import CONNECTION, House

from connectors.base import Installation
from connectors.signing import signature
from server.store import connection_secrets, connections

EVENT: dict[str, Any] = {
    "id": "01JD0000000000000000000001",
    "type": "zen:event-type:ticket.comment_added",
    "subject": "zen:ticket:4300000001",
    "time": "2026-11-20T12:00:00Z",
    "detail": {"id": "4300000001", "requester_id": "7", "actor_id": "7"},
    "event": {"comment": {"id": "9", "is_public": True}},
}


def secret_of(house: House) -> str:
    (webhook,) = house.emulator.state.webhooks.values()
    return webhook.secret


def post(
    house: House,
    body: bytes,
    *,
    secret: str | None = None,
    at: datetime | None = None,
    content_type: str = "application/json; charset=utf-8",
    connection: str = CONNECTION,
    **headers: str,
) -> httpx.Response:
    stamp = (at or house.clock()).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    key = secret_of(house) if secret is None else secret
    signed = {
        "content-type": content_type,
        "x-zendesk-webhook-signature": signature(key, stamp.encode(), body),
        "x-zendesk-webhook-signature-timestamp": stamp,
        **headers,
    }
    return httpx.post(
        f"{house.url}/webhooks/{connection}",
        content=body,
        headers=signed,
        timeout=20,
        trust_env=False,
    )


def rows_of(house: House) -> dict[str, int]:
    """Every table with how many rows it has."""
    with house.home.database.read() as tx:
        tables = [
            row[0]
            for row in tx.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            name: int(tx.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar() or 0)
            for name in tables
        }


def body_of(**changes: Any) -> bytes:
    return json.dumps({**EVENT, **changes}).encode()


def test_a_good_event_is_kept_once_and_a_repeat_is_said_to_be_one(live: House) -> None:
    before = live.inbox
    first, second = post(live, body_of()), post(live, body_of())
    assert (first.status_code, second.status_code) == (202, 200)
    assert second.json() == {"accepted": 0, "duplicates": 1}
    assert live.inbox.waiting == before.waiting + 1


BAD = {
    "a wrong signature": (401, {"secret": "somebody else's secret"}),
    "an empty key": (401, {"secret": ""}),
    "a stale timestamp": (401, {"ago": timedelta(minutes=6)}),
    "a timestamp to come": (401, {"ago": timedelta(minutes=-6)}),
    "no signature": (401, {"x-zendesk-webhook-signature": ""}),
    "a signature that is no text": (401, {"x-zendesk-webhook-signature": "\u00ff\u00fe"}),
    "another content type": (415, {"content_type": "text/plain"}),
    "a form": (415, {"content_type": "application/x-www-form-urlencoded"}),
    "another connection": (404, {"connection": "nowhere"}),
    "a very long connection": (404, {"connection": "x" * 5000}),
}


@pytest.mark.parametrize("what", BAD)
def test_refused_without_a_trace(what: str, live: House) -> None:
    status, how = BAD[what]
    how = dict(how)
    ago = how.pop("ago", timedelta(0))
    if "x-zendesk-webhook-signature" in how:
        how["x-zendesk-webhook-signature"] = how["x-zendesk-webhook-signature"].encode("latin-1")
    before = rows_of(live)
    answer = post(live, body_of(), at=live.clock() - ago, **how)
    assert answer.status_code in ((status,) if "long" not in what else (404, 414)), answer.text
    if answer.status_code != 414:
        assert set(answer.json()) == {"error"}
    assert rows_of(live) == before


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"[" * 100_000, b"{}" + b" " * 10],
    ids=["empty", "cut", "list", "null", "text", "no utf-8", "very deep", "no type"],
)
def test_rubbish_with_a_right_signature_is_the_senders_fault(body: bytes, live: House) -> None:
    before = rows_of(live)
    answer = post(live, body)
    assert answer.status_code in (200, 400), answer.text
    assert rows_of(live) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"detail": None},
        {"detail": {"id": None}, "subject": None},
        {"detail": {"id": {"a": 1}}, "subject": 7},
        {"id": {"x": 1}, "time": 5, "event": [1]},
        {"time": "never", "detail": {"id": "9" * 400}},
    ],
    ids=["no detail", "no id", "odd id", "odd everything", "endless id"],
)
def test_events_of_an_odd_shape_are_never_a_server_error(
    changes: dict[str, Any], live: House
) -> None:
    assert post(live, body_of(**changes)).status_code < 500
    live.settle(hours=3)
    assert live.connection.state == "live"


def test_events_we_do_not_know_are_fine_and_forgotten(live: House) -> None:
    before = rows_of(live)
    answer = post(live, body_of(type="zen:event-type:ticket.never_heard_of"))
    assert answer.status_code == 200
    assert rows_of(live) == before


def test_ten_megabytes_are_too_much(live: House) -> None:
    before = rows_of(live)
    body = body_of(padding="x" * 10 * 1024 * 1024)
    assert post(live, body).status_code == 413
    assert rows_of(live) == before


def test_a_connection_without_a_secret_takes_nothing_not_even_signed_with_nothing(
    live: House,
) -> None:
    with live.home.database.write() as tx:
        kept = connection_secrets.installation_of(tx, live.home.vault, connection_id=CONNECTION)
        connection_secrets.keep_installation(
            tx,
            live.home.vault,
            connection_id=CONNECTION,
            installation=Installation(made=kept.made, state=kept.state, webhook_secret=""),
            now=live.clock(),
        )
    before = rows_of(live)
    assert post(live, body_of(), secret="").status_code == 401
    assert post(live, body_of(), secret=" ").status_code == 401
    assert rows_of(live) == before


def test_a_removed_connection_is_unknown(live: House) -> None:
    secret = secret_of(live)
    with live.home.database.write() as tx:
        connections.set_state(
            tx, CONNECTION, state=connections.ConnectionState.REMOVED, now=live.clock()
        )
    # The door trusts what it knows for two seconds, by the clock of the machine.
    import time

    time.sleep(2.1)
    assert post(live, body_of(), secret=secret).status_code == 404


def test_one_word_changed_on_the_way_is_noticed(live: House) -> None:
    stamp = live.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    body = body_of()
    signed = signature(secret_of(live), stamp.encode(), body)
    before = rows_of(live)
    answer = httpx.post(
        live.webhook_url,
        content=body.replace(b"4300000001", b"4300000002"),
        headers={
            "content-type": "application/json",
            "x-zendesk-webhook-signature": signed,
            "x-zendesk-webhook-signature-timestamp": stamp,
        },
        trust_env=False,
    )
    assert answer.status_code == 401
    assert rows_of(live) == before
