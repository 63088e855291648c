"""Arcs: a failure and what followed it.

none -> failed -> acknowledged -> fixed -> confirmed -> remembered
          ^___________________________________________|   a second failure reopens it

The hard part is proof. An agent who writes "fixed" has not recovered anything: only the
customer's own words, clearly better or thankful after somebody answered the failure, or a good
rating confirm an arc. "Thanks, hope it works soon" is no proof. News older than what the arc
already knows changes nothing, so late messages are harmless.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from .memory import quality_after, recovery_credit
from .moments import Evidence, Found, MomentKind, Turn, frustration
from .priors import Priors
from .reader.signals import CueKind


class ArcStage(StrEnum):
    NONE = "none"
    FAILED = "failed"
    ACKNOWLEDGED = "acknowledged"
    FIXED = "fixed"
    CONFIRMED = "confirmed"
    REMEMBERED = "remembered"


_OPEN = (ArcStage.FAILED, ArcStage.ACKNOWLEDGED, ArcStage.FIXED)


@dataclass(frozen=True, kw_only=True)
class Arc:
    """``failures`` counts the failures of this ticket; ``low`` is the worst valence since the last
    one began; ``answered``: an agent wrote since then; ``credit`` and ``quality`` are rho and
    Q_after of formula 8, known once confirmed."""

    stage: ArcStage = ArcStage.NONE
    failures: int = 0
    failed_at: datetime | None = None
    failed_by: str | None = None
    low: float | None = None
    answered: bool = False
    owned: bool = False
    promised: bool = False
    gave: bool = False
    fixed_at: datetime | None = None
    confirmed_at: datetime | None = None
    confirmed_by: str | None = None
    credit: float | None = None
    quality: float | None = None

    @property
    def is_open(self) -> bool:
        return self.stage in _OPEN

    def stage_at(self, now: datetime, priors: Priors) -> ArcStage:
        """The stage as it stands ``now``: confirmed and quiet for a week is remembered."""
        if self.stage is not ArcStage.CONFIRMED or self.confirmed_at is None:
            return self.stage
        is_quiet = now - self.confirmed_at >= timedelta(days=priors.quiet_days)
        return ArcStage.REMEMBERED if is_quiet else self.stage


def is_failure(turn: Turn, priors: Priors) -> bool:
    """Words that are clearly negative, or negative with frustration or repetition, or that say it
    is still not right and are not happy. A plain report of trouble is no failure yet: that is what we are for."""
    read, said = turn.known, turn.signals
    if read is not None and read.valence is not None:
        if read.valence > priors.positive_above:
            return False
        bad = read.valence <= priors.failure_valence
        trouble = said.has(CueKind.STILL_NOT, CueKind.TOLD_YOU) or frustration(turn, priors)
        bad |= read.valence < priors.negative_below and bool(trouble)
        if bad and (read.confidence or 0.0) >= priors.failure_confidence:
            return True
    return said.has(CueKind.STILL_NOT) and not said.has(CueKind.CONFIRMS)


def failed(arc: Arc, at: datetime, by: str, valence: float | None) -> Arc:
    """The customer shows a failure: it opens an arc, deepens an open one, or reopens it when it
    had been called fixed."""
    if arc.confirmed_at is not None and at < arc.confirmed_at:
        return arc
    if arc.failed_at is not None and at < arc.failed_at:
        return arc
    low = _lowest(arc.low, valence)
    if arc.stage in (ArcStage.FAILED, ArcStage.ACKNOWLEDGED):
        return replace(arc, low=low)
    return Arc(
        stage=ArcStage.FAILED,
        failures=arc.failures + 1,
        failed_at=at,
        failed_by=by,
        low=valence if arc.stage in (ArcStage.NONE, ArcStage.CONFIRMED) else low,
    )


def answered(arc: Arc, turn: Turn) -> Arc:
    """An agent's public turn moves an open arc on by what it says."""
    at, said = turn.interaction.created_at, turn.signals
    if not arc.is_open or (arc.failed_at is not None and at < arc.failed_at):
        return arc
    owned = said.has(CueKind.OWNED, CueKind.APOLOGISED)
    stage = arc.stage
    if stage is ArcStage.FAILED and (owned or said.has(CueKind.ACKNOWLEDGED, CueKind.PROMISED)):
        stage = ArcStage.ACKNOWLEDGED
    is_fixed = said.has(CueKind.FIXED)
    return replace(
        arc,
        stage=ArcStage.FIXED if is_fixed else stage,
        answered=True,
        owned=arc.owned or owned,
        promised=arc.promised or said.has(CueKind.PROMISED),
        gave=arc.gave or said.has(CueKind.GAVE),
        fixed_at=arc.fixed_at or (at if is_fixed else None),
    )


def proof(arc: Arc, turn: Turn, *, thankful: bool, priors: Priors) -> Found | None:
    """A recovery, when this customer turn proves one: after an agent's answer, words that say it
    works, thanks for what was called fixed, or clearly better words that wait for nothing."""
    read, said = turn.known, turn.signals
    if not (arc.is_open and arc.answered) or _is_old(arc, turn.interaction.created_at):
        return None
    if is_failure(turn, priors) or said.has(CueKind.STILL_NOT):
        return None
    valence = read.valence if read else None
    floor = priors.gratitude_valence if thankful else priors.negative_below
    if valence is not None and valence < floor:
        return None
    confirms = said.first(CueKind.CONFIRMS)
    waits = said.has(CueKind.AWAITS) and confirms is None
    better = (
        read is not None
        and valence is not None
        and (thankful or (read.confidence or 0.0) >= priors.proof_confidence)
        and valence > priors.positive_above
        and valence - (arc.low if arc.low is not None else 0.0) >= priors.better_by
    )
    if confirms and (better or thankful or arc.stage is ArcStage.FIXED):
        why = "says that it works"
    elif waits:
        return None
    elif thankful and arc.stage is ArcStage.FIXED:
        why = "thanks for the fix"
    elif better:
        why = "clearly better words after our answer"
    else:
        return None
    span = confirms.span if confirms else None
    if span is None and read is not None:
        span = read.evidence.get("gratitude") or read.evidence.get("sentiment")
    shown = turn.shows(span, why) if span else turn.states(why)
    confidence = priors.confidence_words if confirms else (read.confidence if read else None)
    found = _recovered(arc, shown, why, confidence or 0.0, turn.strength or 0.0)
    # Relief that looks back on trouble reads a little below zero; it is no bad memory.
    return replace(found, valence=max(0.0, valence) if valence is not None else None)


def proof_by_survey(arc: Arc, at: datetime, shown: Evidence, priors: Priors) -> Found | None:
    """A good rating after an agent's answer proves a recovery."""
    if not (arc.is_open and arc.answered) or _is_old(arc, at):
        return None
    return _recovered(arc, shown, shown.why, priors.confidence_survey, priors.survey_arousal)


def confirmed(arc: Arc, at: datetime, by: str, priors: Priors) -> Arc:
    """Formula 8 at the time of the proof: what the failure left, and the credit on it."""
    fast = (
        arc.fixed_at is not None
        and arc.failed_at is not None
        and arc.fixed_at - arc.failed_at <= timedelta(hours=priors.credit_fast_hours)
    )
    rho = recovery_credit(
        fixed=arc.fixed_at is not None, fast=fast, owned=arc.owned, confirmed=True, priors=priors
    )
    quality = None
    if arc.low is not None:
        quality = quality_after(arc.low, rho, failures=arc.failures, priors=priors)
    return replace(
        arc,
        stage=ArcStage.CONFIRMED,
        confirmed_at=at,
        confirmed_by=by,
        credit=rho,
        quality=quality,
    )


def _recovered(arc: Arc, shown: Evidence, why: str, confidence: float, level: float) -> Found:
    evidence = [shown]
    if arc.failed_by is not None:
        evidence.append(
            Evidence(
                ticket_id=shown.ticket_id, interaction_id=arc.failed_by, why="the failure before"
            )
        )
    return Found(
        kind=MomentKind.RECOVERY,
        level=level,
        evidence=tuple(evidence),
        confidence=confidence,
        reason=f"failure {arc.failures} put right: {why}",
    )


def _is_old(arc: Arc, at: datetime) -> bool:
    return arc.failed_at is not None and at <= arc.failed_at


def _lowest(one: float | None, other: float | None) -> float | None:
    known = [value for value in (one, other) if value is not None]
    return min(known) if known else None
