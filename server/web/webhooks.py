"""The door source systems knock at: ``POST /webhooks/<connection>``.

Checks, keeps, answers; nothing is fetched and nothing is read by a model here. What we cannot
verify is refused and leaves no trace but a count. Senders give up on a 500 (Zendesk retries 409,
429, 503 and timeouts only), so whatever goes wrong on our side is a 503 that says when to come
back. Nothing that came with the request is ever logged.

    413 too large · 408 too slow · 415 not JSON · 404 unknown connection · 401 (or what the connector says) not
    verified · 202 kept · 200 seen before, or nothing we care about · 503 come back
"""

from __future__ import annotations

import logging
from socket import socket

from flask import Blueprint, Response, current_app, jsonify, request
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge

from connectors.base import WebhookRequest
from connectors.errors import WebhookRejected
from server.store.connections import UnknownConnection

from .errors import error_answer, frames
from .metrics import metrics
from .services import Overloaded, services

log = logging.getLogger(__name__)
webhooks = Blueprint("webhooks", __name__)

#: Seconds after which a sender should try again. Zendesk follows Retry-After up to 60.
COME_BACK = 5
#: No connection has a longer id, so none needs to be looked for.
LONGEST_ID = 63
#: Seconds a sender may be silent in the middle of a body: threads are few.
MOST_SILENT = 10.0
#: How much of a refused body is read and thrown away. A sender still writing would otherwise
#: see a broken pipe in place of our answer.
MOST_DRAINED = 32 * 1024 * 1024


@webhooks.post("/webhooks/<connection_id>")
def receive(connection_id: str) -> Response:
    """Keep what changed over there, once, and say so."""
    outcome = "failed"
    try:
        outcome, answer = _receive(connection_id)
    except Overloaded:
        outcome, answer = "overloaded", _come_back("too much is waiting to be written")
    except HTTPException:
        outcome = "refused"
        raise
    except Exception as error:
        # The message may quote the request, so only the kind of error is told.
        log.error(
            "a webhook could not be kept, at %s",
            " > ".join(frames(error.__traceback__)),
            extra={"error": type(error).__qualname__},
        )
        answer = _come_back("it could not be kept just now")
    finally:
        metrics().webhooks.labels(outcome=outcome).inc()
    return answer


def _receive(connection_id: str) -> tuple[str, Response]:
    if (request.content_length or 0) > current_app.config["MAX_CONTENT_LENGTH"]:
        _drain()
        return "refused", _too_large()
    if request.mimetype != "application/json":
        return "refused", error_answer(415, "not_json", "webhooks come as application/json")
    if len(connection_id) > LONGEST_ID:
        return "refused", _unknown()
    try:
        body = _body()
    except RequestEntityTooLarge:
        _drain()
        return "refused", _too_large()
    except (ClientDisconnected, OSError):
        return "refused", error_answer(408, "too_slow", "the body did not arrive")
    said = WebhookRequest(
        headers={name.lower(): value for name, value in request.headers.items()}, body=body
    )
    our = services()
    now = our.clock()
    try:
        changes = our.read_webhook(connection_id, said, now)
        if not changes:
            return "ignored", _kept(200, kept=0, seen_before=0)
        accepted = our.accept(connection_id, changes, now)
    except WebhookRejected as rejected:
        return "refused", error_answer(rejected.status, rejected.code, str(rejected))
    except UnknownConnection:
        # Unknown here, or deleted while the webhook was on its way in.
        return "refused", _unknown()
    kept = sum(each.is_new for each in accepted)
    if not kept:
        return "duplicate", _kept(200, kept=0, seen_before=len(accepted))
    return "accepted", _kept(202, kept=kept, seen_before=len(accepted) - kept)


def _body() -> bytes:
    """The raw bytes. Raises ``RequestEntityTooLarge``, or what a broken line raises."""
    line: socket | None = request.environ.get("gunicorn.socket")
    if line is not None:
        line.settimeout(MOST_SILENT)
    if request.content_length is not None or "wsgi.input_terminated" not in request.environ:
        return request.get_data(cache=False)
    # In chunks of unknown number. Werkzeug would hand out the first part as if it were all.
    most, body = current_app.config["MAX_CONTENT_LENGTH"], bytearray()
    while piece := request.environ["wsgi.input"].read(65536):
        body += piece
        if len(body) > most:
            raise RequestEntityTooLarge
    return bytes(body)


def _drain() -> None:
    stream, left = request.environ["wsgi.input"], MOST_DRAINED
    length = request.content_length
    if length is None and not request.environ.get("wsgi.input_terminated"):
        return
    if length is not None:
        left = min(left, length)
    try:
        while left > 0:
            piece = stream.read(min(65536, left))
            if not piece:
                return
            left -= len(piece)
    except OSError:
        return  # the sender hung up, which is as good


def _kept(status: int, *, kept: int, seen_before: int) -> Response:
    answer = jsonify({"accepted": kept, "duplicates": seen_before})
    answer.status_code = status
    return answer


def _too_large() -> Response:
    return error_answer(413, "too_large", "this is more than a webhook may carry")


def _unknown() -> Response:
    return error_answer(404, "unknown_connection", "there is no such connection")


def _come_back(why: str) -> Response:
    answer = error_answer(503, "unavailable", f"{why}; please send it again")
    answer.headers["Retry-After"] = str(COME_BACK)
    return answer
