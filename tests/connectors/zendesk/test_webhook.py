"""Webhooks are believed only when proven, and say what changed."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Change, WebhookRequest
from connectors.errors import WebhookRejected
from connectors.records import RecordKind, RecordRef
from connectors.signing import signature
from connectors.zendesk import webhook

SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="
STAMP = "2026-03-01T10:20:30Z"
NOW = datetime(2026, 3, 1, 10, 20, 30, tzinfo=UTC)
US = "900"


def event(name: str = "ticket.comment_added", **changes: Any) -> dict[str, Any]:
    """An event as Zendesk sends it: ids as text, "0" for nobody, enums in capitals.

    PROVENANCE: written for this test after the documented payload, version 2022-11-06.
    """
    made: dict[str, Any] = {
        "type": f"zen:event-type:{name}",
        "account_id": 18500000,
        "id": "0b8f6e0e-3c1a-4f0e-9d8e-6a2f4f0d9c11",
        "time": "2026-03-01T10:20:29Z",
        "zendesk_event_version": "2022-11-06",
        "subject": "zen:ticket:42",
        "detail": {
            "id": "42",
            "actor_id": "501",
            "requester_id": "501",
            "assignee_id": "0",
            "organization_id": "0",
            "status": "OPEN",
            "tags": ["vip"],
        },
        "event": {"comment": {"id": "7001", "body": "Any news?", "is_public": True}},
    }
    for key, value in changes.items():
        made[key] = {**made[key], **value} if isinstance(made.get(key), dict) else value
    return made


def request(
    body: bytes,
    *,
    secret: str = SECRET,
    stamp: str = STAMP,
    content_type: str = "application/json; charset=utf-8",
    **headers: str,
) -> WebhookRequest:
    signed = {
        "x-zendesk-webhook-signature": signature(secret, stamp.encode(), body),
        "x-zendesk-webhook-signature-timestamp": stamp,
        "content-type": content_type,
    }
    return WebhookRequest(headers=signed | headers, body=body)


def read(sent: WebhookRequest, **options: Any) -> list[Change]:
    return webhook.read(sent, **({"secret": SECRET, "identity": US, "now": NOW} | options))


def read_event(sent: dict[str, Any], **options: Any) -> list[Change]:
    return read(request(json.dumps(sent, indent=3).encode() + b"\n"), **options)


def test_the_documented_test_vectors_verify() -> None:
    body = '{"ticket_id":"42","note":"café"}'.encode()
    headers = {
        "x-zendesk-webhook-signature": "CKSjkZEupVwBMkVG2SrVcmeYFQFHQckoD+LZv5U4uNc=",
        "x-zendesk-webhook-signature-timestamp": STAMP,
        "content-type": "application/json",
    }
    assert read(WebhookRequest(headers=headers, body=body)) == []
    empty = signature(SECRET, STAMP.encode(), b"")
    assert empty == "32clzgmArLXT3hLtr/P+GLI+1scfnKUFEkaJ33kf9Xk="


def test_a_comment_becomes_a_change_of_its_ticket() -> None:
    assert read_event(event()) == [
        Change(
            event_id="0b8f6e0e-3c1a-4f0e-9d8e-6a2f4f0d9c11",
            record=RecordRef(kind=RecordKind.TICKET, id="42"),
            kind="ticket.comment_added",
            at=datetime(2026, 3, 1, 10, 20, 29, tzinfo=UTC),
            partition="501",
        )
    ]


@pytest.mark.parametrize("name", sorted(webhook.SUBSCRIPTIONS))
def test_every_event_we_subscribe_to_is_understood(name: str) -> None:
    [change] = read_event(event(name))
    assert change.kind == name
    assert change.record.kind is webhook.SUBSCRIPTIONS[name]


def test_a_deleted_user_is_a_change_of_the_contact_kept_in_their_own_order() -> None:
    detail = {"id": "501", "requester_id": None}
    [change] = read_event(event("user.deleted", subject="zen:user:501", detail=detail))
    assert change.record == RecordRef(kind=RecordKind.CONTACT, id="501")
    assert change.partition == "501"


@pytest.mark.parametrize("name", ["ticket.tags_changed", "ticket.updated", "user.created", ""])
def test_an_event_we_do_not_handle_changes_nothing_and_is_no_error(name: str) -> None:
    assert read_event(event(name)) == []


def test_our_own_field_write_coming_back_is_dropped() -> None:
    own = event("ticket.custom_field_changed", detail={"actor_id": US}, event={})
    assert read_event(own) == []


def test_our_own_note_coming_back_is_dropped() -> None:
    note = {"comment": {"id": "7", "body": "note", "is_public": False}}
    assert read_event(event(detail={"actor_id": US}, event=note)) == []


def test_a_person_who_shares_our_sign_in_is_still_heard() -> None:
    assert read_event(event(detail={"actor_id": US}))
    assert read_event(event("ticket.status_changed", detail={"actor_id": US}))


def test_an_agents_correction_of_our_field_is_heard_and_other_fields_are_not() -> None:
    for field, heard in [("360001", True), ("999", False)]:
        changed = {"custom_field": {"id": field}, "current": {"value": "x"}}
        sent = event("ticket.custom_field_changed", event=changed)
        assert bool(read_event(sent, own_fields={"360001"})) is heard


@pytest.mark.parametrize("secret", ["", "   ", None])
def test_without_a_secret_nothing_is_believed(secret: str | None) -> None:
    body = json.dumps(event()).encode()
    with pytest.raises(WebhookRejected) as refused:
        read(request(body, secret=secret or ""), secret=secret)
    assert refused.value.status == 401


def test_another_secret_is_refused() -> None:
    with pytest.raises(WebhookRejected, match="does not match"):
        read(request(json.dumps(event()).encode(), secret="other"))


def test_a_changed_body_is_refused() -> None:
    sent = request(json.dumps(event()).encode())
    forged = WebhookRequest(headers=sent.headers, body=sent.body.replace(b"42", b"43"))
    with pytest.raises(WebhookRejected, match="does not match"):
        read(forged)


def test_an_old_signature_under_a_new_timestamp_is_refused() -> None:
    sent = request(json.dumps(event()).encode(), stamp="2026-02-01T00:00:00Z")
    moved = {**sent.headers, "x-zendesk-webhook-signature-timestamp": STAMP}
    with pytest.raises(WebhookRejected, match="does not match"):
        read(WebhookRequest(headers=moved, body=sent.body))


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_stale_or_future_timestamp_is_refused(seconds: int) -> None:
    with pytest.raises(WebhookRejected) as refused:
        read_event(event(), now=NOW - timedelta(seconds=seconds))
    assert refused.value.status == 401


def test_a_wider_window_may_be_asked_for() -> None:
    late = NOW + timedelta(minutes=50)
    assert read_event(event(), now=late, tolerance=timedelta(hours=1))


@pytest.mark.parametrize("stamp", ["", "yesterday", "1772360430"])
def test_a_timestamp_that_is_no_time_is_refused(stamp: str) -> None:
    with pytest.raises(WebhookRejected):
        read(request(json.dumps(event()).encode(), stamp=stamp))


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_wrong_content_type_is_415(kind: str) -> None:
    with pytest.raises(WebhookRejected) as refused:
        read(request(json.dumps(event()).encode(), content_type=kind))
    assert refused.value.status == 415


def test_ten_megabytes_are_413_before_anything_is_computed() -> None:
    with pytest.raises(WebhookRejected) as refused:
        read(WebhookRequest(headers={}, body=b"x" * 10_000_000))
    assert refused.value.status == 413


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b"null", b"\xff\xfe", b"[" * 100_000, b'"text"']
)
def test_a_signed_body_that_is_no_event_is_400(body: bytes) -> None:
    with pytest.raises(WebhookRejected) as refused:
        read(request(body))
    assert refused.value.status == 400


def test_an_event_about_nothing_is_400() -> None:
    with pytest.raises(WebhookRejected) as refused:
        read_event(event(detail={"id": "0"}, subject=""))
    assert refused.value.status == 400


def test_the_subject_names_the_record_where_the_detail_does_not() -> None:
    [change] = read_event(event(detail={"id": None}))
    assert change.record.id == "42"


def test_an_event_without_an_id_gets_the_same_one_each_time() -> None:
    first, second = (read_event(event(id=None))[0].event_id for _ in range(2))
    assert first == second
    assert read_event(event(id=None, time="2026-03-01T10:20:28Z"))[0].event_id != first


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(detail=JSON, happened=JSON, at=JSON, subject=JSON)
def test_no_signed_event_however_odd_breaks_the_reader(
    detail: Any, happened: Any, at: Any, subject: Any
) -> None:
    sent = {
        "type": "zen:event-type:ticket.comment_added",
        "detail": detail,
        "event": happened,
        "time": at,
        "subject": subject,
    }
    statuses, changes = [], []
    try:
        changes = read_event(sent)
    except WebhookRejected as refused:
        statuses.append(refused.status)
    assert statuses in ([], [400])
    assert all(change.record.id for change in changes)


def test_the_web_process_reads_webhooks_without_any_client() -> None:
    code = (
        "import sys, connectors.zendesk.connector, connectors.zendesk.webhook;"
        "sys.exit(any(m.split('.')[0] in ('zenpy', 'httpx', 'requests') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
