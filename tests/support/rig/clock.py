"""Time that runs as usual, and jumps ahead when told to (or when somebody sleeps)."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class Clock:
    """Shared by the product and the emulator, so that both live in the same moment."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._lock = threading.Lock()
        self.slept = 0.0

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.pass_by(seconds=seconds)

    def pass_by(self, **how_long: float) -> None:
        with self._lock:
            self._ahead += timedelta(**how_long)
