"""Zendesk's API, as much of it as Keepsake uses: plain dictionaries in and out.

zenpy makes the calls it has. httpx makes those it lacks: side-loads (zenpy only puts them in its
cache), pages resumed from a stored cursor, single ratings, survey responses, options of user
fields, token introspection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote, urlsplit

from zenpy.lib.api_objects import Ticket, TicketField, TicketForm, User, UserField, Webhook

from ..base import Clock, Tokens
from ..errors import NeedsReauth
from ..http import Turnstile
from .auth import SignIn, origin_of, token_endpoint
from .calling import Calls, Json, id_of, part_of, with_ids
from .line import Line
from .wire import http_client


class Client(Calls):
    """For one thread: zenpy is not safe to share."""

    #: False once the account said that it does not have the newer survey.
    has_surveys = True

    # Who we are and what we may do.

    def me(self) -> Json:
        """Our own user. Raises ``NeedsReauth`` for a stranger, to whom Zendesk answers 200."""
        with self.calling():
            self.zenpy.users.me()
        user = self.part("user")
        if user.get("id") is None:
            raise NeedsReauth(
                "Zendesk takes us for a stranger: the e-mail or the token is wrong. Check both and"
                " run `keepsake connect zendesk` again."
            )
        return user

    def current_token(self) -> Json:
        return part_of(self.get("/api/v2/oauth/tokens/current.json"), "token")

    @property
    def sign_in_kind(self) -> str:
        return self._line.sign_in.kind

    def export_probe(self, *, start: int) -> None:
        self.get(
            "/api/v2/incremental/tickets/cursor.json", {"start_time": str(start), "per_page": "1"}
        )

    def probe(self, path: str) -> None:
        """Ask for one row of a listing, to see whether we may."""
        self.get(path, {"page[size]": "1"})

    # One record and what hangs on it.

    def ticket(self, ticket_id: str) -> Json:
        """``{"ticket": .., "users": [..], "organizations": [..]}``; the last two may be missing."""
        path = f"/api/v2/tickets/{id_of(ticket_id)}.json"
        body = self.get(path, {"include": "users,organizations"})
        self.record("ticket")
        return body

    def comments(self, ticket_id: str) -> Iterator[Json]:
        """Pages ``{"comments": [..], "users": [..]}``, oldest comment first."""
        path = f"/api/v2/tickets/{id_of(ticket_id)}/comments.json"
        return self.pages(path, "comments", {"include": "users", "sort": "created_at"})

    def audits(self, ticket_id: str) -> Iterator[Json]:
        for page in self.pages(f"/api/v2/tickets/{id_of(ticket_id)}/audits.json", "audits"):
            yield from with_ids(page["audits"])

    def user(self, user_id: str) -> Json:
        with self.calling():
            self.zenpy.users(id=id_of(user_id))
        return self.record("user")

    def users(self, user_ids: Sequence[str]) -> list[Json]:
        """Those that exist, at most 100 asked for at once."""
        if not user_ids:
            return []
        with self.calling():
            self.zenpy.users(ids=[id_of(user_id) for user_id in user_ids])
        return self.rows("users")

    def organization(self, organization_id: str) -> Json:
        with self.calling():
            self.zenpy.organizations(id=id_of(organization_id))
        return self.record("organization")

    def rating(self, rating_id: str) -> Json:
        self.get(f"/api/v2/satisfaction_ratings/{id_of(rating_id)}.json")
        return self.record("satisfaction_rating")

    def survey_responses(self, filters: Mapping[str, str], *, after: str | None = None) -> Json:
        """One page of the newer CSAT; ``Unknown`` where the account does not have it."""
        return self.page("/api/v2/guide/survey_responses", "survey_responses", filters, after)

    # Everything, a page at a time.

    def export(self, what: str, *, start: int, cursor: str | None) -> Json:
        """A page of the cursor export of ``tickets`` or ``users``."""
        api = getattr(self.zenpy, what)
        with self.calling():
            if cursor is None:
                api.incremental(start_time=start, per_page=1000)
            else:
                # zenpy puts the cursor into the address as it is; cursors may hold "+" and "=".
                api.incremental(cursor=quote(cursor, safe=""))
        return self.body(what)

    def export_organizations(self, *, start: int) -> Json:
        with self.calling():
            self.zenpy.organizations.incremental(start_time=start)
        return self.body("organizations")

    def export_events(self, *, start: int) -> Json:
        with self.calling():
            self.zenpy.tickets.events(start_time=start, include=["comment_events"])
        return self.body("ticket_events")

    def ratings(self, filters: Mapping[str, str], *, after: str | None) -> Json:
        return self.page(
            "/api/v2/satisfaction_ratings.json", "satisfaction_ratings", filters, after
        )

    # Writing. zenpy drops a ``None`` on a fresh object, but not one inside a list or a mapping.

    def update_ticket(self, change: Json) -> Json:
        with self.calling():
            self.zenpy.tickets.update(Ticket(**change))
        return self.part("ticket")

    def update_tickets(self, changes: Sequence[Json]) -> Json:
        with self.calling():
            self.zenpy.tickets.update([Ticket(**change) for change in changes])
        return self.part("job_status")

    def tickets(self, ticket_ids: Sequence[str]) -> list[Json]:
        """Those that exist, at most 100 asked for at once."""
        if not ticket_ids:
            return []
        with self.calling():
            self.zenpy.tickets(ids=[id_of(ticket_id) for ticket_id in ticket_ids])
        return self.rows("tickets")

    def update_user(self, change: Json) -> Json:
        # A fresh object on purpose: a fetched one would send back all fields of the user.
        with self.calling():
            self.zenpy.users.update(User(**change))
        return self.part("user")

    def update_users(self, changes: Sequence[Json]) -> Json:
        with self.calling():
            self.zenpy.users.update([User(**change) for change in changes])
        return self.part("job_status")

    def job(self, job_id: str) -> Json:
        with self.calling():
            self.zenpy.job_status(id=job_id)
        return self.part("job_status")

    # What we install over there.

    def ticket_fields(self) -> list[Json]:
        return self.all("/api/v2/ticket_fields.json", "ticket_fields")

    def create_ticket_field(self, field: Json) -> Json:
        with self.calling():
            self.zenpy.ticket_fields.create(TicketField(**field))
        return self.record("ticket_field")

    def update_ticket_field(self, field: Json) -> None:
        with self.calling():
            self.zenpy.ticket_fields.update(TicketField(**field))

    def delete_ticket_field(self, field_id: str) -> None:
        with self.calling():
            self.zenpy.ticket_fields.delete(TicketField(id=id_of(field_id)))

    def user_fields(self) -> list[Json]:
        return self.all("/api/v2/user_fields.json", "user_fields")

    def create_user_field(self, field: Json) -> Json:
        with self.calling():
            self.zenpy.user_fields.create(UserField(**field))
        return self.record("user_field")

    def update_user_field(self, field: Json) -> None:
        with self.calling():
            self.zenpy.user_fields.update(UserField(**field))

    def delete_user_field(self, field_id: str) -> None:
        with self.calling():
            self.zenpy.user_fields.delete(UserField(id=id_of(field_id)))

    def add_option(self, fields: str, field_id: str, *, name: str, value: str) -> None:
        """Add one option to a field (``ticket_fields`` or ``user_fields``): replacing the whole
        list in an update would clear the values of options left out."""
        self.call(
            "POST",
            f"/api/v2/{fields}/{id_of(field_id)}/options.json",
            json={"custom_field_option": {"name": name, "value": value}},
        )

    def ticket_forms(self) -> list[Json]:
        return self.all("/api/v2/ticket_forms.json", "ticket_forms")

    def place_on_form(self, form_id: str, field_ids: Sequence[int]) -> None:
        form = TicketForm(id=id_of(form_id), ticket_field_ids=list(field_ids))
        with self.calling():
            self.zenpy.ticket_forms.update(form)

    def webhooks(self) -> list[Json]:
        return self.all("/api/v2/webhooks", "webhooks")

    def create_webhook(self, webhook: Json) -> Json:
        with self.calling():
            self.zenpy.webhooks.create(Webhook(**webhook))
        return self.record("webhook")

    def change_webhook(self, webhook: Json) -> None:
        with self.calling():
            self.zenpy.webhooks.patch(Webhook(**webhook))

    def delete_webhook(self, webhook_id: str) -> None:
        with self.calling():
            self.zenpy.webhooks.delete(Webhook(id=webhook_id))

    def webhook_secret(self, webhook_id: str) -> str:
        with self.calling():
            self.zenpy.webhooks.show_secret(webhook_id)
        return str(self.part("signing_secret").get("secret") or "")


def connect(
    *,
    subdomain: str,
    base_url: str | None,
    tokens: Tokens,
    turnstile: Turnstile,
    clock: Clock,
    timeout: float,
    share: float,
) -> Client:
    """A client for one thread, with a sign-in of its own over the connection's shared secrets."""
    host = urlsplit(origin_of(subdomain, base_url)).hostname or ""
    http = http_client(host, timeout=timeout)
    grant = token_endpoint(subdomain, http=http, clock=clock, base_url=base_url)
    sign_in = SignIn(tokens=tokens, grant=grant, clock=clock)
    line = Line(
        subdomain=subdomain,
        base_url=base_url,
        sign_in=sign_in,
        turnstile=turnstile,
        share=share,
    )
    return Client(line, http=http, timeout=timeout, clock=clock)
