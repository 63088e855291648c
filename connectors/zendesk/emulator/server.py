"""The emulator as a server: in a thread for tests, in the foreground for ``keepsake sandbox``."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from types import FrameType, TracebackType
from typing import Any, Self

from werkzeug.serving import WSGIRequestHandler, make_server

from connectors.sandbox.world import World

from .app import create_app
from .delivery import Deliverer
from .faults import Faults
from .fill import fill
from .options import Options
from .people import People
from .state import State, WorldIds, utc_now
from .web import Room


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """All that a client needs to come in, both ways."""

    base_url: str
    subdomain: str
    email: str
    user_id: int
    api_token: str
    oauth_client_id: str
    oauth_client_secret: str
    public_client_id: str
    control_token: str

    @property
    def zenpy_environment(self) -> dict[str, str]:
        """What turns zenpy (in the whole process) towards this server."""
        scheme, _, netloc = self.base_url.partition("://")
        return {"ZENPY_FORCE_NETLOC": netloc, "ZENPY_FORCE_SCHEME": scheme}


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Requests are counted in the state, not printed."""

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """A connection dropped on purpose must not be kept for the next request."""
        del error, environ
        self.close_connection = True


class Emulator:
    """A Zendesk on a loopback port, started by ``with``.

    ``people`` act as customers and agents do; ``faults`` go wrong on demand; ``state`` may be
    looked at (and counted requests read) at any time. With ``world``, the account is filled from
    it, also after ``reset``.
    """

    def __init__(
        self,
        world: World | None = None,
        *,
        options: Options | None = None,
        clock: Callable[[], datetime] = utc_now,
        host: str = "127.0.0.1",
        port: int = 0,
        time_scale: float = 1.0,
        webhook_timeout: float = 12.0,
        workers: int = 1,
    ) -> None:
        self.world = world
        self.state = State(options, clock=clock)
        self.faults = Faults()
        self.deliverer = Deliverer(
            self.state,
            self.faults,
            time_scale=time_scale,
            timeout=webhook_timeout,
            workers=workers,
        )
        self.app = create_app(self.state, faults=self.faults, deliverer=self.deliverer, world=world)
        self._room: Room = self.app.extensions["zendesk"]
        self.people = People(self.state)
        self._host = host
        # Listening ourselves: werkzeug would end the process where the port is taken.
        with socket.create_server((host, port)) as listening:
            self._server = make_server(
                host,
                port,
                self.app,
                threaded=True,
                request_handler=_Quiet,
                fd=listening.fileno(),
            )
        self._thread: threading.Thread | None = None
        if world is not None:
            fill(self.state, world)

    # -- where and how ---------------------------------------------------------------------

    @property
    def base_url(self) -> str:
        return f"http://{self._host}:{self._server.port}"

    @property
    def subdomain(self) -> str:
        return self.state.options.subdomain

    @property
    def ids(self) -> WorldIds:
        return self.state.names

    @property
    def credentials(self) -> Credentials:
        state = self.state
        return Credentials(
            base_url=self.base_url,
            subdomain=self.subdomain,
            email=str(state.integration.email),
            user_id=state.integration.id,
            api_token=state.api_token,
            oauth_client_id="keepsake",
            oauth_client_secret=state.oauth_clients["keepsake"].secret,
            public_client_id="keepsake_public",
            control_token=state.control_token,
        )

    # -- running ---------------------------------------------------------------------------

    def start(self) -> Self:
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="zendesk-emulator",
            daemon=True,
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Safe to repeat."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()
        self.deliverer.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def reset(self) -> None:
        """As it was in the beginning; the credentials stay."""
        self._room.reset()

    def wait_for_deliveries(self, timeout: float = 5.0) -> bool:
        """True when every webhook caused so far was sent, retried to the end, or lost."""
        return self.deliverer.wait_until_idle(timeout)


def serve(
    world: World | None,
    host: str,
    port: int,
    ready: Callable[[dict[str, Any]], None],
    *,
    options: Options | None = None,
    live: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT. ``ready`` is told the address and the credentials.

    ``live`` also plays the world's live steps, at their pace. Main thread only (signals).
    """
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        stopping.set()

    before = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        with Emulator(world, options=options, host=host, port=port) as emulator:
            ready(announcement(emulator.credentials))
            if live and world is not None:
                _play_live(emulator, world, stopping)
            stopping.wait()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def announcement(credentials: Credentials) -> dict[str, Any]:
    """What ``keepsake sandbox --json`` prints in one line."""
    return {
        "system": "zendesk",
        "base_url": credentials.base_url,
        "agent_url": f"{credentials.base_url}/agent/tickets",
        "control_url": f"{credentials.base_url}/_control",
        "subdomain": credentials.subdomain,
        "email": credentials.email,
        "api_token": credentials.api_token,
        "oauth_client_id": credentials.oauth_client_id,
        "oauth_client_secret": credentials.oauth_client_secret,
        "control_token": credentials.control_token,
        "env": credentials.zenpy_environment,
    }


def _play_live(emulator: Emulator, world: World, stopping: threading.Event) -> None:
    def play() -> None:
        for step in world.live:
            if stopping.wait(step.after):
                return
            emulator.people.play([step])

    threading.Thread(target=play, name="zendesk-live", daemon=True).start()
