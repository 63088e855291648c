"""What the commands say, and the exit codes that scripts go by."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from rig.processes import ROOT

from connectors.zendesk.emulator import Emulator

FURIOUS = "This is unacceptable. I am really angry that the export failed again!"


def answers(emulator: Emulator, **instead: str) -> list[str]:
    """The credentials as arguments of ``keepsake connect``; the secret comes by standard input."""
    known = emulator.credentials
    given = {
        "subdomain": known.subdomain,
        "kind": "client_credentials",
        "client_id": known.oauth_client_id,
        "client_secret": "-",
        **instead,
    }
    sets = [part for name, value in given.items() for part in ("--set", f"{name}={value}")]
    return ["connect", "zendesk", "--base-url", known.base_url, *sets]


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; sys.argv = ['keepsake', '--help']\n"
        "from server.cli.main import main\n"
        "try: main()\nexcept SystemExit as end: assert not end.code, end.code\n"
        "heavy = {'torch', 'flair', 'sqlalchemy', 'zenpy', 'flask', 'pydantic', 'httpx', 'dbos',"
        " 'onnxruntime', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert "Exit codes" in done.stdout
    assert done.stderr.strip() == "[]"


def test_every_command_explains_itself(keepsake: Callable[..., Any]) -> None:
    from server.cli.main import COMMANDS, cli

    with __import__("click").Context(cli) as context:
        for name in COMMANDS:
            command = cli.get_command(context, name)
            assert command is not None
            assert command.help, name
    assert keepsake("no-such-command").code == 2


def test_an_admins_way_from_connecting_to_removing(
    keepsake: Callable[..., Any], emulator: Emulator
) -> None:
    emulator.people.new_ticket(subject="Export", text=FURIOUS, email="dana@example.org")
    secret = emulator.credentials.oauth_client_secret

    connected = keepsake(*answers(emulator), "--json", stdin=f"{secret}\n")
    assert connected.code == 0, connected.err
    assert connected.json["ok"] is True
    assert connected.json["identity"] == str(emulator.credentials.user_id)
    assert secret not in connected.out + connected.err

    planned = keepsake("plan", "zendesk", "--json")
    assert {step["kind"] for step in planned.json["steps"]} <= {"create", "change", "keep"}
    assert not emulator.state.webhooks

    applied = keepsake("apply", "zendesk", "--json")
    assert applied.code == 0
    assert "webhook" in applied.json["made"]
    assert len(emulator.state.webhooks) == 1
    again = keepsake("plan", "zendesk")
    assert "Everything is there already." in again.out
    assert keepsake("apply", "zendesk", "--yes").code == 0
    assert len(emulator.state.webhooks) == 1

    synced = keepsake("sync", "zendesk", "--json")
    assert synced.code == 0
    assert synced.json["queued"] == 1
    assert synced.json["backfill"] is True

    assert keepsake("map", "dana@example.org").code == 1, "nothing is remembered yet"

    removed = keepsake("remove", "zendesk", "--yes", "--json")
    assert removed.code == 0
    assert not emulator.state.webhooks
    assert keepsake("check", "zendesk").code == 4


def test_wrong_credentials_and_a_wrong_address_have_codes_of_their_own(
    keepsake: Callable[..., Any], emulator: Emulator
) -> None:
    right = f"{emulator.credentials.oauth_client_secret}\n"
    assert keepsake(*answers(emulator), stdin=right).code == 0
    checked = keepsake("check", "zendesk", "--json")
    assert (checked.code, checked.json["ok"]) == (0, True)

    refused = keepsake(*answers(emulator), stdin="wrong\n")
    assert refused.code == 3
    (line,) = refused.err.strip().splitlines()
    assert line.startswith("keepsake: ")

    known = emulator.credentials
    nowhere = [
        "http://nobody.keepsake-test.invalid" if part == known.base_url else part
        for part in answers(emulator)
    ]
    unknown = keepsake(*nowhere, stdin="secret\n")
    assert unknown.code == 4
    assert "nobody.keepsake-test.invalid is unknown" in unknown.err

    emulator.stop()
    away = keepsake(*answers(emulator), stdin="secret\n")
    assert away.code == 5
    assert "Traceback" not in away.err


@pytest.mark.parametrize(
    ("arguments", "settings", "code", "says"),
    [
        (("check", "zendesk"), {}, 1, "no connection"),
        (("check", "zendesk"), {"port": "many"}, 1, "KEEPSAKE_PORT"),
        (("check", "zendesk"), {"webhook_destinations": "{"}, 1, "KEEPSAKE_WEBHOOK_DESTINATIONS"),
        (("connect", "zendesk", "--set", "colour=blue"), {}, 2, "colour"),
        (("connect", "zendesk", "--set", "subdomain"), {}, 2, "NAME=VALUE"),
        (("connect", "zendesk", "--set", "subdomain=a", "--set", "kind=magic"), {}, 2, "kind"),
        (("connect", "lotus-notes"), {}, 2, "lotus-notes"),
        (("map", "nobody@example.org"), {}, 1, "nobody"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    arguments: tuple[str, ...],
    settings: dict[str, str],
    code: int,
    says: str,
    keepsake: Callable[..., Any],
) -> None:
    done = keepsake(*arguments, **settings)
    assert done.code == code, done.err
    assert says in done.err
    assert len(done.err.strip().splitlines()) <= 6


def test_a_text_is_read_with_its_evidence(keepsake: Callable[..., Any]) -> None:
    done = keepsake("read", "--json", "--lines", stdin=f"{FURIOUS}\nThank you so much!\n")
    assert done.code == 0
    bad, good = (json.loads(line) for line in done.out.splitlines())
    assert bad["valence"] < 0 < good["valence"]
    assert bad["evidence"]["sentiment"]["quote"] in FURIOUS


def test_rules_are_listed_and_their_tests_pass(
    keepsake: Callable[..., Any], tmp_path: Path
) -> None:
    assert {"alert-frustration-peak", "thank-after-recovery"} <= {
        one["id"] for one in keepsake("rules", "list", "--json").json
    }
    tested = keepsake("rules", "test", "--json")
    assert tested.code == 0
    assert tested.json
    assert "no verdicts yet" in keepsake("rules", "explain").out

    rule = tmp_path / "home" / "data" / "rules" / "broken.yaml"
    rule.parent.mkdir(parents=True, exist_ok=True)
    rule.write_text("id: broken\ntitle: [")
    done = keepsake("rules", "list")
    assert done.code == 1
    assert "broken.yaml" in done.err


def test_the_sandbox_tells_its_address_in_one_line_and_ends_when_told(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "server.cli", "sandbox", "--json", "--empty"],
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        answer = httpx.get(
            f"{told['base_url']}/api/v2/users/me.json",
            auth=(f"{told['email']}/token", told["api_token"]),
            trust_env=False,
        )
        assert answer.json()["user"]["email"] == told["email"]
        assert told["control_url"].startswith(told["base_url"])
    finally:
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stdout is not None
        process.stdout.close()
    assert time.monotonic() - began < 3


def test_two_workers_of_one_name_are_one_too_many(
    keepsake: Callable[..., Any], tmp_path: Path
) -> None:
    from server.cli.running import worker_name
    from server.wiring import hold_name

    held = hold_name(tmp_path / "home" / "data", worker_name(1))
    try:
        done = keepsake("work")
    finally:
        os.close(held)
    assert done.code == 1
    assert f"{worker_name(1)} runs already" in done.err
