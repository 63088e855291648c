"""A worker like any other, but with the plain reader and little patience: a process of its own
for tests that kill it. ``python worker.py NAME``; settings come from the environment."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from rig.reader import PlainReader

from config.settings import load
from connectors.base import Pacer
from server.cli.running import run_worker
from server.pipeline.base import Base
from server.pipeline.worker import Patience
from server.store.budgets import SqlPacer
from server.wiring import Home

PATIENCE = Patience(silent=timedelta(seconds=6), look_again=timedelta(seconds=4), every=1.0)


class QuickPacer(SqlPacer):
    """The same budgets, spent twenty times as fast: a minute of the emulator's lasts three
    seconds."""

    def reserve(
        self, budget: str, *, per_minute: float, cost: int = 1, burst: float | None = None
    ) -> float:
        return super().reserve(budget, per_minute=20 * per_minute, cost=cost, burst=burst)


class HastyHome(Home):
    """Polls and tries again sooner than the settings allow."""

    def pacer(self, connection_id: str) -> Pacer:
        return QuickPacer(self.database, connection_id=connection_id, clock=self.clock)

    @cached_property
    def base(self) -> Base:
        return replace(
            super().base, poll_every=timedelta(seconds=4), write_lease=timedelta(seconds=10)
        )


if __name__ == "__main__":
    home = HastyHome(load(), load_reader=PlainReader)
    run_worker(home, name=sys.argv[1], patience=PATIENCE)
