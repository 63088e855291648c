"""Where a source system's answers become our errors, and where calls wait for their turn.

The hard part is patience: a vendor's "slow down" must neither be ignored nor slept through
without bound. Every call books a slot on its rate budgets first, listens to ``Retry-After``
afterwards, and never waits longer than ``max_wait`` in all: beyond that the caller gets
``Throttled`` with the seconds left, and its queue can wait without holding a thread.
"""

from __future__ import annotations

import errno
import json
import math
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from .base import Clock, Pacer, Sleep
from .errors import (
    Conflict,
    ConnectorError,
    Gone,
    Misconfigured,
    NeedsReauth,
    RateLimited,
    Skippable,
    Unavailable,
)

#: Most vendors count per minute, so a "slow down" without a number means this many seconds.
DEFAULT_RETRY_AFTER = 60.0
#: Nobody means more than this; a larger figure is a broken header.
LONGEST_RETRY_AFTER = 3600.0


class Throttled(RateLimited):
    """``budget`` is the one that is spent: "api" concerns the whole connection, "ticket:42" one
    record."""

    def __init__(self, message: str, *, retry_after: float, budget: str) -> None:
        super().__init__(message, retry_after=retry_after)
        self.budget = budget


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One HTTP answer, whole. ``headers`` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON. Raises ``Unavailable`` when it is not (a proxy's page, a cut answer)."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Unavailable("The answer was cut or is not JSON; try again.") from error

    @property
    def is_json(self) -> bool:
        return "json" in self.headers.get("content-type", "")


@dataclass(frozen=True, kw_only=True)
class Budget:
    """A rate budget a call draws on: its name, how many calls a minute it allows, and how many
    of them may follow each other at once (None: a usual number)."""

    name: str
    per_minute: float
    burst: float | None = None


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Seconds asked for by ``Retry-After`` (a number or an HTTP date), within [0, 3600]."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - now).total_seconds()
        except (TypeError, ValueError):
            return None
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def asks_to_wait(answer: Answer) -> bool:
    """True for 429, and for a 503 that names a time (planned maintenance)."""
    return answer.status == 429 or (answer.status == 503 and "retry-after" in answer.headers)


def error_for(answer: Answer, *, system: str, call: str, code: str = "") -> ConnectorError | None:
    """The error an answer stands for, or None for a 2xx. ``call`` names the call without its
    query, ``code`` is the vendor's machine-readable word for what is wrong."""
    what = f"{system} answered {answer.status}{f' ({code})' if code else ''} to {call}"
    match answer.status:
        case status if 200 <= status < 300:
            return None
        case 401:
            return NeedsReauth(f"{what}: it no longer accepts this sign-in. Authorise again.")
        case 402:
            return Misconfigured(f"{what}: the account is suspended or its trial has ended.")
        case 403:
            return Misconfigured(
                f"{what}: the user or token may not do this. Give it the role and scopes asked for."
            )
        case 404 | 410:
            return Gone(f"{what}: the record is gone.")
        case 409 | 412:
            return Conflict(f"{what}: the record changed meanwhile. Read it again.")
        case 408 | 425:
            return Unavailable(f"{what}; try again.")
        case status if 300 <= status < 400:
            return Misconfigured(f"{what}, a redirect: check the address of the account.")
        case status if status >= 500:
            return Unavailable(f"{what}; try again.")
        case _:
            return Skippable(f"{what}: it refuses this request.")


def network_error(error: Exception, *, system: str, host: str) -> ConnectorError:
    """What a transport's exception means: a name nobody knows is a setting, the rest passes."""
    for link in _chain(error):
        if isinstance(link, socket.gaierror) and link.errno == socket.EAI_NONAME:
            return Misconfigured(f"{host} is unknown. Check the address of your {system} account.")
    for link in _chain(error):
        if isinstance(link, OSError) and link.errno == errno.ECONNREFUSED:
            return Unavailable(f"{host} refuses connections; try again later.")
    return Unavailable(f"{host} did not answer in time or cut the connection; try again.")


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        link = waiting.pop()
        if not isinstance(link, BaseException) or link in seen:
            continue
        seen.append(link)
        yield link
        # requests and urllib3 keep the cause in ``args`` or ``reason`` rather than ``__cause__``.
        waiting += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]


class Turnstile:
    """Books a slot, waits for it within ``max_wait``, makes the call, listens to the answer."""

    def __init__(
        self, *, system: str, pacer: Pacer, clock: Clock, sleep: Sleep, max_wait: float
    ) -> None:
        self._system = system
        self._pacer = pacer
        self._clock = clock
        self._sleep = sleep
        self._max_wait = max_wait

    def pass_through(self, send: Callable[[], Answer], budgets: Sequence[Budget]) -> Answer:
        """Make the call when its budgets allow, again when the system asks to wait a moment.
        ``budgets``: the most general first; a refusal is booked on the last, the most special,
        unless the answer says that the general one is spent. Raises ``Throttled``."""
        patience = self._max_wait
        while True:
            patience -= self.wait(budgets, patience=patience)
            answer = send()
            if not asks_to_wait(answer):
                return answer
            seconds = retry_after(answer.headers, now=self._clock())
            seconds = DEFAULT_RETRY_AFTER if seconds is None else max(seconds, 1.0)
            guilty = budgets[0] if _is_spent(answer) else budgets[-1]
            self._pacer.pause(guilty.name, seconds=seconds)
            if seconds > patience:
                raise self._throttled(guilty, seconds)

    def wait(self, budgets: Sequence[Budget], *, patience: float | None = None) -> float:
        """Book one slot on each budget and sleep until all are free; returns the seconds slept.
        Raises ``Throttled``, with nothing booked, when that is longer than ``patience``."""
        patience = self._max_wait if patience is None else patience
        longest = 0.0
        for position, budget in enumerate(budgets):
            seconds = self._pacer.reserve(
                budget.name, per_minute=budget.per_minute, burst=budget.burst
            )
            if seconds > patience:
                for booked in budgets[: position + 1]:
                    # Handed back: refused calls must not push the queue ever further out.
                    self._pacer.reserve(booked.name, per_minute=booked.per_minute, cost=-1)
                raise self._throttled(budget, seconds)
            longest = max(longest, seconds)
        if longest > 0:
            self._sleep(longest)
        return longest

    def pause(self, budget: str, seconds: float) -> None:
        self._pacer.pause(budget, seconds=seconds)

    def _throttled(self, budget: Budget, seconds: float) -> Throttled:
        return Throttled(
            f"The {self._system} rate budget {budget.name!r} is spent; "
            f"try again in {math.ceil(seconds)} s.",
            retry_after=seconds,
            budget=budget.name,
        )


def _is_spent(answer: Answer) -> bool:
    """Whether the account-wide budget is the empty one; without a header, suppose so."""
    left = answer.headers.get("x-rate-limit-remaining", answer.headers.get("ratelimit-remaining"))
    return left is None or left.strip() == "0"
