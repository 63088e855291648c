"""What a webhook of Zendesk's says, once it is proven to be theirs and from now.

Runs in the web process: imports neither zenpy nor any HTTP client. The hard part is the order:
size, secret, signature on the raw bytes, freshness, and only then JSON, since nothing may be
parsed that is not proven. Signature: base64 of HMAC-SHA256 over timestamp and body, no
separator, the secret's text as the key (docs: webhooks/verifying).

Delivery is best effort: the same event may come twice, late, out of order or never. A change is
a hint to fetch the record; its ``event_id`` is for ever the same.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from ..base import Change, WebhookRequest
from ..errors import WebhookRejected
from ..records import RecordKind, RecordRef
from ..signing import TOLERANCE, require_fresh, require_signature
from .mapping import id_or_none, time_of

#: Zendesk's own payloads stay well below: a comment holds at most 64 KB.
LARGEST_BODY = 2 * 1024 * 1024
PREFIX = "zen:event-type:"

#: What we subscribe to, and what a change of it concerns. Erasure and merging of people matter
#: as much as their words: everything kept of them must follow.
SUBSCRIPTIONS: Mapping[str, RecordKind] = MappingProxyType(
    {
        "ticket.created": RecordKind.TICKET,
        "ticket.comment_added": RecordKind.TICKET,
        "ticket.comment_redacted": RecordKind.TICKET,
        "ticket.comment_made_private": RecordKind.TICKET,
        "ticket.status_changed": RecordKind.TICKET,
        "ticket.priority_changed": RecordKind.TICKET,
        "ticket.group_assignment_changed": RecordKind.TICKET,
        "ticket.requester_changed": RecordKind.TICKET,
        "ticket.custom_field_changed": RecordKind.TICKET,
        "ticket.csat_received": RecordKind.TICKET,
        "ticket.merged": RecordKind.TICKET,
        "ticket.soft_deleted": RecordKind.TICKET,
        "ticket.permanently_deleted": RecordKind.TICKET,
        "ticket.undeleted": RecordKind.TICKET,
        "user.deleted": RecordKind.CONTACT,
        "user.merged": RecordKind.CONTACT,
    }
)
#: Told apart by the actor: these two are all that our own writing brings about.
_FIELD_CHANGED = "ticket.custom_field_changed"
_COMMENT_ADDED = "ticket.comment_added"


def read(
    request: WebhookRequest,
    *,
    secret: str | None,
    identity: str | None,
    now: datetime,
    tolerance: timedelta = TOLERANCE,
    own_fields: Collection[str] | None = None,
) -> list[Change]:
    """The changes a request tells of: none for events we do not handle and for our own writes.

    ``identity`` is our user id over there. ``own_fields``: ids of our ticket fields; changes of
    other fields are nothing to us. Raises ``WebhookRejected`` with the status to answer.
    """
    if len(request.body) > LARGEST_BODY:
        raise WebhookRejected("the body is too large to be one of Zendesk's", status=413)
    stamp = request.headers.get("x-zendesk-webhook-signature-timestamp", "")
    require_signature(
        request.headers.get("x-zendesk-webhook-signature"), secret, stamp.encode(), request.body
    )
    signed_at = time_of(stamp)
    if signed_at is None:
        raise WebhookRejected("the signed timestamp is not a time")
    require_fresh(signed_at, now=now, tolerance=tolerance)
    if not request.headers.get("content-type", "").lower().startswith("application/json"):
        raise WebhookRejected("the content type must be application/json", status=415)
    event = _event(request.body)
    name = str(event.get("type", "")).removeprefix(PREFIX)
    kind = SUBSCRIPTIONS.get(name)
    if kind is None or _is_ours(name, event, identity) or _is_foreign(name, event, own_fields):
        return []
    detail = _part(event, "detail")
    record_id = id_or_none(detail.get("id")) or id_or_none(_subject_id(event))
    if record_id is None:
        raise WebhookRejected("the event names no record", status=400)
    person = detail.get("requester_id") if kind is RecordKind.TICKET else record_id
    return [
        Change(
            event_id=str(event.get("id") or sha256(request.body).hexdigest()),
            record=RecordRef(kind=kind, id=record_id),
            kind=name,
            at=time_of(event.get("time")) or signed_at,
            partition=id_or_none(person),
        )
    ]


def _event(body: bytes) -> Mapping[str, Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WebhookRejected("the body is not JSON", status=400) from error
    if not isinstance(event, dict):
        raise WebhookRejected("the body is not an event", status=400)
    return event


def _is_ours(name: str, event: Mapping[str, Any], identity: str | None) -> bool:
    """Our own write coming back. Only what we bring about counts: where the sign-in is a person's
    own, their public answers and status changes must still be heard."""
    if identity is None or id_or_none(_part(event, "detail").get("actor_id")) != identity:
        return False
    if name == _COMMENT_ADDED:
        return _part(_part(event, "event"), "comment").get("is_public") is False
    return name == _FIELD_CHANGED


def _is_foreign(name: str, event: Mapping[str, Any], own_fields: Collection[str] | None) -> bool:
    if name != _FIELD_CHANGED or own_fields is None:
        return False
    field = id_or_none(_part(_part(event, "event"), "custom_field").get("id"))
    # An event that does not say which field is a hint like any other.
    return field is not None and field not in own_fields


def _part(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = parent.get(name)
    return part if isinstance(part, Mapping) else {}


def _subject_id(event: Mapping[str, Any]) -> str | None:
    """``zen:ticket:42`` -> ``42``."""
    *_, last = str(event.get("subject") or "").split(":")
    return last if last.isdigit() else None
