"""What the doctor says of a connection that has gone quiet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from connectors.base import Change
from connectors.records import RecordKind, RecordRef
from server.store import connections, inbox
from server.store.connections import ConnectionState
from server.wiring import Home


@pytest.mark.parametrize(
    ("state", "hours_ago", "says"),
    [
        (ConnectionState.LIVE, 1, ""),
        (ConnectionState.LIVE, 30, "the last change came in on"),
        (ConnectionState.LIVE, None, "no change came in yet"),
        (ConnectionState.READY, None, ""),
    ],
)
def test_a_live_connection_that_went_quiet_says_since_when(
    state: ConnectionState,
    hours_ago: int | None,
    says: str,
    keepsake: Callable[..., Any],
    tmp_path: Path,
) -> None:
    now = datetime.now(UTC)
    with_data = Home(Settings(_env_file=None, data_dir=tmp_path / "home" / "data"))
    with with_data.database.write() as tx:
        connections.create(tx, id="zendesk", system="zendesk", name="zendesk", now=now)
        connections.set_state(tx, "zendesk", state=state, now=now)
        if hours_ago is not None:
            at = now - timedelta(hours=hours_ago)
            change = Change(
                event_id="e1",
                record=RecordRef(kind=RecordKind.TICKET, id="1"),
                kind="changed",
                at=at,
            )
            inbox.accept(tx, connection_id="zendesk", changes=[change], now=at)
            says = says and f"{says} {at:%Y-%m-%d at %H:%M} UTC"
    with_data.close()
    findings = {one["name"]: one for one in keepsake("doctor", "--json").json}
    found = findings["connection zendesk"]
    assert found["ok"], "quiet customers are no fault"
    if says:
        assert says in found["detail"]
    else:
        assert "came in" not in found["detail"]
