"""One odd value in a true answer: callers meet our errors or none, never a crash."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Response, json
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.base import FieldUpdate, Installation
from connectors.errors import ConnectorError
from connectors.records import RecordKind, RecordRef
from connectors.zendesk.emulator.limits import Limits
from connectors.zendesk.emulator.server import Emulator
from connectors.zendesk.emulator.state import Options

ODD = [None, "", "x", "-1", "0", -1, 0, 1.5, True, 10**30, [], [None], ["x"], {}, {"a": 1}, [[]]]


@dataclass
class Gremlin:
    """Replaces one value, anywhere, in the ``turn``-th answer."""

    dice: random.Random = field(default_factory=random.Random)
    turn: int = -1

    def __call__(self, response: Response) -> Response:
        self.turn -= 1
        if self.turn == 0 and response.is_json:
            response.set_data(json.dumps(self._spoil(response.get_json())))
        return response

    def _spoil(self, value: Any) -> Any:
        """Walk down at random; the deeper, the likelier to stop."""
        if isinstance(value, dict) and value and self.dice.random() < 0.9:
            key = self.dice.choice(list(value))
            if self.dice.random() < 0.1:
                return {name: kept for name, kept in value.items() if name != key}
            return value | {key: self._spoil(value[key])}
        if isinstance(value, list) and value and self.dice.random() < 0.9:
            at = self.dice.randrange(len(value))
            return [*value[:at], self._spoil(value[at]), *value[at + 1 :]]
        return self.dice.choice(ODD)


class House:
    """An account with some life in it, a gremlin, and everything a caller may ask."""

    def __init__(self, emulator: Emulator, connect: Any, time: Any, fields: Any) -> None:
        self.gremlin = Gremlin()
        self.emulator = emulator
        emulator.app.after_request(self.gremlin)
        known = emulator.credentials
        secrets = {"kind": "api_token", "email": known.email, "token": known.api_token}
        self._connect = lambda made: connect(
            base_url=emulator.base_url, secrets=secrets, installation=made
        )
        self._time, self._fields = time, fields
        connector = self._connect(Installation())
        self.installation = connector.apply(fields, webhook_url=None, keep=lambda _: None)
        self.tickets = []
        for number in range(3):
            one = emulator.people.new_ticket(text=f"It broke {number}", email="ann@b.example")
            emulator.people.agent_comments(one, "We are on it")
            emulator.people.solve(one)
            emulator.people.rate(one, good=False, comment="slow")
            self.tickets.append(str(one))
        body = {"organization": {"name": "B Ltd"}}
        connector._client.call("POST", "/api/v2/organizations.json", json=body)

    def act(self, what: str) -> None:
        self._time.pass_by(3600)
        connector = self._connect(self.installation)
        try:
            self._acts(connector)[what]()
        finally:
            connector.close()

    def _acts(self, connector: Any) -> dict[str, Callable[[], object]]:
        first = self.tickets[0]
        person = str(self.emulator.state.tickets[int(first)].requester_id)
        ticket = [RecordRef(kind=RecordKind.TICKET, id=one) for one in self.tickets]
        people = [RecordRef(kind=RecordKind.CONTACT, id=person)]
        people += [RecordRef(kind=RecordKind.CONTACT, id="999")]
        since = self._time.now.replace(year=2026, month=1)

        def write(refs: list[RecordRef], values: dict[str, Any]) -> object:
            return connector.write([FieldUpdate(record=one, values=values) for one in refs])

        spare = self._connect(Installation())
        return {
            "check": connector.check,
            "fetch": lambda: connector.fetch_ticket(first),
            "contact": lambda: connector.fetch_contact(person),
            "interactions": lambda: connector.pull_interactions(None, since=since),
            "plan": lambda: connector.plan(self._fields, webhook_url="https://x.example/h"),
            "install": lambda: self._install(spare),
            "note": lambda: connector.add_note(first, "x", key=str(self._time.now)),
            "write": lambda: write(ticket[:1], {"sentiment": "neutral"}),
            "write many": lambda: write(ticket, {"memory_impact": 3}),
            "write person": lambda: write(people[:1], {"churn_risk": 3}),
            "write people": lambda: write(people, {"churn_risk": 4}),
            **{
                f"pull {kind}": lambda kind=kind: connector.pull(kind, None, since=since)  # type: ignore[misc]
                for kind in RecordKind
            },
        }

    def _install(self, connector: Any) -> None:
        """Everything is found by its mark, the webhook made and taken away again."""
        url = "https://x.example/hook"
        try:
            connector.apply(self._fields, webhook_url=url, keep=lambda _: None)
        finally:
            self.gremlin.turn = -1
            self.emulator.state.webhooks.clear()


@pytest.fixture
def house(time: Any, connect: Any, fields: Any) -> Iterator[House]:
    with Emulator(clock=time, options=Options(limits=Limits.unlimited())) as emulator:
        yield House(emulator, connect, time, fields)


@pytest.mark.parametrize(
    "what",
    [
        "check", "fetch", "contact", "interactions", "plan", "install", "note", "write",
        "write many", "write person", "write people",
        "pull ticket", "pull contact", "pull account", "pull survey",
    ],
)  # fmt: skip
@settings(max_examples=8, suppress_health_check=list(HealthCheck), deadline=None)
@given(seed=st.integers(0, 2**32), turn=st.integers(1, 6))
def test_one_odd_value_in_an_answer_crashes_nobody(
    house: House, what: str, seed: int, turn: int
) -> None:
    house.gremlin.dice.seed(seed)
    house.gremlin.turn = turn
    with suppress(ConnectorError):
        house.act(what)
    house.gremlin.turn = -1


@pytest.mark.parametrize("what", ["fetch", "plan", "note", "write many", "pull ticket"])
def test_with_the_gremlin_asleep_everything_works(house: House, what: str) -> None:
    house.act(what)
