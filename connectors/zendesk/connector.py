"""The Zendesk connector: one connection's clients, limits and secrets, and who does what.

Importing this module, and reading webhooks with it, imports no client: the web process stays
light. Clients are made when first needed, one per thread, because zenpy is not thread-safe.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Lock, local
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self
from weakref import WeakSet

from ..base import (
    Change,
    CheckReport,
    Clock,
    Cursor,
    FieldSpec,
    FieldUpdate,
    Installation,
    Pacer,
    Page,
    Plan,
    PlanStep,
    Setting,
    Sleep,
    Tokens,
    WebhookRequest,
    WriteResult,
)
from ..http import Turnstile
from ..records import Contact, RecordKind, TicketBundle
from ..signing import TOLERANCE
from . import mapping, webhook
from .fields import FieldMap

if TYPE_CHECKING:
    from .client import Client
    from .pulling import InteractionPage


class ZendeskConnector:
    """One Zendesk account. ``base_url`` replaces ``https://{subdomain}.zendesk.com``;
    ``max_wait`` is the most one call sleeps for rate limits, in seconds; ``quota_share`` how much
    of the account's rate limit may be used."""

    slug: ClassVar[str] = "zendesk"

    def __init__(
        self,
        *,
        subdomain: str,
        tokens: Tokens,
        installation: Installation,
        pacer: Pacer,
        clock: Clock,
        sleep: Sleep = time.sleep,
        base_url: str | None = None,
        timeout: float = 30.0,
        max_wait: float = 20.0,
        quota_share: float = 0.5,
        tolerance: timedelta = TOLERANCE,
    ) -> None:
        self.installation = installation
        self._subdomain = subdomain
        self._base_url = base_url
        self._tokens = tokens
        self._clock = clock
        self._sleep = sleep
        self._timeout = timeout
        self._tolerance = tolerance
        self._quota_share = quota_share
        self._turnstile = Turnstile(
            system="Zendesk", pacer=pacer, clock=clock, sleep=sleep, max_wait=max_wait
        )
        self._mine = local()
        # Weak: the client of a thread that ended goes with it.
        self._clients: WeakSet[Client] = WeakSet()
        self._lock = Lock()

    @classmethod
    def settings_schema(cls) -> tuple[Setting, ...]:
        """What ``keepsake connect zendesk`` has to ask for."""
        from .settings import SETTINGS

        return SETTINGS

    def check(self) -> CheckReport:
        from .checking import check

        return check(self._client, now=self._clock())

    def pull(self, kind: RecordKind, cursor: Cursor | None, *, since: datetime) -> Page:
        from .pulling import Puller

        puller = Puller(self._client, self._fields, origin=self._origin)
        return puller.pull(kind, cursor, since=since, now=self._clock())

    def pull_interactions(self, cursor: Cursor | None, *, since: datetime) -> InteractionPage:
        """All comments of the account in bulk, for a backfill: up to a thousand events a call."""
        from .pulling import Puller

        puller = Puller(self._client, self._fields, origin=self._origin)
        return puller.pull_interactions(cursor, since=since, now=self._clock())

    def fetch_ticket(self, ticket_id: str) -> TicketBundle:
        from .fetching import fetch_ticket

        return fetch_ticket(self._client, ticket_id, self._fields, origin=self._origin)

    def fetch_contact(self, contact_id: str) -> Contact:
        from .fetching import fetch_contact

        return fetch_contact(self._client, contact_id, self._fields)

    def plan(self, fields: Sequence[FieldSpec], *, webhook_url: str | None) -> Plan:
        from .provisioning import Provisioner

        return Provisioner(self._client, self.installation).plan(fields, webhook_url=webhook_url)

    def apply(
        self,
        fields: Sequence[FieldSpec],
        *,
        webhook_url: str | None,
        keep: Callable[[Installation], None],
    ) -> Installation:
        from .provisioning import Provisioner

        provisioner = Provisioner(self._client, self.installation)
        return provisioner.apply(fields, webhook_url=webhook_url, keep=self._keeping(keep))

    def remove(self, *, keep: Callable[[Installation], None]) -> tuple[PlanStep, ...]:
        from .provisioning import Provisioner

        return Provisioner(self._client, self.installation).remove(keep=self._keeping(keep))

    def write(self, updates: Sequence[FieldUpdate]) -> list[WriteResult]:
        from .writing import Writer

        writer = Writer(self._client, self._fields, turnstile=self._turnstile, sleep=self._sleep)
        return writer.write(updates)

    def add_note(self, ticket_id: str, text: str, *, key: str) -> str:
        from .notes import add_note

        return add_note(self._client, ticket_id, text, key=key, sleep=self._sleep)

    def read_webhook(self, request: WebhookRequest, *, now: datetime) -> list[Change]:
        return webhook.read(
            request,
            secret=self.installation.webhook_secret,
            identity=self.installation.state.get("identity"),
            now=now,
            tolerance=self._tolerance,
            own_fields=self._fields.ticket_field_ids,
        )

    def close(self) -> None:
        with self._lock:
            clients = list(self._clients)
            self._clients.clear()
            self._mine = local()
        for client in clients:
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def _client(self) -> Client:
        """This thread's own client."""
        client: Client | None = getattr(self._mine, "client", None)
        if client is None:
            from .client import connect

            client = connect(
                subdomain=self._subdomain,
                base_url=self._base_url,
                tokens=self._tokens,
                turnstile=self._turnstile,
                clock=self._clock,
                timeout=self._timeout,
                share=self._quota_share,
            )
            self._mine.client = client
            with self._lock:
                self._clients.add(client)
        return client

    @property
    def _fields(self) -> FieldMap:
        return FieldMap(self.installation)

    @property
    def _origin(self) -> str:
        return self._base_url or mapping.agent_origin(self._subdomain)

    def _keeping(self, keep: Callable[[Installation], None]) -> Callable[[Installation], None]:
        def both(installation: Installation) -> None:
            keep(installation)
            self.installation = installation

        return both
