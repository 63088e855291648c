"""Tags of tickets, users and organizations: PUT adds, POST replaces, DELETE removes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from ..changes import update_ticket
from ..jobs import count_ticket_update
from ..organization_changes import update_organization
from ..paging import small_list
from ..user_changes import update_user
from ..web import actor, answer, body, extra_headers, state
from ..words import clean_tags
from .organizations import living_organization
from .tickets import living_ticket
from .users import known_user

blueprint = Blueprint("zendesk_tags", __name__, url_prefix="/api/v2")

_METHODS = ["GET", "POST", "PUT", "DELETE"]


def _change(
    tags: list[str], write: Callable[[list[str]], Any], read: Callable[[], Any]
) -> Response:
    if request.method == "GET":
        return answer({"tags": tags})
    given = clean_tags(body().get("tags", []))
    if request.method == "PUT":
        write(sorted({*tags, *given}))
    elif request.method == "POST":
        write(given)
    else:
        write([tag for tag in tags if tag not in given])
    return answer({"tags": read()}, 201 if request.method == "POST" else 200)


@blueprint.route("/tickets/<int:ticket_id>/tags", methods=_METHODS)
def of_ticket(ticket_id: int) -> Response:
    ticket = living_ticket(ticket_id)
    if request.method != "GET":
        left = count_ticket_update(state(), ticket, actor())
        extra_headers()["zendesk-rate-limit-tickets-update"] = left
    guard = {k: v for k, v in body().items() if k in ("safe_update", "updated_stamp")}

    def write(tags: list[str]) -> None:
        update_ticket(state(), ticket, {**guard, "tags": tags}, actor())

    return _change(ticket.tags, write, lambda: ticket.tags)


@blueprint.route("/users/<int:user_id>/tags", methods=_METHODS)
def of_user(user_id: int) -> Response:
    user = known_user(user_id)

    def write(tags: list[str]) -> None:
        update_user(state(), user, {"tags": tags}, actor())

    return _change(user.tags, write, lambda: user.tags)


@blueprint.route("/organizations/<int:organization_id>/tags", methods=_METHODS)
def of_organization(organization_id: int) -> Response:
    row = living_organization(organization_id)

    def write(tags: list[str]) -> None:
        update_organization(state(), row, {"tags": tags}, actor())

    return _change(row.tags, write, lambda: row.tags)


@blueprint.get("/tags")
def list_tags() -> Response:
    """The most used first."""
    counts: Counter[str] = Counter()
    for ticket in state().tickets.values():
        if ticket.deleted_at is None:
            counts.update(ticket.tags)
    page = small_list(
        "tags",
        counts.items(),
        lambda pair: {"name": pair[0], "count": pair[1]},
        key=lambda pair: (-pair[1], pair[0]),
        order="count",
    )
    return answer(page)
