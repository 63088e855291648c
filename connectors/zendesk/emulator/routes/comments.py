"""What was said on a ticket, and its audits."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from .. import problems, shapes, sideloads
from ..indexes import Key, SortedIndex, iso, unix
from ..paging import listing, small_list
from ..rows import Comment, Ticket
from ..ticket_acts import make_private, redact_html, redact_text
from ..web import actor, answer, body, number, state
from .tickets import living_ticket

blueprint = Blueprint("zendesk_comments", __name__, url_prefix="/api/v2")


def _shown(comment: Comment) -> dict[str, Any]:
    return shapes.comment(state(), comment)


@blueprint.get("/tickets/<int:ticket_id>/comments")
def list_comments(ticket_id: int) -> Response:
    ticket = living_ticket(ticket_id)

    def key(comment: Comment) -> Key:
        return unix(comment.created_at), comment.id

    page = small_list("comments", ticket.comments, _shown, key=key, order="created_at")
    if "users" in sideloads.asked():
        page["users"] = sideloads.users(each["author_id"] for each in page["comments"])
    return answer(page)


@blueprint.get("/tickets/<int:ticket_id>/comments/count")
def count_comments(ticket_id: int) -> Response:
    ticket = living_ticket(ticket_id)
    count = {"value": len(ticket.comments), "refreshed_at": iso(state().now())}
    return answer({"count": count})


@blueprint.get("/tickets/<int:ticket_id>/audits")
def list_audits(ticket_id: int) -> Response:
    ticket = living_ticket(ticket_id)
    page = small_list("audits", ticket.audits, shapes.audit)
    if "users" in sideloads.asked():
        page["users"] = sideloads.users(each["author_id"] for each in page["audits"])
    return answer(page)


@blueprint.get("/tickets/<int:ticket_id>/audits/<int:audit_id>")
def show_audit(ticket_id: int, audit_id: int) -> Response:
    living_ticket(ticket_id)
    audit = state().audits.get(audit_id)
    if audit is None or audit.ticket_id != ticket_id:
        raise problems.not_found()
    return answer({"audit": shapes.audit(audit)})


@blueprint.get("/ticket_audits")
def all_audits() -> Response:
    """Newest first."""
    newest = SortedIndex((-unix(a.created_at), -a.id) for a in state().audits.values())
    page = listing(
        "audits",
        {"created_at": lambda: newest},
        lambda key: shapes.audit(state().audits[-int(key[-1])]),
    )
    return answer(page)


def _comment(ticket: Ticket, comment_id: object) -> Comment:
    for comment in ticket.comments:
        if comment.id == number(comment_id):
            return comment
    raise problems.not_found()


@blueprint.put("/tickets/<int:ticket_id>/comments/<int:comment_id>/make_private")
def hide(ticket_id: int, comment_id: int) -> Response:
    ticket = living_ticket(ticket_id)
    make_private(state(), ticket, _comment(ticket, comment_id), actor())
    return answer({})


@blueprint.put("/tickets/<int:ticket_id>/comments/<int:comment_id>/redact")
def redact(ticket_id: int, comment_id: int) -> Response:
    ticket = living_ticket(ticket_id)
    comment = _comment(ticket, comment_id)
    redact_text(state(), ticket, comment, actor(), text=str(body().get("text") or ""))
    return answer({"comment": _shown(comment)})


@blueprint.put("/comment_redactions/<int:comment_id>")
def redact_markup(comment_id: int) -> Response:
    """Also for closed tickets."""
    given = body()
    ticket = living_ticket(given.get("ticket_id"))
    comment = _comment(ticket, comment_id)
    redact_html(state(), ticket, comment, actor(), markup=str(given.get("html_body") or ""))
    return answer({"comment": _shown(comment)})
