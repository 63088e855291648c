"""Read-only questions the pages and the API ask, each answered from indexes in a few queries.

They join what the repositories keep apart, and hand out plain values: what a page shows is not
what a worker decides from.
"""

from .acting import (
    InterventionSeen,
    TrySeen,
    VerdictSeen,
    intervention_seen,
    interventions_seen,
    verdicts_seen,
)
from .fields import FieldSeen
from .health import UNREACHABLE, Pulse, pulse
from .moments import MomentSeen, moments_seen, moments_since
from .people import ContactSeen, PersonListed, PersonSeen, people_seen, person_seen
from .tickets import MessageSeen, SurveySeen, TicketSeen, ticket_place, tickets_seen

__all__ = [
    "UNREACHABLE",
    "ContactSeen",
    "FieldSeen",
    "InterventionSeen",
    "MessageSeen",
    "MomentSeen",
    "PersonListed",
    "PersonSeen",
    "Pulse",
    "SurveySeen",
    "TicketSeen",
    "TrySeen",
    "VerdictSeen",
    "intervention_seen",
    "interventions_seen",
    "moments_seen",
    "moments_since",
    "people_seen",
    "person_seen",
    "pulse",
    "ticket_place",
    "tickets_seen",
    "verdicts_seen",
]
