"""Things a worker does again and again, each in a thread of its own, none able to stop another."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

log = logging.getLogger(__name__)

#: After a failure the pause grows to at most this many seconds.
LONGEST_PAUSE = 30.0
STOP_SECONDS = 1.5


@dataclass(frozen=True, kw_only=True)
class Loop:
    """``turn`` returns whether it found work; then the next turn follows at once."""

    name: str
    every: float
    turn: Callable[[], bool]


class Loops:
    """Start all, stop all. A turn that raises is logged (without its values) and tried again."""

    def __init__(self, loops: list[Loop]) -> None:
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._run, args=(loop,), name=f"keepsake-{loop.name}", daemon=True
            )
            for loop in loops
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, *, patience: float = STOP_SECONDS) -> None:
        """Start no more turns. A turn in the middle of a long wait (a rate limit) is left behind
        after ``patience`` seconds in all: every turn may be cut off anywhere."""
        self._stop.set()
        until = time.monotonic() + patience
        for thread in self._threads:
            thread.join(timeout=max(until - time.monotonic(), 0.0))

    def wait(self, seconds: float) -> bool:
        """Sleep, unless stopped meanwhile; returns whether it is time to stop."""
        return self._stop.wait(seconds)

    def _run(self, loop: Loop) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                busy = loop.turn()
                failures = 0
            except Exception as error:
                failures += 1
                busy = False
                # The message of an arbitrary error may quote a row; its type never does.
                log.error(
                    "loop %s: %s",
                    loop.name,
                    type(error).__name__,
                    exc_info=log.isEnabledFor(logging.DEBUG),
                )
            pause = 0.0 if busy else loop.every
            if failures:
                pause = min(max(loop.every, 0.5) * 2.0**failures, LONGEST_PAUSE)
            if pause:
                self._stop.wait(pause)
