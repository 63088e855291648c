"""From the tables into the engine: what waits in the inbox, and what is due to go out.

Every row becomes a task named after it, so handing it over twice (two pumps, a crash between
marking and handing over) runs it once. Rows that were handed over and heard of no more come back
through the sweeps; only if the engine knows nothing of them any more do they get a new name.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

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
    engine.submit(list(_tasks(engine, entries)))
    return bool(entries)


def _tasks(engine: Engine, entries: Iterable[InboxEntry]) -> Iterable[Task]:
    for entry in entries:
        if entry.attempts == 1:
            yield entry_task(entry)
            continue
        plain = entry_task(entry)
        if not engine.is_active(plain.id):
            # Handed over before, but it never ended: perhaps it was never run at all.
            yield plain
            yield entry_task(entry, suffix=f".a{entry.attempts}")


def pump_interventions(base: Base, engine: Engine) -> bool:
    """Hand over interventions whose time, or whose next try, has come."""
    with base.database.read() as tx:
        due = interventions.due(tx, limit=BATCH, now=base.clock())
    engine.submit([delivery_task(one) for one in due])
    return False


def sweep(base: Base, *, after: timedelta = LOOK_AGAIN) -> bool:
    """Look again at entries handed over long ago and still open; end what came too late."""
    now = base.clock()
    with base.database.write() as tx:
        inbox.sweep(tx, pumped_before=now - after)
        interventions.expire(tx, now=now)
    return False
