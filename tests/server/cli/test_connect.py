"""Connecting: what is asked, what is stored, and that nothing is stored before it was tried."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from connectors.zendesk.emulator import Emulator
from server.store import connection_secrets, connections
from server.wiring import Home


def asked(emulator: Emulator, **instead: str) -> list[str]:
    """``keepsake connect`` with everything answered."""
    known = emulator.credentials
    given = {
        "subdomain": known.subdomain,
        "kind": "client_credentials",
        "client_id": known.oauth_client_id,
        "client_secret": known.oauth_client_secret,
        **instead,
    }
    sets = [part for name, value in given.items() for part in ("--set", f"{name}={value}")]
    return ["connect", "zendesk", "--base-url", known.base_url, *sets]


@pytest.fixture
def ours(tmp_path: Path) -> Home:
    """What the commands keep, looked at from beside them."""
    return Home(Settings(_env_file=None, data_dir=tmp_path / "home" / "data"))


def kept(ours: Home) -> tuple[dict[str, Any], dict[str, str]]:
    """The connection's settings and its secrets."""
    try:
        with ours.database.read() as tx:
            return (
                dict(connections.get(tx, "zendesk").settings),
                connection_secrets.get(tx, ours.vault, connection_id="zendesk"),
            )
    finally:
        ours.close()


def test_what_is_pasted_is_tidied_and_only_what_is_public_lies_open(
    keepsake: Callable[..., Any], emulator: Emulator, ours: Home
) -> None:
    known = emulator.credentials
    pasted = f"https://{known.subdomain}.zendesk.com/agent"
    assert keepsake(*asked(emulator, subdomain=pasted)).code == 0
    settings, secrets = kept(ours)
    assert settings == {"subdomain": known.subdomain, "base_url": known.base_url}
    assert secrets["client_secret"] == known.oauth_client_secret
    assert "subdomain" not in secrets


def test_a_name_that_cannot_be_a_subdomain_is_refused(
    keepsake: Callable[..., Any], emulator: Emulator
) -> None:
    done = keepsake(*asked(emulator, subdomain="evil.example/x?"))
    assert done.code == 4
    assert "subdomain" in done.err
