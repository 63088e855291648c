"""The Zendesk connector keeps every promise connectors make, against the emulator over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from connectors.base import Installation, WebhookRequest
from connectors.zendesk.connector import ZendeskConnector
from connectors.zendesk.emulator.faults import FaultKind
from connectors.zendesk.emulator.server import Emulator
from tests.contracts.connector_contract import ConnectorContract, Stage


class Ear:
    """Hears webhooks on a loopback port and keeps them as they came off the wire."""

    def __init__(self) -> None:
        self.heard: list[WebhookRequest] = []
        heard = self.heard

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                heard.append(WebhookRequest(headers=headers, body=body))
                self.send_response(200)
                self.end_headers()

            def do_GET(self) -> None:
                """What *.zendesk.com says at a name that nobody took."""
                self.send_response(404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(b"<html>There is no help desk configured at this address.</html>")

            def log_message(self, format: str, *args: Any) -> None:
                """Not printed."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class ZendeskStage:
    def __init__(self, emulator: Emulator, time: Any, connect: Any, ear: Ear) -> None:
        self._emulator = emulator
        self._time = time
        self._connect = connect
        self._ear = ear
        self.webhook_url = ear.url
        self._weak = self._agent_token()

    def connect(
        self, *, installation: Installation | None = None, secrets: str = "good"
    ) -> ZendeskConnector:
        known = self._emulator.credentials
        changes: dict[str, Any] = {"installation": installation or Installation()}
        if secrets == "wrong":
            changes["secrets"] = {"kind": "api_token", "email": known.email, "token": "wrong"}
        elif secrets == "weak":
            changes["secrets"] = self._weak
        elif secrets == "elsewhere":
            changes["base_url"] = self._ear.url.removesuffix("/hook")
        connector: ZendeskConnector = self._connect(**changes)
        return connector

    def _agent_token(self) -> dict[str, str]:
        state = self._emulator.state
        ticket = self._emulator.people.new_ticket(text="x", email="warm@up.example")
        self._emulator.people.agent_comments(ticket, "x")
        self._emulator.people.delete(ticket)
        agent = next(user for user in state.users.values() if user.role == "agent")
        return {"kind": "api_token", "email": str(agent.email), "token": state.api_token}

    def now(self) -> datetime:
        now: datetime = self._time()
        return now

    def pass_by(self, seconds: float) -> None:
        self._time.pass_by(seconds)

    def slept(self) -> float:
        slept: float = self._time.slept
        return slept

    def calls(self) -> int:
        return sum(self._emulator.state.request_counts.values())

    def new_ticket(self, text: str) -> tuple[str, str]:
        ticket_id = self._emulator.people.new_ticket(
            text=text, subject="A ticket", email="ann@customer.example", name="Ann"
        )
        return str(ticket_id), str(self._emulator.state.tickets[ticket_id].requester_id)

    def customer_says(self, ticket_id: str, text: str) -> None:
        self._emulator.people.customer_comments(int(ticket_id), text)

    def agent_says(self, ticket_id: str, text: str, *, public: bool) -> None:
        self._emulator.people.agent_comments(int(ticket_id), text, public=public)

    def agent_sets(self, ticket_id: str, field_id: str, value: Any) -> None:
        self._emulator.people.agent_edits_field(int(ticket_id), int(field_id), value)

    def rate(self, ticket_id: str, *, good: bool) -> None:
        self._emulator.people.solve(int(ticket_id))
        self._emulator.people.rate(int(ticket_id), good=good)

    def close_ticket(self, ticket_id: str) -> None:
        self._emulator.people.close(int(ticket_id))

    def delete_ticket(self, ticket_id: str) -> None:
        self._emulator.people.delete(int(ticket_id))

    def merge_ticket(self, ticket_id: str, into: str) -> None:
        self._emulator.people.merge(int(ticket_id), int(into))

    def delete_field(self, field_id: str) -> None:
        del self._emulator.state.ticket_fields[int(field_id)]

    def things(self) -> Mapping[str, int]:
        state = self._emulator.state
        return {
            "ticket fields": len(state.ticket_fields),
            "user fields": len(state.user_fields),
            "on the form": len(state.default_form.ticket_field_ids),
            "webhooks": len(state.webhooks),
        }

    def notes(self, ticket_id: str) -> Sequence[tuple[str, bool]]:
        state = self._emulator.state
        return [
            (comment.body, comment.public)
            for comment in state.tickets[int(ticket_id)].comments
            if comment.author_id == state.integration.id
        ]

    def delivered(self) -> Sequence[WebhookRequest]:
        assert self._emulator.wait_for_deliveries()
        return list(self._ear.heard)

    def misbehave(self, how: str) -> None:
        faults = self._emulator.faults
        match how:
            case "busy":
                faults.on(FaultKind.RATE_LIMIT, retry_after=7)
            case "down":
                faults.on(FaultKind.SERVER_ERROR, status=500)
            case "cut":
                faults.on(FaultKind.CUT_BODY)
            case "silent":
                faults.on(FaultKind.DROPPED_CONNECTION)
            case "lost":
                faults.on(FaultKind.LOST_ANSWER, method="PUT", times=1, status=504)
            case "revoked":
                faults.on(FaultKind.UNAUTHORIZED)
            case "well":
                faults.off()


class TestZendesk(ConnectorContract):
    @pytest.fixture
    def stage(self, emulator: Emulator, time: Any, connect: Any) -> Iterator[Stage]:
        ear = Ear()
        yield ZendeskStage(emulator, time, connect, ear)
        ear.close()
