"""A person approves, declines or lets go out again: one transaction, and what came too late is
told, not made.

Nothing is sent from here. The worker picks up what is approved and due.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from server.store import audit, interventions
from server.store.interventions import Intervention, UnknownIntervention, WrongState

from .access import only_who_decides
from .errors import Refusal
from .services import services

#: What may be decided, and what makes it so.
DECISIONS: Mapping[str, Callable[..., Intervention]] = {
    "approve": interventions.approve,
    "decline": interventions.decline,
    "replay": lambda tx, id, *, by, now: interventions.replay(tx, id, now=now),  # noqa: ARG005
}


def decide(id: int, decision: str) -> Intervention:
    """The intervention as it stands after the caller's decision, one of ``DECISIONS``.

    Raises ``Refusal``: 403 for roles that may not, 404, 409 when it waits for no such decision.
    """
    who, our = only_who_decides(), services()
    try:
        with our.database.write() as tx:
            now = our.clock()
            decided = DECISIONS[decision](tx, id, by=who.by, now=now)
            audit.note(
                tx,
                actor=who.by,
                action=f"intervention.{decision}",
                subject=f"intervention:{id}",
                now=now,
            )
            return decided
    except UnknownIntervention:
        raise Refusal(404, "not_found", "there is no such intervention") from None
    except WrongState as wrong:
        raise Refusal(409, "not_waiting", f"nothing changed: {wrong}") from None
