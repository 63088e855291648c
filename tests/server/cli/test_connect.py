"""Connecting: what is asked, what is stored, and that nothing is stored before it was tried."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rig.processes import free_port

from config.settings import Settings
from connectors.base import Change
from connectors.records import RecordKind, RecordRef
from connectors.zendesk.emulator import Emulator
from server.store import connection_secrets, connections, inbox
from server.store.connections import ConnectionState
from server.wiring import Home

#: An admin at a browser: sees the page and decides, or only looks and closes it.
BROWSER = """
import sys
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import urlopen
decision, address = sys.argv[1:]
urlopen(address).read()
parts = urlsplit(address)
form = urlencode([*parse_qsl(parts.query), ("decision", decision)]).encode()
urlopen(f"{parts.scheme}://{parts.netloc}/oauth/authorizations", form).read()
"""


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


def by_browser(emulator: Emulator, **instead: str) -> list[str]:
    return [*asked(emulator, kind="oauth", **instead), "--browser-port", str(free_port())]


def browse(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, decision: str) -> None:
    """Whoever opens a page from now on decides so."""
    script = tmp_path / "browser.py"
    script.write_text(BROWSER)
    monkeypatch.setenv("BROWSER", f"{sys.executable} {script} {decision} %s")


def test_access_granted_in_the_browser_is_tried_and_then_stored(
    keepsake: Callable[..., Any],
    emulator: Emulator,
    ours: Home,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    browse(monkeypatch, tmp_path, "allow")
    done = keepsake(*by_browser(emulator))
    assert done.code == 0, done.err
    assert done.out.index("sign-in") < done.out.index("Stored as zendesk.")
    _, secrets = kept(ours)
    assert secrets["kind"] == "oauth"
    assert secrets["refresh_token"]
    assert secrets["refresh_token"] not in done.out + done.err
    assert keepsake("check", "zendesk").code == 0


def test_a_script_reads_json_alone_while_a_person_authorises(
    keepsake: Callable[..., Any],
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    browse(monkeypatch, tmp_path, "allow")
    done = keepsake(*by_browser(emulator), "--json")
    assert done.code == 0
    assert len(done.out.splitlines()) == 1
    assert "/oauth/authorizations/new" in done.err


@pytest.mark.parametrize(
    ("how", "code"), [("declined", 1), ("port in use", 1), ("wrong secret", 3), ("away", 5)]
)
def test_a_sign_in_that_fails_leaves_the_old_one_at_work(
    how: str,
    code: int,
    keepsake: Callable[..., Any],
    emulator: Emulator,
    ours: Home,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    assert keepsake(*asked(emulator)).code == 0
    before = kept(ours)
    browse(monkeypatch, tmp_path, "deny")
    with socket.create_server(("127.0.0.1", 0)) as busy:
        arguments = {
            "declined": by_browser(emulator),
            "port in use": [
                *asked(emulator, kind="oauth"),
                *("--browser-port", str(busy.getsockname()[1])),
            ],
            "wrong secret": asked(emulator, client_secret="wrong"),
            "away": [
                f"http://127.0.0.1:{free_port()}" if part == emulator.credentials.base_url else part
                for part in asked(emulator)
            ],
        }[how]
        done = keepsake(*arguments)
    assert done.code == code, done.err
    assert kept(ours) == before
    checked = keepsake("check", "zendesk", "--json")
    assert (checked.code, checked.json["ok"]) == (0, True)


def test_a_first_sign_in_that_fails_leaves_nothing(
    keepsake: Callable[..., Any], emulator: Emulator
) -> None:
    assert keepsake(*asked(emulator, client_secret="wrong")).code == 3
    done = keepsake("check", "zendesk")
    assert (done.code, "no connection" in done.err) == (1, True)


def test_what_is_missing_is_said_and_the_sign_in_stored_all_the_same(
    keepsake: Callable[..., Any], emulator: Emulator, ours: Home
) -> None:
    integration = emulator.state.integration
    role, integration.role = integration.role, "agent"
    done = keepsake(*asked(emulator))
    assert done.code == 1
    assert "Administrator role" in done.out
    assert "Stored as zendesk." in done.out
    integration.role = role
    assert keepsake("check", "zendesk").code == 0
    assert kept(ours)[1]["kind"] == "client_credentials"


def test_connecting_anew_lets_what_was_put_aside_go_on(
    keepsake: Callable[..., Any], emulator: Emulator, ours: Home
) -> None:
    assert keepsake(*asked(emulator)).code == 0
    now = datetime.now(UTC)
    change = Change(
        event_id="e1", record=RecordRef(kind=RecordKind.TICKET, id="1"), kind="changed", at=now
    )
    with ours.database.write() as tx:
        (entry,) = inbox.accept(tx, connection_id="zendesk", changes=[change], now=now)
        assert entry.id is not None
        inbox.failed(tx, id=entry.id, error="needs_reauth", now=now)
        connections.set_state(tx, "zendesk", state=ConnectionState.NEEDS_PERSON, now=now)
    ours.close()
    assert keepsake(*asked(emulator)).code == 0
    with ours.database.read() as tx:
        assert connections.get(tx, "zendesk").state is ConnectionState.READY
        assert connections.counts(tx)["zendesk"].failed == 0
    ours.close()
