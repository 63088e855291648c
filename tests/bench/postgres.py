"""A PostgreSQL server of the bench's own, where its programs are installed. Commits reach the disk."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from installed import free_port


def program(name: str) -> str | None:
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    path = os.pathsep.join([os.environ.get("PATH", ""), *map(str, places)])
    return shutil.which(name, path=path)


def is_installed() -> bool:
    return program("initdb") is not None and program("postgres") is not None


@contextmanager
def server(databases: Sequence[str]) -> Iterator[str]:
    """The address of a server with these empty databases, without a database's name."""
    # A short path: the socket's name must fit into 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="ks-pg-"))
    account = _account()
    if account is not None:
        shutil.chown(folder, account)
    data, port = folder / "data", free_port()
    environment = {**os.environ, "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    subprocess.run(
        [str(program("initdb")), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"],
        check=True, cwd=folder, env=environment, user=account, capture_output=True,
    )  # fmt: skip
    options = [
        f"-cport={port}",
        "-clisten_addresses=127.0.0.1",
        f"-cunix_socket_directories={folder}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(program("postgres")), "-D", data, *options],
            cwd=folder, env=environment, user=account, stdout=log, stderr=log,
        )  # fmt: skip
    address = f"postgresql://postgres@127.0.0.1:{port}"
    try:
        with _connected(f"{address}/postgres") as line:
            for name in databases:
                line.execute(f"CREATE DATABASE {name}")
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> str | None:
    """PostgreSQL refuses to run as root; anybody else runs it as themselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _connected(address: str) -> psycopg.Connection[tuple[object, ...]]:
    for _ in range(300):
        try:
            return psycopg.connect(address, connect_timeout=2, autocommit=True)
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise SystemExit("PostgreSQL did not start")
