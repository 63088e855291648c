"""A person's state made again from the first message: after a merge, an erasure, a new version.

Everything said on all tickets is folded in the order it was said, one by one, as it would have
been live; so the result is what live folding of the same records in that order gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.records import SurveyResponse, Ticket

from .fold import advance
from .moments import Moment, Turn
from .priors import Priors
from .state import PersonState, TicketState


@dataclass(frozen=True, kw_only=True)
class History:
    """One ticket whole, with the embedding of its subject and first message."""

    record: Ticket
    turns: tuple[Turn, ...] = ()
    surveys: tuple[SurveyResponse, ...] = ()
    theme_vector: Sequence[float] | None = None
    connection: str = ""


@dataclass(frozen=True, kw_only=True)
class Replay:
    """``tickets`` by connection and ticket id; ``moments``: those that stand, in order of time."""

    person: PersonState
    tickets: Mapping[tuple[str, str], TicketState]
    moments: tuple[Moment, ...]


def replay(
    *, person: PersonState, histories: Sequence[History], now: datetime, priors: Priors
) -> Replay:
    """Fold all histories into ``person``, who should be new (``person_id`` and ``known_since``)."""
    tickets: dict[tuple[str, str], TicketState] = {}
    moments: dict[tuple[str, str], Moment] = {}
    for history, turn, survey in _in_order(histories, now):
        key = (history.connection, history.record.id)
        made = advance(
            person=person,
            ticket=tickets.get(key)
            or TicketState(ticket_id=history.record.id, connection=history.connection),
            record=history.record,
            turns=(turn,) if turn else (),
            surveys=(survey,) if survey else (),
            theme_vector=history.theme_vector,
            now=now,
            priors=priors,
        )
        person = made.person
        tickets[key] = made.ticket
        for gone in made.superseded:
            moments.pop((history.connection, gone), None)
        moments |= {(history.connection, moment.id): moment for moment in made.moments}
    ordered = sorted(moments.values(), key=lambda moment: (moment.at, moment.id))
    return Replay(person=person, tickets=tickets, moments=tuple(ordered))


_Event = tuple[History, Turn | None, SurveyResponse | None]


def _in_order(histories: Sequence[History], now: datetime) -> list[_Event]:
    events: list[tuple[datetime, int, str, _Event]] = []
    for history in histories:
        for turn in history.turns:
            at = min(now, turn.interaction.created_at)
            events.append((at, 1, turn.interaction.id, (history, turn, None)))
        for survey in history.surveys:
            at = min(now, survey.created_at)
            events.append((at, 2, survey.id, (history, None, survey)))
        if not history.turns and not history.surveys:
            at = min(now, history.record.created_at)
            events.append((at, 0, history.record.id, (history, None, None)))
    events.sort(key=lambda event: event[:3])
    return [event for _, _, _, event in events]
