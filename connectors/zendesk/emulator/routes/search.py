"""Search, its count, and its export."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from .. import problems, shapes
from ..coerce import id_of
from ..indexes import unix
from ..paging import small_list
from ..rows import Ticket, User
from ..search import Found, search
from ..web import answer, origin, spend, state

blueprint = Blueprint("zendesk_search", __name__, url_prefix="/api/v2")

_MOST = 1000


def _shown(row: Found) -> dict[str, Any]:
    if isinstance(row, Ticket):
        return {**shapes.ticket(state(), row, origin()), "result_type": "ticket"}
    if isinstance(row, User):
        return {**shapes.user(state(), row, origin()), "result_type": "user"}
    return {**shapes.organization(state(), row, origin()), "result_type": "organization"}


@blueprint.get("/search")
def find() -> Response:
    """Offset paging only, and not past a thousand results."""
    most = state().options.limits.search
    spend("search-index", "", most, 60, header="zendesk-ratelimit-search-index")
    if "page[size]" in request.args:
        raise problems.pagination(
            "InvalidPaginationParameter", "Invalid paging", "Search knows offset paging only"
        )
    page = max(1, id_of(request.args.get("page")) or 1)
    size = max(1, min(100, id_of(request.args.get("per_page")) or 100))
    if page * size > _MOST:
        raise problems.search_limit()
    rows = list(search(state(), request.args.get("query", "")))
    name = {"updated_at": "updated_at"}.get(request.args.get("sort_by", ""), "created_at")
    page_of = small_list(
        "results", rows, _shown, key=lambda row: (unix(getattr(row, name)), row.id), order=name
    )
    return answer({**page_of, "facets": None})


@blueprint.get("/search/count")
def count() -> Response:
    found = search(state(), request.args.get("query", ""))
    return answer({"count": sum(1 for _ in found)})


@blueprint.get("/search/export")
def export() -> Response:
    """Cursor paging, oldest first, one type at a time."""
    spend("search-export", "", state().options.limits.search_export, 60)
    only = request.args.get("filter[type]", "")
    if only not in ("ticket", "user", "organization", "group"):
        raise problems.invalid_value("filter[type] is required")
    rows = search(state(), request.args.get("query", ""), only=only)
    page = small_list(
        "results", rows, _shown, key=lambda row: (unix(row.created_at), row.id), order="created_at"
    )
    return answer({**page, "facets": None})
