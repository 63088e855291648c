"""The databases tests run on: a SQLite file, and a PostgreSQL server of their own."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from server.store import Database, open_database


def _program(name: str) -> str | None:
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    path = os.pathsep.join([os.environ.get("PATH", ""), *map(str, places)])
    return shutil.which(name, path=path)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _account() -> str | None:
    """PostgreSQL refuses to run as root; anybody else runs it as themselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a server that lives as long as the session, without a database name."""
    initdb, postgres = _program("initdb"), _program("postgres")
    if initdb is None or postgres is None:
        reason = "PostgreSQL's initdb and postgres are not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    # A short path: the socket's name must fit into 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="ks-pg-"))
    account = _account()
    if account is not None:
        shutil.chown(folder, account)
    data, port, log = folder / "data", _free_port(), folder / "log"
    environment = {**os.environ, "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    subprocess.run(
        [initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True, cwd=folder, env=environment, user=account, capture_output=True,
    )  # fmt: skip
    options = [f"-cport={port}", "-clisten_addresses=127.0.0.1", f"-cunix_socket_directories={folder}",
               "-cmax_connections=200", "-cfsync=off", "-cshared_buffers=32MB"]  # fmt: skip
    with log.open("wb") as output:
        server = subprocess.Popen(
            [postgres, "-D", data, *options],
            cwd=folder, env=environment, user=account, stdout=output, stderr=output,
            preexec_fn=_end_with_us,  # noqa: PLW1509 (one system call, nothing else)
        )  # fmt: skip
    address = f"postgresql://postgres@127.0.0.1:{port}"
    try:
        _wait_for(server, address, log)
        yield address
    finally:
        server.send_signal(signal.SIGINT)  # a fast shutdown
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _end_with_us() -> None:
    """Ask Linux to stop the server when the tests are killed and can no longer do it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG


def _wait_for(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    for _ in range(300):
        if server.poll() is not None:
            break
        try:
            psycopg.connect(f"{address}/postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"PostgreSQL did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _execute(address: str, statement: str) -> None:
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a database that holds the newest tables, to be copied for each test."""
    _execute(postgres_server, "CREATE DATABASE template_keepsake")
    with open_database(f"{postgres_server}/template_keepsake") as database:
        database.migrate()
    return "template_keepsake"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that holds the newest tables, to be copied for each test."""
    file = tmp_path_factory.mktemp("template") / "app.db"
    with open_database(f"sqlite:///{file}") as database:
        database.migrate()
    return file


@pytest.fixture
def empty_postgres(postgres_server: str) -> Iterator[str]:
    """The address of a PostgreSQL database without any table."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    _execute(postgres_server, f"CREATE DATABASE {name}")
    yield f"{postgres_server}/{name}"
    _execute(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database with the newest tables; nobody is connected to it."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "app.db")
        yield f"sqlite:///{tmp_path / 'app.db'}"
        return
    template: str = request.getfixturevalue("postgres_template")
    server: str = request.getfixturevalue("postgres_server")
    name = f"test_{uuid.uuid4().hex[:12]}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield f"{server}/{name}"
    _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database with the newest tables, on SQLite and on PostgreSQL in turn."""
    with open_database(database_url) as opened:
        yield opened
