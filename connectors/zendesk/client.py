"""Zendesk's API, as much of it as Keepsake uses: plain dictionaries in and out.

zenpy makes the calls it has, on a leash (``wire``): it is not thread-safe, so one ``Client`` per
thread; it caches without expiry, so no cache; it prints bodies at debug level, so its log is
muted; its objects drop what they do not know, so the JSON is read from the line instead.

httpx makes the calls zenpy lacks: side-loads (zenpy only puts them in its cache), pages resumed
from a stored cursor, single ratings, survey responses, options of user fields, token introspection.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx
import requests
from zenpy import Zenpy
from zenpy.lib.api_objects import Ticket, TicketField, TicketForm, User, UserField, Webhook

from ..base import Clock, Tokens
from ..errors import Gone, Unavailable
from ..http import Answer, Turnstile
from .auth import SignIn, origin_of, token_endpoint
from .line import Line
from .wire import http_client, leashed_session, send

# At debug level zenpy prints whole answers: customers' words would end up in a log.
logging.getLogger("zenpy").setLevel(logging.WARNING)

Json = dict[str, Any]
_MOST_PAGES = 1000


class Client:
    """Zendesk's API, as much of it as Keepsake uses. For one thread."""

    def __init__(self, line: Line, *, http: httpx.Client, timeout: float, clock: Clock) -> None:
        #: False once the account said that it does not have the newer survey.
        self.has_surveys = True
        self._line = line
        self._clock = clock
        self._http = http
        self._session = leashed_session(line, timeout=timeout, clock=clock)
        self._zenpy = Zenpy(
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

    # Who we are and what we may do.

    def me(self) -> Json:
        self._zenpy.users.me()
        return self._part("user")

    def current_token(self) -> Json:
        return _part(self._get("/api/v2/oauth/tokens/current.json"), "token")

    @property
    def sign_in_kind(self) -> str:
        return self._line.sign_in.kind

    def export_probe(self, *, start: int) -> None:
        self._get(
            "/api/v2/incremental/tickets/cursor.json", {"start_time": str(start), "per_page": "1"}
        )

    def probe(self, path: str) -> None:
        """Ask for one row of a listing, to see whether we may."""
        self._get(path, {"page[size]": "1"})

    # One record and what hangs on it.

    def ticket(self, ticket_id: str) -> Json:
        """``{"ticket": .., "users": [..], "organizations": [..]}``; the last two may be missing."""
        return self._get(
            f"/api/v2/tickets/{_id(ticket_id)}.json", {"include": "users,organizations"}
        )

    def comments(self, ticket_id: str) -> Iterator[Json]:
        """Pages ``{"comments": [..], "users": [..]}``, oldest comment first."""
        path = f"/api/v2/tickets/{_id(ticket_id)}/comments.json"
        return self._pages(path, "comments", {"include": "users", "sort": "created_at"})

    def audits(self, ticket_id: str) -> Iterator[Json]:
        for page in self._pages(f"/api/v2/tickets/{_id(ticket_id)}/audits.json", "audits"):
            yield from page["audits"]

    def user(self, user_id: str) -> Json:
        self._zenpy.users(id=_id(user_id))
        return self._part("user")

    def users(self, user_ids: Sequence[str]) -> list[Json]:
        """Those that exist, at most 100 asked for at once."""
        if not user_ids:
            return []
        self._zenpy.users(ids=[_id(user_id) for user_id in user_ids])
        return self._rows("users")

    def organization(self, organization_id: str) -> Json:
        self._zenpy.organizations(id=_id(organization_id))
        return self._part("organization")

    def rating(self, rating_id: str) -> Json:
        body = self._get(f"/api/v2/satisfaction_ratings/{_id(rating_id)}.json")
        return _part(body, "satisfaction_rating")

    def survey_responses(self, filters: Mapping[str, str], *, after: str | None = None) -> Json:
        """One page of the newer CSAT; ``Unknown`` where the account does not have it."""
        return self._page("/api/v2/guide/survey_responses", "survey_responses", filters, after)

    # Everything, a page at a time.

    def export(self, what: str, *, start: int, cursor: str | None) -> Json:
        """A page of the cursor export of ``tickets`` or ``users``."""
        api = getattr(self._zenpy, what)
        if cursor is None:
            api.incremental(start_time=start, per_page=1000)
        else:
            # zenpy puts the cursor into the address as it is, and cursors may hold "+" and "=".
            api.incremental(cursor=quote(cursor, safe=""))
        return self._body(what)

    def export_organizations(self, *, start: int) -> Json:
        self._zenpy.organizations.incremental(start_time=start)
        return self._body("organizations")

    def export_events(self, *, start: int) -> Json:
        self._zenpy.tickets.events(start_time=start, include=["comment_events"])
        return self._body("ticket_events")

    def ratings(self, filters: Mapping[str, str], *, after: str | None) -> Json:
        return self._page(
            "/api/v2/satisfaction_ratings.json", "satisfaction_ratings", filters, after
        )

    # Writing. zenpy drops a ``None`` on a fresh object, but not one inside a list or a mapping.

    def update_ticket(self, change: Json) -> Json:
        self._zenpy.tickets.update(Ticket(**change))
        return self._part("ticket")

    def update_tickets(self, changes: Sequence[Json]) -> Json:
        self._zenpy.tickets.update([Ticket(**change) for change in changes])
        return self._part("job_status")

    def tickets(self, ticket_ids: Sequence[str]) -> list[Json]:
        """Those that exist, at most 100 asked for at once."""
        if not ticket_ids:
            return []
        self._zenpy.tickets(ids=[_id(ticket_id) for ticket_id in ticket_ids])
        return self._rows("tickets")

    def update_user(self, change: Json) -> Json:
        # A fresh object on purpose: a fetched one would send back all fields of the user.
        self._zenpy.users.update(User(**change))
        return self._part("user")

    def update_users(self, changes: Sequence[Json]) -> Json:
        self._zenpy.users.update([User(**change) for change in changes])
        return self._part("job_status")

    def job(self, job_id: str) -> Json:
        self._zenpy.job_status(id=job_id)
        return self._part("job_status")

    # What we install over there.

    def ticket_fields(self) -> list[Json]:
        return self._all("/api/v2/ticket_fields.json", "ticket_fields")

    def create_ticket_field(self, field: Json) -> Json:
        self._zenpy.ticket_fields.create(TicketField(**field))
        return self._part("ticket_field")

    def update_ticket_field(self, field: Json) -> None:
        self._zenpy.ticket_fields.update(TicketField(**field))

    def delete_ticket_field(self, field_id: str) -> None:
        self._zenpy.ticket_fields.delete(TicketField(id=_id(field_id)))

    def user_fields(self) -> list[Json]:
        return self._all("/api/v2/user_fields.json", "user_fields")

    def create_user_field(self, field: Json) -> Json:
        self._zenpy.user_fields.create(UserField(**field))
        return self._part("user_field")

    def update_user_field(self, field: Json) -> None:
        self._zenpy.user_fields.update(UserField(**field))

    def delete_user_field(self, field_id: str) -> None:
        self._zenpy.user_fields.delete(UserField(id=_id(field_id)))

    def add_option(self, fields: str, field_id: str, *, name: str, value: str) -> None:
        """Add one option to a field (``ticket_fields`` or ``user_fields``): replacing the whole
        list in an update would clear the values of options left out."""
        self._call(
            "POST",
            f"/api/v2/{fields}/{_id(field_id)}/options.json",
            json={"custom_field_option": {"name": name, "value": value}},
        )

    def ticket_forms(self) -> list[Json]:
        return self._all("/api/v2/ticket_forms.json", "ticket_forms")

    def place_on_form(self, form_id: str, field_ids: Sequence[int]) -> None:
        form = TicketForm(id=_id(form_id), ticket_field_ids=list(field_ids))
        self._zenpy.ticket_forms.update(form)

    def webhooks(self) -> list[Json]:
        return self._all("/api/v2/webhooks", "webhooks")

    def create_webhook(self, webhook: Json) -> Json:
        self._zenpy.webhooks.create(Webhook(**webhook))
        return self._part("webhook")

    def change_webhook(self, webhook: Json) -> None:
        self._zenpy.webhooks.patch(Webhook(**webhook))

    def delete_webhook(self, webhook_id: str) -> None:
        self._zenpy.webhooks.delete(Webhook(id=webhook_id))

    def webhook_secret(self, webhook_id: str) -> str:
        self._zenpy.webhooks.show_secret(webhook_id)
        return str(self._part("signing_secret").get("secret") or "")

    # How answers are read.

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        return self._call("GET", path, params=params)

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
    ) -> Json:
        url = f"{self._line.official.geturl()}{path}"
        send(self._http, self._line, method, url, clock=self._clock, params=params, json=json)
        return self._body()

    def _page(self, path: str, key: str, filters: Mapping[str, str], after: str | None) -> Json:
        # Page numbers and cursors do not mix: together they are a 400.
        params = {"per_page" if "page" in filters else "page[size]": "100", **filters}
        if after is not None:
            params["page[after]"] = after
        page = self._get(path, params)
        if not isinstance(page.get(key), list):
            raise Unavailable(f"Zendesk's answer holds no {key}; try again.")
        return page

    def _pages(
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
            page = self._page(path, key, numbered if by_number else filters or {}, after)
            yield page
            meta = page.get("meta")
            if not isinstance(meta, dict) or "has_more" not in meta:
                if not page.get("next_page"):
                    return
                continue
            after = meta.get("after_cursor")
            if not meta["has_more"] or not after:
                return
            if after in seen:
                break
            seen.add(after)
        raise Unavailable(f"Zendesk's listing of {key} never ends; try again later.")

    def _all(self, path: str, key: str) -> list[Json]:
        return [row for page in self._pages(path, key) for row in page[key]]

    def _body(self, key: str | None = None) -> Json:
        body = self._line.last.json()
        if not isinstance(body, dict) or (key is not None and not isinstance(body.get(key), list)):
            raise Unavailable("Zendesk's answer does not look like itself; try again.")
        return body

    def _part(self, key: str) -> Json:
        return _part(self._body(), key)

    def _rows(self, key: str) -> list[Json]:
        rows: list[Json] = self._body(key)[key]
        return rows


def _close(session: requests.Session, http: httpx.Client) -> None:
    session.close()
    http.close()


def connect(
    *,
    subdomain: str,
    base_url: str | None,
    tokens: Tokens,
    turnstile: Turnstile,
    clock: Clock,
    timeout: float,
) -> Client:
    """A client for one thread, with a sign-in of its own over the connection's shared secrets."""
    host = urlsplit(origin_of(subdomain, base_url)).hostname or ""
    http = http_client(host, timeout=timeout)
    grant = token_endpoint(subdomain, http=http, clock=clock, base_url=base_url)
    sign_in = SignIn(tokens=tokens, grant=grant, clock=clock)
    line = Line(subdomain=subdomain, base_url=base_url, sign_in=sign_in, turnstile=turnstile)
    return Client(line, http=http, timeout=timeout, clock=clock)


def _part(body: Json, key: str) -> Json:
    part = body.get(key)
    if not isinstance(part, dict):
        raise Unavailable(f"Zendesk's answer holds no {key}; try again.")
    return part


def _id(text: str) -> int:
    """Ids go into addresses: numbers only. Raises ``Gone``, for nothing can have such an id."""
    if not (text.isascii() and text.isdigit()):
        raise Gone("Zendesk has no record with such an id.")
    return int(text)


def start_of(since: datetime, now: datetime) -> int:
    """The ``start_time`` for an export: one less than five minutes old is refused."""
    return max(0, int(min(since, now - timedelta(minutes=5, seconds=1)).timestamp()))
