"""A person approves or declines: one transaction, and what came too late is told, not made.

Approving sends nothing from here. The worker picks up what is approved and due.
"""

from __future__ import annotations

from server.store import audit, interventions
from server.store.interventions import Intervention, UnknownIntervention, WrongState

from .access import only_who_decides
from .errors import Refusal
from .services import services


def decide(id: int, *, approve: bool) -> Intervention:
    """The intervention as it stands after the caller's decision.

    Raises ``Refusal``: 403 for roles that may not, 404, 409 when it no longer waits.
    """
    who, our = only_who_decides(), services()
    make = interventions.approve if approve else interventions.decline
    try:
        with our.database.write() as tx:
            now = our.clock()
            decided = make(tx, id, by=who.by, now=now)
            audit.note(
                tx,
                actor=who.by,
                action=f"intervention.{'approve' if approve else 'decline'}",
                subject=f"intervention:{id}",
                now=now,
            )
            return decided
    except UnknownIntervention:
        raise Refusal(404, "not_found", "there is no such intervention") from None
    except WrongState as wrong:
        raise Refusal(409, "not_waiting", f"nothing changed: {wrong}") from None
