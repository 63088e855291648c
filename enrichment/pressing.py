"""How soon a ticket must be looked at, and how much it matters, from its turns so far."""

from __future__ import annotations

from datetime import datetime

from connectors.records import Priority, Ticket

from .moments import Evidence, Turn
from .priors import Priors
from .reader.signals import CueKind, Urgency
from .state import Pressing

_WEIGHED = (
    (CueKind.OUTAGE, "severity_outage"),
    (CueKind.BROKEN, "severity_broken"),
    (CueKind.MONEY, "severity_money"),
    (CueKind.DEADLINE, "severity_deadline"),
    (CueKind.LEGAL, "severity_legal"),
    (CueKind.SECURITY, "severity_security"),
    (CueKind.URGENT, "severity_urgent"),
    (CueKind.SCOPE, "severity_scope"),
)

_WHY = {
    CueKind.OUTAGE: "outage",
    CueKind.MONEY: "money",
    CueKind.DEADLINE: "deadline",
    CueKind.LEGAL: "legal steps",
    CueKind.SECURITY: "security",
    CueKind.URGENT: "asks for haste",
    CueKind.TOLD_YOU: "says it again",
    CueKind.STILL_NOT: "still not right",
    CueKind.BROKEN: "something is broken",
    CueKind.NO_RUSH: "no rush",
}


def severity(turn: Turn, record: Ticket, priors: Priors) -> float:
    """G: each sign takes its share of what is left to 1, so that signs add up and never pass 1."""
    left = 1.0
    for kind, name in _WEIGHED:
        if turn.signals.has(kind):
            left *= 1.0 - getattr(priors, name)
    if record.priority is Priority.HIGH:
        left *= 1.0 - priors.severity_priority_high
    if record.priority is Priority.URGENT:
        left *= 1.0 - priors.severity_priority_urgent
    return 1.0 - left


def pressing(before: Pressing | None, turn: Turn) -> Pressing | None:
    """The highest urgency since it was last relieved; "no rush" lowers it. A readable turn with
    no phrase about it is normal; an unreadable one says nothing."""
    at = turn.interaction.created_at
    judged = turn.signals.judged_urgency()
    if judged:
        urgency, cue = judged
        new = Pressing(urgency=urgency, at=at, evidence=turn.shows(cue.span, _WHY[cue.kind]))
    elif turn.known is not None:
        new = Pressing(
            urgency=Urgency.NORMAL, at=at, evidence=turn.states("no words of hurry or harm")
        )
    else:
        return before
    if before is None or new.urgency.rank >= before.urgency.rank:
        return new
    if new.urgency is Urgency.ROUTINE and at >= before.at:
        return new
    return before


def relieved(shown: Evidence, at: datetime) -> Pressing:
    """It was put right: nothing presses."""
    return Pressing(urgency=Urgency.ROUTINE, at=at, evidence=shown)
