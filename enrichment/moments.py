"""Moments: where the feeling turned or peaked, or something happened that people remember.

The hard part is to be sure. Every kind names the evidence that must be there, a moment without
evidence cannot be made, and an unknown reading finds nothing: unknown is not neutral. Finding is
about one turn; whether it is the highest of its episode, how rare it is and what becomes of it
is decided by whoever knows the history (``fold``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Self

from connectors.records import AuthorRole, Interaction

from .cues import agent_signals
from .priors import Priors
from .reader.signals import CueKind, Signals, customer_signals
from .readings import Reading, Span

_QUOTE_AT_MOST = 280


class MomentKind(StrEnum):
    """The memory tags. Produced so far: the first six; the others are reserved names."""

    FRUSTRATION_PEAK = "frustration-peak"
    GRATITUDE = "gratitude"
    DELIGHT = "delight"
    TOLD_YOU_ALREADY = "told-you-already"
    RECOVERY = "recovery"
    MILESTONE = "milestone"
    EMPATHY_WIN = "empathy-win"
    SURPRISE_GESTURE = "surprise-gesture"
    ANXIETY = "anxiety"
    CONFUSION = "confusion"
    BROKEN_PROMISE = "broken-promise"
    ESCALATION = "escalation"
    ESCALATION_RECOVERY = "escalation-recovery"
    CHURN_THREAT = "churn-threat"
    SILENCE = "silence"
    STANDOUT = "standout"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What shows it: words (``text[start:end] == quote``), or a fact of the record (no quote)."""

    ticket_id: str
    interaction_id: str | None = None
    quote: str = ""
    start: int = 0
    end: int = 0
    why: str

    def __post_init__(self) -> None:
        if not self.why:
            raise ValueError("evidence says what it shows")
        if len(self.quote) != self.end - self.start or self.start < 0:
            raise ValueError("a quote is the text from start to end")


@dataclass(frozen=True, kw_only=True)
class Features:
    """A, V, D, G, E, P and n of MEMORY.md. A and V are None together: nothing could be read."""

    arousal: float | None = None
    valence: float | None = None
    distinctiveness: float = 0.0
    severity: float = 0.0
    effort: float = 0.0
    peak: float = 0.0
    rehearsals: int = 0

    def __post_init__(self) -> None:
        if (self.arousal is None) != (self.valence is None):
            raise ValueError("arousal and valence are read together, or neither is")
        if self.valence is not None and not -1.0 <= self.valence <= 1.0:
            raise ValueError(f"valence lies in [-1, 1], not {self.valence}")
        for name in ("arousal", "distinctiveness", "severity", "effort", "peak"):
            value = getattr(self, name)
            if value is not None and not 0.0 <= value <= 1.0:
                raise ValueError(f"{name} lies in [0, 1], not {value}")
        if self.rehearsals < 0:
            raise ValueError("rehearsals are counted from 0")


@dataclass(frozen=True, kw_only=True)
class Moment:
    """``features`` are as they were when it was found; the memory made of it lives on."""

    id: str
    kind: MomentKind
    at: datetime
    ticket_id: str
    interaction_id: str | None
    evidence: tuple[Evidence, ...]
    features: Features
    confidence: float
    reason: str
    theme: str | None = None
    supersedes: str | None = None

    def __post_init__(self) -> None:
        if not self.evidence:
            raise ValueError(f"a {self.kind} needs evidence")
        if self.at.tzinfo is None:
            raise ValueError("a moment's time needs a time zone")
        if not 0.0 <= self.confidence <= 1.0:
            raise ValueError(f"confidence lies in [0, 1], not {self.confidence}")


def moment_id(kind: MomentKind, ticket_id: str, interaction_id: str | None, what: str = "") -> str:
    """The same find has the same id, so keeping it twice is harmless. ``what`` tells finds of
    one kind on one turn apart. Unique within a connection, as the record ids are."""
    name = "\x1f".join((kind, ticket_id, interaction_id or "", what))
    return "m" + hashlib.sha256(name.encode()).hexdigest()[:20]


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One interaction and what is read from it: a reading for customers, cues for both sides."""

    interaction: Interaction
    reading: Reading | None = None
    signals: Signals = field(default_factory=Signals)

    def __post_init__(self) -> None:
        if self.reading and self.interaction.author_role is not AuthorRole.CUSTOMER:
            raise ValueError("only customers' words are read for feeling")

    @classmethod
    def of(cls, interaction: Interaction, reading: Reading | None = None) -> Self:
        """The turn with its cues looked up, by who speaks."""
        look = {AuthorRole.CUSTOMER: customer_signals, AuthorRole.AGENT: agent_signals}
        find = look.get(interaction.author_role)
        signals = find(interaction.text) if find else Signals()
        return cls(interaction=interaction, reading=reading, signals=signals)

    @property
    def known(self) -> Reading | None:
        """The reading, if something could be read."""
        return self.reading if self.reading and self.reading.is_known else None

    @property
    def strength(self) -> float | None:
        """|V|*A of the reading, None when unknown."""
        read = self.known
        if read is None or read.valence is None or read.intensity is None:
            return None
        return abs(read.valence) * read.intensity

    def shows(self, span: Span, why: str) -> Evidence:
        end = min(span.end, span.start + _QUOTE_AT_MOST)
        return Evidence(
            ticket_id=self.interaction.ticket_id,
            interaction_id=self.interaction.id,
            quote=self.interaction.text[span.start : end],
            start=span.start,
            end=min(end, max(span.start, len(self.interaction.text))),
            why=why,
        )

    def states(self, why: str) -> Evidence:
        """Evidence that is a fact of the record rather than words."""
        return Evidence(
            ticket_id=self.interaction.ticket_id, interaction_id=self.interaction.id, why=why
        )


@dataclass(frozen=True, kw_only=True)
class Found:
    """A moment found on a turn, before its history is known. ``level`` orders finds of one kind
    within an episode; ``single``: only the highest of an episode stands; ``valence``: when it
    is not that of the turn as a whole."""

    kind: MomentKind
    level: float
    evidence: tuple[Evidence, ...]
    confidence: float
    reason: str
    felt: bool = True
    valence: float | None = None
    single: bool = False
    what: str = ""


_FRUSTRATION = ("anger", "annoyance", "disappointment", "disapproval")
_DELIGHT = ("joy", "excitement", "admiration", "love", "amusement")
_TROUBLE = (CueKind.OUTAGE, CueKind.STILL_NOT, CueKind.TOLD_YOU, CueKind.BROKEN)


def find_frustration(turn: Turn, priors: Priors) -> Iterator[Found]:
    """Anger, annoyance, disappointment or disapproval above threshold and more than a trace, in
    words that are negative as a whole. The fold keeps the highest of the episode by |V|*A."""
    read = turn.known
    label = frustration(turn, priors)
    if read is None or label is None or (read.valence or 0.0) >= priors.negative_below:
        return
    if (turn.strength or 0.0) >= priors.frustration_level:
        yield from _felt(turn, MomentKind.FRUSTRATION_PEAK, label, priors)


def frustration(turn: Turn, priors: Priors) -> str | None:
    """The strongest of the four labels of frustration, when it is more than a trace."""
    read = turn.known
    label = _strongest(read, _FRUSTRATION)
    if read is None or label is None:
        return None
    is_trace = read.emotions.get(label, 0.0) < priors.frustration_probability
    return None if is_trace else label


def find_delight(turn: Turn, priors: Priors) -> Iterator[Found]:
    """Joy, excitement, admiration, love or amusement above threshold, in positive words that
    report no trouble: praise beside "another outage" is likely sarcasm, and we stay silent."""
    read = turn.known
    label = _strongest(read, _DELIGHT)
    if read is None or label is None or (read.valence or 0.0) <= priors.positive_above:
        return
    if turn.signals.has(*_TROUBLE) and not turn.signals.has(CueKind.CONFIRMS):
        return
    yield from _felt(turn, MomentKind.DELIGHT, label, priors)


def find_gratitude(turn: Turn, priors: Priors, *, answered: bool) -> Iterator[Found]:
    """Gratitude above threshold, aimed at the service: not in advance, not a signature, and
    thanks "for your help" only after somebody has ``answered``. The sentence that thanks decides
    how good it is: a message may thank in one breath and look back on trouble in the next."""
    read = turn.known
    if read is None or "gratitude" not in read.labels:
        return
    meant = [CueKind.THANKS, CueKind.THANKS_FOR_HELP] if answered else [CueKind.THANKS]
    cue = turn.signals.first(*meant)
    span = cue.span if cue else read.evidence.get("gratitude")
    if span is None:
        return
    if cue is None and _covers(turn.signals, span, CueKind.POLITE, CueKind.THANKS_FOR_HELP):
        return
    valence, whole = _sentence_valence(read, span), read.valence or 0.0
    if whole < priors.gratitude_valence or valence < priors.negative_below:
        return
    valence = max(valence, whole, 0.0)
    yield from _felt(turn, MomentKind.GRATITUDE, "gratitude", priors, span=span, valence=valence)


def find_told_you(
    turn: Turn, priors: Priors, *, wrote_before: bool, came_back: Evidence | None = None
) -> Iterator[Found]:
    """Repetition in words ("third time"; "still not" only when they wrote before),
    or the ticket brings back an earlier theme (``came_back`` shows it). Never in happy words."""
    if turn.known is not None and (turn.known.valence or 0.0) > priors.positive_above:
        return
    evidence: list[Evidence] = []
    confidence = 0.0
    cue = turn.signals.first(CueKind.TOLD_YOU)
    if cue is None and wrote_before:
        cue = turn.signals.first(CueKind.STILL_NOT)
    if cue:
        evidence.append(turn.shows(cue.span, "says it again"))
        confidence = priors.confidence_words
    if came_back:
        evidence += [turn.states(came_back.why), came_back]
        confidence = max(confidence, priors.confidence_theme)
    if evidence:
        yield Found(
            kind=MomentKind.TOLD_YOU_ALREADY,
            level=turn.strength or 0.0,
            evidence=tuple(evidence),
            confidence=confidence,
            reason="repeats themselves in words" if cue else "the same theme came back",
        )


def find_milestone(turn: Turn, what: str, why: str, span: Span | None = None) -> Found:
    """A fact of the calendar or the count. It has no feeling of its own: writing about a broken
    parcel on an anniversary does not make the anniversary bad."""
    return Found(
        kind=MomentKind.MILESTONE,
        level=0.0,
        evidence=(turn.shows(span, why) if span else turn.states(why),),
        confidence=1.0,
        reason=why,
        felt=False,
        what=what,
    )


def _felt(
    turn: Turn,
    kind: MomentKind,
    label: str,
    priors: Priors,
    *,
    span: Span | None = None,
    valence: float | None = None,
) -> Iterator[Found]:
    read, level = turn.known, turn.strength
    if read is None or level is None:
        return
    if valence is not None:
        level = valence * (read.intensity or 0.0)
    if level < priors.moment_level:
        return
    span = span or read.evidence.get(label) or read.evidence.get("sentiment")
    text = turn.interaction.text
    span = span or Span(start=0, end=max(1, len(text)), quote=text or " ")
    yield Found(
        kind=kind,
        level=level,
        evidence=(turn.shows(span, f"reads as {label}"),),
        confidence=_clamp(read.emotions.get(label, read.confidence or 0.0)),
        reason=f"{label} at {read.emotions.get(label, 0.0):.2f}",
        valence=valence,
        single=True,
    )


def _strongest(read: Reading | None, wanted: tuple[str, ...]) -> str | None:
    """The strongest wanted label above its threshold."""
    return next((label for label in read.labels if label in wanted), None) if read else None


def _sentence_valence(read: Reading, span: Span) -> float:
    """The valence of the sentence the span begins in; of the whole text where there is none."""
    for sentence in read.sentences:
        if sentence.span.start <= span.start < sentence.span.end:
            return sentence.valence
    return read.valence or 0.0


def _covers(signals: Signals, span: Span, *kinds: CueKind) -> bool:
    return any(
        cue.kind in kinds and cue.span.start < span.end and span.start < cue.span.end
        for cue in signals.cues
    )


def _clamp(value: float) -> float:
    return min(1.0, max(0.0, value))
