"""One step of remembering: new turns and ratings go in, new states and moments come out.

The promises callers rely on: folding all at once or one by one (oldest first) gives the same
states; a turn folded twice changes nothing the second time; the cost of one more message does
not grow with the history; states hold no time of folding, so they can be made again from the
first message. Fold a person's tickets in the order they were opened. A turn that arrives late is
taken in where it still says something and never undoes what newer turns said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.records import AuthorRole, SurveyResponse, Ticket

from . import arcs, opening, pressing
from .keeping import Keeping
from .memory import rehearsed
from .moments import (
    Evidence,
    Found,
    Moment,
    Turn,
    find_delight,
    find_frustration,
    find_gratitude,
    find_told_you,
)
from .priors import Priors
from .reader.signals import CueKind
from .readings import Reading
from .state import LatestWords, PersonState, TicketState


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
    work.person, work.ticket = opening.note_status(work.person, work.ticket, record)
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


class _Fold(Keeping):
    """What turns and ratings do to the states."""

    def turn(self, turn: Turn) -> None:
        said = turn.interaction
        if self.ticket.seen.holds(said.id, said.created_at):
            return
        seen = self.ticket.seen.plus(said.id, said.created_at, self.priors.seen_kept)
        self.ticket = replace(self.ticket, seen=seen)
        if said.author_role is AuthorRole.CUSTOMER:
            self.is_theirs = said.author_id in (None, self.record.contact_id)
            self._customer(turn)
            self.is_theirs = True
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
        self.change(self.is_here, lambda m: rehearsed(m, at, priors))
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
                self.keep(
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
        if anniversary and self.is_theirs:
            years, milestone = anniversary
            found.append(milestone)
            self.person = replace(self.person, anniversaries=max(years, self.person.anniversaries))

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
            self.change(
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
            self.keep(one, at, said.id, valence, arousal)
        if known is not None and self.is_theirs:
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
            self.change(
                lambda m: self.is_here(m) and m.interaction_id != interaction_id,
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
        self.change(
            lambda m: m.is_negative and m.theme == theme, lambda m: replace(m, resolved=resolved)
        )

    def _note_past(self, at: datetime) -> None:
        self.person = opening.note_past(self.person, self.ticket, at, self.priors)
