"""What was put aside: shown, and let go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from connectors.base import Change
from connectors.records import RecordKind, RecordRef
from server.store import connections, inbox
from server.store.connections import ConnectionState
from server.wiring import Home

NOW = datetime.now(UTC)


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Home]:
    """Two connections; on one of them two of three entries were put aside."""
    home = Home(Settings(_env_file=None, data_dir=tmp_path / "home" / "data"))
    with home.database.write() as tx:
        for id in ("zendesk", "other"):
            connections.create(tx, id=id, system="zendesk", name=id, now=NOW)
            connections.set_state(tx, id, state=ConnectionState.LIVE, now=NOW)
            changes = [
                Change(
                    event_id=f"{id}-{number}",
                    record=RecordRef(kind=RecordKind.TICKET, id=str(number)),
                    kind="ticket.changed",
                    at=NOW,
                )
                for number in range(3)
            ]
            took = inbox.accept(tx, connection_id=id, changes=changes, now=NOW)
            for entry in took[:2]:
                assert entry.id is not None
                inbox.failed(tx, id=entry.id, error="misconfigured: apply again", now=NOW)
    yield home
    home.close()


def failed(home: Home) -> dict[str, int]:
    with home.database.read() as tx:
        return {id: counts.failed for id, counts in connections.counts(tx).items()}


def test_what_was_put_aside_waits_again_on_this_connection_alone(
    keepsake: Callable[..., Any], ours: Home
) -> None:
    done = keepsake("retry", "zendesk")
    assert (done.code, done.out.strip()) == (0, "2 wait again.")
    assert failed(ours) == {"zendesk": 0, "other": 2}
    assert keepsake("retry", "zendesk").out.strip() == "Nothing was put aside."
    assert keepsake("retry", "other", "--json").json == {"connection": "other", "retried": 2}


def test_what_was_put_aside_is_listed_and_stays(keepsake: Callable[..., Any], ours: Home) -> None:
    listed = keepsake("retry", "zendesk", "--list", "--json").json
    assert [one["record"] for one in listed] == ["ticket/1", "ticket/0"]
    assert {one["error"] for one in listed} == {"misconfigured: apply again"}
    lines = keepsake("retry", "zendesk", "--list").out.splitlines()
    assert len(lines) == 2
    assert "ticket.changed  ticket/1  misconfigured: apply again" in lines[0]
    assert failed(ours) == {"zendesk": 2, "other": 2}


def test_a_connection_that_needs_somebody_says_so(keepsake: Callable[..., Any], ours: Home) -> None:
    with ours.database.write() as tx:
        connections.set_state(tx, "zendesk", state=ConnectionState.NEEDS_PERSON, now=NOW)
    assert "keepsake check zendesk" in keepsake("retry", "zendesk").out
    assert keepsake("retry", "nowhere").code == 1


def test_the_doctor_names_the_way_out(keepsake: Callable[..., Any], ours: Home) -> None:
    findings = {one["name"]: one for one in keepsake("doctor", "--json").json}
    assert not findings["connection zendesk"]["ok"]
    assert "keepsake retry zendesk" in findings["connection zendesk"]["advice"]
    keepsake("retry", "zendesk")
    findings = {one["name"]: one for one in keepsake("doctor", "--json").json}
    assert findings["connection zendesk"]["ok"]
