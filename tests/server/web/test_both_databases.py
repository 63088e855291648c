"""Every page and list on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient

from server.store import Database


def test_every_page_answers_on_either_database(
    database: Database, world_module: Any, log_in: Callable[..., FlaskClient]
) -> None:
    world = world_module.fill(world_module.make(database))
    client = log_in(world.app())
    dana = world.person["dana"]
    for path, said in {
        "/": "I am tired of chasing this",
        "/moments?kind=frustration-peak": "forty trucks waiting",
        "/interventions?state=proposed": "Alert the team lead",
        "/people?q=dana": "Dana Whitfield",
        f"/people/{dana}": "Strongest factors",
        "/readyz": "ready",
        "/metrics": 'keepsake_interventions{state="delivered"} 1.0',
        "/api/v1/connections": "Acme helpdesk",
        "/api/v1/moments?limit=2": "next",
        "/api/v1/interventions": "alert-frustration-peak",
        f"/api/v1/people/{dana}/tickets": "LM-24118",
        "/api/v1/verdicts?fires=true": "moment.confidence at least 0.4",
    }.items():
        answer = client.get(path, follow_redirects=True)
        assert answer.status_code == 200, path
        assert said in answer.get_data(as_text=True), path
    for path in ("/people?q=%00", "/moments?kind=%00x", "/api/v1/people?name=%ed%a0%80"):
        assert client.get(path).status_code == 200, path


def test_lists_of_one_time_go_on_without_gap(
    database: Database, world_module: Any, log_in: Callable[..., FlaskClient]
) -> None:
    world = world_module.fill(world_module.make(database))
    token = {"Authorization": f"Bearer {world.token['agent']}"}
    client = world.app().test_client()
    for path in ("/api/v1/moments", f"/api/v1/people/{world.person['dana']}/tickets"):
        whole = client.get(f"{path}?limit=50", headers=token).json["items"]
        seen, cursor = [], ""
        while cursor is not None:
            page = client.get(f"{path}?limit=1&cursor={cursor}", headers=token).json
            seen += page["items"]
            cursor = page["next"]
        assert [one["id"] for one in seen] == [one["id"] for one in whole]
