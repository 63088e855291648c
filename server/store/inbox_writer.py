"""The way into the inbox for many callers at once: accepted means committed.

On SQLite every commit waits for the disk, and writers that wait for each other busily are unfair.
So callers hand their changes to one thread, which commits everything that came meanwhile in one
transaction and then answers them all (group commit): a thousand a second where each alone would
be a hundred. On PostgreSQL the server groups commits itself, and callers write at once. Either
way ``accept`` returns only after COMMIT, and says no rather than make callers wait without bound.

The thread sleeps until somebody comes, and starts with the first caller: after a fork, if there
is one.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import datetime
from types import TracebackType
from typing import Self

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from connectors.base import Change

from .connections import UnknownConnection
from .database import Database
from .inbox import Accepted, Arrival, accept_all

log = logging.getLogger(__name__)

#: Callers that may wait at once; more are told to come again.
MOST_WAITING = 512
#: Callers answered by one commit.
MOST_TOGETHER = 128
#: Seconds a caller waits for its commit. Zendesk hangs up after 12, and must hear our no before.
PATIENCE = 8.0


class NotAccepted(Exception):
    """Nothing is promised: the sender should try again after ``retry_after`` seconds."""

    retry_after = 5


class Overloaded(NotAccepted):
    """Too many callers wait already, or the database is too slow."""


class Closed(NotAccepted):
    """The server is shutting down."""


class StorageFailed(NotAccepted):
    """The database refused to commit: disk full, file gone, server down."""

    retry_after = 30


class InboxWriter:
    """``accept`` may be called from any thread. ``close`` commits what waits, then refuses."""

    def __init__(
        self,
        database: Database,
        *,
        most_waiting: int = MOST_WAITING,
        most_together: int = MOST_TOGETHER,
        patience: float = PATIENCE,
    ) -> None:
        self._database = database
        self._most_waiting = most_waiting
        self._most_together = most_together
        self._patience = patience
        self._changed = threading.Condition()
        self._queue: deque[tuple[Arrival, Future[list[Accepted]]]] = deque()
        self._writing = 0
        self._closed = False
        self._thread: threading.Thread | None = None

    def accept(
        self, *, connection_id: str, changes: Sequence[Change], now: datetime
    ) -> list[Accepted]:
        """Keep each change once; returns after COMMIT, one answer a change.

        Raises ``NotAccepted`` (answer 503 with Retry-After; some may have been kept all the same,
        and are duplicates then) and ``UnknownConnection``.
        """
        arrival = Arrival(connection_id=connection_id, changes=tuple(changes), at=now)
        if not self._database.is_sqlite:
            return self._accept_here(arrival)
        answer: Future[list[Accepted]] = Future()
        with self._changed:
            self._admit(len(self._queue))
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="keepsake-inbox", daemon=True
                )
                self._thread.start()
            self._queue.append((arrival, answer))
            self._changed.notify()
        try:
            return answer.result(self._patience)
        except FutureTimeout as error:
            if answer.cancel() or not answer.done():
                raise Overloaded("the inbox is too slow just now") from error
            return answer.result()

    def close(self) -> None:
        """Commit what waits and stop. Safe to repeat."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _admit(self, waiting: int) -> None:
        if self._closed:
            raise Closed("the server is shutting down")
        if waiting >= self._most_waiting:
            raise Overloaded("too many webhooks at once")

    def _accept_here(self, arrival: Arrival) -> list[Accepted]:
        with self._changed:
            self._admit(self._writing)
            self._writing += 1
        try:
            return _commit(self._database, [arrival])[0]
        finally:
            with self._changed:
                self._writing -= 1

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._closed:
                    self._changed.wait()
                if not self._queue:
                    return
                count = min(len(self._queue), self._most_together)
                batch = [self._queue.popleft() for _ in range(count)]
            # Who lost patience meanwhile was told no: its changes need not be kept.
            batch = [entry for entry in batch if entry[1].set_running_or_notify_cancel()]
            if batch:
                self._write(batch)

    def _write(self, batch: Sequence[tuple[Arrival, Future[list[Accepted]]]]) -> None:
        try:
            answers = _commit(self._database, [arrival for arrival, _ in batch])
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, NotAccepted):
                # One of them is at fault; the others must not suffer for it.
                for entry in batch:
                    self._write([entry])
                return
            for _, answer in batch:
                answer.set_exception(error)
            return
        for (_, answer), accepted in zip(batch, answers, strict=True):
            answer.set_result(accepted)


def _commit(database: Database, arrivals: Sequence[Arrival]) -> list[list[Accepted]]:
    try:
        with database.write() as tx:
            return accept_all(tx, arrivals)
    except IntegrityError as error:
        raise UnknownConnection("there is no such connection") from error
    except PoolTimeout as error:
        raise Overloaded("the database is busy") from error
    except DBAPIError as error:
        # The statement's parameters stay out of the log.
        log.error("inbox not writable", extra={"error": type(error.orig).__name__})
        raise StorageFailed("the database cannot be written to") from error
