"""How customers rated: the older ratings and the newer survey; an account has one of the two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from .. import problems, shapes
from ..indexes import from_unix, iso, unix
from ..paging import small_list
from ..rows import Rating
from ..ticket_acts import rate_ticket
from ..web import actor, answer, body, needs, origin, principal, state
from .tickets import living_ticket

blueprint = Blueprint("zendesk_satisfaction", __name__, url_prefix="/api/v2")

_SCORES: dict[str, Callable[[Rating], bool]] = {
    "good": lambda r: r.score == "good",
    "bad": lambda r: r.score == "bad",
    "received": lambda _: True,
    "offered": lambda _: False,
    "unoffered": lambda _: False,
    "received_with_comment": lambda r: bool(r.comment),
    "received_without_comment": lambda r: not r.comment,
    "good_with_comment": lambda r: r.score == "good" and bool(r.comment),
    "good_without_comment": lambda r: r.score == "good" and not r.comment,
    "bad_with_comment": lambda r: r.score == "bad" and bool(r.comment),
    "bad_without_comment": lambda r: r.score == "bad" and not r.comment,
}


@blueprint.get("/satisfaction_ratings")
@needs("admin")
def list_ratings() -> Response:
    asked = request.args.get("score", "received")
    if asked not in _SCORES:
        raise problems.invalid_value("score is not valid")
    low, high = _bound("start_time"), _bound("end_time")
    rows = [
        row
        for row in _ratings("legacy")
        if _SCORES[asked](row)
        and (low is None or unix(row.updated_at) >= low)
        and (high is None or unix(row.updated_at) <= high)
    ]
    return answer(small_list("satisfaction_ratings", rows, _shown))


def _bound(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if text.isdigit() else None


def _ratings(system: str) -> list[Rating]:
    return list(state().ratings.values()) if state().options.csat == system else []


def _shown(row: Rating) -> dict[str, Any]:
    return shapes.rating(row, origin())


@blueprint.get("/satisfaction_ratings/<int:rating_id>")
@needs("admin")
def show(rating_id: int) -> Response:
    for row in _ratings("legacy"):
        if row.id == rating_id:
            return answer({"satisfaction_rating": _shown(row)})
    raise problems.not_found()


@blueprint.post("/tickets/<int:ticket_id>/satisfaction_rating")
@needs("user")
def rate(ticket_id: int) -> Response:
    """Only the requester, and only once the ticket is solved."""
    ticket = living_ticket(ticket_id)
    given = body("satisfaction_rating")
    if principal().user.id != ticket.requester_id:
        raise problems.forbidden()
    if ticket.status not in ("solved", "closed") or given.get("score") not in ("good", "bad"):
        raise problems.record_invalid("base", "Ticket cannot be rated", "InvalidValue")
    row = rate_ticket(
        state(),
        ticket,
        good=given["score"] == "good",
        comment=given.get("comment"),
        actor=actor(),
    )
    return answer({"satisfaction_rating": _shown(row)})


@blueprint.get("/guide/survey_responses")
@needs("admin")
def list_responses() -> Response:
    """Times here are epoch milliseconds."""
    wanted = set(_several("filter[subject_zrns]"))
    people = set(_several("filter[responder_ids]"))
    low, high = _bound("filter[created_at_start]"), _bound("filter[created_at_end]")
    rows = [
        row
        for row in _ratings("survey")
        if (not wanted or f"zen:ticket:{row.ticket_id}" in wanted)
        and (not people or str(row.requester_id) in people)
        and (low is None or unix(row.created_at) * 1000 >= low)
        and (high is None or unix(row.created_at) * 1000 <= high)
    ]
    return answer(small_list("survey_responses", rows, _response))


def _several(name: str) -> list[str]:
    return [each for each in request.args.get(name, "").split(",") if each]


@blueprint.get("/guide/<locale>/survey_responses/<response_id>")
@needs("admin")
def show_response(locale: str, response_id: str) -> Response:
    del locale
    for row in _ratings("survey"):
        if row.survey_id == response_id:
            return answer({"survey_response": _response(row)})
    raise problems.not_found()


def _response(row: Rating) -> dict[str, Any]:
    at = iso(row.created_at)
    answers: list[dict[str, Any]] = [
        {
            "type": "rating_scale",
            "rating": 5 if row.score == "good" else 2,
            "rating_category": row.score,
            "created_at": at,
            "updated_at": iso(row.updated_at),
        }
    ]
    if row.comment:
        answers.append({"type": "open_ended", "value": row.comment, "created_at": at})
    subject = {"type": "ticket", "id": row.ticket_id, "zrn": f"zen:ticket:{row.ticket_id}"}
    return {
        "id": row.survey_id,
        "expires_at": iso(from_unix(unix(row.created_at) + 28 * 24 * 3600)),
        "responder_id": row.requester_id,
        "subjects": [subject],
        "answers": answers,
        "survey": {"id": "01JG0000000000000000000000", "version": 1},
    }
