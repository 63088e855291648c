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
from server.cli.running import NAME, await_name, supervise, worker_name
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


STAYS = [sys.executable, "-c", "import time; time.sleep(60)"]
ENDS = [sys.executable, "-c", "raise SystemExit(3)"]


def told_to_stop_after(seconds: float) -> threading.Event:
    stopping = threading.Event()
    timer = threading.Timer(seconds, stopping.set)
    timer.daemon = True
    timer.start()
    return stopping


def counted(file: Path) -> list[str]:
    """A command that notes in ``file`` that it was started, and ends."""
    return [sys.executable, "-c", f"open({str(file)!r}, 'a').write('x')"]


def test_what_ends_is_started_again_until_told_to_stop(tmp_path: Path) -> None:
    file = tmp_path / "starts"
    stopping = threading.Event()

    def watch() -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until and not (file.exists() and len(file.read_text()) >= 2):
            time.sleep(0.02)
        stopping.set()

    thread = threading.Thread(target=watch)
    thread.start()
    code = supervise({"web": STAYS, "worker-1": counted(file)}, stopping=stopping, pause=0.1)
    thread.join()
    assert code == 0
    assert len(file.read_text()) >= 2


def test_a_worker_that_does_not_stay_up_takes_nobody_along(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "starts"
    lives = tmp_path / "lives"
    web = [
        sys.executable,
        "-c",
        f"import time\nwhile True: open({str(lives)!r}, 'w').write(str(time.monotonic())); time.sleep(.05)",
    ]
    stopping = threading.Event()
    gave_up_at: list[float] = []

    def watch() -> None:
        until = time.monotonic() + 40
        while time.monotonic() < until and not (file.exists() and len(file.read_text()) >= 5):
            time.sleep(0.02)
        gave_up_at.append(time.monotonic())
        time.sleep(1.5)
        stopping.set()

    thread = threading.Thread(target=watch)
    thread.start()
    code = supervise({"web": web, "worker-1": counted(file)}, stopping=stopping, pause=0.02)
    thread.join()
    assert code == 1
    assert file.read_text() == "xxxxx", "after the fifth time it is let be"
    assert float(lives.read_text()) > gave_up_at[0] + 0.7, "the web server went on"
    assert "worker-1 ended (0) and does not stay up" in capfd.readouterr().err


def test_without_a_web_server_there_is_no_going_on() -> None:
    stopping = told_to_stop_after(60)
    assert supervise({"web": ENDS, "worker-1": STAYS}, stopping=stopping, pause=0.02) == 1
    assert not stopping.is_set()


def test_with_nobody_left_there_is_no_going_on() -> None:
    stopping = told_to_stop_after(60)
    assert supervise({"worker-1": ENDS}, stopping=stopping, pause=0.02) == 1
    assert not stopping.is_set()
