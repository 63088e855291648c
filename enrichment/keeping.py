"""Moments and memories enter the states here: which one stands, how rare it is, what it replaces.

The ticket keeps the memories of its own episode, the person the strongest of all; both lists
change together, so that the two never tell different stories about one moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from connectors.records import Ticket

from .memory import Memory, distinctiveness, memory_of, strongest
from .moments import Features, Found, Moment, MomentKind, moment_id
from .priors import Priors
from .state import Live, PersonState, TicketState


class Keeping:
    """The states while one batch goes in, and the moments it made. ``is_theirs``: the turn at
    hand was written by the ticket's own contact."""

    def __init__(
        self, person: PersonState, ticket: TicketState, record: Ticket, priors: Priors
    ) -> None:
        self.person = person
        self.ticket = ticket
        self.record = record
        self.priors = priors
        self.is_theirs = True
        self.moments: dict[str, Moment] = {}
        self.superseded: list[str] = []

    def keep(
        self,
        found: Found,
        at: datetime,
        interaction_id: str | None,
        valence: float | None,
        arousal: float | None,
    ) -> None:
        """Make a moment of what was found, unless a higher one of its kind stands already."""
        ticket = self.ticket
        standing = ticket.live.get(found.kind) if found.single else None
        if standing and found.level <= standing.level:
            return
        if not found.felt:
            valence = arousal = None
        elif found.valence is not None:
            valence = found.valence
        moment = Moment(
            id=moment_id(found.kind, ticket.ticket_id, interaction_id, found.what),
            kind=found.kind,
            at=at,
            ticket_id=ticket.ticket_id,
            interaction_id=interaction_id,
            evidence=found.evidence,
            features=self._features(found.kind, valence, arousal),
            confidence=found.confidence,
            reason=found.reason,
            theme=ticket.theme,
            supersedes=standing.moment_id if standing else None,
        )
        live = Live(moment_id=moment.id, level=found.level, confidence=found.confidence)
        self.ticket = replace(ticket, live=MappingProxyType({**ticket.live, found.kind: live}))
        memory = memory_of(moment, connection=ticket.connection, repeat=self._is_repeat())
        self._remember(memory, moment.supersedes)
        if moment.supersedes is not None:
            self.superseded.append(moment.supersedes)
            unborn = self.moments.pop(moment.supersedes, None)
            if unborn is not None:
                # It never left this batch: whoever keeps moments knows only what it replaced.
                moment = replace(moment, supersedes=unborn.supersedes)
        self.moments[moment.id] = moment

    def change(self, which: Callable[[Memory], bool], how: Callable[[Memory], Memory]) -> None:
        """Change some memories, of the ticket and of the person alike."""

        def changed(memories: tuple[Memory, ...]) -> tuple[Memory, ...]:
            return tuple(how(m) if which(m) else m for m in memories)

        self.ticket = replace(self.ticket, memories=changed(self.ticket.memories))
        self.person = replace(self.person, memories=changed(self.person.memories))

    def is_here(self, memory: Memory) -> bool:
        """Whether the memory was made on this ticket."""
        here = (self.ticket.connection, self.ticket.ticket_id)
        return (memory.connection, memory.ticket_id) == here

    def _features(self, kind: MomentKind, valence: float | None, arousal: float | None) -> Features:
        priors, person = self.priors, self.person
        is_felt = valence is not None and arousal is not None
        strength = abs(valence or 0.0) * (arousal or 0.0)
        is_peak = is_felt and strength >= self.ticket.episode.peak_strength
        return Features(
            arousal=arousal if is_felt else None,
            valence=valence if is_felt else None,
            distinctiveness=distinctiveness(
                person.kinds.get(kind, 0), person.readings_total, share(kind, priors), priors
            ),
            severity=self.ticket.severity,
            effort=self.ticket.effort(priors),
            peak=1.0 if is_peak else 0.0,
        )

    def _is_repeat(self) -> bool:
        """Whether this is not the first failure on the theme, here or on an earlier ticket."""
        mine = self.ticket
        earlier = any(
            past.failures and past.theme == mine.theme and not past.is_of(mine)
            for past in self.person.tickets
        )
        return mine.arc.failures > 1 or (earlier and mine.arc.failures > 0)

    def _remember(self, memory: Memory, replaces: str | None) -> None:
        gone = {memory.moment_id, replaces}
        ticket, person, priors = self.ticket, self.person, self.priors

        def with_it(memories: Iterable[Memory], kept: int) -> tuple[Memory, ...]:
            others = (m for m in memories if m.moment_id not in gone)
            return strongest((*others, memory), kept, memory.at, priors)

        self.ticket = replace(
            ticket, memories=with_it(ticket.memories, priors.ticket_memories_kept)
        )
        if not self.is_theirs:
            return
        counted = person.kinds.get(memory.kind, 0) + (replaces is None)
        self.person = replace(
            person,
            memories=with_it(person.memories, priors.memories_kept),
            kinds=MappingProxyType({**person.kinds, memory.kind: counted}),
        )


def share(kind: MomentKind, priors: Priors) -> float:
    """The installation's share of messages with such a moment, as the priors have it."""
    name = "share_" + kind.value.replace("-", "_")
    found: float = getattr(priors, name, priors.share_other)
    return found
