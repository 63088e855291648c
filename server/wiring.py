"""The one place where settings, clock, database, connectors, rules and model meet.

Everything is opened late: a command that only reads help opens nothing, a web process never
imports the model or a source system's client, and nothing is open before a fork.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from config.settings import Settings, load
from connectors.base import Change, Clock, Connector, Installation, Pacer, Sleep, WebhookRequest
from connectors.errors import Misconfigured, WebhookRejected
from connectors.registry import connector_class
from enrichment.priors import Priors

from .pipeline.base import Base, Destination, Reader
from .security.outbound import Guard
from .security.outbound_transport import GuardedTransport
from .security.secrets import Vault, open_vault
from .store import Database, open_database
from .store import connection_secrets as secrets
from .store import connections as stored
from .store.budgets import SqlPacer
from .store.connection_secrets import SqlTokens
from .store.connections import Connection, ConnectionState, UnknownConnection
from .store.database import BUSY_SECONDS

if TYPE_CHECKING:
    import httpx

    from .pipeline.dbos_engine import DbosEngine
    from .pipeline.engine import Handler, Queue
    from .pipeline.worker import Patience, Worker
    from .web.services import Services

#: How long the web process trusts what it knows of a connection, in seconds.
TRUSTED = 2.0
#: Time limits of an outgoing webhook, in seconds.
OUTGOING_TIMEOUT = 15.0


def utc_now() -> datetime:
    return datetime.now(UTC)


class Home:
    """One installation as one process sees it. Opens what is asked for, when it is asked for.

    ``load_reader`` makes the reader at its first use; without one the shipped model is loaded.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock = utc_now,
        sleep: Sleep = time.sleep,
        load_reader: Callable[[], Reader] | None = None,
        patience: float = BUSY_SECONDS,
    ) -> None:
        self.settings = settings
        self._patience = patience
        self.clock = clock
        self._sleep = sleep
        self._load_reader = load_reader or self._shipped_reader
        self._lock = threading.Lock()
        # Apart, because loading takes seconds and nobody else should wait for it.
        self._reader_lock = threading.Lock()
        self._connectors: dict[str, tuple[object, Connector]] = {}
        self._reader: Reader | None = None

    @cached_property
    def database(self) -> Database:
        """The application's database, its tables brought to the newest version."""
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        database = open_database(
            self.settings.database_url,
            pool_size=self.settings.database_pool,
            patience=self._patience,
        )
        database.migrate()
        return database

    @cached_property
    def vault(self) -> Vault:
        key = self.settings.secret_key.get_secret_value()
        return open_vault(key=key or None, key_file=self.settings.key_file)

    @cached_property
    def base(self) -> Base:
        """What the pipeline is handed."""
        from rules.loader import load_folder, load_library

        library = load_library()
        folder = self.settings.rules_dir
        rules = load_folder(folder, onto=library) if folder.is_dir() else library
        settings = self.settings
        return Base(
            database=self.database,
            clock=self.clock,
            sleep=self._sleep,
            connector=self.connector,
            reader=self.reader,
            rules=rules,
            priors=Priors(),
            destinations={
                name: Destination(url=one.url, secret=one.secret.get_secret_value())
                for name, one in settings.webhook_destinations.items()
            },
            client=self._outgoing_client,
            public_url=settings.public_url,
            write_back=settings.write_back,
            poll_every=timedelta(seconds=settings.poll_seconds),
            backfill=timedelta(days=settings.backfill_days),
            keep=timedelta(days=settings.keep_days),
        )

    @contextmanager
    def connector(self, connection_id: str) -> Iterator[Connector]:
        """A connector for this connection, kept for the next who asks."""
        with self.database.read() as tx:
            connection = stored.get(tx, connection_id)
            installation = secrets.installation_of(tx, self.vault, connection_id=connection_id)
        if connection.state is ConnectionState.REMOVED:
            raise Misconfigured(f"The connection {connection_id} was removed; connect it anew.")
        key = (dict(connection.settings), installation)
        with self._lock:
            kept = self._connectors.get(connection_id)
            if kept is None or kept[0] != key:
                # The old one may be in use by another thread; it goes when nobody holds it.
                kept = (key, self._connect(connection, installation))
                self._connectors[connection_id] = kept
        yield kept[1]

    def pacer(self, connection_id: str) -> Pacer:
        """The connection's rate budgets, shared by every process that uses it."""
        return SqlPacer(self.database, connection_id=connection_id, clock=self.clock)

    def reader(self) -> Reader:
        """The model, loaded once in a process."""
        with self._reader_lock:
            if self._reader is None:
                self._reader = self._load_reader()
            return self._reader

    def _shipped_reader(self) -> Reader:
        from enrichment.reader import load_reader

        return load_reader(threads=self.settings.reader_threads)

    def listener(self, connection: Connection, installation: Installation) -> Connector:
        """A connector to read webhooks with: opens no socket and imports no client, so nobody
        need close it."""
        return self._connect(connection, installation)

    def close(self) -> None:
        """Let go of everything that was opened. Safe to repeat."""
        with self._lock:
            kept, self._connectors = self._connectors, {}
        for _, connector in kept.values():
            connector.close()
        if "database" in self.__dict__:
            self.database.close()

    def _connect(self, connection: Connection, installation: Installation) -> Connector:
        make = connector_class(connection.system)
        made = make(
            **_arguments(connection.settings),
            tokens=SqlTokens(
                self.database,
                self.vault,
                connection_id=connection.id,
                clock=self.clock,
                sleep=self._sleep,
            ),
            installation=installation,
            pacer=self.pacer(connection.id),
            clock=self.clock,
            sleep=self._sleep,
            quota_share=self.settings.quota_share,
        )
        return cast(Connector, made)

    def _outgoing_client(self) -> httpx.Client:
        import httpx

        guard = Guard(allowed=self.settings.outbound_allowed)
        return httpx.Client(
            transport=GuardedTransport(guard), timeout=httpx.Timeout(OUTGOING_TIMEOUT)
        )


def _arguments(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A connection's settings as arguments of its connector, without what is empty."""
    return {name: value for name, value in settings.items() if value not in (None, "")}


class WebhookDoor:
    """Reads webhooks with what is known of a connection, kept for a moment.

    A signature that does not fit is looked at once more with fresh knowledge: the secret may have
    been rotated a second ago.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._known: dict[str, tuple[float, Connector]] = {}

    def __call__(
        self, connection_id: str, request: WebhookRequest, now: datetime
    ) -> Sequence[Change]:
        connector, is_fresh = self._look(connection_id)
        try:
            return connector.read_webhook(request, now=now)
        except WebhookRejected:
            if is_fresh:
                raise
        self._known.pop(connection_id, None)
        connector, _ = self._look(connection_id)
        return connector.read_webhook(request, now=now)

    def _look(self, connection_id: str) -> tuple[Connector, bool]:
        kept = self._known.get(connection_id)
        if kept is not None and time.monotonic() - kept[0] < TRUSTED:
            return kept[1], False
        with self._home.database.read() as tx:
            connection = stored.get(tx, connection_id)
            installation = secrets.installation_of(
                tx, self._home.vault, connection_id=connection_id
            )
        if connection.state is ConnectionState.REMOVED:
            raise UnknownConnection(f"there is no connection {connection_id}")
        connector = self._home.listener(connection, installation)
        self._known[connection_id] = (time.monotonic(), connector)
        return connector, True


def open_home(settings: Settings | None = None) -> Home:
    """The installation of this process's settings. Raises ``BadSettings``."""
    return Home(settings or load())


def build_web_services(settings: Settings, *, clock: Clock = utc_now) -> Services:
    """What the web app is handed. Call after a fork."""
    from .store.inbox_writer import PATIENCE, InboxWriter, NotAccepted
    from .web.services import Overloaded, Services, WebSettings

    home = Home(settings, clock=clock, patience=PATIENCE)
    writer = InboxWriter(home.database)
    door = WebhookDoor(home)

    def accept(connection_id: str, changes: Sequence[Change], now: datetime) -> Any:
        try:
            return writer.accept(connection_id=connection_id, changes=changes, now=now)
        except NotAccepted as error:
            raise Overloaded(str(error)) from error

    return Services(
        settings=WebSettings(
            public_url=settings.public_url,
            session_secret=home.vault.derive("session")[0],
            session_lifetime=timedelta(hours=settings.session_hours),
            max_body=settings.max_webhook_bytes,
            heartbeat_fresh=timedelta(seconds=settings.heartbeat_seconds),
            extra_hosts=settings.extra_hosts,
            proxies=settings.trusted_proxies,
        ),
        database=home.database,
        clock=home.clock,
        accept=accept,
        read_webhook=door,
    )


def build_worker(home: Home, *, name: str, patience: Patience | None = None) -> Worker:
    """A worker of this name; only one of a name may run (``hold_name``)."""
    from .pipeline.worker import Patience, Worker

    def make_engine(handlers: dict[Queue, Handler]) -> DbosEngine:
        from .pipeline.dbos_engine import DbosEngine
        from .store.engine_database import open_engine_database

        url = home.settings.engine_database_url
        concurrency = home.settings.worker_concurrency
        pool = 2 * len(handlers) * concurrency + 6
        return DbosEngine(
            database=open_engine_database(url, pool_size=pool),
            url=url,
            executor=name,
            handlers=handlers,
            concurrency=concurrency,
        )

    silent = timedelta(seconds=home.settings.heartbeat_seconds)
    return Worker(
        home.base,
        name=name,
        make_engine=make_engine,
        patience=patience or Patience(silent=silent),
    )


class NameTaken(Exception):
    """A worker of this name runs already on this machine."""


def hold_name(data_dir: Path, name: str) -> int:
    """Hold a worker's name until this process ends, however it ends; returns the lock's file
    descriptor. Two workers of one name would run each other's work. Raises ``NameTaken``."""
    folder = data_dir / "workers"
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise NameTaken(
            f"a worker called {name} runs already; give this one another name (--name)"
        ) from None
    return descriptor
