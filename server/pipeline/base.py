"""What every use case is handed: the database, the clock, and ways to the rest of the world.

Made in one place (``server.wiring``). Nothing in the pipeline reads a setting or asks for the
time elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

import httpx

from connectors.base import Clock, Connector, Sleep
from enrichment.priors import Priors
from enrichment.readings import Reading
from rules.model import Rule

from ..store import Database
from ..store.field_states import LEASE


class Reader(Protocol):
    """Reads customers' words and places texts by meaning. May be shared between threads."""

    @property
    def model(self) -> str: ...

    def read(self, texts: Sequence[str]) -> list[Reading]: ...

    def embed(self, texts: Sequence[str]) -> Any:
        """One row of floats a text."""


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where an outgoing webhook goes, set up by an admin under a name."""

    url: str
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Base:
    """``connector``: lends a connector for a connection id. ``reader``: the model, loaded on first
    use, which takes seconds. ``client``: one for outgoing webhooks, which refuses addresses that
    are not allowed. ``backfill``: how far back a first pull goes. ``keep``: how long finished
    work, and verdicts that did not fire, are kept."""

    database: Database
    clock: Clock
    sleep: Sleep
    connector: Callable[[str], AbstractContextManager[Connector]]
    reader: Callable[[], Reader]
    rules: tuple[Rule, ...]
    priors: Priors
    destinations: Mapping[str, Destination]
    client: Callable[[], httpx.Client]
    public_url: str
    write_back: bool = True
    poll_every: timedelta = timedelta(minutes=5)
    backfill: timedelta = timedelta(days=365)
    keep: timedelta = timedelta(days=30)
    write_lease: timedelta = LEASE
    """How long a write-back may be under way before somebody else tries it."""
