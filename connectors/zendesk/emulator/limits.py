"""Rate limits, counted by the injected clock.

A window opens with its first call and closes ``seconds`` later; the headers say how much of it
is left. Figures: account limits by plan, endpoint limits as documented, all of them arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil
from typing import Self

#: Requests a minute and account.
PLANS = {
    "suite_team": 200,
    "suite_growth": 400,
    "suite_professional": 400,
    "suite_enterprise": 700,
    "suite_enterprise_plus": 2500,
    "support_essential": 10,
    "support_team": 200,
    "support_professional": 400,
    "support_enterprise": 700,
}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the account may do. ``ticket_updates`` counts per user and ticket in 10 minutes."""

    account: int = 700
    exports: int = 10
    ticket_updates: int = 30
    ticket_updates_account: int = 100
    ticket_deletes: int = 400
    tickets_index: int = 100
    user_updates: int = 5
    user_updates_per_second: int = 1
    organization_updates: int = 5
    search_export: int = 100
    search: int = 100
    field_options: int = 100
    webhook_api: int = 100
    webhook_test: int = 20
    jobs: int = 30

    @classmethod
    def for_plan(cls, plan: str) -> Self:
        """Raises ``KeyError`` for a plan not in ``PLANS``."""
        return cls(account=PLANS[plan])

    @classmethod
    def high_volume(cls) -> Self:
        return cls(account=2500, exports=30, ticket_updates_account=300)

    @classmethod
    def unlimited(cls) -> Self:
        """For benches, where a limit would measure itself."""
        most = 1_000_000_000
        return cls(**dict.fromkeys(cls.__dataclass_fields__, most))

    def with_account(self, per_minute: int) -> Self:
        return replace(self, account=per_minute)


@dataclass(frozen=True, slots=True)
class Taken:
    """What is left of a window after one more call. ``ok`` is False when it was full."""

    ok: bool
    total: int
    remaining: int
    resets: int

    @property
    def header(self) -> str:
        return f"total={self.total}; remaining={self.remaining}; resets={self.resets}"


@dataclass(slots=True)
class _Window:
    closes: float
    used: int


class Limiter:
    """Not locked: the state's lock is held around every call."""

    _MOST_WINDOWS = 20_000

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._windows: dict[tuple[str, object], _Window] = {}

    def reset(self) -> None:
        self._windows.clear()

    def take(self, name: str, key: object, total: int, seconds: float) -> Taken:
        """Count one call on ``(name, key)``. A refused call is not counted."""
        now = self._clock().timestamp()
        window = self._windows.get((name, key))
        if window is None or now >= window.closes:
            if len(self._windows) > self._MOST_WINDOWS:
                self._windows = {k: w for k, w in self._windows.items() if w.closes > now}
            window = self._windows[(name, key)] = _Window(closes=now + seconds, used=0)
        resets = max(1, ceil(window.closes - now))
        if window.used >= total:
            return Taken(False, total, 0, resets)
        window.used += 1
        return Taken(True, total, total - window.used, resets)
