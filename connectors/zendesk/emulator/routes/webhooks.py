"""Webhooks: administration, signing secrets, trial calls, and the log of what was sent."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

import httpx
from flask import Blueprint, Response, request

from .. import problems, shapes_admin
from ..indexes import iso, ulid
from ..paging import small_list
from ..settings_rows import Webhook
from ..signing import STATIC_TEST_SECRET, Call, login_headers, new_secret
from ..web import answer, body, needs, principal, state, unlocked

blueprint = Blueprint("zendesk_webhooks", __name__, url_prefix="/api/v2/webhooks")

CONDITIONAL = "conditional_ticket_events"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_FORMATS = ("json", "xml", "form_encoded")
_HEADER = re.compile(r"[A-Za-z0-9-]+: [\x20-\x7e]*")
_LOGINS = ("basic_auth", "bearer_token", "api_key")


def _refuse(code: str, detail: str) -> problems.Problem:
    error = {"code": code, "title": "Invalid webhook", "detail": detail}
    return problems.Problem(400, {"errors": [error]})


def _webhook(webhook_id: str) -> Webhook:
    row = state().webhooks.get(webhook_id)
    if row is None:
        error = {"code": "WebhookNotFound", "title": "Webhook not found", "id": webhook_id}
        raise problems.Problem(404, {"errors": [error]})
    return row


def _check(given: dict[str, Any], *, kept: Webhook | None = None) -> None:
    """Raises 400 for what the account would not keep."""
    try:
        address = urlsplit(str(given.get("endpoint", kept.endpoint if kept else "")))
        loopback = address.hostname in ("127.0.0.1", "localhost", "::1")
    except ValueError:
        raise _refuse("InvalidEndpoint", "endpoint is not an address") from None
    if address.scheme not in ("http", "https") or not address.netloc:
        raise _refuse("InvalidEndpoint", "endpoint must be an http or https address")
    if kept is None and not str(given.get("name") or "").strip():
        raise _refuse("InvalidName", "name is required")
    if given.get("http_method", "POST") not in _METHODS:
        raise _refuse("InvalidHttpMethod", "http_method is invalid")
    if given.get("request_format", "json") not in _FORMATS:
        raise _refuse("InvalidRequestFormat", "request_format is invalid")
    if given.get("status", "active") not in ("active", "inactive"):
        raise _refuse("InvalidStatus", "status is invalid")
    login, headers = given.get("authentication"), given.get("custom_headers")
    if login and not (
        isinstance(login, dict)
        and login.get("type") in _LOGINS
        and isinstance(login.get("data", {}), dict)
    ):
        raise _refuse("InvalidAuthentication", "authentication is invalid")
    if headers and not (
        isinstance(headers, dict)
        and all(_HEADER.fullmatch(f"{name}: {value}") for name, value in headers.items())
    ):
        raise _refuse("InvalidCustomHeaders", "custom_headers are invalid")
    if (login or headers) and address.scheme != "https" and not loopback:
        raise _refuse("InvalidEndpoint", "authentication and custom headers need https")
    _check_subscriptions(given, kept)


def _check_subscriptions(given: dict[str, Any], kept: Webhook | None) -> None:
    wanted = given.get("subscriptions", kept.subscriptions if kept else [])
    if not isinstance(wanted, list):
        raise _refuse("InvalidSubscriptions", "subscriptions must be a list")
    conditional = CONDITIONAL in wanted
    events = [each for each in wanted if str(each).startswith("zen:event-type:")]
    if len(events) + conditional != len(wanted) or (conditional and len(wanted) > 1):
        raise _refuse("InvalidSubscriptions", "subscriptions cannot be mixed or unknown")
    if kept is not None and conditional != (CONDITIONAL in kept.subscriptions):
        raise _refuse("InvalidSubscriptions", "a webhook cannot change its kind")
    method = given.get("http_method", kept.http_method if kept else "POST")
    form = given.get("request_format", kept.request_format if kept else "json")
    if events and (method, form) != ("POST", "json"):
        raise _refuse("InvalidSubscriptions", "event webhooks are POST and json only")


@blueprint.post("")
@needs("admin")
def create() -> Response:
    original = request.args.get("clone_webhook_id")
    if original:
        source = _webhook(original)
        given: dict[str, Any] = {
            "name": f"{source.name} (copy)",
            "endpoint": source.endpoint,
            "http_method": source.http_method,
            "request_format": source.request_format,
            "status": source.status,
            "subscriptions": list(source.subscriptions),
            "description": source.description,
            "authentication": source.authentication,
            "custom_headers": source.custom_headers,
        }
    else:
        given = body("webhook")
    _check(given)
    now = state().clock()
    row = Webhook(
        id=ulid(now),
        name=str(given["name"]).strip(),
        endpoint=str(given["endpoint"]),
        http_method=given.get("http_method", "POST"),
        request_format=given.get("request_format", "json"),
        status=given.get("status", "active"),
        subscriptions=list(given.get("subscriptions") or [CONDITIONAL]),
        secret=new_secret(),
        created_at=now,
        created_by=principal().user.id,
        description=given.get("description"),
        authentication=given.get("authentication"),
        custom_headers=given.get("custom_headers"),
    )
    state().webhooks[row.id] = row
    return answer({"webhook": shapes_admin.webhook(row, just_made=True)}, 201)


@blueprint.get("")
@needs("admin")
def list_webhooks() -> Response:
    part = request.args.get("filter[name_contains]", "").lower()
    status = request.args.get("filter[status]", "")
    rows = [
        row
        for row in state().webhooks.values()
        if part in row.name.lower() and status in ("", row.status)
    ]
    return answer(small_list("webhooks", rows, shapes_admin.webhook, cursors_only=True))


@blueprint.get("/<webhook_id>")
@needs("admin")
def show(webhook_id: str) -> Response:
    return answer({"webhook": shapes_admin.webhook(_webhook(webhook_id))})


@blueprint.route("/<webhook_id>", methods=["PUT", "PATCH"])
@needs("admin")
def update(webhook_id: str) -> Response:
    row = _webhook(webhook_id)
    given = body("webhook")
    _check(given, kept=row)
    for name in (
        "name",
        "description",
        "status",
        "endpoint",
        "http_method",
        "request_format",
        "subscriptions",
        "authentication",
        "custom_headers",
    ):
        if name in given:
            setattr(row, name, given[name])
    row.updated_at, row.updated_by = state().now(), principal().user.id
    return Response(status=204)


@blueprint.delete("/<webhook_id>")
@needs("admin")
def delete(webhook_id: str) -> Response:
    del state().webhooks[_webhook(webhook_id).id]
    return Response(status=204)


@blueprint.route("/<webhook_id>/signing_secret", methods=["GET", "POST"])
@needs("admin")
def signing_secret(webhook_id: str) -> Response:
    """POST makes a new one; the old one is worthless at once."""
    row = _webhook(webhook_id)
    if request.method == "POST":
        row.secret = new_secret()
    told = {"signing_secret": {"algorithm": "SHA256", "secret": row.secret}}
    return answer(told, 201 if request.method == "POST" else 200)


@blueprint.post("/test")
@needs("admin")
@unlocked
def test() -> Response:
    """Call an address now, with a webhook's settings or those given, and tell its answer."""
    given = body().get("request") or {}
    webhook_id = request.args.get("webhook_id")
    with state().lock:
        row = _webhook(webhook_id) if webhook_id else None
        endpoint = given.get("endpoint") or (row.endpoint if row else "")
        method = given.get("http_method") or (row.http_method if row else "POST")
        secret = row.secret if row else STATIC_TEST_SECRET
        stamp = iso(state().clock())
        login = given.get("authentication") or (row.authentication if row else None)
        headers = {**((row.custom_headers or {}) if row else {}), **login_headers(login)}
    payload = given.get("payload", "")
    text = payload if isinstance(payload, str) else json.dumps(payload)
    called = Call(
        account_id=state().options.account_id,
        webhook_id=webhook_id or "",
        invocation_id=ulid(state().clock()),
        secret=secret,
        stamp=stamp,
    )
    headers |= called.headers(text.encode())
    try:
        with httpx.Client(timeout=12, trust_env=False) as client:
            found = client.request(method, endpoint, content=text.encode(), headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL):
        return answer({"response": {"status_code": 504, "headers": [], "payload": ""}})
    pairs = [{"key": key, "value": value} for key, value in found.headers.items()]
    told = {"status_code": found.status_code, "headers": pairs, "payload": found.text[:16_000]}
    return answer({"response": told})


@blueprint.get("/<webhook_id>/invocations")
@needs("admin")
def invocations(webhook_id: str) -> Response:
    """In the order they were caused; their ids alone do not tell within one millisecond."""
    page = small_list(
        "invocations",
        enumerate(_webhook(webhook_id).invocations),
        lambda numbered: shapes_admin.invocation(numbered[1]),
        key=lambda numbered: (numbered[0],),
        cursors_only=True,
    )
    return answer(page)


@blueprint.get("/<webhook_id>/invocations/<invocation_id>/attempts")
@needs("admin")
def attempts(webhook_id: str, invocation_id: str) -> Response:
    for row in _webhook(webhook_id).invocations:
        if row.id == invocation_id:
            told = [shapes_admin.attempt(each, row.id) for each in row.attempts]
            return answer({"attempts": told, "meta": {"has_more": False}, "links": {}})
    raise problems.not_found()
