"""The promises of ``server.pipeline.engine``, kept by the engine we ship, on both databases."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from server.pipeline.dbos_engine import DbosEngine
from server.pipeline.engine import Queue, Task
from server.store.engine_database import open_engine_database


class Work:
    """What handlers did. ``hold``: subjects that wait until they are let go."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.running: list[str] = []
        self.most_together = 0
        self.gates: dict[str, threading.Event] = {}
        self.failing: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, subject: str) -> None:
        with self._lock:
            self.running.append(subject)
            self.most_together = max(self.most_together, len(self.running))
        try:
            if gate := self.gates.get(subject):
                gate.wait(20)
            if subject in self.failing:
                raise RuntimeError("as the test wanted")
        finally:
            with self._lock:
                self.running.remove(subject)
                self.done.append(subject)


def until(said: Callable[[], object], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'engine.db'}"
    found: str = request.getfixturevalue("empty_postgres")
    return found


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def engine(url: str, work: Work) -> Iterator[DbosEngine]:
    database = open_engine_database(url, pool_size=24)
    engine = DbosEngine(
        database=database,
        url=make_url(url).render_as_string(hide_password=False),
        executor="worker-1",
        handlers={Queue.CHANGES: work, Queue.DELIVERIES: work},
        concurrency=8,
    )
    engine.start()
    try:
        yield engine
    finally:
        for gate in work.gates.values():
            gate.set()
        engine.stop()
        database.dispose()


def task(number: int, *, of: str = "dana", delay: float = 0.0) -> Task:
    return Task(
        id=f"{number:015d}",
        queue=Queue.CHANGES,
        partition=of,
        subject=str(number),
        delay=delay,
    )


def test_the_engine_keeps_its_promises(engine: DbosEngine, work: Work) -> None:
    # Of one person one at a time and in order, beside the others.
    work.gates["1"] = threading.Event()
    engine.submit([task(number) for number in (1, 2, 3)])
    engine.submit([task(number, of="kim") for number in (4, 5)])
    until(lambda: len(work.done) == 2)
    assert work.done == ["4", "5"]
    assert work.running == ["1"]
    assert engine.is_active(f"{1:015d}")
    assert engine.health().running >= 1

    # A name that is known already is left as it is.
    engine.submit([task(1), task(4, of="kim")])
    work.gates["1"].set()
    until(lambda: len(work.done) == 5)
    assert work.done[2:] == ["1", "2", "3"]
    engine.submit([task(2)])
    time.sleep(0.5)
    assert len(work.done) == 5
    assert not engine.is_active(f"{1:015d}")

    # What fails is told of, holds nobody up, and can be run again.
    work.failing.add("6")
    engine.submit([task(6), task(7)])
    until(lambda: "7" in work.done)
    assert [one.id for one in engine.list(failed_only=True)] == [f"{6:015d}"]
    assert engine.health().failed == 1
    work.failing.clear()
    engine.replay(f"{6:015d}")
    until(lambda: work.done.count("6") == 2)

    # Later means later, and somebody else's turn meanwhile.
    engine.submit([task(8, of="lee", delay=2.0)])
    began = time.monotonic()
    engine.submit([task(9, of="kim")])
    until(lambda: "9" in work.done)
    assert "8" not in work.done
    until(lambda: "8" in work.done)
    assert time.monotonic() - began >= 0.9

    # What was called off is not run.
    work.gates["10"] = threading.Event()
    engine.submit([task(10), task(11)])
    until(lambda: "10" in work.running)
    engine.cancel(f"{11:015d}")
    work.gates["10"].set()
    engine.submit([task(12)])
    until(lambda: "12" in work.done)
    assert "11" not in work.done

    assert engine.recover([]) == 0
    assert engine.recover(["nobody"]) == 0
    assert engine.purge(older_than_days=1) == 0
    assert {one.status for one in engine.list()} <= {"success", "cancelled", "error"}
