"""One installation of Keepsake beside an emulated Zendesk, both over HTTP, in this process.

Everything is the real thing (settings, wiring, web app, store, connector, worker) but for three
arguments: the clock can jump, the reader may be the plain one, and the engine runs tasks when
``settle`` tells it to, so that a test is over as soon as nothing is left to do.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from werkzeug.serving import WSGIRequestHandler, make_server

from config.settings import Settings
from connectors.zendesk.emulator import Emulator, Limits, Options
from enrichment.fields import FIELDS
from server.app import create_app
from server.pipeline import install
from server.pipeline.base import Reader
from server.pipeline.pump import InterventionPump, pump_inbox, sweep
from server.pipeline.sync import Pulled, sync
from server.pipeline.worker import Worker
from server.pipeline.write_back import flush_all
from server.store import (
    connection_secrets,
    connections,
    field_states,
    inbox,
    interventions,
    loading,
)
from server.wiring import Home, build_web_services

from .clock import Clock
from .engine import InlineEngine
from .processes import free_port
from .reader import PlainReader
from .receiver import Receiver

CONNECTION = "zendesk"


@contextmanager
def zendesk(clock: Clock | None = None, *, options: Options | None = None) -> Iterator[Emulator]:
    """An empty account that is in no hurry to limit anybody."""
    clock = clock or Clock()
    chosen = options or Options(limits=Limits.unlimited(), export_holdback=timedelta(0))
    running = Emulator(clock=clock, options=chosen, time_scale=0.02)

    class Dated(running._server.RequestHandlerClass):  # type: ignore[name-defined,misc]
        """Answers are dated by the clock that dates the tickets."""

        def date_time_string(self, timestamp: float | None = None) -> str:
            del timestamp
            return format_datetime(clock(), usegmt=True)

    running._server.RequestHandlerClass = Dated
    with running:
        yield running


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Tests look at what came of it."""


def settings_for(
    folder: Path, *, port: int, receiver: Receiver | None = None, **more: Any
) -> dict[str, Any]:
    """Settings as arguments of ``Settings``."""
    chosen: dict[str, Any] = {
        "data_dir": str(folder),
        "port": port,
        "log_level": "warning",
        "outbound_allowed": "127.0.0.1",
        **more,
    }
    if receiver is not None:
        chosen["webhook_destinations"] = {
            "team-lead": {"url": receiver.url, "secret": receiver.secret}
        }
    return chosen


def environment_of(chosen: Mapping[str, Any]) -> dict[str, str]:
    """The same settings as a process reads them."""
    return {
        f"KEEPSAKE_{name.upper()}": json.dumps(value) if isinstance(value, dict) else str(value)
        for name, value in chosen.items()
    }


def enter_credentials(
    home: Home, emulator: Emulator, *, id: str = CONNECTION, **instead: str
) -> None:
    """What ``keepsake connect`` stores, without asking anything."""
    known = emulator.credentials
    now = home.clock()
    with home.database.write() as tx:
        if id not in {one.id for one in connections.find(tx)}:
            connections.create(
                tx,
                id=id,
                system="zendesk",
                name=id,
                settings={"subdomain": known.subdomain, "base_url": known.base_url},
                now=now,
            )
        connection_secrets.put(
            tx,
            home.vault,
            connection_id=id,
            values={
                "kind": "client_credentials",
                "client_id": known.oauth_client_id,
                "client_secret": known.oauth_client_secret,
                **instead,
            },
            now=now,
        )


class House:
    """Use with ``with``."""

    def __init__(
        self,
        folder: Path,
        emulator: Emulator,
        *,
        clock: Clock,
        reader: Reader | None = None,
        receiver: Receiver | None = None,
        **settings: Any,
    ) -> None:
        self.emulator = emulator
        self.people = emulator.people
        self.clock = clock
        self.reader = reader or PlainReader()
        chosen = settings_for(folder, port=free_port(), receiver=receiver, **settings)
        self.environment = environment_of(chosen)
        self.settings = Settings(_env_file=None, **chosen)
        self.home = Home(
            self.settings, clock=clock, sleep=clock.sleep, load_reader=lambda: self.reader
        )
        self.engine: InlineEngine
        self._worker = Worker(self.home.base, name="inline", make_engine=self._make_engine)
        self._pump_interventions = InterventionPump(self.base, self.engine)
        self._web: Any = None
        self._services: Any = None
        self._thread: threading.Thread | None = None

    def _make_engine(self, handlers: Any) -> InlineEngine:
        self.engine = InlineEngine(handlers, clock=self.clock)
        return self.engine

    # -- the life of a connection ----------------------------------------------------------

    @property
    def base(self) -> Any:
        return self.home.base

    @property
    def url(self) -> str:
        return self.settings.public_url

    @property
    def webhook_url(self) -> str:
        return f"{self.url}/webhooks/{CONNECTION}"

    def connect(self, **instead: str) -> None:
        """Credentials in, everything installed over there, nothing pulled yet."""
        enter_credentials(self.home, self.emulator, **instead)
        report = install.check(self.base, CONNECTION, by="test")
        assert report.ok, report
        self.apply()

    def apply(self) -> None:
        install.apply(
            self.base, self.home.vault, CONNECTION, FIELDS, webhook_url=self.webhook_url, by="test"
        )

    def check(self) -> None:
        install.check(self.base, CONNECTION, by="test")

    def pull(self) -> Pulled:
        """One sync, as the poll or the command line does it."""
        with self.home.connector(CONNECTION) as connector:
            since = self.clock() - timedelta(days=400)
            return sync(self.base, CONNECTION, connector, since=since)

    # -- working everything off ------------------------------------------------------------

    def settle(self, **patience: float) -> None:
        """Until nothing is left to do now; with ``seconds=..`` (or minutes, hours) also what is
        put off for no longer than that, the clock jumping ahead to it."""
        last = self.clock() + timedelta(**patience)
        for _ in range(2000):
            assert self.emulator.wait_for_deliveries(20)
            if self.turn():
                continue
            at = self._next()
            if at is None or at > last:
                return
            self.clock.pass_by(seconds=max((at - self.clock()).total_seconds(), 0.0) + 0.01)
        raise AssertionError("there is no end to it")

    def turn(self) -> bool:
        """What every loop of a worker does once; whether there was anything to do."""
        sweep(self.base, self.engine)
        busy = pump_inbox(self.base, self.engine)
        self._pump_interventions()
        busy |= self.engine.run_due() > 0
        return flush_all(self.base) or busy

    def _next(self) -> datetime | None:
        with self.home.database.read() as tx:
            due = interventions.due(tx, now=self.clock() + timedelta(days=30))
            written = [
                counts.next_at
                for one in connections.find(tx)
                if one.state in ("ready", "live")
                and (counts := field_states.counts(tx, connection_id=one.id)).due
            ]
        times = [self.engine.next_due, *written, *(one.due_at for one in due)]
        return min((at for at in times if at is not None), default=None)

    # -- looking ---------------------------------------------------------------------------

    @property
    def connection(self) -> Any:
        with self.home.database.read() as tx:
            return connections.get(tx, CONNECTION)

    @property
    def summary(self) -> dict[str, int]:
        with self.home.database.read() as tx:
            return loading.summary(tx)

    @property
    def inbox(self) -> inbox.InboxCounts:
        with self.home.database.read() as tx:
            return inbox.counts(tx)

    @property
    def inbox_failures(self) -> list[str]:
        with self.home.database.read() as tx:
            return [one.error or "" for one in inbox.failures(tx)]

    def interventions(self) -> list[interventions.Intervention]:
        """Oldest first."""
        with self.home.database.read() as tx:
            return interventions.find(tx, limit=500)[::-1]

    def field_id(self, key: str, kind: str = "ticket") -> str:
        made: str = self.connection.installation.made[f"field:{kind}:{key}"]
        return made

    def notes(self, ticket_id: int) -> list[str]:
        """Our internal notes on a ticket over there."""
        ours = self.emulator.state.integration.id
        comments = self.emulator.state.tickets[ticket_id].comments
        return [one.body for one in comments if one.author_id == ours and not one.public]

    def requests(self, *methods: str) -> int:
        """Requests made to the source system's API so far, of these methods or all; renewing a
        sign-in does not count."""
        counts = dict(self.emulator.state.request_counts)
        return sum(
            n
            for route, n in counts.items()
            if "/oauth/" not in route and (not methods or route.split()[0] in methods)
        )

    @property
    def writes(self) -> int:
        return self.requests("PUT", "POST", "PATCH", "DELETE")

    # -- being a web server ----------------------------------------------------------------

    def __enter__(self) -> Self:
        self._services = build_web_services(self.settings, clock=self.clock)
        self.app = create_app(self._services)
        self._web = make_server(
            "127.0.0.1", self.settings.port, self.app, threaded=True, request_handler=_Silent
        )
        self._thread = threading.Thread(target=self._web.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._thread is not None
        self._web.shutdown()
        self._thread.join()
        self._web.server_close()
        self._services.database.close()
        self.home.close()
