"""What the web process is handed, so that it reads no setting and asks nobody for the time.

``server.wiring`` fills a ``Services`` and ``server.app.create_app`` takes it. Everything here may
be called from several threads at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, cast
from urllib.parse import urlsplit

from flask import current_app

from connectors.base import Change, Clock, WebhookRequest
from enrichment.priors import Priors
from server.store import Database
from server.store.inbox import Accepted

#: Where ``create_app`` keeps the services on the app.
EXTENSION = "keepsake"

#: What a request's ``Host`` may be besides the public address: this machine, by any name it has
#: for itself. Health checks come this way.
OF_THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")


class AcceptChanges(Protocol):
    def __call__(
        self, connection_id: str, changes: Sequence[Change], now: datetime
    ) -> Sequence[Accepted]:
        """Keep each change once, durably, before it returns. One answer a change, in order.
        Raises ``Overloaded`` when that cannot be done soon enough, ``UnknownConnection`` when
        the connection was deleted meanwhile."""


class Overloaded(Exception):
    """More is waiting to be written than can be; the sender should come back."""


class ReadWebhook(Protocol):
    def __call__(
        self, connection_id: str, request: WebhookRequest, now: datetime
    ) -> Sequence[Change]:
        """What a webhook of this connection says, once verified. Makes no network call.
        Raises ``WebhookRejected``, or ``server.store.connections.UnknownConnection``."""


@dataclass(frozen=True, kw_only=True)
class WebSettings:
    """``public_url``: where people reach these pages, as they type it. ``max_body``: bytes of a
    webhook or form. ``heartbeat_fresh``: a worker silent for longer is not there.
    ``extra_hosts``: names this server answers to besides that of ``public_url``. ``proxies``: how
    many of ours stand in front and add to ``X-Forwarded-*``; 0 believes no such header."""

    public_url: str
    session_secret: str = field(repr=False)
    session_lifetime: timedelta = timedelta(hours=12)
    max_body: int = 1024 * 1024
    heartbeat_fresh: timedelta = timedelta(seconds=60)
    extra_hosts: tuple[str, ...] = ()
    proxies: int = 0

    def __post_init__(self) -> None:
        if len(self.session_secret) < 32:
            # A short key can be guessed offline from one cookie, and then anybody is anyone.
            raise ValueError("the session secret has at least 32 characters")
        parts = urlsplit(self.public_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the public address begins with http:// or https:// and has a host")
        if self.max_body <= 0 or self.session_lifetime <= timedelta(0):
            raise ValueError("the body limit and the session's lifetime are longer than nothing")

    @property
    def secure(self) -> bool:
        """Whether browsers may send the session cookie over https only."""
        return urlsplit(self.public_url).scheme == "https"

    @property
    def hosts(self) -> tuple[str, ...]:
        host = urlsplit(self.public_url).hostname
        assert host is not None
        return (f"[{host}]" if ":" in host else host, *OF_THIS_MACHINE, *self.extra_hosts)


@dataclass(frozen=True, kw_only=True)
class Services:
    settings: WebSettings
    database: Database
    clock: Clock
    accept: AcceptChanges
    read_webhook: ReadWebhook
    priors: Priors = field(default_factory=Priors)


def services() -> Services:
    """Those of the app that answers this request."""
    return cast(Services, current_app.extensions[EXTENSION])
