"""One step of remembering: new turns and ratings go in, new states and moments come out.

The promises callers rely on: folding all at once or one by one (oldest first) gives the same
states; a turn folded twice changes nothing the second time; the cost of one more message does
not grow with the history; states hold no time of folding, so they can be made again from the
first message. Fold a person's tickets in the order they were opened. A turn that arrives late is
taken in where it still says something and never undoes what newer turns said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from connectors.records import AuthorRole, SurveyResponse, Ticket

from . import arcs, opening, pressing
from .memory import Memory, distinctiveness, memory_of, rehearsed, strongest
from .moments import (
    Evidence,
    Features,
    Found,
    Moment,
    MomentKind,
    Turn,
    find_delight,
    find_frustration,
    find_gratitude,
    find_told_you,
    moment_id,
)
from .priors import Priors
from .reader.signals import CueKind
from .readings import Reading
from .state import LatestWords, Live, PersonState, TicketState


@dataclass(frozen=True, kw_only=True)
class Advance:
    """The new states, the moments that are new and stand, and the ids of moments that do not
    stand any more (delete them if they are kept; some may never have been)."""

    person: PersonState
    ticket: TicketState
    moments: tuple[Moment, ...] = ()
    superseded: tuple[str, ...] = ()


def advance(
    *,
    person: PersonState,
    ticket: TicketState,
    record: Ticket,
    turns: Sequence[Turn],
    surveys: Sequence[SurveyResponse] = (),
    theme_vector: Sequence[float] | None = None,
    now: datetime,
    priors: Priors,
) -> Advance:
    """Fold new turns and surveys of one ticket. ``theme_vector``: the embedding of subject and
    first message, wanted once, when the ticket is new. ``now`` only corrects sources whose clock
    runs ahead: what is dated later is taken as said now."""
    if now.tzinfo is None:
        raise ValueError("now needs a time zone")
    for owner in (*(turn.interaction.ticket_id for turn in turns), ticket.ticket_id):
        if owner != record.id:
            raise ValueError(f"ticket {record.id} was given records of ticket {owner}")
    work = _Fold(person, ticket, record, priors)
    work.person, work.ticket = opening.open_ticket(person, ticket, record, theme_vector, priors)
    dated: list[tuple[datetime, int, str, Turn | SurveyResponse]] = []
    for turn in turns:
        said = replace(turn.interaction, created_at=min(now, turn.interaction.created_at))
        dated.append((said.created_at, 0, said.id, replace(turn, interaction=said)))
    for survey in surveys:
        rated = replace(survey, created_at=min(now, survey.created_at))
        dated.append((rated.created_at, 1, rated.id, rated))
    for _, _, _, event in sorted(dated, key=lambda item: item[:3]):
        if isinstance(event, Turn):
            work.turn(event)
        else:
            work.survey(event)
    return Advance(
        person=work.person,
        ticket=work.ticket,
        moments=tuple(work.moments.values()),
        superseded=tuple(work.superseded),
    )


class _Fold:
    """The states while one batch goes in."""

    def __init__(
        self, person: PersonState, ticket: TicketState, record: Ticket, priors: Priors
    ) -> None:
        self.person = person
        self.ticket = ticket
        self.record = record
        self.priors = priors
        self.moments: dict[str, Moment] = {}
        self.superseded: list[str] = []

    def turn(self, turn: Turn) -> None:
        said = turn.interaction
        if self.ticket.seen.holds(said.id, said.created_at):
            return
        seen = self.ticket.seen.plus(said.id, said.created_at, self.priors.seen_kept)
        self.ticket = replace(self.ticket, seen=seen)
        if said.author_role is AuthorRole.CUSTOMER:
            self._customer(turn)
        elif said.author_role is AuthorRole.AGENT and said.public:
            # A note the customer never saw answers nothing.
            self._agent(turn)

    def survey(self, survey: SurveyResponse) -> None:
        at, priors = survey.created_at, self.priors
        if self.ticket.seen_surveys.holds(survey.id, at):
            return
        comment = (survey.comment or "")[:280]
        shown = Evidence(
            ticket_id=self.record.id,
            quote=comment,
            end=len(comment),
            why=f"{survey.kind} rated {survey.score:+.2f}",
        )
        self._change(self._is_here, lambda m: rehearsed(m, at, priors))
        strength = abs(survey.score) * priors.survey_arousal
        self._enter_episode(survey.score, strength, at, None)
        self.ticket = replace(
            self.ticket,
            seen_surveys=self.ticket.seen_surveys.plus(survey.id, at, priors.seen_kept),
        )
        if survey.score >= priors.survey_good:
            found = arcs.proof_by_survey(self.ticket.arc, at, shown, priors)
            if found:
                self._recover(at, survey.id, shown)
                self._keep(
                    replace(found, what=survey.id), at, None, survey.score, priors.survey_arousal
                )
        elif survey.score <= priors.survey_bad:
            self._fail(at, survey.id, survey.score)
        self._note_past(at)

    def _agent(self, turn: Turn) -> None:
        said, ticket = turn.interaction, self.ticket
        is_newest = ticket.last_agent_at is None or said.created_at >= ticket.last_agent_at
        is_other = ticket.last_agent is not None and said.author_id != ticket.last_agent
        self.ticket = replace(
            ticket,
            agent_turns=ticket.agent_turns + 1,
            transfers=ticket.transfers + (is_newest and is_other),
            last_agent=said.author_id if is_newest else ticket.last_agent,
            last_agent_at=said.created_at if is_newest else ticket.last_agent_at,
            arc=arcs.answered(ticket.arc, turn),
        )

    def _customer(self, turn: Turn) -> None:
        said, priors = turn.interaction, self.priors
        at, known = said.created_at, turn.known
        wrote_before = self.ticket.customer_turns > 0
        found: list[Found] = []
        came_back: Evidence | None = None
        if not wrote_before:
            self.person, self.ticket = opening.join_by_references(
                self.person, self.ticket, turn.signals.references, priors
            )
            came_back = opening.came_back(self.person, self.ticket, at, priors)
            found += opening.count_milestones(turn, self.ticket)
        anniversary = opening.anniversary(turn, self.person, priors)
        if anniversary:
            years, milestone = anniversary
            found.append(milestone)
            self.person = replace(self.person, anniversaries=years)

        answered = self.ticket.agent_turns > 0
        thanks = list(find_gratitude(turn, priors, answered=answered))
        told = list(find_told_you(turn, priors, wrote_before=wrote_before, came_back=came_back))
        proof = arcs.proof(self.ticket.arc, turn, thankful=bool(thanks), priors=priors)
        is_thanks = bool(thanks) or proof is not None or turn.signals.has(CueKind.CONFIRMS)
        self._count(turn, is_repeat=bool(told), is_thanks=is_thanks)
        if known is not None:
            self._hear(turn, known)
        if told:
            theme = self.ticket.theme
            self._change(
                lambda m: m.is_negative and m.theme == theme, lambda m: rehearsed(m, at, priors)
            )
        if proof:
            self._recover(at, said.id, proof.evidence[0])
            found.append(proof)
        elif arcs.is_failure(turn, priors):
            self._fail(at, said.id, known.valence if known else None)
        found += [*find_frustration(turn, priors), *find_delight(turn, priors), *thanks, *told]
        valence = known.valence if known else None
        arousal = known.intensity if known else None
        for one in found:
            self._keep(one, at, said.id, valence, arousal)
        if known is not None:
            read = self.person.readings_total + 1
            self.person = replace(self.person, readings_total=read)
        self._note_past(at)

    def _count(self, turn: Turn, *, is_repeat: bool, is_thanks: bool) -> None:
        said, ticket = turn.interaction, self.ticket
        is_newest = ticket.last_customer_at is None or said.created_at >= ticket.last_customer_at
        turns = ticket.customer_turns + 1
        is_extra = turns > self.priors.effort_expected_turns and not is_thanks
        switched = is_newest and ticket.channel not in (None, said.channel)
        self.ticket = replace(
            ticket,
            customer_turns=turns,
            extra_turns=ticket.extra_turns + is_extra,
            told_you=ticket.told_you + is_repeat,
            channel=said.channel if is_newest else ticket.channel,
            channel_switches=ticket.channel_switches + switched,
            last_customer_at=said.created_at if is_newest else ticket.last_customer_at,
            unread=turn.reading.unknown if is_newest and turn.reading else ticket.unread,
            severity=max(ticket.severity, pressing.severity(turn, self.record, self.priors)),
            pressing=pressing.pressing(ticket.pressing, turn),
        )

    def _hear(self, turn: Turn, known: Reading) -> None:
        said, words = turn.interaction, self.ticket.words
        if words is None or said.created_at >= words.at:
            feeling = known.evidence.get("sentiment")
            emotion = known.evidence.get(known.top or "")
            latest = LatestWords(
                at=said.created_at,
                interaction_id=said.id,
                model=known.model,
                sentiment=known.sentiment,
                confidence=known.confidence,
                emotion=known.top,
                valence=known.valence,
                shows_sentiment=turn.shows(feeling, "shows the sentiment") if feeling else None,
                shows_emotion=turn.shows(emotion, f"reads as {known.top}") if emotion else None,
            )
            self.ticket = replace(self.ticket, words=latest)
        if known.valence is not None and turn.strength is not None:
            self._enter_episode(known.valence, turn.strength, said.created_at, said.id)

    def _enter_episode(
        self, valence: float, strength: float, at: datetime, interaction_id: str | None
    ) -> None:
        before = self.ticket.episode
        if before.count and strength > before.peak_strength:
            # There is one peak an episode: what was it before is one no longer.
            self._change(
                lambda m: self._is_here(m) and m.interaction_id != interaction_id,
                lambda m: replace(m, features=replace(m.features, peak=0.0)),
            )
        self.ticket = replace(self.ticket, episode=before.plus(valence, strength, at))

    def _fail(self, at: datetime, by: str, valence: float | None) -> None:
        before = self.ticket.arc
        arc = arcs.failed(before, at, by, valence)
        reopened = arc.failures > before.failures and before.failures > 0
        self.ticket = replace(self.ticket, arc=arc, reopens=self.ticket.reopens + reopened)
        if reopened:
            self._settle(False)

    def _recover(self, at: datetime, by: str, shown: Evidence) -> None:
        arc = arcs.confirmed(self.ticket.arc, at, by, self.priors)
        self.ticket = replace(self.ticket, arc=arc, pressing=pressing.relieved(shown, at))
        self._settle(True)

    def _settle(self, resolved: bool) -> None:
        """The bad memories of this theme belong to a failure that is (or is not) put right."""
        theme = self.ticket.theme
        self._change(
            lambda m: m.is_negative and m.theme == theme, lambda m: replace(m, resolved=resolved)
        )

    def _keep(
        self,
        found: Found,
        at: datetime,
        interaction_id: str | None,
        valence: float | None,
        arousal: float | None,
    ) -> None:
        priors, ticket, person = self.priors, self.ticket, self.person
        new_id = moment_id(found.kind, ticket.ticket_id, interaction_id, found.what)
        standing = ticket.live.get(found.kind)
        if found.single and standing and found.level <= standing.level:
            return
        replaces = standing.moment_id if found.single and standing else None
        felt = found.felt and valence is not None and arousal is not None
        is_peak = felt and abs(valence or 0.0) * (arousal or 0.0) >= ticket.episode.peak_strength
        counted = person.kinds.get(found.kind, 0)
        features = Features(
            arousal=arousal if felt else None,
            valence=valence if felt else None,
            distinctiveness=distinctiveness(
                counted, person.readings_total, share(found.kind, priors), priors
            ),
            severity=ticket.severity,
            effort=ticket.effort(priors),
            peak=1.0 if is_peak else 0.0,
        )
        moment = Moment(
            id=new_id,
            kind=found.kind,
            at=at,
            ticket_id=ticket.ticket_id,
            interaction_id=interaction_id,
            evidence=found.evidence,
            features=features,
            confidence=found.confidence,
            reason=found.reason,
            theme=ticket.theme,
            supersedes=replaces,
        )
        live = Live(moment_id=new_id, level=found.level, confidence=found.confidence)
        self.ticket = replace(ticket, live=MappingProxyType({**ticket.live, found.kind: live}))
        kinds = {**person.kinds, found.kind: counted + (replaces is None)}
        self.person = replace(person, kinds=MappingProxyType(kinds))
        if replaces is not None:
            self.superseded.append(replaces)
            unborn = self.moments.pop(replaces, None)
            if unborn is not None:
                # It never left this batch: whoever keeps moments knows only what it replaced.
                moment = replace(moment, supersedes=unborn.supersedes)
        self.moments[new_id] = moment
        memory = memory_of(moment, connection=ticket.connection, repeat=self._is_repeat())
        self._remember(memory, replaces, at)

    def _is_here(self, memory: Memory) -> bool:
        here = (self.ticket.connection, self.ticket.ticket_id)
        return (memory.connection, memory.ticket_id) == here

    def _is_repeat(self) -> bool:
        """Whether this is not the first failure on the theme, here or on an earlier ticket."""
        mine = self.ticket
        earlier = any(
            past.failures and past.theme == mine.theme and not past.is_of(mine)
            for past in self.person.tickets
        )
        return mine.arc.failures > 1 or (earlier and mine.arc.failures > 0)

    def _remember(self, memory: Memory, replaces: str | None, at: datetime) -> None:
        gone = {memory.moment_id, replaces}

        def with_it(memories: Iterable[Memory], kept: int) -> tuple[Memory, ...]:
            others = (m for m in memories if m.moment_id not in gone)
            return strongest((*others, memory), kept, at, self.priors)

        self.ticket = replace(
            self.ticket, memories=with_it(self.ticket.memories, self.priors.ticket_memories_kept)
        )
        self.person = replace(
            self.person, memories=with_it(self.person.memories, self.priors.memories_kept)
        )

    def _change(self, which: Callable[[Memory], bool], how: Callable[[Memory], Memory]) -> None:
        def changed(memories: tuple[Memory, ...]) -> tuple[Memory, ...]:
            return tuple(how(m) if which(m) else m for m in memories)

        self.ticket = replace(self.ticket, memories=changed(self.ticket.memories))
        self.person = replace(self.person, memories=changed(self.person.memories))

    def _note_past(self, at: datetime) -> None:
        self.person = opening.note_past(self.person, self.ticket, at, self.priors)


def share(kind: MomentKind, priors: Priors) -> float:
    """The installation's share of messages with such a moment, as the priors have it."""
    name = "share_" + kind.value.replace("-", "_")
    found: float = getattr(priors, name, priors.share_other)
    return found
