"""What goes wrong over HTTP, in one shape for programs and one look for people.

``{"error": {"code": "not_found", "message": "..."}}`` where a program asked; a page with the same
words where a person did. Tracebacks are logged without their messages: those may quote a customer.
"""

from __future__ import annotations

import logging
import traceback
from types import TracebackType

from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError  # type: ignore[import-untyped]
from werkzeug.exceptions import HTTPException, SecurityError

from server.store.views import UNREACHABLE

log = logging.getLogger(__name__)

#: Below these paths a program asks.
FOR_PROGRAMS = ("/api/", "/webhooks/", "/healthz", "/readyz", "/metrics")

#: Status -> code, and what the person who must act should know.
SAYINGS: dict[int, tuple[str, str]] = {
    400: ("bad_request", "This request cannot be understood."),
    401: ("not_logged_in", "Log in, or send an API token as Authorization: Bearer ks_..."),
    403: ("not_allowed", "Your role does not allow this. Ask an admin."),
    404: ("not_found", "There is nothing here. It may have been erased, or never existed."),
    405: ("method_not_allowed", "This address does not take that method."),
    409: ("conflict", "Somebody else was faster. Look at how it stands now."),
    413: ("too_large", "This is more than may be sent here."),
    415: ("wrong_type", "This content type is not understood here."),
    429: ("too_many_requests", "Too many tries. Wait a little."),
    500: ("internal", "Something broke on our side. The log says where."),
    503: ("unavailable", "The database cannot be reached just now. Try again in a few seconds."),
}


class Refusal(Exception):
    """A view says no: an HTTP status, a code for programs and words for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def error_answer(status: int, code: str, message: str) -> Response:
    """The one JSON shape."""
    answer = jsonify({"error": {"code": code, "message": message}})
    answer.status_code = status
    if status == 401 and not request.path.startswith("/webhooks/"):
        answer.headers["WWW-Authenticate"] = 'Bearer realm="keepsake"'
    return answer


def say(status: int, code: str | None = None, message: str | None = None) -> Response:
    """The error as this caller wants it: JSON for programs, a page for people."""
    usual = SAYINGS.get(status, ("error", "This did not work."))
    code, message = code or usual[0], message or usual[1]
    if request.path.startswith(FOR_PROGRAMS):
        return error_answer(status, code, message)
    return make_response(render_template("error.html", status=status, message=message), status)


def handle_errors(app: Flask) -> None:
    """Answer every error in our own words."""

    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> Response:
        return say(error.status, error.code, error.message)

    @app.errorhandler(CSRFError)
    def stale_form(_error: CSRFError) -> Response:
        return say(
            400,
            "stale_form",
            "This form is too old, or was not made here. Go back, reload the page and try again.",
        )

    @app.errorhandler(SecurityError)
    def foreign_host(_error: SecurityError) -> Response:
        # Without a host nothing can be linked to, so this is no page.
        return error_answer(
            400,
            "foreign_host",
            "Keepsake does not answer to this host name. "
            "Name it in KEEPSAKE_PUBLIC_URL or KEEPSAKE_EXTRA_HOSTS.",
        )

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        if error.code is None or error.code < 400:
            return make_response(error.get_response())
        answer = say(error.code)
        for name, value in error.get_headers():
            if name in ("Allow", "Retry-After", "WWW-Authenticate"):
                answer.headers[name] = value
        return answer

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Response:
        unreachable = isinstance(error, UNREACHABLE)
        log.error(
            "a request failed at %s",
            " > ".join(frames(error.__traceback__)),
            extra={"route": request.endpoint, "error": type(error).__qualname__},
        )
        answer = say(503 if unreachable else 500)
        if unreachable:
            answer.headers["Retry-After"] = "5"
        return answer


def frames(trace: TracebackType | None) -> list[str]:
    """Where it happened, innermost last, without a word of what was being handled."""
    return [
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(trace)[-8:]
    ]
