"""Cursor and offset paging, as the lists of the API do them.

Cursor paging when any ``page[...]`` is given, offset paging otherwise. The last cursor page
still has a ``links.next``; only ``meta.has_more`` tells the end. Cursors are base64 JSON of the
order they belong to and the key they stand at, and mean nothing to anybody else.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from flask import request

from . import problems
from .indexes import Key, SortedIndex
from .web import origin

Row = TypeVar("Row")

MOST = 100
DEPTH = 10_000

#: How a list can be sorted: name -> its index. The first one is the default.
Orders = Mapping[str, Callable[[], SortedIndex]]
Render = Callable[[Key], dict[str, Any]]


def listing(
    name: str, orders: Orders, render: Render, *, cursors_only: bool = False
) -> dict[str, Any]:
    """One page of a list, by the parameters of the request. Raises 400 for bad ones."""
    if cursors_only or any(
        key in request.args for key in ("page[size]", "page[after]", "page[before]")
    ):
        return _by_cursor(name, orders, render)
    return _by_offset(name, orders, render)


def small_list(
    name: str,
    rows: Iterable[Row],
    render: Callable[[Row], Any],
    *,
    key: Callable[[Row], Key] = lambda row: (cast(Any, row).id,),
    order: str = "id",
    cursors_only: bool = False,
) -> dict[str, Any]:
    """A list short enough to be sorted for every request; by id unless told otherwise."""
    by_key = {key(row): row for row in rows}
    orders = {order: lambda: SortedIndex(by_key)}
    return listing(name, orders, lambda place: render(by_key[place]), cursors_only=cursors_only)


def _by_cursor(name: str, orders: Orders, render: Render) -> dict[str, Any]:
    size = _size(request.args.get("page[size]", str(MOST)))
    sort = request.args.get("sort", next(iter(orders)))
    order, descending = sort.lstrip("-"), sort.startswith("-")
    if order not in orders:
        raise problems.pagination(
            "InvalidPaginationParameter",
            "Invalid sort",
            f"sort is not valid: {', '.join(orders)} are",
        )
    index = orders[order]()
    start, stop = _window(index, sort, size, descending=descending)
    rows = index.slice(start, stop, descending=descending)
    backwards = "page[before]" in request.args
    more = start > 0 if backwards else stop < len(index)
    after = _cursor(sort, rows[-1]) if rows else request.args.get("page[after]")
    before = _cursor(sort, rows[0]) if rows else None
    return {
        name: [render(key) for key in rows],
        "meta": {"has_more": more, "after_cursor": after, "before_cursor": before},
        "links": {
            "prev": _link("page[before]", before, size) if before else None,
            "next": _link("page[after]", after, size) if after else None,
        },
    }


def _size(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= MOST:
        raise problems.pagination(
            "InvalidPaginationParameter",
            "Invalid page size",
            f"page[size] must be between 1 and {MOST}",
        )
    return int(text)


def _window(index: SortedIndex, sort: str, size: int, *, descending: bool) -> tuple[int, int]:
    """Where the page lies, counted in the asked direction."""
    total = len(index)
    if "page[after]" in request.args:
        key = _decode(request.args["page[after]"], sort)
        start = total - index.place_of(key) if descending else index.place_after(key)
        return start, min(start + size, total)
    if "page[before]" in request.args:
        key = _decode(request.args["page[before]"], sort)
        stop = total - index.place_after(key) if descending else index.place_of(key)
        return max(0, stop - size), stop
    return 0, min(size, total)


def _cursor(sort: str, key: Key) -> str:
    text = json.dumps({"o": sort, "v": list(key)}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode()


def _decode(text: str, sort: str) -> Key:
    try:
        given = json.loads(base64.urlsafe_b64decode(text))
        if given["o"] == sort:
            return tuple(given["v"])
    except (ValueError, KeyError, TypeError, binascii.Error):
        pass
    raise problems.pagination(
        "InvalidPaginationParameter", "Invalid cursor", "The cursor does not belong to this list"
    )


def _link(parameter: str, cursor: str, size: int) -> str:
    """The same request with another cursor; brackets come percent-encoded."""
    kept = [
        (key, value)
        for key, value in request.args.items(multi=True)
        if key not in ("page[after]", "page[before]", "page[size]")
    ]
    query = urlencode([*kept, (parameter, cursor), ("page[size]", str(size))])
    return f"{origin()}{request.environ['zendesk.asked_path']}?{query}"


def _by_offset(name: str, orders: Orders, render: Render) -> dict[str, Any]:
    page = max(1, _number("page", 1))
    per_page = min(MOST, max(1, _number("per_page", MOST)))
    if (page - 1) * per_page >= DEPTH:
        raise problems.pagination(
            "InvalidPaginationDepth",
            "Pagination depth exceeded",
            "Offset pagination is limited to the first 10,000 rows; use cursor pagination",
        )
    sort_by = request.args.get("sort_by", next(iter(orders)))
    index = orders.get(sort_by, next(iter(orders.values())))()
    descending = request.args.get("sort_order", "asc") == "desc"
    start = (page - 1) * per_page
    rows = index.slice(start, start + per_page, descending=descending)
    more = start + per_page < len(index)
    return {
        name: [render(key) for key in rows],
        "next_page": _page_link(page + 1) if more else None,
        "previous_page": _page_link(page - 1) if page > 1 else None,
        "count": len(index),
    }


def _number(name: str, default: int) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isdigit() else default


def _page_link(page: int) -> str:
    kept = [(k, v) for k, v in request.args.items(multi=True) if k != "page"]
    query = urlencode([*kept, ("page", str(page))])
    return f"{origin()}{request.environ['zendesk.asked_path']}?{query}"
