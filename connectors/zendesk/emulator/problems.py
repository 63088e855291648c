"""Every way the emulated API says no. One exception, one maker a shape.

The real API has no single error format; the shapes here are the ones seen in the wild, and a
client has to parse all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Problem(Exception):
    """An error answer on its way out. ``body`` is JSON, or text when it is a ``str``."""

    def __init__(
        self, status: int, body: dict[str, Any] | str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(str(status))
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def not_found() -> Problem:
    return Problem(404, {"error": "RecordNotFound", "description": "Not found"})


def invalid_endpoint() -> Problem:
    return Problem(404, {"error": "InvalidEndpoint", "description": "Not found"})


def unauthenticated() -> Problem:
    return Problem(401, {"error": "Couldn't authenticate you"})


def invalid_token() -> Problem:
    why = "The access token provided is expired, revoked, malformed or invalid for other reasons."
    return Problem(401, {"error": "invalid_token", "error_description": why})


def forbidden() -> Problem:
    message = (
        "You do not have access to this page. Please contact the account owner of this help "
        "desk for further help."
    )
    return Problem(403, {"error": {"title": "Forbidden", "message": message}})


def too_many_values(most: int = 100) -> Problem:
    return Problem(
        400,
        {
            "error": "TooManyValues",
            "description": f"Parameter  cannot specify more than {most} values",
            "max_count": most,
        },
    )


def pagination(code: str, title: str, detail: str) -> Problem:
    return Problem(400, {"errors": [{"code": code, "title": title, "detail": detail}]})


def bad_request(error: str, description: str) -> Problem:
    return Problem(400, {"error": error, "description": description})


def invalid_value(description: str) -> Problem:
    return Problem(422, {"error": "InvalidValue", "description": description})


def record_invalid(field: str, description: str, error: str, **more: Any) -> Problem:
    detail = {"description": description, "error": error, **more}
    return Problem(
        422,
        {
            "error": "RecordInvalid",
            "description": "Record validation errors",
            "details": {field: [detail]},
        },
    )


def closed_ticket() -> Problem:
    return record_invalid("status", "closed prevents ticket update", "InvalidValue")


def update_conflict() -> Problem:
    why = (
        "Safe Update prevented the update due to outdated ticket data. Please fetch the latest "
        "ticket data and try again."
    )
    return Problem(409, {"error": "UpdateConflict", "description": why})


def search_limit() -> Problem:
    why = "Invalid search: Requested response size was greater than Search Response Limits"
    return Problem(422, {"error": "invalid", "description": why})


def rate_limited(what: str, retry_after: int, headers: Mapping[str, str]) -> Problem:
    body = {
        "error": "APIRateLimitExceeded",
        "description": f"Number of allowed {what} requests per minute exceeded",
    }
    return Problem(429, body, {**headers, "Retry-After": str(max(1, retry_after))})


def too_many_jobs(current: list[str]) -> Problem:
    return Problem(
        429,
        {
            "error": "TooManyJobs",
            "description": "Limit of 30 queued or running jobs has been reached. Try again later.",
            "current_job_ids": current,
        },
    )
