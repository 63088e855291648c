"""A lock that is handed on in the order people came.

An ordinary lock may be taken again by the thread that just let go of it, before the one that
waits has woken up: a busy loop then starves everybody else for as long as it runs.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """One holder at a time, first come, first served. Not reentrant."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held = False
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def turn(self, *, patience: float) -> Iterator[None]:
        """Hold it for the block. Raises ``TimeoutError`` after ``patience`` seconds of waiting."""
        self._take(patience)
        try:
            yield
        finally:
            self._hand_on()

    def _take(self, patience: float) -> None:
        with self._lock:
            if not self._held:
                self._held = True
                return
            mine = threading.Event()
            self._waiting.append(mine)
        try:
            if mine.wait(patience):
                return
        except BaseException:
            self._leave(mine)
            raise
        self._leave(mine)
        raise TimeoutError

    def _leave(self, mine: threading.Event) -> None:
        """Stop waiting; a turn that was given at the last moment goes to the next."""
        with self._lock:
            if not mine.is_set():
                self._waiting.remove(mine)
                return
        self._hand_on()

    def _hand_on(self) -> None:
        with self._lock:
            if self._waiting:
                # It stays held: nobody who comes now can slip in between.
                self._waiting.popleft().set()
            else:
                self._held = False
