"""When a receiver mostly fails, it is left alone for a moment."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

BLOCK = timedelta(seconds=5)
WINDOW = timedelta(minutes=5)
#: Below so many calls in the window, nothing is blocked.
LEAST_CALLS = 100
MOST_ERRORS = 1000
MOST_SHARE = 0.7


@dataclass(slots=True)
class Breaker:
    """The last five minutes of one webhook."""

    calls: deque[tuple[datetime, bool]] = field(default_factory=deque)
    blocked_until: datetime | None = None

    def is_blocked(self, now: datetime) -> bool:
        return self.blocked_until is not None and now < self.blocked_until

    def count(self, now: datetime, *, failed: bool) -> None:
        self.calls.append((now, failed))
        while self.calls and now - self.calls[0][0] > WINDOW:
            self.calls.popleft()
        if len(self.calls) < LEAST_CALLS:
            return
        errors = sum(bad for _, bad in self.calls)
        if errors > MOST_SHARE * len(self.calls) or errors > MOST_ERRORS:
            self.blocked_until = now + BLOCK
