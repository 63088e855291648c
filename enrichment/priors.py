"""Every weight and threshold of the memory model, in one table, each with its reason.

A prior is a best guess from the literature or from sense, until an installation's own labels
re-fit it. Nothing else in this package holds a number that decides something. ``version`` names
one exact table, so that a receipt can say with which figures a value was made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

T = TypeVar("T")


def _prior(value: T, why: str) -> T:
    # A field to the dataclass machinery, its value to everyone who reads the class.
    made: Any = field(default=value, metadata={"why": why})
    return made  # type: ignore[no-any-return]


@dataclass(frozen=True, kw_only=True)
class Priors:
    """Change one with ``dataclasses.replace``; nonsense is refused at birth."""

    # 1 Encoding
    encode_base: float = _prior(-1.6, "a routine exchange is encoded at .17")
    encode_distinctiveness: float = _prior(1.2, "what is rare stands out (von Restorff)")
    encode_severity: float = _prior(1.2, "what touches the goal is attended to")
    encode_valence: float = _prior(
        0.8, "felt events are encoded better; arousal left out on purpose"
    )
    encode_effort: float = _prior(0.6, "effort is rehearsal at the time it happens")
    encode_peak: float = _prior(0.5, "the peak stands for the episode")

    # 2 Half-life
    half_life_days: float = _prior(2.0, "a routine exchange is half gone after two days")
    half_life_arousal: float = _prior(2.1, "emotion slows forgetting (Sharot & Yonelinas 2008)")
    half_life_distinctiveness: float = _prior(1.1, "distinct events meet less interference")
    half_life_severity: float = _prior(0.7, "what mattered is thought of again")
    half_life_peak: float = _prior(0.4, "peaks are what is retold")
    half_life_longest_days: float = _prior(1826.25, "five years: beyond any history we hold")

    # 3 Recall
    psi: float = _prior(0.15, "power-law forgetting; flash cards and Ebbinghaus agree on its form")
    psi_lowest: float = _prior(0.08, "slow edge of the published fits: one side of the band")
    psi_highest: float = _prior(0.50, "fast edge of the published fits: other side of the band")

    # 4 Affect left
    fade_days: float = _prior(7.0, "fading is measured in weeks (Ritchie et al. 2015)")
    fade_positive: float = _prior(0.10, "joy fades slowly")
    fade_resolved: float = _prior(0.25, "resolved pain fades faster than joy")
    fade_unresolved: float = _prior(0.10, "unresolved pain keeps")

    # 6 Episode
    episode_peak: float = _prior(0.40, "peak-end (Alaybek et al. 2022)")
    episode_end: float = _prior(0.15, "in call centres the end matters less than elsewhere")
    episode_mean: float = _prior(0.35, "in call centres the mean matters")
    episode_trough: float = _prior(0.10, "the lowest point leaves a trace of its own")
    episode_negative_peak: float = _prior(2.0, "a negative peak counts twice")

    # 7 Remembered feeling
    loss_weight: float = _prior(2.0, "bad weighs about twice good (loss aversion)")
    repeat_failure_weight: float = _prior(1.5, "a second failure on the same theme weighs more")
    shrink: float = _prior(1.0, "shrinks thin histories to neutral")
    impact_days: float = _prior(30.0, "a ticket's impact is what it leaves after a month")

    # 8 Recovery credit
    credit_fixed: float = _prior(0.4, "an outcome is most of a recovery")
    credit_fast: float = _prior(0.2, "speed is procedural justice")
    credit_owned: float = _prior(0.2, "owning it or apologising is interactional justice")
    credit_confirmed: float = _prior(0.2, "the customer says so")
    credit_bonus: float = _prior(0.10, "recovery paradox: satisfaction only (de Matos et al. 2007)")
    credit_bonus_from: float = _prior(0.8, "the paradox needs an excellent recovery")
    credit_mild_failure: float = _prior(-0.6, "and a failure that was not severe")
    credit_fast_hours: float = _prior(24.0, "fixed within a day is felt as fast")

    # 9 Effort
    effort_transfer: float = _prior(0.5, "a new agent means telling it again (Dixon et al. 2010)")
    effort_reopen: float = _prior(0.6, "it was called fixed and was not")
    effort_channel_switch: float = _prior(0.4, "the first channel did not do")
    effort_told_you: float = _prior(0.7, "the customer says that they repeat themselves")
    effort_extra_turn: float = _prior(0.3, "every further message is work")
    effort_expected_turns: int = _prior(2, "a request and an answer to our question are usual")

    # 10 Reminding
    remind_below: float = _prior(0.6, "a reminder helps most when a good part is gone")

    # Distinctiveness: the share of customers' messages that hold such a moment
    share_frustration_peak: float = _prior(0.06, "about one message in sixteen, until counted here")
    share_delight: float = _prior(0.04, "delight is rarer than thanks")
    share_gratitude: float = _prior(0.15, "thanks for service are common")
    share_told_you_already: float = _prior(0.05, "about one message in twenty")
    share_recovery: float = _prior(0.03, "needs a failure first")
    share_milestone: float = _prior(0.08, "first contacts and round numbers")
    share_other: float = _prior(0.03, "kinds not counted yet")
    share_weight: float = _prior(
        20.0, "messages the installation's share is worth against their own"
    )

    # Severity: how much each sign takes away of what is left to 1
    severity_outage: float = _prior(0.5, "nothing works without it")
    severity_broken: float = _prior(0.25, "something does not work")
    severity_money: float = _prior(0.4, "money was taken or is being lost")
    severity_deadline: float = _prior(0.35, "a date will pass")
    severity_legal: float = _prior(0.6, "it left the realm of service")
    severity_security: float = _prior(0.6, "harm beyond the product")
    severity_urgent: float = _prior(0.3, "the customer says that it is urgent")
    severity_scope: float = _prior(0.4, "it touches many people")
    severity_priority_high: float = _prior(0.2, "somebody raised the priority")
    severity_priority_urgent: float = _prior(0.4, "somebody raised the priority to the top")

    # Moments
    negative_below: float = _prior(-0.2, "where the reader's sentiment turns negative")
    positive_above: float = _prior(0.2, "where the reader's sentiment turns positive")
    moment_level: float = _prior(0.05, "abs(V)*A under this is nobody's moment")
    frustration_probability: float = _prior(
        0.25, "the reader's thresholds are low in negative words: a trace is no frustration"
    )
    frustration_level: float = _prior(0.15, "abs(V)*A of a plain report of trouble lies below")
    gratitude_valence: float = _prior(
        -0.3, "thanks in words that look back on trouble are still thanks; bitter words are not"
    )
    failure_valence: float = _prior(-0.4, "plain reports of trouble read as mildly negative")
    failure_confidence: float = _prior(0.4, "a shaky reading opens no failure")
    proof_confidence: float = _prior(0.6, "a shaky reading proves no recovery")
    confidence_words: float = _prior(0.85, "a documented phrase, read literally")
    confidence_theme: float = _prior(0.6, "likeness of two tickets is a guess")
    confidence_survey: float = _prior(0.9, "the customer rated it")
    told_you_days: float = _prior(30.0, "the same theme within a month is the same trouble")
    better_by: float = _prior(0.6, "three sentiment half-steps: clearly better, not noise")
    survey_good: float = _prior(0.5, "CSAT good, NPS 9-10")
    survey_bad: float = _prior(-0.5, "CSAT bad, NPS 0-2")
    survey_arousal: float = _prior(0.4, "a rating says how good, not how hot")
    anniversary_days: float = _prior(7.0, "writes around it: a week on either side")
    quiet_days: float = _prior(7.0, "confirmed and quiet for a week: remembered as recovered")

    # Themes
    theme_cosine: float = _prior(
        0.60, "on Banking77 half of the pairs of one intent lie above, 1 % of the others (MiniLM)"
    )
    theme_days: float = _prior(180.0, "half a year later it is a new story")
    recent_days: float = _prior(90.0, "contacts in 90 days")

    # Fields
    tag_recall: float = _prior(0.10, "what fewer than one in ten recall is no tag of a person")
    sentiment_confidence: float = _prior(0.5, "under this no sentiment is shown")

    # The brief
    brief_feeling: float = _prior(15.0, "points under this are not worth a line")
    brief_tickets: int = _prior(3, "as many tickets in 90 days are worth a line")

    # Bounds of the state
    memories_kept: int = _prior(64, "of a person; the least recalled go first")
    ticket_memories_kept: int = _prior(16, "of a ticket; the least recalled go first")
    tickets_kept: int = _prior(32, "past tickets of a person; the longest quiet go first")
    seen_kept: int = _prior(128, "newest interaction ids kept to recognise repeats")

    def __post_init__(self) -> None:
        if not self.psi_lowest <= self.psi <= self.psi_highest:
            raise ValueError(f"psi lies in [{self.psi_lowest}, {self.psi_highest}]")
        for name, value in self:
            is_part = name.startswith(("share_", "severity_", "confidence_"))
            if is_part and name != "share_weight" and not 0.0 < value <= 1.0:
                raise ValueError(f"{name} lies in (0, 1], not {value}")
            if name.endswith(("_kept", "_days", "_hours", "_weight")) and not value > 0:
                raise ValueError(f"{name} must be above 0, not {value}")

    def __iter__(self) -> Iterator[tuple[str, float]]:
        return ((item.name, getattr(self, item.name)) for item in fields(self))

    @property
    def version(self) -> str:
        """Names this exact table: equal figures, equal version."""
        table = ";".join(f"{name}={float(value)!r}" for name, value in self)
        return "priors-" + hashlib.sha256(table.encode()).hexdigest()[:10]


def reasons() -> dict[str, str]:
    """Why each prior has its value, by name."""
    return {item.name: item.metadata["why"] for item in fields(Priors)}


PRIORS = Priors()
