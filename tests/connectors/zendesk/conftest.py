"""A Zendesk of one's own on a loopback port, with a clock that moves only when told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from connectors.base import (
    FieldOption,
    FieldSpec,
    FieldType,
    Installation,
)
from connectors.pacing import InMemoryPacer
from connectors.records import RecordKind
from connectors.zendesk.connector import ZendeskConnector
from connectors.zendesk.emulator.server import Emulator


class Time:
    """Stands still; sleeping moves it on. Shared by the connector and the emulator."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
        self.slept = 0.0

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.pass_by(seconds)

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class KeptTokens:
    """Secrets of one connection with its lock, as the store keeps them for several processes."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self.secrets = dict(secrets)
        self.rotations: list[Mapping[str, str]] = []
        self._lock = threading.Lock()

    def read(self) -> Mapping[str, str]:
        return dict(self.secrets)

    def rotate(self, change: Callable[[Mapping[str, str]], Mapping[str, str]]) -> Mapping[str, str]:
        with self._lock:
            new = change(dict(self.secrets))
            if dict(new) != self.secrets:
                self.secrets = dict(new)
                self.rotations.append(new)
            return new


class Odd:
    """A server that answers as told: a list of (status, headers, body), the last for ever."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        odd = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                odd.seen.append((self.command, self.path, headers))
                many = len(odd.answers) > 1
                status, told, body = odd.answers.pop(0) if many else odd.answers[0]
                self.send_response(status)
                told = {"Content-Type": "application/json", "Content-Length": str(len(body))} | told
                for name, value in told.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                if int(told["Content-Length"]) != len(body):
                    self.close_connection = True

            do_GET = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815 (the server asks for these names)

            def log_message(self, format: str, *args: Any) -> None:
                """Not printed."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Callers who hang up are what these tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def say(self, status: int = 200, body: Any = None, **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append((status, named, raw))

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


Connect = Callable[..., ZendeskConnector]

FIELDS = (
    FieldSpec(
        key="sentiment",
        record=RecordKind.TICKET,
        type=FieldType.CHOICE,
        label="Sentiment",
        description="How the customer feels; empty when unsure.",
        options=(
            FieldOption(value="very_negative", label="Very negative"),
            FieldOption(value="neutral", label="Neutral"),
            FieldOption(value="very_positive", label="Very positive"),
        ),
    ),
    FieldSpec(
        key="memory_tags",
        record=RecordKind.TICKET,
        type=FieldType.CHOICES,
        label="Memory tags",
        description="What the customer will remember.",
        options=(
            FieldOption(value="delight", label="Delight"),
            FieldOption(value="told-you-already", label="Told you already"),
        ),
    ),
    FieldSpec(
        key="memory_impact",
        record=RecordKind.TICKET,
        type=FieldType.NUMBER,
        label="Memory impact",
        description="From -100 to 100.",
    ),
    FieldSpec(
        key="brief",
        record=RecordKind.TICKET,
        type=FieldType.LONG_TEXT,
        label="What to know",
        description="Three lines.",
    ),
    FieldSpec(
        key="memory_map",
        record=RecordKind.TICKET,
        type=FieldType.URL,
        label="Memory map",
        description="A link.",
    ),
    FieldSpec(
        key="churn_risk",
        record=RecordKind.CONTACT,
        type=FieldType.NUMBER,
        label="Churn risk",
        description="From 0 to 100.",
    ),
    FieldSpec(
        key="memory_tags",
        record=RecordKind.CONTACT,
        type=FieldType.CHOICES,
        label="Memory tags",
        description="What this person remembers.",
        options=(FieldOption(value="delight", label="Delight"),),
    ),
)


@pytest.fixture
def odd() -> Iterator[Odd]:
    server = Odd()
    yield server
    server.close()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def emulator(time: Time) -> Iterator[Emulator]:
    running = Emulator(clock=time)

    class Dated(running._server.RequestHandlerClass):  # type: ignore[name-defined,misc]
        """Zendesk's answers are dated by the clock that dates its tickets."""

        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(time.now, usegmt=True)

    running._server.RequestHandlerClass = Dated
    with running:
        yield running


@pytest.fixture
def api_token(emulator: Emulator) -> dict[str, str]:
    known = emulator.credentials
    return {"kind": "api_token", "email": known.email, "token": known.api_token}


@pytest.fixture
def kept_tokens() -> type[KeptTokens]:
    return KeptTokens


@pytest.fixture
def connect(emulator: Emulator, time: Time, api_token: dict[str, str]) -> Iterator[Connect]:
    """Makes connectors to the emulator; keyword arguments replace the usual ones."""
    opened: list[ZendeskConnector] = []
    pacer = InMemoryPacer(clock=time)

    def make(*, secrets: Mapping[str, str] | None = None, **changes: object) -> ZendeskConnector:
        arguments: dict[str, object] = {
            "subdomain": emulator.subdomain,
            "base_url": emulator.base_url,
            "tokens": KeptTokens(api_token if secrets is None else secrets),
            "installation": Installation(),
            "pacer": pacer,
            "clock": time,
            "sleep": time.sleep,
            "timeout": 10.0,
        }
        connector = ZendeskConnector(**(arguments | changes))  # type: ignore[arg-type]
        opened.append(connector)
        return connector

    yield make
    for connector in opened:
        connector.close()


@pytest.fixture
def connector(connect: Connect) -> ZendeskConnector:
    return connect()


@pytest.fixture
def installed(connect: Connect) -> ZendeskConnector:
    """A connector whose fields were made over there."""
    made = connect()
    made.apply(FIELDS, webhook_url=None, keep=lambda _: None)
    return made


@pytest.fixture
def fields() -> tuple[FieldSpec, ...]:
    return FIELDS
