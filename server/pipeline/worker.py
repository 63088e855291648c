"""A worker: runs the engine, and the loops that feed it, write back, poll and keep watch."""

from __future__ import annotations

import logging
import os
import platform
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.errors import ConnectorError

from ..store import connections, heartbeats, inbox, leases, upkeep
from ..store.connections import ConnectionState
from .base import Base
from .deliver import deliver
from .engine import Engine, Handler, Queue
from .failing import needs_person, stop_connection
from .handle import handle
from .loops import Loop, Loops
from .pump import LOOK_AGAIN, InterventionPump, entry_task, pump_inbox, sweep
from .sync import sync
from .write_back import flush_all

log = logging.getLogger(__name__)

BEAT_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a worker waits for others. ``silent``: an executor not heard of for so long is
    dead, and its work is taken over. ``look_again``: what was handed to the engine so long ago
    and is still open is looked at again."""

    silent: timedelta = timedelta(seconds=60)
    look_again: timedelta = LOOK_AGAIN
    every: float = 5.0
    """Seconds between looks."""


class Worker:
    """``make_engine`` takes the handlers and returns the engine that runs them."""

    def __init__(
        self,
        base: Base,
        *,
        name: str,
        make_engine: Callable[[dict[Queue, Handler]], Engine],
        patience: Patience = Patience(),
    ) -> None:
        self._base = base
        self._name = name
        self._patience = patience
        self._started_at = base.clock()
        self.engine = make_engine({Queue.CHANGES: self._change, Queue.DELIVERIES: self._deliver})
        self._loops = Loops(
            [
                Loop(name="heart", every=BEAT_SECONDS, turn=self._beat),
                Loop(name="pump", every=0.1, turn=lambda: pump_inbox(base, self.engine)),
                Loop(
                    name="due",
                    every=0.25,
                    turn=InterventionPump(base, self.engine, look_again=patience.look_again),
                ),
                Loop(name="write-back", every=0.25, turn=lambda: flush_all(base)),
                Loop(
                    name="sweep",
                    every=patience.every,
                    turn=lambda: sweep(base, self.engine, after=patience.look_again),
                ),
                Loop(name="reaper", every=patience.every, turn=self._bury),
                Loop(name="poll", every=5.0, turn=self._poll),
                Loop(name="purge", every=3600.0, turn=self._purge),
            ]
        )

    def start(self) -> None:
        """Returns at once; the model is loaded in the background by the first who needs it."""
        self._beat()
        self.engine.start()
        # Loading the model takes seconds; what comes in meanwhile waits for it.
        threading.Thread(target=self._base.reader, name="keepsake-model", daemon=True).start()
        self._loops.start()

    def stop(self) -> None:
        """Stop in good order. What cannot be finished soon is resumed by the next worker of this
        name, or taken over by another at once."""
        self._loops.stop()
        self.engine.stop()
        with self._base.database.write() as tx:
            heartbeats.leave(tx, executor=self._name)

    def _change(self, subject: str) -> None:
        entry_id, _, tries = subject.partition(":")
        count = int(tries or 1)
        again = handle(self._base, int(entry_id), tries=count)
        if again is None:
            return
        with self._base.database.read() as tx:
            entry = inbox.get(tx, int(entry_id))
        if entry is not None:
            self.engine.submit(
                [
                    entry_task(
                        entry,
                        # A sweep may begin a second row of tries; their names must not meet.
                        suffix=f".a{entry.attempts}r{count + 1}",
                        tries=count + 1,
                        delay=again.seconds,
                    )
                ]
            )

    def _deliver(self, subject: str) -> None:
        deliver(self._base, int(subject))

    def _beat(self) -> bool:
        with self._base.database.write() as tx:
            heartbeats.beat(
                tx,
                executor=self._name,
                started_at=self._started_at,
                info={"host": platform.node(), "process": os.getpid()},
                now=self._base.clock(),
            )
        return False

    def _bury(self) -> bool:
        """Take over the work of those who are not heard of any more, one of us for each."""
        now = self._base.clock()
        since = now - self._patience.silent
        with self._base.database.read() as tx:
            dead = heartbeats.silent(tx, since=since)
        for name in dead:
            if name == self._name:
                continue
            with self._base.database.write() as tx:
                mine = leases.claim(tx, f"bury:{name}", until=now + self._patience.silent, now=now)
            if mine:
                count = self.engine.recover([name])
                with self._base.database.write() as tx:
                    heartbeats.bury(tx, executor=name, silent_since=since)
                log.warning("took over %s tasks of %s", count, name)
        return False

    def _poll(self) -> bool:
        """Look for what webhooks lost, on every live connection in its turn."""
        now = self._base.clock()
        with self._base.database.read() as tx:
            live = connections.find(tx, states=(ConnectionState.LIVE,))
        for connection in live:
            if self._may_poll(connection.id, now):
                self._poll_one(connection.id)
        return False

    def _may_poll(self, connection_id: str, now: datetime) -> bool:
        with self._base.database.write() as tx:
            if connections.cursor_of(tx, connection_id, kind="backfill") is None:
                return False
            until = now + self._base.poll_every
            return leases.claim(tx, f"poll:{connection_id}", until=until, now=now)

    def _poll_one(self, connection_id: str) -> None:
        try:
            with self._base.connector(connection_id) as connector:
                since = self._base.clock() - self._base.backfill
                sync(self._base, connection_id, connector, since=since)
        except ConnectorError as error:
            log.warning("poll of %s: %s", connection_id, error.code)
            if needs_person(error):
                stop_connection(self._base, connection_id, error)

    def _purge(self) -> bool:
        """Forget what was finished long ago."""
        keep = self._base.keep
        self.engine.purge(older_than_days=keep.days)
        upkeep.tidy(self._base.database, keep=keep, now=self._base.clock())
        return False
