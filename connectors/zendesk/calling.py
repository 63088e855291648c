"""How calls to Zendesk are made and their answers read; which ones there are stands in ``client``.

The hard part is what zenpy does with an answer: it prints bodies at debug level (so its log is
muted), caches without expiry (so no cache), builds objects that drop what they do not know and
stumbles over what it does not expect. So it only makes the call; the JSON is read from the line.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Self

import httpx
import requests
from zenpy import Zenpy

from ..base import Clock
from ..errors import ConnectorError, Gone, Unavailable
from ..http import Answer
from .line import NO_ANSWER, Line
from .wire import leashed_session, send

# At debug level zenpy prints whole answers: customers' words would end up in a log.
logging.getLogger("zenpy").setLevel(logging.WARNING)
log = logging.getLogger(__name__)

Json = dict[str, Any]
_MOST_PAGES = 1000


class Calls:
    """One thread's way to call: ``zenpy`` inside ``calling()``, or httpx through the rest."""

    def __init__(self, line: Line, *, http: httpx.Client, timeout: float, clock: Clock) -> None:
        self._line = line
        self._clock = clock
        self._http = http
        self._session = leashed_session(line, timeout=timeout, clock=clock)
        self.zenpy = Zenpy(
            subdomain=line.official.netloc.removesuffix(".zendesk.com"),
            session=self._session,
            timeout=timeout,
            disable_cache=True,
        )
        # A thread may end, or a connector be dropped, without a word.
        self._finish = weakref.finalize(self, _close, self._session, http)

    def close(self) -> None:
        self._finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def last(self) -> Answer:
        """The answer of the latest call: its headers hold warnings and the server's clock."""
        return self._line.last

    @contextmanager
    def calling(self) -> Iterator[None]:
        """zenpy may stumble over an answer that is fine for us: only the call itself counts."""
        self._line.last = NO_ANSWER
        try:
            yield
        except ConnectorError:
            raise
        except Exception as error:
            if self._line.last is NO_ANSWER:
                raise
            log.debug("zenpy could not read an answer: %s", type(error).__name__)

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        return self.call("GET", path, params=params)

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
    ) -> Json:
        url = f"{self._line.official.geturl()}{path}"
        send(self._http, self._line, method, url, clock=self._clock, params=params, json=json)
        return self.body()

    def page(self, path: str, key: str, filters: Mapping[str, str], after: str | None) -> Json:
        # Page numbers and cursors do not mix: together they are a 400.
        params = {"per_page" if "page" in filters else "page[size]": "100", **filters}
        if after is not None:
            params["page[after]"] = after
        page = self.get(path, params)
        if not isinstance(page.get(key), list):
            raise Unavailable(f"Zendesk's answer holds no {key}; try again.")
        return page

    def pages(
        self, path: str, key: str, filters: Mapping[str, str] | None = None
    ) -> Iterator[Json]:
        """All pages, by cursor or, where a listing has none, by number. Raises ``Unavailable``
        when a cursor repeats: the last page's link is never null, and a loop would be endless."""
        after: str | None = None
        seen: set[str] = set()
        for number in range(1, _MOST_PAGES + 1):
            # Listings without cursors keep to page numbers; asking for both would be an error.
            by_number = number > 1 and after is None
            numbered = {**(filters or {}), "page": str(number)}
            page = self.page(path, key, numbered if by_number else filters or {}, after)
            yield page
            meta = page.get("meta")
            if not isinstance(meta, dict) or "has_more" not in meta:
                if not page.get("next_page"):
                    return
                continue
            if not meta["has_more"] or not meta.get("after_cursor"):
                return
            after = str(meta["after_cursor"])
            if after in seen:
                break
            seen.add(after)
        raise Unavailable(f"Zendesk's listing of {key} never ends; try again later.")

    def all(self, path: str, key: str) -> list[Json]:
        return [row for page in self.pages(path, key) for row in with_ids(page[key])]

    def body(self, key: str | None = None) -> Json:
        body = self._line.last.json()
        if not isinstance(body, dict) or (key is not None and not isinstance(body.get(key), list)):
            raise Unavailable("Zendesk's answer does not look like itself; try again.")
        return body

    def part(self, key: str) -> Json:
        return part_of(self.body(), key)

    def record(self, key: str) -> Json:
        record = self.part(key)
        if not record.get("id"):
            raise Unavailable(f"Zendesk's answer holds a {key} without an id; try again.")
        return record

    def rows(self, key: str) -> list[Json]:
        return with_ids(self.body(key)[key])


def _close(session: requests.Session, http: httpx.Client) -> None:
    session.close()
    http.close()


def part_of(body: Json, key: str) -> Json:
    part = body.get(key)
    if not isinstance(part, dict):
        raise Unavailable(f"Zendesk's answer holds no {key}; try again.")
    return part


def id_of(text: str) -> int:
    """Ids go into addresses: numbers only. Raises ``Gone``, for nothing can have such an id."""
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise Gone("Zendesk has no record with such an id.")
    return int(text)


def with_ids(rows: object) -> list[Json]:
    """The rows that can be records at all."""
    found = rows if isinstance(rows, list) else []
    return [row for row in found if isinstance(row, dict) and row.get("id")]


def whole(value: object) -> int | None:
    """A whole number, given as one or as its digits; anything else is None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = value if isinstance(value, str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def start_of(since: datetime, now: datetime) -> int:
    """The ``start_time`` for an export: one less than five minutes old is refused."""
    return max(0, int(min(since, now - timedelta(minutes=5, seconds=1)).timestamp()))
