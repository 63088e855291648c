"""Webhooks on their way out: best effort, like the real ones.

409, 429, 503 and time-outs are tried again within limits, every other failure loses the event.
Nothing is promised about order, arrival or uniqueness. A webhook that mostly fails is blocked
for five seconds at a time, and what would have been sent then is lost too.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from .breaker import Breaker
from .events import Event, Happening, events_of
from .faults import Fault, FaultKind, Faults
from .indexes import iso, ulid
from .settings_rows import Attempt, Invocation, Webhook
from .signing import STATIC_TEST_SECRET, Call, login_headers, odd_json
from .state import State

_KEEPS_INVOCATIONS = 2000
_MOST_RETRIES = {"conflict": 3, "asked": 5, "timeout": 5}


@dataclass(slots=True)
class _Task:
    """One invocation under way. ``body`` is rendered at the first attempt, then stays."""

    webhook_id: str
    invocation: Invocation
    render: Callable[[], bytes]
    forged: bool = False
    body: bytes | None = None
    stamp: str | None = None
    retries: dict[str, int] = field(default_factory=dict)


class Deliverer:
    """Sends from threads of its own, started by the first event.

    ``time_scale`` stretches or shrinks every wait (0.01: a second lasts 10 ms); ``timeout`` is
    in real seconds. With one worker, order is kept unless a fault or a retry spoils it.
    """

    def __init__(
        self,
        state: State,
        faults: Faults,
        *,
        time_scale: float = 1.0,
        timeout: float = 12.0,
        workers: int = 1,
    ) -> None:
        self._state = state
        self._faults = faults
        self._scale = time_scale
        self._timeout = timeout
        self._workers = workers
        self._ready = threading.Condition()
        self._queue: list[tuple[float, int, _Task]] = []
        self._count = itertools.count()
        self._held: list[_Task] = []
        self._held_until = 0.0
        self._under_way = 0
        self._threads: list[threading.Thread] = []
        self._stopping = False
        self._breakers: dict[str, Breaker] = {}
        state.listeners.append(self.hear)

    # -- what there is to send -------------------------------------------------------------

    def hear(self, happening: Happening) -> None:
        """Called inside the state's lock, for every change."""
        if not happening.events or not self._state.webhooks:
            return
        events = events_of(self._state, happening)
        for webhook in self._state.webhooks.values():
            if webhook.status != "active":
                continue
            for event in events:
                if event.type in webhook.subscriptions:
                    self.send(webhook, event.type, _body_of(event))

    def send(self, webhook: Webhook, what: str, render: Callable[[], bytes]) -> None:
        """Queue one invocation. ``render`` runs inside the state's lock, just before sending."""
        if self._faults.draw(FaultKind.WEBHOOK_DROP, what):
            return
        now = self._state.clock()
        invocation = Invocation(ulid(now), webhook.id, what, now)
        webhook.invocations.append(invocation)
        del webhook.invocations[:-_KEEPS_INVOCATIONS]
        task = _Task(webhook.id, invocation, render)
        task.forged = self._faults.draw(FaultKind.WEBHOOK_FORGE, what) is not None
        copies = 2 if self._faults.draw(FaultKind.WEBHOOK_DOUBLE, what) else 1
        delay = self._faults.draw(FaultKind.WEBHOOK_DELAY, what)
        mixed = self._faults.draw(FaultKind.WEBHOOK_REORDER, what)
        for _ in range(copies):
            if mixed:
                self._hold(task, mixed)
            else:
                self._push(task, delay.seconds if delay else 0.0)

    def _hold(self, task: _Task, fault: Fault) -> None:
        with self._ready:
            if not self._held:
                self._held_until = time.monotonic() + fault.seconds * self._scale
            self._held.append(task)
            if len(self._held) >= fault.count:
                self._let_go()
            self._wake()

    def _let_go(self) -> None:
        for task in reversed(self._held):
            heapq.heappush(self._queue, (time.monotonic(), next(self._count), task))
        self._held.clear()

    def _push(self, task: _Task, seconds: float = 0.0) -> None:
        with self._ready:
            due = time.monotonic() + seconds * self._scale
            heapq.heappush(self._queue, (due, next(self._count), task))
            self._wake()

    def _wake(self) -> None:
        if not self._threads and not self._stopping:
            for number in range(self._workers):
                name = f"zendesk-webhooks-{number}"
                thread = threading.Thread(target=self._work, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
        self._ready.notify_all()

    # -- sending ---------------------------------------------------------------------------

    def _work(self) -> None:
        # A kept connection that the receiver has just closed would lose an event.
        limits = httpx.Limits(max_keepalive_connections=0)
        with httpx.Client(timeout=self._timeout, limits=limits, trust_env=False) as client:
            while (task := self._next()) is not None:
                try:
                    self._attempt(client, task)
                finally:
                    with self._ready:
                        self._under_way -= 1
                        self._ready.notify_all()

    def _next(self) -> _Task | None:
        with self._ready:
            while not self._stopping:
                now = time.monotonic()
                if self._held and now >= self._held_until:
                    self._let_go()
                if self._queue and self._queue[0][0] <= now:
                    self._under_way += 1
                    return heapq.heappop(self._queue)[2]
                dues = [self._queue[0][0]] if self._queue else []
                dues += [self._held_until] if self._held else []
                self._ready.wait(min(dues) - now if dues else None)
        return None

    def _attempt(self, client: httpx.Client, task: _Task) -> None:
        with self._state.lock:
            webhook = self._state.webhooks.get(task.webhook_id)
            if webhook is None or webhook.status != "active":
                return
            now = self._state.clock()
            if self._breaker(task.webhook_id).is_blocked(now):
                self._log(task, {}, 0, "circuit broken", None)
                return
            if task.body is None:
                task.body = task.render()
            if task.stamp is None or self._state.options.fresh_retry_stamp:
                task.stamp = iso(now)
            headers = self._headers(webhook, task)
            endpoint, method = webhook.endpoint, webhook.http_method
        response: httpx.Response | None = None
        code = 0
        try:
            response = client.request(method, endpoint, content=task.body, headers=headers)
            code = response.status_code
        except httpx.TimeoutException:
            code = 504
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            code = 0
        wait = self._wait_before_retry(task, code, response)
        status = "success" if 200 <= code < 300 else "terminated" if wait is None else "failed"
        with self._state.lock:
            failed = not 200 <= code < 300
            self._breaker(task.webhook_id).count(self._state.clock(), failed=failed)
            self._log(task, headers, code, "throttled" if code == 429 else status, response)
        if wait is not None:
            self._push(task, wait)

    def _wait_before_retry(
        self, task: _Task, code: int, response: httpx.Response | None
    ) -> float | None:
        """Seconds, or None when the event is done with, one way or the other."""
        if response is None:
            reason = "timeout" if code == 504 else ""
        elif code == 409:
            reason = "conflict"
        else:
            reason = "asked" if code in (429, 503) else ""
        done = task.retries.get(reason, 0)
        if not reason or done >= _MOST_RETRIES[reason]:
            return None
        task.retries[reason] = done + 1
        if reason != "asked" or response is None:
            return float(2**done)
        after = response.headers.get("Retry-After", "")
        return float(after) if after.isdigit() and int(after) < 60 else None

    def _headers(self, webhook: Webhook, task: _Task) -> dict[str, str]:
        called = Call(
            account_id=self._state.options.account_id,
            webhook_id=webhook.id,
            invocation_id=task.invocation.id,
            secret=STATIC_TEST_SECRET if task.forged else webhook.secret,
            stamp=task.stamp or "",
        )
        more = {**(webhook.custom_headers or {}), **login_headers(webhook.authentication)}
        return {**called.headers(task.body or b""), **more}

    def _breaker(self, webhook_id: str) -> Breaker:
        return self._breakers.setdefault(webhook_id, Breaker())

    def _log(
        self,
        task: _Task,
        headers: dict[str, str],
        code: int,
        status: str,
        response: httpx.Response | None,
    ) -> None:
        now = self._state.clock()
        task.invocation.attempts.append(
            Attempt(
                id=ulid(now),
                status_code=code,
                status=status,
                request_headers=headers,
                payload=(task.body or b"").decode(errors="replace"),
                response_headers=dict(response.headers) if response is not None else {},
                response_payload=response.text[:16_000] if response is not None else "",
                completed_at=now,
            )
        )

    # -- the end ---------------------------------------------------------------------------

    def wait_until_idle(self, timeout: float) -> bool:
        """True when nothing is waiting, held, being sent or to be sent again."""
        with self._ready:
            return self._ready.wait_for(
                lambda: not self._queue and not self._held and not self._under_way, timeout
            )

    def clear(self) -> None:
        """Forget what has not been sent, and every breaker."""
        with self._ready:
            self._queue.clear()
            self._held.clear()
            self._breakers.clear()
            self._ready.notify_all()

    def stop(self) -> None:
        """Let the threads end. Safe to repeat."""
        with self._ready:
            self._stopping = True
            self._ready.notify_all()
        for thread in self._threads:
            thread.join(self._timeout + 1)
        if self.hear in self._state.listeners:
            self._state.listeners.remove(self.hear)


def _body_of(event: Event) -> Callable[[], bytes]:
    return lambda: odd_json(event.render())
