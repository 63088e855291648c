"""``/api/v1``: what the pages show and decide, as JSON.

Lists answer ``{"items": [...], "next": cursor or null}``, newest first; errors have the one shape.
A program comes with a token; a browser may come with its session, and then whatever changes
something carries the form's token in ``X-CSRFToken``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from flask import Blueprint, Response, current_app, jsonify, request
from flask_wtf.csrf import CSRFProtect  # type: ignore[import-untyped]

from server.store import connections as stored
from server.store.views import (
    intervention_seen,
    interventions_seen,
    moments_seen,
    people_seen,
    person_seen,
    tickets_seen,
    verdicts_seen,
)
from server.web.access import caller
from server.web.cursors import MOST, BadCursor, read_mark, read_number, write_mark
from server.web.deciding import decide
from server.web.errors import Refusal
from server.web.present import INTERVENTION_STATES
from server.web.services import services

from . import openapi, shapes

api = Blueprint("api", __name__, url_prefix="/api/v1")

DEFAULT_LIMIT, MOST_AT_ONCE = 50, 200
MOST_TICKETS = 50

T = TypeVar("T")


@api.before_request
def forms_of_ours_only() -> None:
    """A cookie goes along with any request another site makes a browser send."""
    if request.method in ("GET", "HEAD", "OPTIONS") or caller().user is None:
        return
    csrf: CSRFProtect = current_app.extensions["csrf"]
    csrf.protect()


@api.get("/openapi.json")
def description() -> Response:
    return jsonify(openapi.document(services().settings.public_url))


@api.get("/connections")
def connections() -> Response:
    with services().database.read() as tx:
        counts = stored.counts(tx)
        found = [shapes.connection(one, counts[one.id]) for one in stored.find(tx)]
    return _list(found, None)


@api.get("/moments")
def moments() -> Response:
    limit = _limit()
    with services().database.read() as tx:
        found = moments_seen(
            tx,
            limit=limit + 1,
            before=_mark(),
            kind=request.args.get("kind"),
            person_id=_number("person"),
            connection_id=request.args.get("connection"),
        )
    return _page(found, limit, shapes.moment, lambda last: write_mark(last.at, last.id))


@api.get("/interventions")
def interventions() -> Response:
    limit, state = _limit(), request.args.get("state")
    if state is not None and state not in INTERVENTION_STATES:
        raise Refusal(400, "bad_request", f"state is one of {', '.join(INTERVENTION_STATES)}")
    with services().database.read() as tx:
        found = interventions_seen(
            tx,
            limit=limit + 1,
            before=_number("cursor"),
            states=[state] if state else (),
            person_id=_number("person"),
        )
    return _page(found, limit, shapes.intervention, lambda last: str(last.id))


@api.get("/interventions/<id:id>")
def intervention(id: int) -> Response:
    with services().database.read() as tx:
        found = intervention_seen(tx, id)
    if found is None:
        raise Refusal(404, "not_found", "there is no such intervention")
    return jsonify(shapes.intervention(found))


@api.post("/interventions/<id:id>/approve")
def approve(id: int) -> Response:
    decide(id, "approve")
    return intervention(id)


@api.post("/interventions/<id:id>/decline")
def decline(id: int) -> Response:
    decide(id, "decline")
    return intervention(id)


@api.post("/interventions/<id:id>/replay")
def replay(id: int) -> Response:
    decide(id, "replay")
    return intervention(id)


@api.get("/people")
def people() -> Response:
    with services().database.read() as tx:
        found = people_seen(tx, limit=_limit(), named=request.args.get("name"))
    return _list([shapes.person_listed(one) for one in found], None)


@api.get("/people/<id:id>")
def person(id: int) -> Response:
    our = services()
    with our.database.read() as tx:
        found = person_seen(tx, id)
    if found is None or found.erased_at is not None:
        raise Refusal(404, "not_found", "there is no such person, or they were erased")
    return jsonify(shapes.person(found, our.clock(), our.priors))


@api.get("/people/<id:id>/tickets")
def tickets(id: int) -> Response:
    limit = _limit(MOST_TICKETS)
    with services().database.read() as tx:
        who = person_seen(tx, id)
        if who is None or who.erased_at is not None:
            raise Refusal(404, "not_found", "there is no such person, or they were erased")
        found = tickets_seen(tx, id, limit=limit + 1, before=_mark())
    return _page(
        found,
        limit,
        shapes.ticket,
        lambda last: write_mark(last.created_at, f"{last.connection_id}/{last.id}"),
    )


@api.get("/verdicts")
def verdicts() -> Response:
    limit, fires = _limit(), request.args.get("fires")
    if fires not in (None, "true", "false"):
        raise Refusal(400, "bad_request", "fires is true or false")
    with services().database.read() as tx:
        found = verdicts_seen(
            tx,
            limit=limit + 1,
            before=_number("cursor"),
            rule=request.args.get("rule"),
            person_id=_number("person"),
            fires=None if fires is None else fires == "true",
        )
    return _page(found, limit, shapes.verdict, lambda last: str(last.id))


def _page(
    found: Sequence[T], limit: int, shape: Callable[[T], Any], mark: Callable[[T], str]
) -> Response:
    items = found[:limit]
    return _list([shape(one) for one in items], mark(items[-1]) if len(found) > limit else None)


def _list(items: list[Any], following: str | None) -> Response:
    return jsonify({"items": items, "next": following})


def _limit(most: int = MOST_AT_ONCE) -> int:
    wanted = request.args.get("limit")
    if wanted is None:
        return min(DEFAULT_LIMIT, most)
    if not (wanted.isascii() and wanted.isdigit()) or not 1 <= int(wanted[:9]) <= most:
        raise Refusal(400, "bad_request", f"limit is a number from 1 to {most}")
    return int(wanted[:9])


def _number(name: str) -> int | None:
    try:
        return read_number(request.args.get(name))
    except BadCursor:
        raise Refusal(400, "bad_request", f"{name} is a number up to {MOST}") from None


def _mark() -> tuple[datetime, str] | None:
    try:
        return read_mark(request.args.get("cursor"))
    except BadCursor as error:
        raise Refusal(400, "bad_request", str(error)) from None
