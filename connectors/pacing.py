"""A rate budget kept in memory, for one process: sandbox, tests, a laptop.

The generic cell rate algorithm: each budget is a single instant, the theoretical arrival time of
the next call. A booking moves it on by one interval; how far it may run ahead of now is the
burst. Where several processes share a connection the same arithmetic lives in SQL.
"""

from __future__ import annotations

from threading import Lock

from .base import Clock

#: Calls that may be made at once after a rest: ten seconds' worth, and never fewer than three.
BURST_SECONDS = 10.0
SMALLEST_BURST = 3.0


def burst(per_minute: float) -> float:
    """How many calls may follow each other at once on a rested budget."""
    return max(SMALLEST_BURST, per_minute * BURST_SECONDS / 60.0)


def allowance(per_minute: float, burst_given: float | None) -> float:
    """The burst a budget has: its own, or the usual one for its rate."""
    return burst(per_minute) if burst_given is None else max(burst_given, 1.0)


class InMemoryPacer:
    """A ``Pacer`` that may be shared between threads."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._arrival: dict[str, float] = {}
        self._paused_until: dict[str, float] = {}

    def reserve(
        self, budget: str, *, per_minute: float, cost: int = 1, burst: float | None = None
    ) -> float:
        """Seconds to wait before the booked calls; a negative cost hands a booking back."""
        if not per_minute > 0:
            raise ValueError("a budget allows more than zero calls a minute")
        interval = 60.0 / per_minute
        with self._lock:
            now = self._clock().timestamp()
            arrival = max(self._arrival.get(budget, now), now)
            self._arrival[budget] = max(arrival + cost * interval, now)
            early = arrival - (allowance(per_minute, burst) - 1.0) * interval
            return max(early - now, self._paused_until.get(budget, now) - now, 0.0)

    def pause(self, budget: str, *, seconds: float) -> None:
        with self._lock:
            until = self._clock().timestamp() + seconds
            self._paused_until[budget] = max(until, self._paused_until.get(budget, until))
