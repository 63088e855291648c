"""The doors for machines that watch over us."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from server.store import heartbeats, open_database
from server.web.throttle import MOST_KEYS, Throttle


def test_alive_asks_nothing_of_the_database(world_module: Any, tmp_path: Path) -> None:
    world = world_module.World(
        database=open_database(f"sqlite:///{tmp_path}/none.db"), clock=world_module.Clock()
    )
    with world.database:
        client = world.app().test_client()
        assert client.get("/healthz").json == {"status": "alive"}
        unready = client.get("/readyz")
    assert unready.status_code == 503
    assert unready.json["status"] == "unavailable"
    assert unready.json["checks"]["tables"] == "not current"
    assert unready.headers["Retry-After"] == "5"


def test_an_unreachable_database_is_told(world_module: Any) -> None:
    address = "postgresql://nobody@127.0.0.1:1/none"
    with open_database(address) as database:
        world = world_module.World(database=database, clock=world_module.Clock())
        client = world.app().test_client()
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"]["database"] == "unreachable"
    assert "127.0.0.1:1" not in answer.get_data(as_text=True)


def test_ready_with_a_worker_and_degraded_without(client: FlaskClient, world: Any) -> None:
    assert client.get("/readyz").json["status"] == "ready"
    world.clock.forward(seconds=61)
    degraded = client.get("/readyz")
    assert (degraded.status_code, degraded.json["status"]) == (200, "degraded")
    with world.database.write() as tx:
        now = world.clock()
        heartbeats.beat(tx, executor="worker-1", started_at=now, now=now)
    assert client.get("/readyz").json["checks"]["worker"] == "ok"


def test_the_numbers_say_what_waits(client: FlaskClient, world: Any, world_module: Any) -> None:
    body = world_module.event()
    client.post("/webhooks/acme", data=body, headers=world.signed(body))
    client.get("/people/12345?secret=1")
    world.clock.forward(seconds=30)
    token = {"Authorization": f"Bearer {world.token['agent']}"}
    numbers = client.get("/metrics", headers=token).get_data(as_text=True)
    assert "keepsake_inbox_oldest_waiting_seconds 30.0" in numbers
    assert 'keepsake_interventions{state="delivered"} 1.0' in numbers
    assert 'keepsake_connections{state="live"} 1.0' in numbers
    assert "keepsake_workers_alive 1.0" in numbers
    assert 'endpoint="webhooks.receive",le="+Inf",method="POST",status="2xx"} 1.0' in numbers
    assert "12345" not in numbers
    assert "secret" not in numbers


def test_the_throttle_forgets_the_oldest_names_first(world_module: Any) -> None:
    throttle = Throttle()
    for number in range(MOST_KEYS):
        throttle.count(
            f"user{number}", f"10.0.{number // 250}.{number % 250}", now=world_module.NOW
        )
    assert len(throttle._tries) <= MOST_KEYS
