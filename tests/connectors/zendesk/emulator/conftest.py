"""A small company with a Zendesk, a clock that is turned by hand, and ways to call both."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from connectors.records import Priority, TicketStatus
from connectors.sandbox.world import (
    Agent,
    Company,
    Customer,
    LiveKind,
    LiveStep,
    Message,
    Rating,
    StatusChange,
    World,
    WorldTicket,
)
from connectors.zendesk.emulator import (
    Deliverer,
    Emulator,
    Faults,
    Limits,
    Options,
    People,
    State,
    create_app,
    fill,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Clock:
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at

    def turn(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def ago(**parts: float) -> datetime:
    return NOW - timedelta(**parts)


def small_world() -> World:
    late = WorldTicket(
        key="parcel",
        subject="Parcel is late",
        customer="ada",
        assignee="sam",
        status=TicketStatus.OPEN,
        priority=Priority.HIGH,
        created_at=ago(days=2),
        messages=(
            Message(author="ada", text="Where is my parcel?", at=ago(days=2)),
            Message(author="sam", text="It is on its way.", at=ago(days=1, hours=20)),
            Message(author="sam", text="Lost at the depot.", at=ago(days=1), public=False),
            Message(author="ada", text="Any news?", at=ago(hours=3)),
        ),
        tags=("shipping",),
        history=(StatusChange(at=ago(days=1, hours=20), by="sam", status=TicketStatus.PENDING),),
    )
    invoice = WorldTicket(
        key="invoice",
        subject="Wrong invoice",
        customer="bob",
        assignee="kim",
        status=TicketStatus.SOLVED,
        priority=None,
        created_at=ago(days=9),
        channel="web",
        group="Billing",
        messages=(
            Message(author="bob", text="The sum is wrong.", at=ago(days=9)),
            Message(author="kim", text="Corrected, sorry!", at=ago(days=8)),
        ),
        rating=Rating(at=ago(days=7), good=True, comment="Quick!"),
    )
    old = WorldTicket(
        key="old",
        subject="Login",
        customer="ada",
        assignee="sam",
        status=TicketStatus.CLOSED,
        priority=Priority.LOW,
        created_at=ago(days=60),
        messages=(
            Message(author="ada", text="I cannot log in.", at=ago(days=60)),
            Message(author="sam", text="Try again now.", at=ago(days=59)),
        ),
    )
    return World(
        company="Birch Lane",
        now=NOW,
        agents=(
            Agent(key="sam", name="Sam Ortiz", email="sam@birch.example", is_admin=True),
            Agent(key="kim", name="Kim Lee", email="kim@birch.example", group="Billing"),
        ),
        companies=(
            Company(key="nord", name="Nord AG", domain="nord.example", created_at=ago(days=300)),
        ),
        customers=(
            Customer(
                key="ada",
                name="Ada Marsh",
                email="ada@nord.example",
                company="nord",
                created_at=ago(days=200),
                tags=("vip",),
            ),
            Customer(
                key="bob",
                name="Bob Stone",
                email="bob@mail.example",
                company=None,
                created_at=ago(days=100),
            ),
        ),
        tickets=(late, invoice, old),
        live=(
            LiveStep(
                after=5,
                kind=LiveKind.NEW_TICKET,
                ticket="new",
                author="bob",
                subject="Broken lamp",
                text="The lamp is broken.",
            ),
            LiveStep(after=5, kind=LiveKind.COMMENT, ticket="new", author="kim", text="Oh no."),
            LiveStep(
                after=5,
                kind=LiveKind.STATUS,
                ticket="new",
                author="kim",
                status=TicketStatus.SOLVED,
            ),
            LiveStep(after=5, kind=LiveKind.RATING, ticket="new", author="bob", good=False),
        ),
    )


class Account:
    """The emulator in process: no socket, unless webhooks are sent."""

    def __init__(self, clock: Clock, world: World | None, options: Options) -> None:
        self.clock = clock
        self.state = State(options, clock=clock)
        self.faults = Faults()
        self.deliverer = Deliverer(self.state, self.faults, time_scale=0.005, timeout=0.3)
        self.app = create_app(self.state, faults=self.faults, deliverer=self.deliverer, world=world)
        if world is not None:
            fill(self.state, world)
        self.people = People(self.state)
        self.ids = self.state.names
        self.email = str(self.state.integration.email)
        self.api = self.login(self.email)

    def login(self, email: str, token: str | None = None) -> httpx.Client:
        return httpx.Client(
            transport=httpx.WSGITransport(self.app),
            base_url="http://sandbox.test/api/v2",
            auth=(f"{email}/token", token or self.state.api_token),
        )

    def bearer(self, token: str) -> httpx.Client:
        return httpx.Client(
            transport=httpx.WSGITransport(self.app),
            base_url="http://sandbox.test",
            headers={"Authorization": f"Bearer {token}"},
        )

    def anonymous(self) -> httpx.Client:
        transport = httpx.WSGITransport(self.app)
        return httpx.Client(transport=transport, base_url="http://sandbox.test")

    def make_field(self, **field: Any) -> int:
        made = self.api.post("/ticket_fields.json", json={"ticket_field": field})
        assert made.status_code == 201, made.text
        return int(made.json()["ticket_field"]["id"])

    def mood_field(self) -> int:
        options = [
            {"name": "Calm", "value": "mood_calm"},
            {"name": "Angry", "value": "mood_angry"},
        ]
        return self.make_field(type="tagger", title="Mood", custom_field_options=options)

    def write(self, ticket_id: int, **ticket: Any) -> httpx.Response:
        return self.api.put(f"/tickets/{ticket_id}.json", json={"ticket": ticket})

    def read(self, ticket_id: int) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"/tickets/{ticket_id}.json").json()["ticket"]
        return found


class Receiver:
    """Takes webhooks, remembers them, and answers as told: ``(status, headers, seconds)``."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[tuple[int, dict[str, str], float]] = []
        self.default: tuple[int, dict[str, str], float] = (200, {}, 0.0)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.got.append((headers, body))
                given = receiver.answers.pop(0) if receiver.answers else receiver.default
                status, more, seconds = given
                time.sleep(seconds)
                try:
                    self.send_response(status)
                    for name, value in more.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", "2")
                    self.end_headers()
                    self.wfile.write(b"ok")
                except OSError:
                    return

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks"
        kwargs = {"poll_interval": 0.02}
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs=kwargs)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world() -> World:
    return small_world()


@pytest.fixture
def open_account(clock: Clock, world: World) -> Iterator[Callable[..., Account]]:
    """Accounts with other options than the usual ones."""
    made: list[Account] = []

    def account(*, empty: bool = False, **options: Any) -> Account:
        made.append(Account(clock, None if empty else world, Options(**options)))
        return made[-1]

    yield account
    for each in made:
        each.deliverer.stop()
        each.api.close()


@pytest.fixture
def account(open_account: Callable[..., Account]) -> Account:
    """The small company, without limits but those a test asks for."""
    return open_account(limits=Limits.unlimited(), export_repeats=0)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def emulator(clock: Clock, world: World) -> Iterator[Emulator]:
    """The same company behind a real socket."""
    with Emulator(world, clock=clock, time_scale=0.005, webhook_timeout=0.3) as running:
        yield running
