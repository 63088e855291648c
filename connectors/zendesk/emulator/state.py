"""The emulated account: tables in memory behind one lock, with the clock as an argument.

Everything that reads or changes a row holds ``State.lock``; web views get it from the app,
people's acts and the fill take it themselves. ``reset`` brings back the empty account, with the
same credentials and signing nothing away, so that a running client need not log in again.
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from . import seed
from .indexes import SortedIndex, unix, whole_second
from .limits import Limiter
from .options import Options
from .rows import Audit, Comment, Group, Identity, Organization, Rating, Ticket, User
from .settings_rows import (
    Field,
    FieldOption,
    Form,
    Job,
    OAuthCode,
    OAuthToken,
    Trigger,
    Webhook,
)

if TYPE_CHECKING:
    from .events import Happening

STATUSES = ("new", "open", "pending", "hold", "solved", "closed")


__all__ = ["STATUSES", "Options", "RequestSeen", "State", "WorldIds", "utc_now"]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class RequestSeen:
    """One request, for tests that keep a budget. ``route`` is the rule it matched."""

    at: datetime
    method: str
    path: str
    query: str
    route: str
    status: int
    user_id: int | None
    seconds: float
    user_agent: str


@dataclass(slots=True)
class WorldIds:
    """From the keys of a world to the ids they were given here."""

    companies: dict[str, int] = field(default_factory=dict)
    agents: dict[str, int] = field(default_factory=dict)
    customers: dict[str, int] = field(default_factory=dict)
    tickets: dict[str, int] = field(default_factory=dict)

    def person(self, key: str) -> int:
        """A customer or an agent. Raises ``KeyError``."""
        return self.customers[key] if key in self.customers else self.agents[key]

    def __getitem__(self, key: str) -> int:
        for table in (self.tickets, self.customers, self.agents, self.companies):
            if key in table:
                return table[key]
        raise KeyError(key)


class State:
    """One account. ``listeners`` hear of every change, inside the lock: be quick."""

    def __init__(
        self, options: Options | None = None, *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.options = options or Options()
        self.clock = clock
        self.lock = threading.RLock()
        self.limiter = Limiter(clock)
        self.listeners: list[Callable[[Happening], None]] = []
        self.api_token = secrets.token_urlsafe(30)
        self.control_token = secrets.token_urlsafe(24)
        self.form_token = secrets.token_urlsafe(24)
        self._oauth_secrets = {"keepsake": secrets.token_hex(32), "keepsake_public": ""}
        self.reset()

    def reset(self) -> None:
        with self.lock:
            self._ids = {"ticket": self.options.first_ticket_id}
            self.quiet = False
            self.names = WorldIds()
            self.groups: dict[int, Group] = {}
            self.users: dict[int, User] = {}
            self.users_by_email: dict[str, int] = {}
            self.users_by_external_id: dict[str, int] = {}
            self.users_order = SortedIndex()
            self.users_changed = SortedIndex()
            self.organizations: dict[int, Organization] = {}
            self.organizations_by_name: dict[str, int] = {}
            self.organizations_order = SortedIndex()
            self.organizations_changed = SortedIndex()
            self.tickets: dict[int, Ticket] = {}
            self.tickets_order = SortedIndex()
            self.tickets_updated = SortedIndex()
            self.tickets_generated = SortedIndex()
            self.tickets_by_requester: dict[int, set[int]] = {}
            self.comments: dict[int, Comment] = {}
            self.audits: dict[int, Audit] = {}
            self.audits_order = SortedIndex()
            self.ratings: dict[int, Rating] = {}
            self.ticket_fields: dict[int, Field] = {}
            self.user_fields: dict[int, Field] = {}
            self.organization_fields: dict[int, Field] = {}
            self.forms: dict[int, Form] = {}
            self.triggers: dict[int, Trigger] = {}
            self.webhooks: dict[str, Webhook] = {}
            self.jobs: dict[str, Job] = {}
            self.jobs_under_way: dict[str, Job] = {}
            self.oauth_codes: dict[str, OAuthCode] = {}
            self.oauth_tokens: dict[int, OAuthToken] = {}
            self.idempotency: dict[str, tuple[datetime, str, dict[str, Any], str]] = {}
            self.requests: deque[RequestSeen] = deque(maxlen=self.options.keeps_requests)
            self.request_counts: Counter[str] = Counter()
            self.limiter.reset()
            self.brand_id = self.next_id()
            self.trigger_category_id = str(self.next_id())
            self.custom_status_ids = {status: self.next_id() for status in STATUSES}
            self.default_group = self.add_group("Support", self.now() - seed.AGE)
            self.integration = seed.integration_user(self)
            self.default_form = seed.default_form(self)
            self.oauth_clients = seed.oauth_clients(self, self._oauth_secrets)

    # -- time and names --------------------------------------------------------------------

    def now(self) -> datetime:
        return whole_second(self.clock())

    def next_id(self, kind: str = "record") -> int:
        given = self._ids.get(kind, 360_000_000_001)
        self._ids[kind] = given + 1
        return given

    def revoke_api_token(self) -> None:
        """Somebody made a new one; the old one is refused from now on."""
        self.api_token = secrets.token_urlsafe(30)

    # -- rows and their indexes ------------------------------------------------------------

    def add_group(self, name: str, at: datetime) -> Group:
        for group in self.groups.values():
            if group.name == name:
                return group
        group = Group(self.next_id(), name, at)
        self.groups[group.id] = group
        return group

    def add_user(self, user: User) -> User:
        self.users[user.id] = user
        self.users_order.add((user.id,))
        self.users_changed.add((unix(user.updated_at), user.id))
        if user.email:
            self.users_by_email[user.email.lower()] = user.id
            if not user.identities:
                user.identities.append(
                    Identity(self.next_id(), user.email, user.verified, True, user.created_at)
                )
        if user.external_id:
            self.users_by_external_id[user.external_id] = user.id
        return user

    def touch_user(self, user: User, at: datetime) -> None:
        self.users_changed.discard((unix(user.updated_at), user.id))
        user.updated_at = max(at, user.updated_at)
        self.users_changed.add((unix(user.updated_at), user.id))

    def user_by_email(self, email: str) -> User | None:
        found = self.users_by_email.get(email.strip().lower())
        return self.users.get(found) if found else None

    def add_organization(self, row: Organization) -> Organization:
        self.organizations[row.id] = row
        self.organizations_order.add((row.id,))
        self.organizations_changed.add((unix(row.updated_at), row.id))
        return row

    def touch_organization(self, row: Organization, at: datetime) -> None:
        self.organizations_changed.discard((unix(row.updated_at), row.id))
        row.updated_at = max(at, row.updated_at)
        self.organizations_changed.add((unix(row.updated_at), row.id))

    def add_ticket(self, ticket: Ticket) -> None:
        self.tickets[ticket.id] = ticket
        self.tickets_order.add((ticket.id,))
        self.tickets_updated.add((unix(ticket.updated_at), ticket.id))
        self.tickets_generated.add((unix(ticket.generated_at), ticket.id))
        self.tickets_by_requester.setdefault(ticket.requester_id, set()).add(ticket.id)

    def touch_ticket(self, ticket: Ticket, at: datetime, *, visibly: bool = True) -> None:
        """Move a ticket up in the exports; ``visibly`` also moves ``updated_at``."""
        self.tickets_generated.discard((unix(ticket.generated_at), ticket.id))
        ticket.generated_at = max(at, ticket.generated_at)
        if not ticket.gone:
            self.tickets_generated.add((unix(ticket.generated_at), ticket.id))
        if visibly:
            self.tickets_updated.discard((unix(ticket.updated_at), ticket.id))
            ticket.updated_at = max(at, ticket.updated_at)
            if ticket.deleted_at is None:
                self.tickets_updated.add((unix(ticket.updated_at), ticket.id))

    def hide_ticket(self, ticket: Ticket) -> None:
        """Take a deleted ticket out of the lists; the export still shows it."""
        self.tickets_order.discard((ticket.id,))
        self.tickets_updated.discard((unix(ticket.updated_at), ticket.id))

    def show_ticket(self, ticket: Ticket) -> None:
        self.tickets_order.add((ticket.id,))
        self.tickets_updated.add((unix(ticket.updated_at), ticket.id))

    def change_requester(self, ticket: Ticket, user_id: int) -> None:
        self.tickets_by_requester.get(ticket.requester_id, set()).discard(ticket.id)
        ticket.requester_id = user_id
        self.tickets_by_requester.setdefault(user_id, set()).add(ticket.id)

    def add_option(self, row: Field, name: str, value: str) -> FieldOption:
        option = FieldOption(self.next_id(), name, value)
        row.options.append(option)
        return option

    # -- telling others --------------------------------------------------------------------

    def tell(self, happening: Happening) -> None:
        if self.quiet:
            return
        for listener in self.listeners:
            listener(happening)
