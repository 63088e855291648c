"""Things that go wrong on purpose.

over HTTP
├── latency             wait ``seconds`` before answering
├── rate_limit          429 with ``retry_after``; ``plain`` answers with bare text
├── server_error        ``status`` (500, 502, 503 ...), nothing done; ``plain`` answers with HTML
├── lost_answer         the work is done, then ``status`` is answered all the same
├── cut_body            the work is done, the body stops half-way
├── dropped_connection  the work is done, the socket closes without a word
└── unauthorized        401 whatever the credentials
on webhooks
├── webhook_drop        never sent
├── webhook_double      sent twice, with the same ids
├── webhook_reorder     held until ``count`` have gathered, then sent last first
├── webhook_delay       sent ``seconds`` late
└── webhook_forge       signed with a wrong secret
"""

from __future__ import annotations

import itertools
import re
import threading
from collections import Counter
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    LATENCY = "latency"
    RATE_LIMIT = "rate_limit"
    SERVER_ERROR = "server_error"
    LOST_ANSWER = "lost_answer"
    CUT_BODY = "cut_body"
    DROPPED_CONNECTION = "dropped_connection"
    UNAUTHORIZED = "unauthorized"
    WEBHOOK_DROP = "webhook_drop"
    WEBHOOK_DOUBLE = "webhook_double"
    WEBHOOK_REORDER = "webhook_reorder"
    WEBHOOK_DELAY = "webhook_delay"
    WEBHOOK_FORGE = "webhook_forge"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong, where, and how often.

    ``path`` is a regular expression searched in the request's path (or the event's type),
    ``method`` an HTTP method or nothing. Of the requests that match, the first ``skip`` pass,
    then every ``every``-th is hit, ``times`` times (None: until turned off).
    """

    kind: FaultKind
    path: str = ""
    method: str = ""
    times: int | None = None
    skip: int = 0
    every: int = 1
    seconds: float = 1.0
    status: int = 503
    retry_after: int | None = None
    plain: bool = False
    count: int = 2

    def __post_init__(self) -> None:
        if self.every < 1 or self.skip < 0 or self.count < 1:
            raise ValueError("every and count start at 1, skip at 0")
        if self.times is not None and self.times < 1:
            raise ValueError("a fault that never happens need not be set")
        re.compile(self.path)


class Faults:
    """The faults turned on now. Safe across threads; the same calls give the same faults."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._on: dict[int, Fault] = {}
        self._met: Counter[int] = Counter()
        self._hits: Counter[int] = Counter()

    def on(self, kind: FaultKind | str, **how: Any) -> int:
        """Turn a fault on; the number turns it off again. Raises ``ValueError``, ``TypeError``."""
        fault = Fault(kind=FaultKind(kind), **how)
        with self._lock:
            number = next(self._ids)
            self._on[number] = fault
            return number

    def off(self, what: int | FaultKind | str | None = None) -> None:
        """Turn off one (by number), all of a kind, or everything."""
        with self._lock:
            for number, fault in list(self._on.items()):
                if what is None or what in (number, fault.kind):
                    del self._on[number]

    def draw(self, kind: FaultKind, path: str, method: str = "") -> Fault | None:
        """The fault of this kind that hits here, counted; None when none does."""
        if not self._on:
            return None
        with self._lock:
            for number, fault in self._on.items():
                if fault.kind is not kind or fault.method.upper() not in ("", method.upper()):
                    continue
                if not re.search(fault.path, path):
                    continue
                self._met[number] += 1
                turn = self._met[number] - fault.skip
                if turn < 1 or (turn - 1) % fault.every:
                    continue
                if fault.times is not None and self._hits[number] >= fault.times:
                    continue
                self._hits[number] += 1
                return fault
        return None

    def report(self) -> list[dict[str, Any]]:
        """What is on, and how often each has hit."""
        with self._lock:
            return [
                {"id": number, "hits": self._hits[number], **asdict(fault)}
                for number, fault in self._on.items()
            ]
