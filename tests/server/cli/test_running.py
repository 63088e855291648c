"""Workers' names, and processes that are kept running."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.settings import Settings
from server.cli.running import NAME, await_name, worker_name
from server.pipeline.worker import Patience
from server.store import heartbeats
from server.wiring import Home, NameTaken

HERE = platform.node()
PATIENCE = Patience(silent=timedelta(seconds=30))


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Home]:
    home = Home(Settings(_env_file=None, data_dir=tmp_path / "data"))
    yield home
    home.close()


@pytest.fixture
def another_process() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid


def beat(home: Home, *, host: str, process: int, ago: float = 0.0) -> None:
    now = datetime.now(UTC) - timedelta(seconds=ago)
    info = {"host": host, "process": process}
    with home.database.write() as tx:
        heartbeats.beat(tx, executor="worker-1", started_at=now, info=info, now=now)


def is_free(home: Home) -> bool:
    return await_name(home, "worker-1", patience=PATIENCE, stopping=threading.Event())


@pytest.mark.parametrize("host", ["app-7.corp", "Ann's Mac", "", "-", "ünï", "x" * 300, None])
def test_every_machine_gives_its_workers_names_of_its_own(host: str | None) -> None:
    name = worker_name(2, host=host)
    assert NAME.fullmatch(name)
    assert name.startswith("worker-2@")
    assert worker_name(1, host="app-7.corp") == "worker-1@app-7.corp"


def test_a_name_that_beats_on_another_machine_is_refused(ours: Home) -> None:
    beat(ours, host="other.corp", process=7, ago=5)
    with pytest.raises(NameTaken, match=r"other\.corp"):
        is_free(ours)


def test_a_name_nobody_heard_of_for_long_is_free(ours: Home) -> None:
    assert is_free(ours)
    beat(ours, host="other.corp", process=7, ago=31)
    assert is_free(ours)


def test_after_a_kill_the_name_is_free_at_once(ours: Home) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    beat(ours, host=HERE, process=dead.pid)
    began = time.monotonic()
    assert is_free(ours)
    beat(ours, host=HERE, process=os.getpid())
    assert is_free(ours)
    assert time.monotonic() - began < 3


def test_a_name_that_goes_on_beating_on_this_machine_is_refused(
    ours: Home, another_process: int
) -> None:
    beat(ours, host=HERE, process=another_process, ago=2)
    heart = threading.Timer(0.5, lambda: beat(ours, host=HERE, process=another_process))
    heart.start()
    with pytest.raises(NameTaken):
        is_free(ours)
    heart.join()


def test_a_process_that_has_the_dead_ones_number_by_chance_is_no_worker(
    ours: Home, another_process: int
) -> None:
    beat(ours, host=HERE, process=another_process)
    assert is_free(ours)


def test_who_waits_for_a_name_can_be_stopped(ours: Home, another_process: int) -> None:
    beat(ours, host=HERE, process=another_process)
    stopping = threading.Event()
    stopping.set()
    assert not await_name(ours, "worker-1", patience=PATIENCE, stopping=stopping)
