"""Guessing passwords is made slow: tries are counted by address and login, in this process.

A try counts before the password is looked at, so that many at once are not free. Counting by
login alone has a high limit: it must not let a stranger lock somebody out.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=15)
#: Tries within the window.
MOST_TOGETHER, MOST_BY_ADDRESS, MOST_BY_LOGIN = 5, 30, 100
#: Keys remembered; the longest unused are let go first.
MOST_KEYS = 20_000


class TooManyTries(Exception):
    """Somebody is guessing. ``retry_after``: seconds until the next try is looked at."""

    def __init__(self, *, retry_after: float) -> None:
        super().__init__("too many tries to log in")
        self.retry_after = retry_after


class Throttle:
    """Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tries: OrderedDict[tuple[str, str], deque[datetime]] = OrderedDict()

    def count(self, login: str, address: str, *, now: datetime) -> None:
        """Count one try. Raises ``TooManyTries``, and then counts nothing."""
        limits = {
            (login, address): MOST_TOGETHER,
            ("", address): MOST_BY_ADDRESS,
            (login, ""): MOST_BY_LOGIN,
        }
        with self._lock:
            wait = max(self._wait(key, most, now) for key, most in limits.items())
            if wait > 0:
                raise TooManyTries(retry_after=wait)
            for key in limits:
                self._tries.setdefault(key, deque()).append(now)
                self._tries.move_to_end(key)
            while len(self._tries) > MOST_KEYS:
                self._tries.popitem(last=False)

    def forgive(self, login: str, address: str) -> None:
        """The password was right: the tries made with it are forgotten."""
        with self._lock:
            for key in ((login, address), ("", address), (login, "")):
                tries = self._tries.get(key)
                if tries:
                    tries.pop()
            self._tries.pop((login, address), None)

    def _wait(self, key: tuple[str, str], most: int, now: datetime) -> float:
        tries = self._tries.get(key)
        if tries is None:
            return 0.0
        while tries and tries[0] <= now - WINDOW:
            tries.popleft()
        if not tries:
            del self._tries[key]
            return 0.0
        return 0.0 if len(tries) < most else (tries[0] + WINDOW - now).total_seconds()
