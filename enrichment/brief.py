"""What to know: at most three short lines an agent reads before answering.

Line one says who, line two what matters now, line three what to do. Every clause names what it
was made from, quotes are the record's own words, and what is not known is not said. When room
runs out whole clauses go, the least important first; no sentence is cut. Dates are written out
and scores are put in words, so that the text changes when something happened and hardly ever
because a day passed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from .arcs import ArcStage
from .memory import remembered_feeling
from .moments import MomentKind
from .priors import Priors
from .reader.signals import Urgency
from .state import PersonState, TicketState

LONGEST = 600
_QUOTE_SHOWN = 80

_CALLED = {kind: kind.value.replace("-", " ") for kind in MomentKind} | {
    MomentKind.FRUSTRATION_PEAK: "the frustration",
    MomentKind.TOLD_YOU_ALREADY: "having to repeat themselves",
    MomentKind.RECOVERY: "how we put things right",
    MomentKind.GRATITUDE: "what they thanked us for",
    MomentKind.DELIGHT: "what delighted them",
}


@dataclass(frozen=True, kw_only=True)
class Clause:
    """``sources``: ``moment:<id>``, ``ticket:<id>``, ``interaction:<id>`` or ``contact``.
    ``weight``: what may go first when room runs out (lowest)."""

    text: str
    sources: tuple[str, ...]
    weight: int = 1

    def __post_init__(self) -> None:
        if not self.text or not self.sources:
            raise ValueError("a clause says something and names its source")


@dataclass(frozen=True, kw_only=True)
class Brief:
    who: tuple[Clause, ...] = ()
    matters: tuple[Clause, ...] = ()
    advice: tuple[Clause, ...] = ()

    @property
    def clauses(self) -> tuple[Clause, ...]:
        return (*self.who, *self.matters, *self.advice)

    @property
    def text(self) -> str:
        """Up to three lines of plain text; empty when nothing is known."""
        lines = (" ".join(clause.text for clause in line) for line in self._lines())
        return "\n".join(line for line in lines if line)

    def _lines(self) -> tuple[tuple[Clause, ...], ...]:
        return (self.who, self.matters, self.advice)


def brief(person: PersonState, ticket: TicketState, now: datetime, priors: Priors) -> Brief:
    """The brief of one ticket of one person, at most 600 characters."""
    made = Brief(
        who=tuple(_who(person, now, priors)),
        matters=tuple(_matters(person, ticket, now, priors)),
        advice=tuple(_advice(ticket)),
    )
    while len(made.text) > LONGEST:
        made = _without(made, min(made.clauses, key=lambda clause: clause.weight))
    return made


def _who(person: PersonState, now: datetime, priors: Priors) -> Iterator[Clause]:
    if person.tickets_total == 0:
        return
    since = person.since
    if person.tickets_total == 1:
        text = "First ticket on record."
    elif since is None:
        text = f"{_nth(person.tickets_total)} ticket."
    else:
        text = f"Customer since {_month(since)}, {_nth(person.tickets_total)} ticket."
    yield Clause(text=text, sources=("contact",), weight=6)
    recent = person.contacts_since(now, priors.recent_days)
    if recent >= priors.brief_tickets:
        yield Clause(
            text=f"{recent} tickets in {priors.recent_days:.0f} days.",
            sources=("contact",),
            weight=3,
        )
    feeling = remembered_feeling(person.memories, now, priors)
    if feeling and abs(feeling.score) >= priors.brief_feeling:
        strongest = feeling.factors[0]
        how = "well" if feeling.points > 0 else "badly"
        yield Clause(
            text=f"Likely to remember us {how}, "
            f"mostly for {_CALLED[strongest.kind]} on {_day(strongest.at)}.",
            sources=tuple(f"moment:{factor.moment_id}" for factor in feeling.factors),
            weight=4,
        )


def _matters(
    person: PersonState, ticket: TicketState, now: datetime, priors: Priors
) -> Iterator[Clause]:
    pressing = ticket.pressing
    presses = pressing and pressing.urgency in (Urgency.HIGH, Urgency.CRITICAL)
    if pressing and presses and not ticket.is_done:
        said = _quote(pressing.evidence.quote)
        yield Clause(
            text=_sentence(
                f"{pressing.urgency.capitalize()} urgency, {pressing.evidence.why}", said
            ),
            sources=(f"interaction:{pressing.evidence.interaction_id}",),
            weight=7,
        )
    count = person.contacts_on(ticket.theme, now, priors)
    if count >= 2 and ticket.theme:
        first = min(
            (past for past in person.tickets if past.theme == ticket.theme),
            key=lambda past: past.opened_at,
        )
        yield Clause(
            text=f"{_nth(count)} contact about this since {_day(first.opened_at)}.",
            sources=tuple(
                f"ticket:{past.id}" for past in person.tickets if past.theme == ticket.theme
            ),
            weight=8,
        )
    yield from _feeling_now(ticket)
    yield from _failure(ticket)
    others = person.failing(beside=ticket)
    if others:
        yield Clause(
            text=f"Another problem is still open: ticket {others[-1].id}.",
            sources=(f"ticket:{others[-1].id}",),
            weight=4,
        )


def _feeling_now(ticket: TicketState) -> Iterator[Clause]:
    peak = ticket.live.get(MomentKind.FRUSTRATION_PEAK)
    memory = next((m for m in ticket.memories if peak and m.moment_id == peak.moment_id), None)
    if memory and ticket.arc.stage is not ArcStage.CONFIRMED:
        said = _quote(memory.quote)
        yield Clause(
            text=_sentence(f"Most upset on {_day(memory.at)}", said),
            sources=(f"moment:{memory.moment_id}",),
            weight=5,
        )


def _failure(ticket: TicketState) -> Iterator[Clause]:
    arc = ticket.arc
    sources = tuple(f"interaction:{by}" for by in (arc.failed_by, arc.confirmed_by) if by)
    if not sources or arc.failed_at is None:
        return
    again = f" (failure {arc.failures})" if arc.failures > 1 else ""
    if arc.is_open and ticket.is_done:
        text = f"Problem of {_day(arc.failed_at)}{again}, closed without the customer's word."
        yield Clause(text=text, sources=sources, weight=7)
        return
    begun = f"Problem open since {_day(arc.failed_at)}{again}"
    if arc.stage is ArcStage.FAILED:
        state = "answered, but not acknowledged" if arc.answered else "not answered yet"
        text = f"{begun}, {state}."
    elif arc.stage is ArcStage.ACKNOWLEDGED:
        text = f"{begun}, acknowledged{' with a promise' if arc.promised else ''}, not fixed."
    elif arc.stage is ArcStage.FIXED:
        text = f"{begun}; we called it fixed, the customer has not confirmed."
    else:
        text = f"Problem of {_day(arc.failed_at)}{again} put right, confirmed by the customer."
    yield Clause(text=text, sources=sources, weight=7)


def _advice(ticket: TicketState) -> Iterator[Clause]:
    arc = ticket.arc
    if arc.is_open and ticket.is_done:
        return
    failure = (f"interaction:{arc.failed_by}",) if arc.failed_by else ()
    told = ticket.live.get(MomentKind.TOLD_YOU_ALREADY)
    if told and arc.stage is not ArcStage.CONFIRMED:
        yield Clause(
            text="Do not ask for the story again: read the earlier messages first.",
            sources=(f"moment:{told.moment_id}",),
            weight=5,
        )
    if arc.stage is ArcStage.FAILED and failure:
        text = "Name the problem and own it before asking for anything."
    elif arc.stage is ArcStage.ACKNOWLEDGED and failure:
        text = (
            "Keep the promise or say when it will be kept."
            if arc.promised
            else "Say what happens next and by when."
        )
    elif arc.stage is ArcStage.FIXED and failure:
        text = "Ask whether it works now."
    elif arc.stage is ArcStage.CONFIRMED and failure:
        text = "Leave it well: a short personal close is enough."
    else:
        text = ""
    if text:
        yield Clause(text=text, sources=failure, weight=6)


def _without(made: Brief, gone: Clause) -> Brief:
    def rest(line: tuple[Clause, ...]) -> tuple[Clause, ...]:
        return tuple(clause for clause in line if clause is not gone)

    return Brief(who=rest(made.who), matters=rest(made.matters), advice=rest(made.advice))


def _sentence(said: str, quote: str) -> str:
    if not quote:
        return f"{said}."
    return f"{said}: {quote}" if quote[-2] in ".!?…" else f"{said}: {quote}."


def _quote(words: str) -> str:
    words = " ".join(words.split())
    if len(words) > _QUOTE_SHOWN:
        words = words[:_QUOTE_SHOWN].rsplit(" ", 1)[0] + " …"
    return f'"{words}"' if words else ""


def _nth(number: int) -> str:
    last = (
        "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number}{last}"


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}"


def _month(at: datetime) -> str:
    return f"{at:%B %Y}"
