"""Our fields over there: the catalogue, the values they get, and why they got them.

Unknown is not neutral: where nothing could be read or the reader was unsure a value is None and
the field stands empty. Every value comes with its evidence and, for a score, the three memories
that make most of it, so that nobody meets a bare number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from connectors.base import FieldOption, FieldSpec, FieldType
from connectors.records import FieldValue, RecordKind

from .brief import brief
from .memory import Factor, Feeling, memory_impact, remembered_feeling
from .moments import Evidence, MomentKind
from .priors import Priors
from .reader.signals import Urgency
from .readings import EMOTIONS, UNSURE, Sentiment
from .state import STATE_VERSION, PersonState, TicketState

__all__ = [
    "CONTACT_FIELDS",
    "FIELDS",
    "TICKET_FIELDS",
    "Explained",
    "contact_fields",
    "explain_contact",
    "explain_ticket",
    "ticket_fields",
]

#: The kinds of moments that are produced today; only these become options over there.
TAGS = (
    MomentKind.FRUSTRATION_PEAK,
    MomentKind.GRATITUDE,
    MomentKind.DELIGHT,
    MomentKind.TOLD_YOU_ALREADY,
    MomentKind.RECOVERY,
    MomentKind.MILESTONE,
)


def _label(value: str) -> str:
    return value.replace("_", " ").replace("-", " ").capitalize()


def _options(*values: str) -> tuple[FieldOption, ...]:
    return tuple(FieldOption(value=value, label=_label(value)) for value in values)


TICKET_FIELDS: tuple[FieldSpec, ...] = (
    FieldSpec(
        key="sentiment",
        record=RecordKind.TICKET,
        type=FieldType.CHOICE,
        label="Sentiment",
        description="How the customer's latest readable message feels. Empty when unsure. "
        "Change it if it is wrong: your value stays.",
        options=_options(*Sentiment),
    ),
    FieldSpec(
        key="sentiment_confidence",
        record=RecordKind.TICKET,
        type=FieldType.NUMBER,
        label="Sentiment confidence",
        description="How sure Keepsake is of the sentiment, 0 to 100.",
    ),
    FieldSpec(
        key="emotion",
        record=RecordKind.TICKET,
        type=FieldType.CHOICE,
        label="Emotion",
        description="The strongest emotion in the customer's latest readable message. Empty when "
        "none stands out.",
        options=_options(*(name for name in EMOTIONS if name != "neutral")),
    ),
    FieldSpec(
        key="urgency",
        record=RecordKind.TICKET,
        type=FieldType.CHOICE,
        label="Urgency",
        description="How soon the customer's words ask for an answer: outage, money, deadline, "
        "legal or security trouble raise it.",
        options=_options(*Urgency),
    ),
    FieldSpec(
        key="memory_tags",
        record=RecordKind.TICKET,
        type=FieldType.CHOICES,
        label="Memory tags",
        description="What happened on this ticket that the customer is likely to remember.",
        options=_options(*TAGS),
    ),
    FieldSpec(
        key="memory_impact",
        record=RecordKind.TICKET,
        type=FieldType.NUMBER,
        label="Memory impact",
        description="What this ticket alone leaves in the customer's memory after a month, from "
        "-100 (bad) to 100 (good). An estimate, not yet validated.",
    ),
    FieldSpec(
        key="what_to_know",
        record=RecordKind.TICKET,
        type=FieldType.LONG_TEXT,
        label="What to know",
        description="Three lines: who this is, what matters now, what to do.",
    ),
)

CONTACT_FIELDS: tuple[FieldSpec, ...] = (
    FieldSpec(
        key="remembered_feeling",
        record=RecordKind.CONTACT,
        type=FieldType.NUMBER,
        label="Remembered feeling",
        description="How the customer is likely to remember us as a whole, from -100 (bad) to "
        "100 (good). An estimate, not yet validated.",
    ),
    FieldSpec(
        key="memory_tags",
        record=RecordKind.CONTACT,
        type=FieldType.CHOICES,
        label="Memory tags",
        description="What happened with us that this customer is likely to remember.",
        options=_options(*TAGS),
    ),
)

FIELDS: tuple[FieldSpec, ...] = (*TICKET_FIELDS, *CONTACT_FIELDS)


@dataclass(frozen=True, kw_only=True)
class Explained:
    """A field's value and why: the reason in words, what shows it, what it is made of, and the
    versions it was made with. A None value has a reason too."""

    value: FieldValue
    reason: str
    evidence: tuple[Evidence, ...] = ()
    factors: tuple[Factor, ...] = ()
    sources: tuple[str, ...] = ()
    model: str | None = None
    priors: str = ""
    state: int = STATE_VERSION


def ticket_fields(
    person: PersonState, ticket: TicketState, *, now: datetime, priors: Priors
) -> dict[str, FieldValue]:
    """The values of a ticket's fields, by key. None empties a field."""
    made = explain_ticket(person, ticket, now=now, priors=priors)
    return {key: explained.value for key, explained in made.items()}


def contact_fields(person: PersonState, *, now: datetime, priors: Priors) -> dict[str, FieldValue]:
    """The values of a contact's fields, by key. None empties a field."""
    made = explain_contact(person, now=now, priors=priors)
    return {key: explained.value for key, explained in made.items()}


def explain_ticket(
    person: PersonState, ticket: TicketState, *, now: datetime, priors: Priors
) -> dict[str, Explained]:
    """The values of a ticket's fields with their receipts."""
    words = ticket.words
    model = words.model if words else None
    version = priors.version

    def made(value: FieldValue, reason: str, *evidence: Evidence | None) -> Explained:
        shown = tuple(item for item in evidence if item is not None)
        return Explained(value=value, reason=reason, evidence=shown, model=model, priors=version)

    silent = ticket.unread or "nothing could be read yet"
    sure = (
        words is not None
        and words.sentiment is not None
        and (words.confidence or 0.0) >= priors.sentiment_confidence
    )
    if words is None or silent.startswith(UNSURE):
        # What was read before is not what the customer feels now.
        feels = [made(None, silent)] * 3
    else:
        said = words.shows_sentiment
        percent = round(100 * (words.confidence or 0.0))
        why = "latest readable words" if sure else "unsure: mixed signals"
        feels = [
            made(words.sentiment.value if sure and words.sentiment else None, why, said),
            made(percent if sure else None, why, said),
            made(
                words.emotion,
                why if words.emotion else "no emotion stands out",
                words.shows_emotion if words.emotion else None,
            ),
        ]
    pressing = ticket.pressing
    short = brief(person, ticket, now, priors)
    return {
        "sentiment": feels[0],
        "sentiment_confidence": feels[1],
        "emotion": feels[2],
        "urgency": made(pressing.urgency.value, pressing.evidence.why, pressing.evidence)
        if pressing
        else made(None, silent),
        "memory_tags": _tags({kind: ticket.live[kind].moment_id for kind in ticket.tags}, version),
        "memory_impact": _score(memory_impact(ticket.memories, priors), model, version),
        "what_to_know": Explained(
            value=short.text or None,
            reason="made from the clauses' sources" if short.text else "nothing is known yet",
            sources=tuple(dict.fromkeys(s for clause in short.clauses for s in clause.sources)),
            model=model,
            priors=version,
        ),
    }


def explain_contact(person: PersonState, *, now: datetime, priors: Priors) -> dict[str, Explained]:
    """The values of a contact's fields with their receipts."""
    version = priors.version
    feeling = remembered_feeling(person.memories, now, priors)
    return {
        "remembered_feeling": _score(feeling, None, version),
        "memory_tags": _tags({m.kind: m.moment_id for m in person.carried(now, priors)}, version),
    }


def _tags(moments: Mapping[MomentKind, str], version: str) -> Explained:
    """``moments``: a moment's id for each kind that stands."""
    kinds = [kind for kind in TAGS if kind in moments]
    return Explained(
        value=tuple(kind.value for kind in kinds) or None,
        reason="moments that stand" if kinds else "no moment stands",
        sources=tuple(f"moment:{moments[kind]}" for kind in kinds),
        priors=version,
    )


def _score(feeling: Feeling | None, model: str | None, version: str) -> Explained:
    if feeling is None:
        return Explained(value=None, reason="no feeling could be read", model=model, priors=version)
    return Explained(
        value=feeling.points,
        reason="the strongest memories, in points",
        factors=feeling.factors,
        model=model,
        priors=version,
    )
