"""An installation with one Zendesk connection, made without a Zendesk, and its web process."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from config.settings import Settings
from connectors.base import Installation
from connectors.zendesk.emulator.signing import new_secret
from connectors.zendesk.fields import step_of
from enrichment.fields import FIELDS
from server.security.passwords import hash_password
from server.security.roles import Role
from server.store import connection_secrets, connections, users
from server.wiring import Home

ROOT = Path(__file__).resolve().parents[2]
CONNECTION = "zendesk"
PASSWORD = "a password for a bench"


@dataclass(frozen=True, kw_only=True)
class Installed:
    folder: Path
    port: int
    webhook_secret: str
    database_url: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """What its processes are started with."""
        return {
            **own_environment(),
            "KEEPSAKE_DATA_DIR": str(self.folder),
            "KEEPSAKE_DATABASE_URL": self.database_url,
            "KEEPSAKE_PORT": str(self.port),
            "KEEPSAKE_LOG_LEVEL": "warning",
        }


def own_environment() -> dict[str, str]:
    """The caller's environment without any setting of Keepsake's, and with our modules."""
    kept = {k: v for k, v in os.environ.items() if not k.upper().startswith("KEEPSAKE_")}
    return {**kept, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests" / "bench")))}


def made_installation(secret: str) -> Installation:
    """As ``apply`` leaves it: all our fields, each with its type, and who we are over there."""
    made = {step_of(spec): str(360_000_000_000 + n) for n, spec in enumerate(FIELDS)}
    types = {step_of(spec): spec.type.value for spec in FIELDS}
    return Installation(
        made=made, state={**types, "identity": "360000009999"}, webhook_secret=secret
    )


def install(folder: Path, *, database_url: str = "") -> Installed:
    """A fresh installation: tables, a connection with its webhook secret, somebody to log in."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Installed(
        folder=folder, port=free_port(), webhook_secret=new_secret(), database_url=database_url
    )
    settings = Settings(_env_file=None, data_dir=folder, database_url=database_url, port=made.port)
    home, now = Home(settings), datetime.now(UTC)
    with home.database.write() as tx:
        connections.create(
            tx,
            id=CONNECTION,
            system="zendesk",
            name="Zendesk",
            settings={"subdomain": "bench"},
            now=now,
        )
        connection_secrets.keep_installation(
            tx,
            home.vault,
            connection_id=CONNECTION,
            installation=made_installation(made.webhook_secret),
            now=now,
        )
        users.create(
            tx,
            login="bench",
            name="Bench",
            password_hash=hash_password(PASSWORD),
            role=Role.ADMIN,
            now=now,
        )
    home.close()
    return made


@contextmanager
def running(
    command: Sequence[str], made: Installed, *, ready: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A server under this command line until killed: ``kill -9``, so that what is there
    afterwards was there before."""
    with (made.folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=made.folder,
            env=made.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait(process, made, ready)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(process: subprocess.Popen[bytes], made: Installed, path: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        line = http.client.HTTPConnection("127.0.0.1", made.port, timeout=5)
        try:
            line.request("GET", path)
            if line.getresponse().status < 500:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            line.close()
    said = (made.folder / "server.log").read_text(errors="replace")[-2000:]
    sys.exit(f"the server did not start:\n{said}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def family(pid: int) -> list[int]:
    """A process and its children (Linux)."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return [pid, *(one for child in children for one in family(child))]


def processor_seconds(pid: int) -> float:
    """What a process has used of the processor so far (Linux)."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
