"""A worker with the engine we ship, in this process: from a webhook to a note, then a good end."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

from rig import truth
from rig.house import CONNECTION, House
from rig.receiver import Receiver

from server.store import heartbeats
from server.wiring import build_worker

FURIOUS = "I am furious. The export fails again and nobody answers."


def test_a_worker_does_everything_by_itself_and_ends_soon(
    live: House, receiver: Receiver, tmp_path: Path
) -> None:
    worker = build_worker(live.home, name="worker-1")
    began = time.monotonic()
    worker.start()
    assert time.monotonic() - began < 5
    try:
        ticket = live.people.new_ticket(subject="T", text=FURIOUS, email="c@example.org")
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if receiver.messages and truth.is_quiet(live.home.database, CONNECTION):
                break
            time.sleep(0.1)
        with live.home.database.read() as tx:
            (beat,) = heartbeats.all_of(tx)
        assert beat.executor == "worker-1"
        assert live.clock() - beat.at < timedelta(seconds=10)
    finally:
        began = time.monotonic()
        worker.stop()
    assert time.monotonic() - began < 4
    assert len(live.notes(ticket)) == 1
    assert len(receiver.messages) == 1
    assert truth.field_problems(live.home.database, live.emulator, CONNECTION) == []
    with live.home.database.read() as tx:
        silent = heartbeats.silent(tx, since=live.clock() - timedelta(minutes=1))
    assert silent == ["worker-1"], "whoever looks next takes over what it left"
