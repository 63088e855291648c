"""From the tables into the engine: what waits in the inbox, and what is due to go out.

Every row becomes a task named after it, so handing it over twice (two pumps, a crash between
marking and handing over) runs it once. Rows that were handed over and heard of no more come back
through the sweeps, once the engine works on them no more, under a new name.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ..store import inbox, interventions
from ..store.inbox import InboxEntry
from ..store.interventions import Intervention
from .base import Base
from .engine import Engine, Queue, Task

BATCH = 200
#: What was handed over so long ago and is still open is looked at again.
LOOK_AGAIN = timedelta(seconds=60)


def entry_task(entry: InboxEntry, *, suffix: str = "", tries: int = 1, delay: float = 0.0) -> Task:
    """The task of an inbox entry. Ids are zero-padded: ties in the engine's clock are broken by
    their order."""
    partition = entry.change.partition or str(entry.change.record)
    return Task(
        id=f"{entry.id:015d}{suffix}",
        queue=Queue.CHANGES,
        partition=f"{entry.connection_id}:{partition}",
        subject=f"{entry.id}:{tries}",
        delay=delay,
    )


def delivery_task(one: Intervention) -> Task:
    """The task of one try of one intervention."""
    return Task(
        id=f"iv-{one.id:015d}.{one.tries}",
        queue=Queue.DELIVERIES,
        partition=f"intervention:{one.id}",
        subject=str(one.id),
    )


def pump_inbox(base: Base, engine: Engine) -> bool:
    """Hand waiting entries over, oldest first; whether there were any."""
    with base.database.write() as tx:
        entries = inbox.claim(tx, limit=BATCH, now=base.clock())
    engine.submit(
        [
            # Handed over before without an end: the old name may be taken by a task that is over.
            entry_task(entry, suffix="" if entry.attempts == 1 else f".a{entry.attempts}")
            for entry in entries
        ]
    )
    return bool(entries)


class InterventionPump:
    """Hands over interventions whose time, or whose next try, has come.

    What is due stays due until it was carried out, so each try is handed over once and looked at
    again only after a while: its task may have ended in an error, and then a new try begins.
    """

    def __init__(self, base: Base, engine: Engine, *, look_again: timedelta = LOOK_AGAIN) -> None:
        self._base = base
        self._engine = engine
        self._look_again = look_again
        self._handed: dict[str, datetime] = {}

    def __call__(self) -> bool:
        now = self._base.clock()
        with self._base.database.read() as tx:
            due = interventions.due(tx, limit=BATCH, now=now)
        tasks = {delivery_task(one).id: one for one in due}
        self._handed = {name: at for name, at in self._handed.items() if name in tasks}
        for name, one in tasks.items():
            at = self._handed.get(name)
            if at is None:
                self._engine.submit([delivery_task(one)])
                self._handed[name] = now
            elif now - at > self._look_again:
                self._look(name, one, now)
        return False

    def _look(self, name: str, one: Intervention, now: datetime) -> None:
        self._handed[name] = now
        if self._engine.is_active(name):
            return
        with self._base.database.write() as tx:
            fresh = interventions.get(tx, one.id)
            if fresh.tries == one.tries and fresh.state is one.state:
                interventions.start(tx, one.id, now=now)
                interventions.postpone(tx, one.id, until=now, now=now)


def sweep(base: Base, engine: Engine, *, after: timedelta = LOOK_AGAIN) -> bool:
    """Look at entries handed over long ago and still open; end what came too late."""
    now = base.clock()
    with base.database.write() as tx:
        interventions.expire(tx, now=now)
    with base.database.read() as tx:
        entries = inbox.unended(tx, pumped_before=now - after, limit=BATCH)
    active, lost, parked = [], [], []
    for entry in entries:
        name = entry_task(entry).id
        if engine.is_active(name):
            active.append(entry.id)
        elif engine.is_parked(name):
            parked.append(entry.id)
        else:
            lost.append(entry.id)
    with base.database.write() as tx:
        inbox.looked_at(tx, ids=active, now=now)
        inbox.release(tx, ids=lost)
        for id in parked:
            inbox.failed(tx, id=id, error="took its worker down too often", now=now)
    return len(entries) == BATCH
