"""A customer's timeline as a page tells it: messages with their evidence marked, and the curve of
what they felt. Pure; the date is an argument."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from enrichment.memory import Feeling, remembered_feeling
from enrichment.priors import Priors
from enrichment.state import PersonState
from server.store.views import MessageSeen, MomentSeen, SurveySeen, TicketSeen

from .present import Mark, Piece, evidence, pieces, place, tone, words

#: The curve in the units of its drawing: few messages are spread, many scroll.
CURVE_WIDTH, CURVE_HEIGHT, CURVE_MARGIN = 480, 120, 14
CURVE_STEP_LEAST, CURVE_STEP_MOST = 24, 96


@dataclass(frozen=True, kw_only=True)
class Told:
    """The moments one message made, as one thing to look at. ``first`` says who, when, where."""

    first: MomentSeen
    kinds: Sequence[str]
    quotes: Sequence[str]
    reason: str

    @property
    def tone(self) -> str:
        """That of its first kind with a feeling."""
        return next((tone(kind) for kind in self.kinds if tone(kind) != "calm"), "calm")


@dataclass(frozen=True, kw_only=True)
class Felt:
    """A reading in words. ``unsure``: why nothing could be read; then there is nothing else."""

    sentiment: str | None = None
    labels: tuple[str, ...] = ()
    valence: float | None = None
    intensity: float | None = None
    confidence: float | None = None
    model: str = ""
    unsure: str | None = None


@dataclass(frozen=True, kw_only=True)
class MessageTold:
    seen: MessageSeen
    pieces: Sequence[Piece]
    felt: Felt | None
    moments: Sequence[MomentSeen]


@dataclass(frozen=True, kw_only=True)
class TicketTold:
    """``entries``: messages and surveys, oldest first. ``loose``: moments of no shown message."""

    seen: TicketSeen
    entries: Sequence[MessageTold | SurveySeen]
    loose: Sequence[MomentSeen]


@dataclass(frozen=True, kw_only=True)
class Point:
    """One customer's message on the curve; ``y`` is None where nothing could be read."""

    x: int
    y: float | None
    says: str
    tone: str


@dataclass(frozen=True, kw_only=True)
class Curve:
    """``lines``: runs of points without a gap, as ``points`` of an SVG polyline."""

    width: int
    height: int
    middle: float
    points: Sequence[Point]
    lines: Sequence[str]


def felt(reading: Mapping[str, Any] | None) -> Felt | None:
    """The stored reading in words, None when there is none."""
    if reading is None:
        return None
    if reading.get("unknown"):
        return Felt(unsure=str(reading["unknown"]), model=str(reading.get("model", "")))
    sentiment = reading.get("sentiment")
    return Felt(
        sentiment=words(str(sentiment)) if sentiment else None,
        labels=tuple(str(label) for label in reading.get("labels", ())),
        valence=_number(reading.get("valence")),
        intensity=_number(reading.get("intensity")),
        confidence=_number(reading.get("confidence")),
        model=str(reading.get("model", "")),
        # Emotions without a sentiment: the model saw something and could not place it.
        unsure=None if sentiment else "no sentiment stands out",
    )


def by_message(moments: Sequence[MomentSeen]) -> list[Told]:
    """Moments in their order, those of one message together at the place of its first."""
    groups: dict[tuple[str, str | None, str], list[MomentSeen]] = {}
    for one in moments:
        groups.setdefault(
            (one.connection_id, one.ticket_id, one.interaction_id or one.id), []
        ).append(one)
    return [
        Told(
            first=group[0],
            kinds=tuple(dict.fromkeys(one.kind for one in group)),
            quotes=_quotes(group),
            reason=next((str(one.data["reason"]) for one in group if one.data.get("reason")), ""),
        )
        for group in groups.values()
    ]


def _quotes(group: Sequence[MomentSeen]) -> list[str]:
    """The words that show them, as they stand in the message; none that another one holds."""
    shown = [
        (int(part.get("start", 0)), str(part["quote"]))
        for one in group
        for part in evidence(one.data)
        if part.get("quote") and part.get("interaction_id") == one.interaction_id
    ]
    found = list(dict.fromkeys(quote for _, quote in sorted(shown)))
    return [one for one in found if not any(one != other and one in other for other in found)][:4]


def tell(ticket: TicketSeen) -> TicketTold:
    """One ticket, its evidence marked in the words it was read from."""
    shown = {message.id for message in ticket.messages}
    told: list[MessageTold | SurveySeen] = [
        _message(message, [one for one in ticket.moments if one.interaction_id == message.id])
        for message in ticket.messages
    ]
    told += ticket.surveys
    told.sort(key=lambda entry: entry.at if isinstance(entry, SurveySeen) else entry.seen.at)
    loose = [one for one in ticket.moments if one.interaction_id not in shown]
    return TicketTold(seen=ticket, entries=told, loose=loose)


def _message(message: MessageSeen, moments: Sequence[MomentSeen]) -> MessageTold:
    marks: list[Mark | None] = []
    for moment in moments:
        if moment.superseded:
            continue
        marks += [
            place(
                message.text,
                start=one.get("start", 0),
                end=one.get("end", 0),
                quote=one.get("quote"),
                shows=words(moment.kind),
            )
            for one in evidence(moment.data)
            if one.get("interaction_id", message.id) == message.id
        ]
    for label, span in (message.reading or {}).get("evidence", {}).items():
        marks.append(
            place(
                message.text,
                start=span.get("start"),
                end=span.get("end"),
                quote=span.get("quote"),
                shows=words(str(label)),
            )
        )
    found = [mark for mark in marks if mark is not None]
    return MessageTold(
        seen=message,
        pieces=pieces(message.text, found),
        felt=felt(message.reading),
        moments=[one for one in moments if not one.superseded],
    )


def curve(tickets: Sequence[TicketTold]) -> Curve | None:
    """How the customer felt from message to message, oldest first; None for fewer than two."""
    told = [
        entry
        for ticket in reversed(tickets)
        for entry in ticket.entries
        if isinstance(entry, MessageTold) and entry.seen.author_role == "customer" and entry.felt
    ]
    told.sort(key=lambda entry: entry.seen.at)
    if len(told) < 2:
        return None
    middle = CURVE_HEIGHT / 2
    step = CURVE_WIDTH // (len(told) - 1)
    step = min(CURVE_STEP_MOST, max(CURVE_STEP_LEAST, step))
    points: list[Point] = []
    lines: list[list[str]] = [[]]
    for index, entry in enumerate(told):
        assert entry.felt is not None
        x, valence = CURVE_MARGIN + index * step, entry.felt.valence
        when = f"{entry.seen.at:%-d %b %Y}"
        if valence is None:
            points.append(Point(x=x, y=None, says=f"{when}: {entry.felt.unsure}", tone="unsure"))
            lines.append([])
            continue
        y = round(middle - valence * (middle - CURVE_MARGIN), 1)
        says = f"{when}: {entry.felt.sentiment or 'unsure'} ({valence:+.2f})"
        shade = "bad" if valence < -0.2 else "good" if valence > 0.2 else "calm"
        points.append(Point(x=x, y=y, says=says, tone=shade))
        lines[-1].append(f"{x},{y}")
    return Curve(
        width=2 * CURVE_MARGIN + (len(told) - 1) * step,
        height=CURVE_HEIGHT,
        middle=middle,
        points=points,
        lines=[" ".join(run) for run in lines if len(run) > 1],
    )


def feeling_of(state: Mapping[str, Any] | None, now: datetime, priors: Priors) -> Feeling | None:
    """What the person would remember feeling today, and from what; None when that is unknown."""
    if not state:
        return None
    try:
        kept = PersonState.from_json(state)
    except (ValueError, TypeError, KeyError, AttributeError):
        # Kept by another version; the worker folds it again.
        return None
    return remembered_feeling(kept.memories, now, priors)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
