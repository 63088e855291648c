"""Incremental exports: everything changed since, the last minute withheld.

Rows come by ``generated_timestamp``. A cursor says how far one has come; a resumed export gives
the last ``Options.export_repeats`` rows before it once more. Time paging gives every row of its
last second, so a page can be longer than asked, and starts the next page with that second again.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from .. import problems, shapes, sideloads
from ..indexes import Key, SortedIndex, unix
from ..web import answer, needs, origin, spend, state

blueprint = Blueprint("zendesk_exports", __name__, url_prefix="/api/v2/incremental")


def _spend() -> None:
    spend(
        "incremental-exports",
        "",
        state().options.limits.exports,
        60,
        header="zendesk-ratelimit-incremental-exports",
        what="incremental export API",
    )


def _start_time() -> int:
    """Raises 422: missing, or younger than what is withheld."""
    text = request.args.get("start_time", "")
    if not text.isdigit():
        raise problems.invalid_value("start_time is required and must be a unix time")
    if int(text) > _horizon():
        raise problems.invalid_value("Too recent start_time. Use a start_time older than 1 minute")
    return int(text)


def _horizon() -> int:
    """Rows younger than this are withheld."""
    return unix(state().clock() - state().options.export_holdback)


def _per_page() -> int:
    most = state().options.export_page
    text = request.args.get("per_page", "")
    return max(1, min(most, int(text))) if text.isdigit() else most


def _encode(key: Key) -> str:
    return base64.b64encode(f"{key[0]}.0||{key[1]}".encode()).decode()


def _decode(cursor: str) -> Key:
    try:
        when, _, record_id = base64.b64decode(cursor).decode().partition("||")
        return int(float(when)), int(record_id.rstrip("|"))
    except (ValueError, binascii.Error):
        raise problems.pagination(
            "InvalidPaginationParameter", "Invalid cursor", "The cursor is not valid"
        ) from None


def _url(**query: str) -> str:
    kept = {
        k: v
        for k, v in request.args.items()
        if k not in ("cursor", "start_time") and k not in query
    }
    return f"{origin()}{request.environ['zendesk.asked_path']}?{urlencode({**query, **kept})}"


def _by_cursor(index: SortedIndex) -> tuple[list[Key], dict[str, Any]]:
    """The page's keys, and what goes around them."""
    _spend()
    end = index.place_of((_horizon() + 1,))
    cursor = request.args.get("cursor")
    repeats = 0
    if cursor is not None:
        start = index.place_after(_decode(cursor))
        repeats = min(start, state().options.export_repeats)
    else:
        start = index.place_of((_start_time(),))
    stop = min(start + _per_page(), end)
    keys = index.slice(start, max(stop, start))
    after = _encode(keys[-1]) if keys else cursor
    around = {
        "after_url": _url(cursor=after) if after else None,
        "after_cursor": after,
        "before_url": None,
        "before_cursor": None,
        "end_of_stream": stop >= end,
    }
    return [*index.slice(start - repeats, start), *keys], around


def _by_time(index: SortedIndex) -> tuple[list[Key], dict[str, Any]]:
    _spend()
    asked = _start_time()
    start = index.place_of((asked,))
    end = index.place_of((_horizon() + 1,))
    stop = min(start + _per_page(), end)
    if start < stop < end:
        last = index.slice(stop - 1, stop)[0]
        stop = min(end, index.place_of((int(last[0]) + 1,)))
    keys = index.slice(start, max(start, stop))
    done = stop >= end
    until = int(keys[-1][0]) if keys else None
    if until == asked and not done:
        until = asked + 1  # a page of one single second would come back for ever
    around = {
        "next_page": _url(start_time=str(until)) if until is not None else None,
        "count": len(keys),
        "end_of_stream": done,
        "end_time": until,
    }
    return keys, around


def _tickets(keys: list[Key], around: dict[str, Any]) -> Response:
    rows = [state().tickets[int(key[1])] for key in keys]
    if request.args.get("exclude_deleted") == "true":
        rows = [row for row in rows if row.deleted_at is None]
    told = [shapes.ticket(state(), row, origin(), exported=True) for row in rows]
    return answer({"tickets": told, **sideloads.for_tickets(rows), **around})


def _users(keys: list[Key], around: dict[str, Any]) -> Response:
    rows = [state().users[int(key[1])] for key in keys]
    more: dict[str, Any] = {}
    if "organizations" in sideloads.asked():
        more["organizations"] = sideloads.organizations(row.organization_id for row in rows)
    told = [shapes.user(state(), row, origin()) for row in rows]
    return answer({"users": told, **more, **around})


@blueprint.get("/tickets/cursor")
@needs("admin")
def tickets_by_cursor() -> Response:
    return _tickets(*_by_cursor(state().tickets_generated))


@blueprint.get("/tickets")
@needs("admin")
def tickets_by_time() -> Response:
    return _tickets(*_by_time(state().tickets_generated))


@blueprint.get("/users/cursor")
@needs("admin")
def users_by_cursor() -> Response:
    return _users(*_by_cursor(state().users_changed))


@blueprint.get("/users")
@needs("admin")
def users_by_time() -> Response:
    return _users(*_by_time(state().users_changed))


@blueprint.get("/organizations")
@needs("admin")
def organizations_by_time() -> Response:
    keys, around = _by_time(state().organizations_changed)
    rows = [state().organizations[int(key[1])] for key in keys]
    told = [shapes.organization(state(), row, origin()) for row in rows]
    return answer({"organizations": told, **around})


@blueprint.get("/ticket_events")
@needs("admin")
def ticket_events() -> Response:
    """Every audit; with ``include=comment_events`` the only way to all comments in bulk."""
    keys, around = _by_time(state().audits_order)
    with_comments = "comment_events" in sideloads.asked()
    rows = [state().audits[int(key[1])] for key in keys]
    told = [shapes.ticket_event(row, with_comments=with_comments) for row in rows]
    return answer({"ticket_events": told, **around})


@blueprint.get("/tickets/sample", defaults={"resource": "tickets"})
@blueprint.get("/users/sample", defaults={"resource": "users"})
@needs("admin")
def sample(resource: str) -> Response:
    """At most fifty rows, to look at."""
    spend(f"sample-{resource}", "", 10, 20 * 60, what="incremental export API")
    index = state().tickets_generated if resource == "tickets" else state().users_changed
    start = index.place_of((_start_time(),))
    keys = index.slice(start, start + 50)
    around = {"next_page": None, "count": len(keys), "end_of_stream": True}
    return _tickets(keys, around) if resource == "tickets" else _users(keys, around)
