"""What a customer will remember: the formulas of the memory model, one small function each.

Numbers in the docstrings are those of docs/memory-model.md. Every function is pure: the date is
an argument, the weights are ``Priors``. Where a feeling could not be read (A and V are None) a
memory can still be recalled, but it has no affect and takes no part in any feeling.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .moments import Features, Moment, MomentKind
from .priors import Priors

_DAY = timedelta(days=1)
_QUOTE_KEPT = 100


@dataclass(frozen=True, kw_only=True)
class Memory:
    """A moment as the customer carries it on. ``stretch``: what rehearsals made of its half-life;
    ``resolved``: the failure it belongs to was put right; ``repeat``: it was not the first on its
    theme. ``at`` is when it was encoded."""

    moment_id: str
    kind: MomentKind
    at: datetime
    ticket_id: str
    connection: str = ""
    interaction_id: str | None = None
    quote: str = ""
    features: Features
    stretch: float = 1.0
    resolved: bool = False
    repeat: bool = False
    theme: str | None = None

    @property
    def is_negative(self) -> bool:
        return self.features.valence is not None and self.features.valence < 0

    @property
    def is_felt(self) -> bool:
        return self.features.valence is not None


def memory_of(moment: Moment, *, connection: str = "", repeat: bool = False) -> Memory:
    """The memory a moment begins as."""
    return Memory(
        moment_id=moment.id,
        kind=moment.kind,
        at=moment.at,
        ticket_id=moment.ticket_id,
        connection=connection,
        interaction_id=moment.interaction_id,
        quote=moment.evidence[0].quote[:_QUOTE_KEPT],
        features=moment.features,
        repeat=repeat and moment.kind is not MomentKind.MILESTONE,
        theme=moment.theme,
    )


def distinctiveness(seen: int, of: int, share: float, priors: Priors) -> float:
    """D = 1 - exp(-(-ln p)/3), p the share of such moments: ``seen`` in ``of`` messages of this
    customer, smoothed by the installation's ``share`` worth ``share_weight`` messages."""
    p = (seen + priors.share_weight * share) / (of + priors.share_weight)
    return 1.0 - math.exp(math.log(min(1.0, p)) / 3.0)


def effort(
    *,
    transfers: int,
    reopens: int,
    channel_switches: int,
    told_you: int,
    extra: int,
    priors: Priors,
) -> float:
    """9 E = 1 - exp(-(.5*transfers + .6*reopens + .4*channel switches + .7*"told you already"
    phrases + .3*extra customer turns)) (Dixon et al. 2010)."""
    spent = (
        priors.effort_transfer * transfers
        + priors.effort_reopen * reopens
        + priors.effort_channel_switch * channel_switches
        + priors.effort_told_you * told_you
        + priors.effort_extra_turn * extra
    )
    return 1.0 - math.exp(-spent)


def encoding(f: Features, priors: Priors) -> float:
    """1 e = sigmoid(-1.6 + 1.2*D + 1.2*G + 0.8*|V| + 0.6*E + 0.5*P). Arousal is left out on
    purpose: it shows only after a day (Sharot & Yonelinas 2008)."""
    return _sigmoid(
        priors.encode_base
        + priors.encode_distinctiveness * f.distinctiveness
        + priors.encode_severity * f.severity
        + priors.encode_valence * abs(f.valence or 0.0)
        + priors.encode_effort * f.effort
        + priors.encode_peak * f.peak
    )


def half_life(f: Features, priors: Priors, stretch: float = 1.0) -> float:
    """2 h = 2*exp(2.1*A + 1.1*D + 0.7*G + 0.4*P) days, times what rehearsals made of it, at most
    five years."""
    days = priors.half_life_days * math.exp(
        priors.half_life_arousal * (f.arousal or 0.0)
        + priors.half_life_distinctiveness * f.distinctiveness
        + priors.half_life_severity * f.severity
        + priors.half_life_peak * f.peak
    )
    return min(days * stretch, priors.half_life_longest_days)


def retention(days: float, half_life_days: float, psi: float) -> float:
    """(1 + b*t/h)**-psi with b = 2**(1/psi) - 1: 1 at once, one half after a half-life, then a
    power law's long tail."""
    b = 2.0 ** (1.0 / psi) - 1.0
    return float((1.0 + b * max(0.0, days) / half_life_days) ** -psi)


def recall(memory: Memory, now: datetime, priors: Priors, *, psi: float | None = None) -> float:
    """3 R(t) = e * (1 + b*t/h)**-psi."""
    h = half_life(memory.features, priors, memory.stretch)
    return encoding(memory.features, priors) * retention(
        _days(memory, now), h, priors.psi if psi is None else psi
    )


def affect(memory: Memory, now: datetime, priors: Priors) -> float | None:
    """4 F(t) = V*A*(1 + t/7)**-phi: fading affect bias, resolved pain fades faster than joy
    (Ritchie et al. 2015). None when nothing was read."""
    v, a = memory.features.valence, memory.features.arousal
    if v is None or a is None:
        return None
    if v >= 0:
        phi = priors.fade_positive
    else:
        phi = priors.fade_resolved if memory.resolved else priors.fade_unresolved
    return float(v * a * (1.0 + _days(memory, now) / priors.fade_days) ** -phi)


def rehearsed(memory: Memory, now: datetime, priors: Priors) -> Memory:
    """2 each rehearsal h *= 1 + (1 - R), R at that time: it helps more when half is gone."""
    if now <= memory.at:
        return memory
    left = recall(memory, now, priors)
    f = replace(memory.features, rehearsals=memory.features.rehearsals + 1)
    longest = priors.half_life_longest_days / priors.half_life_days
    return replace(memory, features=f, stretch=min(longest, memory.stretch * (2.0 - left)))


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """5 What will be remembered after ``days``: 100*R, with the band the published fits leave."""

    days: int
    recall: float
    low: float
    high: float


def forecast(memory: Memory, priors: Priors, days: Sequence[int] = (7, 30, 365)) -> list[Forecast]:
    """5 Shown forecast: 100*R(t) at 7, 30 and 365 days after the moment. A prior, not validated."""
    made = []
    for day in days:
        then = memory.at + day * _DAY
        at = [
            100.0 * recall(memory, then, priors, psi=psi)
            for psi in (priors.psi, priors.psi_lowest, priors.psi_highest)
        ]
        made.append(Forecast(days=day, recall=at[0], low=min(at), high=max(at)))
    return made


@dataclass(frozen=True, kw_only=True)
class Factor:
    """One memory's share in a feeling, in points of -100..100, and the words it was read from."""

    moment_id: str
    kind: MomentKind
    at: datetime
    ticket_id: str
    interaction_id: str | None
    quote: str
    points: float


@dataclass(frozen=True, kw_only=True)
class Feeling:
    """``score`` in [-100, 100] and the three memories that make most of it, strongest first."""

    score: float
    factors: tuple[Factor, ...]

    @property
    def points(self) -> int:
        return round(self.score)


def remembered_feeling(memories: Iterable[Memory], now: datetime, priors: Priors) -> Feeling | None:
    """7 S = sum(R*l*F) / (1 + sum(R*l)), l = 2 if V < 0 else 1 (loss aversion), l * 1.5 for a
    second failure on a theme; the 1 shrinks thin histories to neutral. None when no memory has a
    feeling that could be read. A turn's feeling counts once, however many moments it made."""
    return _weighed(((memory, now) for memory in memories), priors)


def memory_impact(memories: Iterable[Memory], priors: Priors) -> Feeling | None:
    """What one ticket alone leaves behind: formula 7 over its own memories, each taken 30 days
    after it happened. It does not depend on today, so it changes only when the ticket does."""
    month = timedelta(days=priors.impact_days)
    return _weighed(((memory, memory.at + month) for memory in memories), priors)


def _weighed(dated: Iterable[tuple[Memory, datetime]], priors: Priors) -> Feeling | None:
    best: dict[tuple[str, str, str], tuple[float, Memory, float]] = {}
    for memory, when in dated:
        f = affect(memory, when, priors)
        if f is None:
            continue
        weight = recall(memory, when, priors) * _loss(memory, priors)
        said = memory.interaction_id or memory.moment_id
        turn = (memory.connection, memory.ticket_id, said)
        if turn not in best or (weight, memory.moment_id) > (
            best[turn][0],
            best[turn][1].moment_id,
        ):
            best[turn] = (weight, memory, f)
    if not best:
        return None
    # fsum: the same sum in whatever order the memories come.
    below = priors.shrink + math.fsum(weight for weight, _, _ in best.values())
    factors = [
        Factor(
            moment_id=memory.moment_id,
            kind=memory.kind,
            at=memory.at,
            ticket_id=memory.ticket_id,
            interaction_id=memory.interaction_id,
            quote=memory.quote,
            points=100.0 * weight * f / below,
        )
        for weight, memory, f in best.values()
    ]
    factors.sort(key=lambda factor: (-abs(factor.points), factor.moment_id))
    score = math.fsum(factor.points for factor in factors)
    return Feeling(score=score, factors=tuple(factors[:3]))


def _loss(memory: Memory, priors: Priors) -> float:
    if not memory.is_negative:
        return 1.0
    return priors.loss_weight * (priors.repeat_failure_weight if memory.repeat else 1.0)


def episode_quality(
    *, peak: float, end: float, mean: float, trough: float, priors: Priors
) -> float:
    """6 Q = .40*peak + .15*end + .35*mean + .10*trough; a negative peak counts twice; duration
    excluded (peak-end, Alaybek et al. 2022). In [-1, 1]."""
    twice = priors.episode_negative_peak if peak < 0 else 1.0
    q = (
        priors.episode_peak * twice * peak
        + priors.episode_end * end
        + priors.episode_mean * mean
        + priors.episode_trough * trough
    )
    return min(1.0, max(-1.0, q))


def recovery_credit(
    *, fixed: bool, fast: bool, owned: bool, confirmed: bool, priors: Priors
) -> float:
    """8 rho = .4 fixed + .2 fast + .2 owned/apologised + .2 customer confirms."""
    return (
        priors.credit_fixed * fixed
        + priors.credit_fast * fast
        + priors.credit_owned * owned
        + priors.credit_confirmed * confirmed
    )


def quality_after(q_fail: float, rho: float, *, failures: int, priors: Priors) -> float:
    """8 Q_after = Q_fail + rho*(|Q_fail| + 0.10*[first failure, mild, rho >= .8]): a credit for
    the feeling, never for loyalty (de Matos et al. 2007)."""
    mild = q_fail > priors.credit_mild_failure
    # A credit of .4 + .2 + .2 is .8 on paper and a hair below it in binary.
    excellent = rho >= priors.credit_bonus_from - 1e-9
    bonus = priors.credit_bonus if failures == 1 and mild and excellent else 0.0
    return min(1.0, q_fail + rho * (abs(q_fail) + bonus))


def remind_at(memory: Memory, priors: Priors) -> datetime:
    """10 The first t with R(t)/e <= 0.6, before the person's hours and the guard of open arcs."""
    h = half_life(memory.features, priors, memory.stretch)
    b = 2.0 ** (1.0 / priors.psi) - 1.0
    days: float = h * (priors.remind_below ** (-1.0 / priors.psi) - 1.0) / b
    return memory.at + days * _DAY


def strongest(
    memories: Iterable[Memory], kept: int, now: datetime, priors: Priors
) -> tuple[Memory, ...]:
    """At most ``kept`` memories in order of time: the least recalled at ``now`` are let go."""
    ordered = sorted(memories, key=lambda memory: (memory.at, memory.moment_id))
    over = len(ordered) - kept
    if over > 0:
        weakest = sorted(ordered, key=lambda m: (recall(m, now, priors), m.at, m.moment_id))[:over]
        gone = {memory.moment_id for memory in weakest}
        ordered = [memory for memory in ordered if memory.moment_id not in gone]
    return tuple(ordered)


def _days(memory: Memory, now: datetime) -> float:
    return max(0.0, (now - memory.at) / _DAY)


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))
